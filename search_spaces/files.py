"""Files of the user that settings name: their content is part of identities, where they lie is not."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    GetJsonSchemaHandler,
    PlainValidator,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    WithJsonSchema,
    model_serializer,
    model_validator,
)
from pydantic_core import CoreSchema

from search_spaces.canonical import is_identity
from search_spaces.setting_errors import InvalidSpace, SettingError
from search_spaces.settings import Settings

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 in hexadecimal digits."""

M = TypeVar("M", bound=BaseModel)


class FileUnusable(ValueError):
    """A file of the user that cannot be read, or another one than its hash says."""


class Pinned(Settings):
    """A place of the user and the hash of what lies there; in YAML the path alone, or both to demand a hash.

    Until it is pinned, the path stands for the content in identities.
    """

    path: Path
    sha256: Hash | None = None
    """What the content must hash to; filled in when a sweep starts."""

    @model_validator(mode="before")
    @classmethod
    def _from_path(cls, value: Any) -> Any:  # noqa: ANN401  (plain YAML values)
        return {"path": value} if isinstance(value, str | Path) else value

    @model_serializer(mode="wrap")
    def _as_content(self, values_of: SerializerFunctionWrapHandler, info: SerializationInfo) -> Any:  # noqa: ANN401
        """Dump the hash alone into an identity; the path alone where there is no hash."""
        if self.sha256 is None:
            return str(self.path)
        return self.sha256 if is_identity(info.context) else values_of(self)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Let the schema allow the path alone too."""
        return {"anyOf": [{"type": "string", "format": "path"}, handler(core_schema)]}

    def absolute(self) -> Self:
        """Return the same with an absolute path; ``~`` is the home folder."""
        path = self.path.expanduser().absolute()
        return self if path == self.path else self.model_copy(update={"path": path})

    def with_hash(self, sha256: str) -> Self:
        """Return the same, pinned to the content that hashes to ``sha256``."""
        return self.model_copy(update={"sha256": sha256})


class PinnedFile(Pinned):
    """A file of the user, identified by its bytes."""

    def read_bytes(self) -> bytes:
        """Return the content. Raises ``FileUnusable``: it cannot be read, or is not what the hash says."""
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise _unreadable(self.path, error) from error
        self._require(hashlib.sha256(data).hexdigest())
        return data

    def pinned(self) -> Self:
        """Return the same with an absolute path and the hash of the content.

        Raises ``FileUnusable`` when there is no such file, or another one than the given hash says.
        """
        found = file_hash(self.path.expanduser())
        self._require(found)
        return self.absolute().with_hash(found)

    def _require(self, found: str) -> None:
        if self.sha256 not in (None, found):
            raise FileUnusable(
                f"{self.path} is not the expected file: its SHA-256 is {found}, not {self.sha256}; give the "
                "right file, or leave the hash out to take this one"
            )


class PinnedFolder(Pinned):
    """A folder of the user, identified by what is used of it, which its reader alone knows (see ``pin``)."""


def file_hash(path: Path) -> str:
    """Return the SHA-256 of the bytes of a file. Raises ``FileUnusable`` when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _unreadable(path, error) from error


def folder_hash(folder: Path) -> str:
    """Return the SHA-256 of the names and contents of all files under ``folder``, hidden ones left out.

    Raises ``FileUnusable`` when there is no such folder or a file in it cannot be read.
    """
    if not folder.is_dir():
        raise FileUnusable(f"there is no folder {folder}; give the path of a folder that exists")
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not any(part.startswith(".") for part in name.split("/")):
            digest.update(f"{file_hash(path)} {name}\n".encode())
    return digest.hexdigest()


def _unreadable(path: Path, error: OSError) -> FileUnusable:
    reason = "there is no such file" if isinstance(error, FileNotFoundError) else error.strerror
    return FileUnusable(f"{path} cannot be read: {reason}; give the path of a file that can")


FOREIGN = (".pth", ".pt", ".tar", ".ckpt", ".bin", ".pkl")
"""Suffixes of checkpoints that are pickles: they are converted once, and never read by a sweep."""


