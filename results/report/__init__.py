"""The page of a sweep: what it says, shows and lets one open."""
