"""The settings of a sweep in words: the space, the data, the target, what is searched, and the attacks."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from results.defenses import Defense, Part
from results.formatting import format_count, share_of_published
from results.paper import published_defenses
from results.statistics.summary import SweepSummary
from results.sweeps.settings import SweepSettings, weights_text

Plain = Mapping[str, Any]

_SAMPLERS = {"tpe": "TPE", "nsga2": "NSGA-II", "random": "random draws", "grid": "a list"}
_BUDGET = {"iterations": "iteration", "restarts": "restart", "initial_draws": "random start"}
NOT_SCALED = (
    "The share is of the pictures that an attack optimises. budget_factor does not scale restarts, learning "
    "rates, the priors, what is trained once for a T (KEDMI's generator, LOMMA's students), or what the "
    "setup or the space sets itself."
)


def description_lines(summary: SweepSummary, settings: SweepSettings) -> list[tuple[str, str]]:
    """Return name and text of each setting of the sweep that is known."""
    space, setup = settings.space, settings.setup
    pairs = [
        ("Space", _named(space)),
        ("Data and setup", _named(setup)),
        ("Target", _target(setup.get("target") or {})),
        ("Searched", "; ".join(_searched(room, summary.families) for room in space.get("defenses") or ())),
        ("Search", _search(space)),
        ("Attacks", "; ".join(_attack(summary, kind) for kind in summary.attack_kinds)),
        ("Budgets", _budgets(summary)),
        ("Planned", _planned(summary)),
    ]
    return [(name, text) for name, text in pairs if text]


def _named(plain: Plain) -> str:
    return ": ".join(str(plain[name]) for name in ("name", "description") if plain.get(name))


def _target(target: Plain) -> str:
    if not target:
        return ""
    parts = [str(target.get("architecture"))]
    parts += [f"from {weights_text(target['pretrained'])}" if target.get("pretrained") else "from scratch"]
    parts += [format_count(target["epochs"], "epoch")] if target.get("epochs") else []
    parts += [f"at least {format_count(target['least_steps'], 'step')}"] if target.get("least_steps") else []
    return ", ".join(parts)


def _searched(defense: Plain, families: Mapping[str, Defense]) -> str:
    """Return a defence with the ranges in which its parameters are searched; options are left out."""
    kind = str(defense.get("kind"))
    published = {one.drawn_as: one.defense for one in published_defenses()}
    family = families.get(kind) or published.get(kind) or Defense(kind, (Part(kind, kind, ""),))
    options = {one.column for one in family.parameters if one.is_option}
    domains = [(name, _domain(value)) for name, value in defense.items() if name not in {"kind", *options}]
    parts = [f"{family.searched_label(name)} {text}" for name, text in domains if text]
    return f"{family.name} ({', '.join(parts)})" if parts else family.name


def _domain(value: object) -> str:
    """Return a range, a choice or a value in words.

    >>> _domain({"log_uniform": [0.01, 0.2]}), _domain("all"), _domain({"choice": [1, 4]})
    ('0.01 to 0.2 (log)', 'all', '1 or 4')
    """
    if isinstance(value, Mapping):
        for kind, ends in value.items():
            if kind == "choice":
                return " or ".join(map(str, ends))
            return f"{ends[0]:g} to {ends[1]:g}{' (log)' if kind == 'log_uniform' else ''}"
    return "" if value is None else str(value)


def _search(space: Plain) -> str:
    search, confirmation = space.get("search") or {}, space.get("confirmation") or {}
    if not search:
        return ""
    parts = [f"{_SAMPLERS.get(search.get('sampler', ''), 'search')}, seed {search.get('seed')}"]
    if search.get("sampler") != "grid":
        parts.append(f"rounds of {search.get('round_size')}")
    if confirmation.get("further_seeds"):
        seeds = format_count(confirmation["further_seeds"], "further seed")
        of = "of the front" if confirmation.get("of", "front") == "front" else "configurations"
        parts.append(f"{seeds} for at most {confirmation.get('at_most')} {of}")
    return ", ".join(parts)


def _attack(summary: SweepSummary, kind: str) -> str:
    """Return an attack with the budget that its rows have, not the one of the space."""
    row = next(row for row in summary.attacks if row["attack"] == kind)
    settings = _settings(row["attack_settings"])
    parts = [
        format_count(settings[key], word) for key, word in _BUDGET.items() if _is_count(settings.get(key))
    ]
    parts += [share_of_published(row["budget_factor"])] if row["budget_factor"] else []
    parts += [format_count(row["attacked_classes"], "class", "classes")] if row["attacked_classes"] else []
    name = summary.attack_names[kind]
    return f"{name} ({', '.join(parts)})" if parts else name


def _budgets(summary: SweepSummary) -> str:
    """Return what the shares of the attacks leave out, where they are not all whole."""
    cut = any(row["budget_factor"] not in (None, 1) for row in summary.attacks)
    return NOT_SCALED if cut else ""


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _settings(text: str | None) -> Plain:
    try:
        plain = json.loads(text or "{}")
    except ValueError:
        return {}
    return plain if isinstance(plain, dict) else {}


def _planned(summary: SweepSummary) -> str:
    planned = summary.record.planned if summary.record else {}
    names: Sequence[tuple[str, str, str]] = (
        ("search", "configuration", "configurations"),
        ("confirmation", "confirmation", "confirmations"),
        ("control", "control", "controls"),
    )
    return ", ".join(format_count(planned[role], one, many) for role, one, many in names if planned.get(role))
