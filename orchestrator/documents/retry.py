"""The documents of ``retry``."""

from typing import Literal

from pydantic import RootModel

from orchestrator.documents.document import Document
from orchestrator.documents.run import RunDocument


class RetryAskedDocument(Document):
    """``retry`` while a driver runs the sweep: which trials that runs again when the rest is done."""

    sweep_id: str
    store: str
    asked: Literal["retry"]
    trials: list[int]


class RetryDocument(RootModel[RunDocument | RetryAskedDocument]):
    """``retry``: how it ended, as of ``run``; while a driver runs the sweep what that was asked."""
