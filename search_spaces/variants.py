"""The same T with other D_pretrain weights, or trained with another recipe."""

from search_spaces.files import PinnedFile
from search_spaces.pretraining import Pretraining
from search_spaces.targets import TargetSettings


def with_pretrained(
    target: TargetSettings, pretrained: Pretraining | PinnedFile | str | None
) -> TargetSettings:
    """Return ``target`` starting from these D_pretrain weights, or from such a pre-training."""
    return target.model_copy(update={"pretrained": pretrained})


def with_recipe(target: TargetSettings, recipe: str | None) -> TargetSettings:
    """Return ``target`` with the values of ``recipe``; those set beside its present recipe stay.

    >>> target = TargetSettings(architecture="vgg16", recipe="table8_vgg16", epochs=2)
    >>> changed = with_recipe(target, "bido_vgg16")
    >>> changed.epochs, changed.optimizer, changed.learning_rate
    (2, 'adam', 0.0001)
    """
    if recipe is None or recipe == target.recipe:
        return target
    own = {name: getattr(target, name) for name in target.model_fields_set}
    if target.recipe is not None:
        standard = TargetSettings(architecture=target.architecture, recipe=target.recipe)
        own = {name: value for name, value in own.items() if value != getattr(standard, name)}
    return TargetSettings.model_validate({"architecture": target.architecture, **own, "recipe": recipe})
