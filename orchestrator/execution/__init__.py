"""Where trials run: in this process or on a Ray cluster, step by step."""
