"""What makes a folder a store; in a module of its own, so that finding stores imports nothing."""

MARKER = "store.json"
"""The file that makes a folder a store; it holds the version of the tables."""
