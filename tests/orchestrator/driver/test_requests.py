"""Requests reach the run they are for, and no other."""

import pytest

from orchestrator.driver.requests import (
    ask_to_end,
    ask_to_retry,
    forget_requests,
    read_end_request,
    read_retry_request,
)
from results import open_store


@pytest.fixture
def store(tmp_path):
    return open_store(str(tmp_path), create=True)


@pytest.mark.parametrize("verb", ["stop", "cancel"])
def test_a_request_is_heard_by_the_run_it_names(store, verb):
    ask_to_end(store, "3f2a", verb, "run-1")
    heard = read_end_request(store, "3f2a", "run-1")
    assert heard.verb == verb
    assert f"asked for a {verb}" in heard.reason


def test_a_stale_request_stops_no_later_run_and_no_other_sweep(store):
    ask_to_end(store, "3f2a", "stop", "run-1")
    assert read_end_request(store, "3f2a", "run-2") is None
    assert read_end_request(store, "9b01", "run-1") is None


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"\xff\xfe", b'{"verb": "halt", "run": "run-1"}'])
def test_a_damaged_request_is_none(store, damage):
    store.put_bytes("requests/3f2a.end.json", damage)
    assert read_end_request(store, "3f2a", "run-1") is None


def test_a_retry_is_heard_once(store):
    ask_to_retry(store, "3f2a", [3, 5], "run-1")
    assert read_retry_request(store, "3f2a", "run-1") == [3, 5]
    assert read_retry_request(store, "3f2a", "run-1") == []
    ask_to_retry(store, "3f2a", [3], "run-1")
    assert read_retry_request(store, "3f2a", "run-2") == []


@pytest.mark.parametrize(
    ("left", "heard"),
    [
        (b'{"numbers": [3, "5", null, 7], "run": "run-1"}', [3, 7]),
        (b'{"numbers": 3, "run": "run-1"}', []),
        (b'{"run": "run-1"}', []),
        (b"{", []),
    ],
)
def test_of_a_damaged_retry_only_numbers_are_heard(store, left, heard):
    store.put_bytes("requests/3f2a.retry.json", left)
    assert read_retry_request(store, "3f2a", "run-1") == heard


def test_requests_are_forgotten_by_the_run_they_are_to(store):
    ask_to_end(store, "3f2a", "stop", "run-1")
    ask_to_retry(store, "3f2a", [3], "run-1")
    forget_requests(store, "3f2a", lambda run: run != "run-1")
    assert len(store.list_paths("requests/")) == 2
    forget_requests(store, "3f2a", lambda run: run == "run-1")
    assert store.list_paths("requests/") == []


def test_a_damaged_request_is_forgotten_as_one_to_nobody(store):
    store.put_bytes("requests/3f2a.end.json", b"{")
    forget_requests(store, "3f2a", lambda run: run != "run-1")
    assert store.list_paths("requests/") == []
