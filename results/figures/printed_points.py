"""The printed points of the TL-DMI paper and its supplement, grouped as they can be compared."""

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources

from results.labels import attack_name
from results.paper import published_defenses

_NAMES = {
    "celeba": "CelebA",
    "facescrub": "FaceScrub",
    "stanford_cars": "Stanford Cars",
    "vgg16": "VGG16",
    "ir152": "IR152",
    "facenet": "FaceNet",
    "facenet64": "FaceNet64",
    "resnet18": "ResNet-18",
    "resnet34": "ResNet-34",
    "resnet101": "ResNet-101",
    "maxvit": "MaxViT",
    "lomma": "LOMMA",
    "ppa": "PPA",
    "mirror": "MIRROR",
}


@dataclass(frozen=True)
class PrintedPoint:
    """One printed result, in percent."""

    family: str
    label: str
    acc: float
    att_acc: float


@dataclass(frozen=True)
class PrintedGroup:
    """Printed results of one attack on one kind of target: they compare with each other, not with a sweep."""

    key: str
    label: str
    attack: str
    points: tuple[PrintedPoint, ...]


def printed_groups() -> tuple[PrintedGroup, ...]:
    """Return the printed points by table, attack, data and target; groups of a single point are left out."""
    groups: dict[tuple[str, ...], list[PrintedPoint]] = defaultdict(list)
    for row in _rows():
        key = tuple(row[name] for name in ("source", "attack", "d_priv", "target"))
        groups[key].append(_point(row))
    return tuple(
        PrintedGroup("-".join(key), _label(*key), key[1], tuple(points))
        for key, points in groups.items()
        if len(points) > 1
    )


def _rows() -> Iterator[dict[str, str]]:
    place = resources.files("results.paper").joinpath("results.csv")
    with place.open(encoding="utf-8") as file:
        yield from (row for row in csv.DictReader(file) if row["acc"] and row["att_acc"])


def _point(row: dict[str, str]) -> PrintedPoint:
    weights = (("λ", "lambda_mid"), ("λx", "lambda_x"), ("λy", "lambda_y"))
    notes = [f"{symbol} {row[name]}" for symbol, name in weights if row[name]]
    notes += [f"θ_C {row['theta_c_m']} M"] if row["theta_c_m"] else []
    notes += [_run(row["run"])] if row["run"] else []
    defense = next(published for published in published_defenses() if published.kind == row["defense"])
    name = defense.defense.name
    label = f"{name} ({', '.join(notes)})" if notes else name
    return PrintedPoint(defense.drawn_as, label, float(row["acc"]), float(row["att_acc"]))


def _run(run: str) -> str:
    return "mean of the runs" if run == "mean" else f"run {run}"


def _label(source: str, attack: str, d_priv: str, target: str) -> str:
    place = source.replace("table", "Table ").replace("fig", "Figure ")
    parts = (_NAMES.get(attack, attack_name(attack)), _NAMES.get(target, target), _NAMES.get(d_priv, d_priv))
    return f"{place}: {', '.join(part for part in parts if part)}"
