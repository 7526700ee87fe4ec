"""What every defence that freezes units of the small VGG must do."""

from typing import ClassVar

import torch

from tldmi_sweep.testing.defense_contract import DefenseContract, fresh_target
from trainables.models.target_model import TargetModel

UNITS = ("conv1", "conv2", "conv3", "conv4", "conv5", "conv6")


def statistics(model: TargetModel, unit: str) -> list[torch.Tensor]:
    """Return the running statistics of one unit."""
    return [value for name, value in model.units[unit].named_buffers() if "running" in name]


class FreezingContract(DefenseContract):
    """``frozen``: the units that are frozen; ``follows``: whether their BatchNorm follows D_priv."""

    frozen: ClassVar[tuple[str, ...]] = ("conv1", "conv2")
    follows: ClassVar[bool] = True

    def test_these_units_are_frozen(self) -> None:
        model = self.prepared()
        found = [name for name in UNITS if not any(p.requires_grad for p in model.units[name].parameters())]
        assert tuple(found) == self.frozen
        partly = [name for name in UNITS if not all(p.requires_grad for p in model.units[name].parameters())]
        assert tuple(partly) == self.frozen

    def test_no_graph_is_built_in_front_of_the_first_trained_unit(self) -> None:
        model, seen = self.prepared(), []
        for unit in model.units.values():
            unit.register_forward_hook(lambda _, __, output: seen.append(output.requires_grad))
        self.batch_loss(model)
        first = next(place for place, name in enumerate(UNITS) if name not in self.frozen)
        assert seen == [place >= first for place in range(len(UNITS))]

    def test_frozen_batchnorm_does_what_frozen_bn_says(self, trained: TargetModel) -> None:
        fresh = fresh_target(self.defense())
        for name in UNITS:
            changed = not any(
                torch.equal(*pair)
                for pair in zip(statistics(trained, name), statistics(fresh, name), strict=True)
            )
            assert changed == (self.follows or name not in self.frozen), name
