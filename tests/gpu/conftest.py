"""The tests of this folder compute on the GPU that steps find by themselves."""

from collections.abc import Iterator

import pytest

from trainables.step import DEVICE_VARIABLE


@pytest.fixture(autouse=True, scope="module")
def gpu() -> Iterator[None]:
    """Let steps choose their device."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(DEVICE_VARIABLE, raising=False)
        yield
