"""Contracts that implementations keep; a test class inherits one and names the settings. Needs pytest.

>>> from tldmi_sweep.testing import DefenseContract
"""

from typing import TYPE_CHECKING

from tldmi_sweep.lazy import lazy_names

if TYPE_CHECKING:
    from tldmi_sweep.testing.defense_contract import DefenseContract

__getattr__ = lazy_names(__name__, {"tldmi_sweep.testing.defense_contract": ("DefenseContract",)})

__all__ = ["DefenseContract"]
