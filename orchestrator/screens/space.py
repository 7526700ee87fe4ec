"""What a space varies, in lines for people."""

from collections.abc import Iterator, Sequence

from results.labels import configuration_label
from search_spaces import Space
from search_spaces.attacks import AttackSettings
from search_spaces.defenses import Defense, DefenseSpace
from search_spaces.domains import Choice, Integers, LogUniform, Uniform
from search_spaces.space import SEARCHED_TRIALS


def space_lines(space: Space) -> list[str]:
    """Return what a space varies, tries first, attacks with and searches."""
    confirmation = space.confirmation
    return [
        f"{space.name}: {space.description}",
        f"data: {space.setup}, unless overridden by --data",
        "defences:",
        *(f"  {_ranges_text(ranges)}" for ranges in space.defenses),
        *_anchor_lines("tried first:", space.anchors),
        *(
            line
            for architecture, own in space.per_target.items()
            for line in _anchor_lines(f"tried on {architecture}:", own.anchors)
        ),
        f"attacks ({space.access}): {', '.join(map(_attack_text, space.attacks)) or 'none'}",
        f"search: {_search_text(space)}",
        f"confirmation: further seeds {confirmation.further_seeds}, of up to {confirmation.at_most} "
        f"configurations{' on the front' if confirmation.of == 'front' else ', the front first'}",
        f"controls: {', '.join(space.control.kinds) or 'none'}",
    ]


def _ranges_text(ranges: DefenseSpace) -> str:
    values = (f"{name} {domain_text(value)}" for name, value in ranges if name != "kind")
    return ", ".join([ranges.name, *values])


def domain_text(value: object) -> str:
    """Return a searched or fixed value in words.

    >>> domain_text(Integers(integers=(1, 4))), domain_text(LogUniform(log_uniform=(0.01, 0.2)))
    ('1 to 4', '0.01 to 0.2 (log)')
    """
    match value:
        case Uniform(uniform=(low, high)):
            return f"{low:g} to {high:g}"
        case LogUniform(log_uniform=(low, high)):
            return f"{low:g} to {high:g} (log)"
        case Integers(integers=(first, last)):
            return f"{first} to {last}"
        case Choice():
            return " or ".join(map(str, value.choice))
    return str(value)


def _anchor_lines(title: str, anchors: Sequence[Defense]) -> Iterator[str]:
    if anchors:
        yield title
        yield from (f"  {configuration_label(anchor.columns())}" for anchor in anchors)


def _attack_text(attack: AttackSettings) -> str:
    own = ", ".join(f"{name} {getattr(attack, name)}" for name in sorted(attack.model_fields_set - {"kind"}))
    return f"{attack.name}{f' ({own})' if own else ''}"


def _search_text(space: Space) -> str:
    search = space.search
    if space.is_grid:
        return "every value of every defence" + (f", at most {search.trials}" if search.trials else "")
    return f"{search.trials or SEARCHED_TRIALS} trials, sampler {search.sampler}, seed {search.seed}"
