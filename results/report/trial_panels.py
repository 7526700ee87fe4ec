"""What the page needs to open any configuration: rows of the table, details and pictures, within a budget."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from results.formatting import format_count, join_words
from results.report.page import Line, configuration_line
from results.report.page_data import as_json
from results.report.pictures import PrivateImages, Sheets, Strip, private_uris
from results.report.selection import select_configurations
from results.report.trial_details import TrialDetails
from results.statistics.configurations import Configuration
from results.statistics.summary import SweepSummary

Plain = dict[str, Any]

DETAIL_BYTES = 2_500_000
"""Room for the details of trials in a page; those of the front come first."""
PICTURE_BYTES = 1_200_000
"""Room for the pictures of trials that are opened, beside the galleries."""
MOST_CLASSES = 60
"""Classes of an attack that have a picture in a panel."""
FAILURE_BYTES = 500_000
"""Room for the details of failed trials; the first ones come first."""
_MOST_FEATURED = 40


@dataclass(frozen=True)
class Panels:
    """Everything behind the points of the front, as plain values for JSON."""

    rows: list[Plain]
    details: dict[str, str]
    """config_id -> details of its trials, as JSON."""
    strips: dict[str, str]
    """attack_id -> pictures of its first restarts, as JSON."""
    classes: dict[int, str]
    private: dict[int, list[str]]
    without_details: int
    without_pictures: int
    failed: dict[str, str]
    """Number -> details of a failed trial, as JSON."""
    failed_without_details: int

    @property
    def note(self) -> str | None:
        """What was left out to keep the page small."""
        parts = [
            f"the curves of {format_count(self.without_details, 'configuration')}"
            if self.without_details
            else "",
            f"the pictures of {format_count(self.without_pictures, 'attack')}"
            if self.without_pictures
            else "",
            f"the logs of {format_count(self.failed_without_details, 'failed trial')}"
            if self.failed_without_details
            else "",
        ]
        left_out = join_words([part for part in parts if part])
        return f"To stay small, this page omits {left_out}; they are in the store." if left_out else None


def panels(
    summary: SweepSummary,
    details: TrialDetails,
    sheets: Sheets,
    reconstructions: pa.Table,
    private_images: PrivateImages | None,
    failed: Iterator[tuple[int, Plain]],
) -> Panels:
    """Return what the page needs to open its configurations, the front first, until the room is used up."""
    ordered = in_order_of_interest(summary)
    kept = dict(
        _within(
            ((configuration.config_id, details.of(configuration)) for configuration in ordered), DETAIL_BYTES
        )
    )
    wanted = [
        row["attack_id"]
        for configuration in ordered
        for run in details.runs(configuration)
        for row in run.attacks
        if row["sheet"]
    ]
    strips = dict(_within(_strips(sheets, wanted), PICTURE_BYTES))
    classes = _class_names(reconstructions)
    failures = dict(_within(((str(number), plain) for number, plain in failed), FAILURE_BYTES))
    return Panels(
        rows=[row_of(configuration) for configuration in ordered_rows(summary)],
        details=kept,
        strips=strips,
        classes=classes,
        private={index: private_uris(private_images, index) for index in classes} if private_images else {},
        without_details=len(ordered) - len(kept),
        without_pictures=len(wanted) - len(strips),
        failed=failures,
        failed_without_details=len(summary.failures) - len(failures),
    )


def in_order_of_interest(summary: SweepSummary) -> list[Configuration]:
    """Return every configuration and control once: those to feature, the controls, the front, the others."""
    configurations = [
        *select_configurations(summary, _MOST_FEATURED),
        *summary.controls,
        *summary.configurations,
    ]
    return list(
        {
            (configuration.config_id, configuration.control): configuration
            for configuration in configurations
        }.values()
    )


def ordered_rows(summary: SweepSummary) -> Sequence[Configuration]:
    """Return the rows of the main table, then the controls."""
    return [*summary.configurations, *summary.controls]


def row_of(configuration: Configuration) -> Plain:
    """Return a row of the main table as plain values."""
    line: Line = configuration_line(configuration)
    return {
        "id": configuration.config_id,
        "family": line.family,
        "control": configuration.control != "none",
        "name": line.name,
        "note": line.note,
        "front": configuration.on_front,
        "seeds": list(configuration.seeds),
        "cells": [[cell.text, cell.note, cell.value, _bar(cell.bar)] for cell in line.cells],
    }


def _bar(bar: tuple[float, float, float] | None) -> list[float] | None:
    return None if bar is None else [round(value, 1) for value in bar]


def _within(items: Iterable[tuple[str, Plain]], most: int) -> Iterator[tuple[str, str]]:
    """Yield items as JSON until that would together be longer than ``most``."""
    used = 0
    for name, plain in items:
        text = as_json(plain)
        used += len(text)
        if used > most:
            return
        yield name, text


def _strips(sheets: Sheets, attack_ids: Iterable[str]) -> Iterator[tuple[str, Plain]]:
    for attack_id in dict.fromkeys(attack_ids):
        strip = sheets.strip(attack_id, MOST_CLASSES)
        if strip is not None:
            yield attack_id, _plain(strip)


def _plain(strip: Strip) -> Plain:
    return {
        "uri": strip.uri,
        "columns": strip.columns,
        "cells": [[index, int(hit)] for index, hit in strip.cells],
    }


def _class_names(reconstructions: pa.Table) -> dict[int, str]:
    named = reconstructions.group_by("class_index").aggregate([("class_name", "min")])
    return {
        index: name or f"class {index}"
        for index, name in zip(
            named["class_index"].to_pylist(), named["class_name_min"].to_pylist(), strict=True
        )
        if index is not None
    }
