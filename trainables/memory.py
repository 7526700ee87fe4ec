"""Memory: what is freed stays in the process; what does not fit is done in smaller batches, or refused.

Fresh pages cost more than the arithmetic of small networks, so freed memory is kept. Where memory does not
suffice, batches that change nothing are halved; a training says what to lower.
"""

import ctypes
import functools
import gc
import platform
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch import Tensor

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3
"""Parameters of glibc's ``mallopt`` (malloc.h)."""

LARGEST_BLOCK = 1 << 30
"""Blocks below this come from the heap, which keeps them when freed, instead of being mapped afresh."""

Result = TypeVar("Result")

CPU_MESSAGE = "can't allocate memory"
"""What torch's allocator of CPU memory says, in a plain ``RuntimeError``."""


class OutOfMemory(RuntimeError):
    """The memory of the device does not suffice; the message says what to lower."""


class SmallerBatches(UserWarning):
    """Work is done again in batches half as large, since memory did not suffice."""


def lacks_memory(error: BaseException) -> bool:
    """Return whether ``error`` says that memory could not be had, on a GPU or a CPU.

    >>> lacks_memory(RuntimeError("DefaultCPUAllocator: can't allocate memory"))
    True
    >>> lacks_memory(RuntimeError("shapes differ"))
    False
    """
    if isinstance(error, OutOfMemory):  # somebody has dealt with it
        return False
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or (
        isinstance(error, RuntimeError) and CPU_MESSAGE in str(error)
    )


def with_batches_that_fit(work: Callable[[int], Result], batch: int, what: str) -> tuple[Result, int]:
    """Return ``work(batch)`` and the batch size; as often as memory lacks, the size is halved.

    Only for work whose result does not depend on the batches but for rounding. Warns with ``SmallerBatches``,
    and raises ``OutOfMemory`` when even one row is too many.
    """
    while True:
        try:
            return work(batch), batch
        except (RuntimeError, MemoryError) as error:
            if not lacks_memory(error):
                raise
            if batch == 1:
                raise OutOfMemory(f"{what}: not even one row fits into memory; {error}") from error
        _free_memory()  # not in the handler: the error holds the tensors of the frames it passed
        batch //= 2
        warnings.warn(f"{what}: out of memory, repeated with {batch} at a time", SmallerBatches, stacklevel=2)


def split_to_fit(images: Tensor, batch: int, each: Callable[[Tensor], Result], what: str) -> list[Result]:
    """Return ``each`` of the parts of ``images`` of at most ``batch`` rows, fewer when memory lacks."""
    return with_batches_that_fit(
        lambda size: [each(part) for part in torch.split(images, size)], batch, what
    )[0]


@contextmanager
def training_memory(what: str, lower: str) -> Iterator[None]:
    """Turn a lack of memory inside into ``OutOfMemory``, which names what to ``lower``.

    A training cannot take smaller batches by itself: they are part of what is learnt.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not lacks_memory(error):
            raise
        raise OutOfMemory(
            f"{what} ran out of memory; lower {lower}, or give it a machine with more memory ({error})"
        ) from error


def _free_memory() -> None:
    gc.collect()
    torch.cuda.empty_cache()  # nothing where no GPU is in use


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
