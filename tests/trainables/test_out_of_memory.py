"""Lack of memory: smaller batches where the result does not depend on them, advice where it does."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from trainables.memory import (
    OutOfMemory,
    SmallerBatches,
    split_to_fit,
    training_memory,
    with_batches_that_fit,
)

ERRORS = (
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
    MemoryError(),
)


def fitting(most: int, error: Exception, asked: list[int]) -> Callable[[int], str]:
    """Return work that lacks memory above a batch of ``most``."""

    def work(batch: int) -> str:
        asked.append(batch)
        if batch > most:
            raise error
        return f"by {batch}"

    return work


@pytest.mark.parametrize("error", ERRORS)
def test_the_batch_is_halved_until_it_fits(error: Exception) -> None:
    asked: list[int] = []
    with pytest.warns(SmallerBatches, match="the attack: out of memory, repeated with 8 at a time"):
        assert with_batches_that_fit(fitting(10, error, asked), 64, "the attack") == ("by 8", 8)
    assert asked == [64, 32, 16, 8]


def test_memory_that_suffices_changes_nothing() -> None:
    asked: list[int] = []
    assert with_batches_that_fit(fitting(64, ERRORS[0], asked), 64, "") == ("by 64", 64)
    assert asked == [64]


@pytest.mark.filterwarnings("ignore::trainables.memory.SmallerBatches")
def test_one_row_that_does_not_fit_is_an_error_that_says_so() -> None:
    with pytest.raises(OutOfMemory, match=r"the attack: not even one row .* 2\.00 GiB"):
        with_batches_that_fit(fitting(0, ERRORS[0], []), 4, "the attack")


@pytest.mark.parametrize("error", [RuntimeError("shapes differ"), OutOfMemory("a piece"), ValueError("no")])
def test_other_errors_pass(error: Exception) -> None:
    asked: list[int] = []
    with pytest.raises(type(error), match=str(error)):
        with_batches_that_fit(fitting(0, error, asked), 64, "the attack")
    with pytest.raises(type(error), match=str(error)), training_memory("T", "target.batch_size"):
        raise error
    assert asked == [64]


def test_parts_are_those_of_one_size() -> None:
    seen: list[int] = []

    def each(part: Tensor) -> float:
        seen.append(len(part))
        if len(part) > 3:
            raise ERRORS[1]
        return float(part.sum())

    with pytest.warns(SmallerBatches):
        assert split_to_fit(torch.ones(7), 6, each, "") == [3.0, 3.0, 1.0]
    assert seen == [6, 3, 3, 1]


@pytest.mark.parametrize("error", ERRORS)
def test_a_training_says_what_to_lower(error: Exception) -> None:
    with pytest.raises(OutOfMemory, match=r"T ran out of memory; lower target.batch_size, or"):  # noqa: SIM117
        with training_memory("T", "target.batch_size"):
            raise error
