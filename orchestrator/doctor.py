"""What there is for a sweep: targets to evaluators, packages, GPUs, archives, disks; starts nothing."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.catalogue import Component, catalogue
from orchestrator.execution.gpus import DEVICE_VARIABLE, VISIBLE_VARIABLE, present_gpus, usable_gpus
from orchestrator.provenance import PACKAGES
from results import StoreError, StoreMissing, open_store
from results.installation import package_version, versions
from results.stores.address import StoreAddress
from trainables.storage.archives import ArchiveStatus, cache_folder
from trainables.storage.archives import status as archive_status

OPTIONAL_PACKAGES = ("torchvision", "timm", "zuko", "torchmetrics", "lpips")
"""Packages that some targets, attacks or metrics import."""

LITTLE_SPACE = 2 * 2**30
"""Bytes below which the free space is worth a warning."""


@dataclass(frozen=True)
class Finding:
    """One thing looked at. ``state``: ``ok``, ``missing`` (comes when needed), ``warning`` or ``broken``."""

    name: str
    state: str
    text: str
    group: str = "machine"
    """``machine``, or what the thing is to a sweep: ``target``, ``defence``, ``attack`` and so on."""


@dataclass(frozen=True)
class Diagnosis:
    """All findings."""

    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """Whether nothing is broken."""
        return all(finding.state != "broken" for finding in self.findings)


def diagnose(store_uri: str) -> Diagnosis:
    """Return what a sweep into ``store_uri`` would find here; writes nothing but a probe into a store."""
    archives, folder = archive_status(), StoreAddress.parse(store_uri).folder
    return Diagnosis(
        (
            *(_component(component, archives) for component in catalogue()),
            *(_package(name, version) for name, version in versions(PACKAGES).items()),
            *(_optional_package(name) for name in OPTIONAL_PACKAGES),
            Finding("CPUs", "ok", str(len(os.sched_getaffinity(0)))),
            _gpus(),
            *(_archive(status) for status in archives),
            _folder("cache", cache_folder()),
            _space("cache", cache_folder()),
            _store(store_uri),
            *([] if folder is None else [_space("store", folder)]),
        )
    )


def _component(component: Component, archives: Sequence[ArchiveStatus]) -> Finding:
    kind, text, group = component.kind, component.text, component.group
    if missing := component.missing_packages:
        return Finding(kind, "warning", f"{text} (needs {', '.join(missing)}, not installed)", group)
    present = {status.archive.package for status in archives if status.present}
    if not set(component.archive_packages) <= present:
        return Finding(kind, "missing", f"{text} (fetched when needed)", group)
    return Finding(kind, "ok", text, group)


def _optional_package(name: str) -> Finding:
    version = package_version(name)
    return Finding(name, "ok" if version else "missing", version or "not installed; some functions need it")


def _gpus() -> Finding:
    """Look for NVIDIA devices without importing torch."""
    gpus = present_gpus()
    if not gpus:
        return Finding("GPUs", "missing", "none found: everything runs on the CPU")
    usable = usable_gpus(len(gpus))
    if usable == len(gpus):
        return Finding("GPUs", "ok", f"{len(gpus)} ({', '.join(gpus)})")
    why = [f"{name}={os.environ[name]}" for name in (DEVICE_VARIABLE, VISIBLE_VARIABLE) if name in os.environ]
    return Finding("GPUs", "ok", f"{usable} of {len(gpus)} in use: {', '.join(why)}")


def _package(name: str, version: str | None) -> Finding:
    if version is not None:
        return Finding(name, "ok", version)
    if name == "tldmi-sweep":
        return Finding(name, "ok", "run from a checkout, not installed")
    return Finding(name, "broken", "not installed; run pip install . in the project's folder")


def _archive(status: ArchiveStatus) -> Finding:
    archive = status.archive
    name = f"archive {archive.package} {archive.version}"
    if not status.present:
        return Finding(name, "missing", f"{archive.holds}; fetched when needed ({archive.size / 1e6:.0f} MB)")
    if not status.hash_ok:
        return Finding(name, "broken", f"{status.path}: not the pinned file; delete it to fetch it again")
    return Finding(name, "ok", archive.holds)


def _folder(name: str, folder: Path) -> Finding:
    existing = _nearest(folder)
    if not os.access(existing, os.W_OK):
        return Finding(name, "broken", f"{existing} is not writable")
    return Finding(name, "ok", str(folder))


def _store(store_uri: str) -> Finding:
    try:
        open_store(store_uri).check_writable()
    except StoreMissing:
        writable = _place(store_uri)
        to_be_made = Finding("store", "missing", f"{store_uri}: created by the first sweep")
        return to_be_made if writable.state == "ok" else writable
    except StoreError as error:
        return Finding("store", "broken", str(error))
    return Finding("store", "ok", store_uri)


def _place(store_uri: str) -> Finding:
    """Return whether a store could be made at ``store_uri``, where there is none yet."""
    folder = StoreAddress.parse(store_uri).folder
    if folder is not None:
        return _folder("store", folder)
    from results.stores.s3 import S3Store

    try:
        S3Store(store_uri).check_writable()
    except StoreError as error:
        return Finding("store", "broken", str(error))
    return Finding("store", "ok", store_uri)


def _space(name: str, folder: Path) -> Finding:
    free = shutil.disk_usage(_nearest(folder)).free
    state = "ok" if free >= LITTLE_SPACE else "warning"
    return Finding(f"{name} disk", state, f"{free / 2**30:.1f} GiB free")


def _nearest(folder: Path) -> Path:
    """Return ``folder`` or its nearest parent that exists."""
    absolute = folder.expanduser().absolute()
    return next(place for place in (absolute, *absolute.parents) if place.exists())
