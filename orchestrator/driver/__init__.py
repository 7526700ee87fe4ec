"""One run of a sweep: its trials in motion, its limits, and what other shells ask of it."""
