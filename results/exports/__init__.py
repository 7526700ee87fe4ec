"""A sweep as a file for other programs: tables, LaTeX, figures."""
