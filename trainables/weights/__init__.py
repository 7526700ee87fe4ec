"""Readers of weight files, packaged and published: from bytes to named tensors."""
