"""What outlives a step: archives and caches of this machine, artifacts and checkpoints of the store."""
