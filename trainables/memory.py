"""Keeps freed memory in the process: fresh pages cost more than the arithmetic of small networks."""

import ctypes
import functools
import platform

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3
"""Parameters of glibc's ``mallopt`` (malloc.h)."""

LARGEST_BLOCK = 1 << 30
"""Blocks below this come from the heap, which keeps them when freed, instead of being mapped afresh."""


@functools.cache
def keep_freed_memory() -> bool:
    """Ask the C library to reuse freed memory instead of returning it; return whether it agreed.

    By default glibc maps every block above 128 kB anew and the kernel clears its pages: activations of each
    training step. Results are not touched. Only glibc has the call; elsewhere nothing is done.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    wanted = {M_MMAP_THRESHOLD: LARGEST_BLOCK, M_TRIM_THRESHOLD: 2**31 - 1, M_TOP_PAD: 1 << 26}
    mallopt = ctypes.CDLL(None).mallopt
    agreed = [mallopt(parameter, value) for parameter, value in wanted.items()]
    return all(agreed)
