"""Tests of results write thousands of small files: syncing each to the disk would take most of their time."""

import os

import pytest


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ``os.fsync`` return at once."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
