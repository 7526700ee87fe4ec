"""What can go wrong with a store or with results, in one tree.

ValueError
└── ResultsError
    ├── StoreError
    │   ├── StoreMissing          no store at this place
    │   ├── StoreSchemaMismatch   a store of another version, or something else in its place
    │   ├── StoreNotWritable      read-only folder, full disk, no permission
    │   ├── StoreUnreachable      a bucket that does not answer, or refuses to be read
    │   ├── InvalidPath           a unit, path or URI that a store cannot hold
    │   ├── InvalidRows           unknown columns or wrong types
    │   ├── PathMissing           nothing is stored under this path
    │   └── BytesCorrupt          what is stored is not what was written
    ├── InvalidSetting            an environment variable with a value that means nothing
    ├── UnknownSweep              the store has no such sweep
    ├── UnknownFigure             there is no figure of this name
    └── ExportRefused             unknown suffix, or the file exists
"""


class ResultsError(ValueError):
    """Base of every error that this package raises about what it was given."""


class StoreError(ResultsError):
    """Base of the errors about a store."""


class StoreMissing(StoreError):
    """No store at this place."""


class StoreSchemaMismatch(StoreError):
    """The store was written with another version of the tables."""


class StoreNotWritable(StoreError):
    """Nothing can be written to the store: read-only, full, or no permission."""


class StoreUnreachable(StoreError):
    """A bucket does not answer, does not exist, or refuses to be read."""


class InvalidPath(StoreError):
    """A unit, path or URI that a store cannot hold."""


class InvalidRows(StoreError):
    """Rows with unknown columns or wrong types."""


class PathMissing(StoreError):
    """Nothing is stored under this path."""


class BytesCorrupt(StoreError):
    """What is stored is not what was written."""


class InvalidSetting(ResultsError):
    """An environment variable with a value that means nothing."""


class UnknownSweep(ResultsError):
    """The store has no such sweep."""


class UnknownFigure(ResultsError):
    """There is no figure of this name."""


class ExportRefused(ResultsError):
    """The file exists already, or its suffix names no known format."""
