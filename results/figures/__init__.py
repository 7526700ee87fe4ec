"""Figures of a sweep, interactive and printed. Each function returns a figure and writes nothing."""
