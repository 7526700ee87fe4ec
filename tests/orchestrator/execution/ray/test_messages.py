"""What Ray and Tune print goes to a file of the store; what others print stays where it was."""

import logging
import re
import threading

import pytest

from orchestrator.execution.ray.messages import messages_kept
from results import Store, open_store


@pytest.fixture
def store(tmp_path):
    return open_store(str(tmp_path / "store"), create=True)


def printed_by_a_thread(name, text):
    thread = threading.Thread(target=print, args=(text,), name=name)
    thread.start()
    thread.join()


def test_words_of_ray_are_kept_and_named_in_one_line(
    store: Store, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with messages_kept(store.uri):
        print("of the user")
        printed_by_a_thread(
            "ray_listen_error_messages", "(raylet) A worker died, AWS_SECRET_ACCESS_KEY=abcdefgh"
        )
        printed_by_a_thread("watch", "of a thread of ours")
        logging.getLogger("ray.tune.execution.tune_controller").error("Trial task failed for trial 7")
    assert capsys.readouterr() == ("of the user\nof a thread of ours\n", "")
    (path,) = store.list_paths("logs/ray/")
    first, second = store.get_bytes(path).decode().splitlines()
    assert first == "(raylet) A worker died, AWS_SECRET_ACCESS_KEY=***"
    assert re.fullmatch(
        r"\S+ \S+ ERROR ray.tune.execution.tune_controller: Trial task failed for trial 7", second
    )
    (record,) = caplog.records
    assert f"2 lines, kept in {path} of {store.uri}" in record.message


def test_nothing_is_kept_of_a_run_without_trouble(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    with messages_kept(store.uri):
        print("of the user")
    assert store.list_paths("logs/") == []
    assert caplog.records == []


def test_afterwards_all_is_as_it_was_and_what_was_said_before_an_error_is_kept(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    handlers = list(logging.getLogger("ray").handlers)

    def fail():
        printed_by_a_thread("ray_x", "before")
        raise RuntimeError

    with pytest.raises(RuntimeError), messages_kept(store.uri):
        fail()
    assert logging.getLogger("ray").handlers == handlers
    printed_by_a_thread("ray_x", "after")
    assert capsys.readouterr().out == "after\n"
    assert len(store.list_paths("logs/ray/")) == 1
