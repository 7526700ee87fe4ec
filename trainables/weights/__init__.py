"""Readers of packaged weight files: pure functions from bytes to named tensors."""
