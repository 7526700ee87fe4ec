"""What a store knows of a sweep beside its rows: what was asked, how far it is, what its trials logged."""
