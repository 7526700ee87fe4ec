"""Contracts that implementations keep; a test class inherits one and names the settings. Needs pytest.

>>> from tldmi_sweep.testing import DefenseContract
"""

from typing import TYPE_CHECKING

from tldmi_sweep.lazy import lazy_names

if TYPE_CHECKING:
    from tldmi_sweep.testing.attack_contract import AttackContract
    from tldmi_sweep.testing.dataset_contract import DatasetContract
    from tldmi_sweep.testing.defense_contract import DefenseContract
    from tldmi_sweep.testing.evaluator_contract import EvaluatorContract
    from tldmi_sweep.testing.prior_contract import PriorContract
    from tldmi_sweep.testing.target_contract import TargetContract

__getattr__ = lazy_names(
    __name__,
    {
        "tldmi_sweep.testing.attack_contract": ("AttackContract",),
        "tldmi_sweep.testing.dataset_contract": ("DatasetContract",),
        "tldmi_sweep.testing.defense_contract": ("DefenseContract",),
        "tldmi_sweep.testing.evaluator_contract": ("EvaluatorContract",),
        "tldmi_sweep.testing.prior_contract": ("PriorContract",),
        "tldmi_sweep.testing.target_contract": ("TargetContract",),
    },
)

__all__ = [
    "AttackContract",
    "DatasetContract",
    "DefenseContract",
    "EvaluatorContract",
    "PriorContract",
    "TargetContract",
]