def _require_safetensors(file: PinnedFile) -> PinnedFile:
    if file.path.suffix in FOREIGN:
        raise ValueError(
            f"{file.path} may hold code, so it is not read; convert it once with tldmi-sweep convert "
            f"{file.path} --architecture NAME -o {file.path.with_suffix('.safetensors')}"
        )
    if file.path.suffix != ".safetensors":
        raise ValueError(f"give a .safetensors file, not {file.path}")
    return file


WeightsFile = Annotated[PinnedFile, AfterValidator(_require_safetensors)]
"""A ``.safetensors`` file."""


def _file_or_name(value: Any) -> PinnedFile | str | None:  # noqa: ANN401  (plain YAML values)
    if value is None or (isinstance(value, str) and Path(value).suffix not in (".safetensors", *FOREIGN)):
        return value
    if isinstance(value, PinnedFile | dict | Path | str):
        return _require_safetensors(PinnedFile.model_validate(value))
    raise ValueError("give a name of weights, the path of a .safetensors file, or null")


Weights = Annotated[
    PinnedFile | str | None,
    PlainValidator(_file_or_name),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {"type": "null"},
                {
                    "type": "object",
                    "properties": {"path": {"type": "string"}, "sha256": {"type": "string"}},
                    "required": ["path"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]
"""Weights of a network: the name of packaged or public ones, a ``.safetensors`` file, or ``None``."""


def pin(model: M, source: str) -> M:
    """Return ``model`` with an absolute path and a hash for every ``PinnedFile`` in it, wherever it stands.

    ``source`` is what errors call the model. A ``PinnedFolder`` stays as it is: what counts of it is known
    to the data set that reads it. Raises ``InvalidSpace``, which lists every file that is missing or not the
    one meant, with its setting.
    """
    errors: list[SettingError] = []

    def pinned(file: Pinned, where: str) -> Pinned:
        """Return ``file`` pinned; keep the reason where it cannot be."""
        try:
            return file.pinned() if isinstance(file, PinnedFile) else file
        except FileUnusable as error:
            errors.append(SettingError(where, str(error)))
            return file

    found = replace_pinned(model, pinned)
    if errors:
        raise InvalidSpace.of(source, errors)
    return found


def pinned_in(model: BaseModel) -> tuple[Pinned, ...]:
    """Return every file and folder that ``model`` names."""
    found: list[Pinned] = []

    def note(pinned: Pinned, where: str) -> Pinned:
        """Keep ``pinned`` and return it as it is."""
        found.append(pinned)
        return pinned

    replace_pinned(model, note)
    return tuple(found)


def replace_pinned(model: M, change: Callable[[Pinned, str], Pinned]) -> M:
    """Return ``model`` with ``change(file, where)`` in place of each ``Pinned``; ``where`` is its setting.

    Fields are looked through, and tuples, lists and dictionaries in them. What does not change is the same
    object, so that a setting that was not written stays unwritten.
    """
    changed: M = _replace(model, "", change)
    return changed


def _replace(value: Any, where: str, change: Callable[[Pinned, str], Pinned]) -> Any:  # noqa: ANN401
    if isinstance(value, Pinned):
        return change(value, where)
    if isinstance(value, BaseModel):
        items = [(name, getattr(value, name)) for name in type(value).model_fields]
        update = dict(_changes(items, where, change))
        return value.model_copy(update=update) if update else value
    if isinstance(value, dict):
        update = dict(_changes(list(value.items()), where, change))
        return {**value, **update} if update else value
    if isinstance(value, tuple | list):
        update = dict(_changes(list(enumerate(value)), where, change))
        return type(value)(update.get(index, item) for index, item in enumerate(value)) if update else value
    return value


def _changes(
    items: list[tuple[Any, Any]], where: str, change: Callable[[Pinned, str], Pinned]
) -> Iterator[tuple[Any, Any]]:
    for key, item in items:
        found = _replace(item, f"{where}.{key}" if where else str(key), change)
        if found is not item:
            yield key, found
