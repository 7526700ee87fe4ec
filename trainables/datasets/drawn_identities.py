"""Who the drawn persons are: every person of a data set has attributes that no other person of it has."""

import itertools
import math
from dataclasses import dataclass

from search_spaces import seed_stream
from search_spaces.datasets import DrawnPersons
from trainables.datasets.drawn_styles import STYLES, Trait


class NotEnoughPersons(ValueError):
    """Settings that ask for more persons or test pictures than there can be."""


@dataclass(frozen=True)
class Persons:
    """The persons of D_priv and of D_pub, by name; the numbering runs through both."""

    private: dict[str, Trait]
    public: dict[str, Trait]


def persons(settings: DrawnPersons) -> Persons:
    """Return the persons: the combinations of all traits in an order drawn by the seed, private ones first.

    All combinations are thus equally likely, and no two persons, private or public, share all attributes.
    Raises ``NotEnoughPersons``.
    """
    check_persons(settings)
    factors = STYLES[settings.style].factors
    combinations = list(itertools.product(*(range(len(factor)) for factor in factors)))
    combinations.sort(key=lambda numbers: seed_stream(settings.seed, "persons", *numbers))
    count = settings.private_people + settings.public_people
    named = {
        f"person-{number:05d}": _joined(tuple(factor[i] for factor, i in zip(factors, chosen, strict=True)))
        for number, chosen in enumerate(combinations[:count])
    }
    items, cut = list(named.items()), settings.private_people
    return Persons(private=dict(items[:cut]), public=dict(items[cut:]))


def check_persons(settings: DrawnPersons) -> None:
    """Raise ``NotEnoughPersons`` with every reason why the settings cannot be met."""
    errors = []
    possible = math.prod(len(factor) for factor in STYLES[settings.style].factors)
    wanted = settings.private_people + settings.public_people
    if wanted > possible:
        errors.append(
            f"style {settings.style} tells {possible} persons apart, "
            f"private_people + public_people = {wanted}: lower public_people or choose avataaars"
        )
    if settings.test_per_class >= settings.images_per_private_person:
        errors.append(
            f"test_per_class = {settings.test_per_class} leaves no training picture of the "
            f"{settings.images_per_private_person} of each private person: lower test_per_class "
            "or raise images_per_private_person"
        )
    if errors:
        raise NotEnoughPersons("drawn persons: " + "; ".join(errors))


def _joined(traits: tuple[Trait, ...]) -> Trait:
    attributes: dict[str, str] = {}
    options: dict[str, object] = {}
    for trait in traits:
        attributes.update(trait.attributes)
        options.update(trait.options)
    return Trait(dict(sorted(attributes.items())), options)
