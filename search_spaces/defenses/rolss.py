"""Settings of RoLSS: skip connections of some stages of T are removed, or made weaker."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from search_spaces.architectures import ARCHITECTURES
from search_spaces.defenses.part import DEFENSE_PARTS, PartSettings, Stage, TargetShape
from search_spaces.defenses.searched import Searched
from search_spaces.domains import Choice

LAST = "last"
"""Names the last stage of any T."""


def _as_names(value: Any) -> Any:  # noqa: ANN401  (plain YAML values)
    """Return one stage as a list of one, and numbers as text: ``4`` and ``[3, last]`` may be written."""
    listed = value if isinstance(value, list | tuple) else [value]
    plain = [isinstance(one, int | str) and not isinstance(one, bool) for one in listed]
    return tuple(str(one) for one in listed) if all(plain) else value


def _rising(stages: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a second way to write the same stages, which would be another identity of the same T."""
    places = [stage_index(stage, 10**9) for stage in stages]
    if any(later <= earlier for earlier, later in pairwise(places)):
        raise ValueError(f"{', '.join(stages)}: write each stage once, from the first on, 'last' at the end")
    return stages


SkipStages = Annotated[
    tuple[Annotated[str, Field(pattern=rf"^({LAST}|[1-9][0-9]?)$")], ...],
    Field(min_length=1),
    AfterValidator(_rising),
    BeforeValidator(_as_names),
]
"""Stages of T, counted from 1; ``last`` is the last one of any T."""


def stage_index(stage: str, stages: int) -> int:
    """Return the place, from 0, of ``stage`` among this number of ``stages``.

    >>> stage_index("last", 4), stage_index("1", 4)
    (3, 0)
    """
    return stages - 1 if stage == LAST else int(stage) - 1


@DEFENSE_PARTS.register
class RoLSS(PartSettings):
    """RoLSS and SSF: skip connections of ``skip_stages`` are multiplied by ``skip_scale``; 0 removes them."""

    home: ClassVar[str | None] = "trainables.defenses.rolss"
    label: ClassVar[str] = "RoLSS"
    stage: ClassVar[Stage] = "network"

    kind: Literal["rolss"] = "rolss"
    skip_stages: Annotated[
        SkipStages, Searched(Choice(choice=(LAST,)), "stages with changed skips", "skips")
    ] = (LAST,)
    """Stages of residual blocks whose skip connections are changed, counted from 1; ``last``: the last one,
    which is the published setting of ResNet-34, 50, 101 and 152 (ECCV 2024, arXiv 2409.01696)."""
    skip_scale: Annotated[
        float, Field(ge=0, lt=1), Searched(Choice(choice=(0.0, 0.2, 0.6)), "skip scale", "k")
    ] = 0.0
    """Factor k of these skip connections: 0 is RoLSS, above 0 it is SSF, published with k = 0.2 and, for
    ResNet-18, 0.6."""

    def misfits(self, target: TargetShape) -> Iterator[tuple[str, str]]:
        """Yield the stages when T has no skip connections, or fewer stages."""
        if target.stages == 0:
            yield "skip_stages", without_skips(target.architecture)
            return
        for stage in self.skip_stages:
            if stage_index(stage, target.stages) >= target.stages:
                yield (
                    "skip_stages",
                    f"{stage} is no stage of {target.architecture}, which has {target.stages}: give 1 to "
                    f"{target.stages}, or 'last'",
                )


def without_skips(architecture: str) -> str:
    """Return why RoLSS cannot be used with ``architecture``, and which networks it can be used with."""
    fitting = [own.kind_name() for own in ARCHITECTURES if own.residual_stages]
    return f"{architecture} has no stages of skip connections; networks that have: {', '.join(fitting)}"
