"""What is said of reconstructions and generators, and how it is written down; nobody chooses any."""
