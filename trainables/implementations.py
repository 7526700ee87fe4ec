"""Which class or function does what settings of a kind describe; built-in ones and plugins alike."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar

from search_spaces.registry import KindSettings, home_of

T = TypeVar("T")

_IMPLEMENTATIONS: dict[type[KindSettings], Any] = {}


class NotImplementedKind(TypeError):
    """No class or function is registered for settings of this class."""


def implements(settings: type[KindSettings]) -> Callable[[T], T]:
    """Register the decorated class or function as what ``settings`` describe.

    It must stand in the module that ``settings.home`` names, or in the one that defines ``settings``. Raises
    ``ValueError`` when ``settings`` has an implementation already.
    """

    def register(implementation: T) -> T:
        """Remember ``implementation`` and return it."""
        taken = _IMPLEMENTATIONS.get(settings)
        if taken is not None and (taken.__module__, taken.__qualname__) != (
            implementation.__module__,
            getattr(implementation, "__qualname__", None),
        ):
            raise ValueError(f"{settings.__name__} is implemented already, by {taken.__module__}")
        _IMPLEMENTATIONS[settings] = implementation
        return implementation

    return register


def implementation_of(settings: type[KindSettings]) -> Any:  # noqa: ANN401  (a protocol of its noun)
    """Return what is registered for ``settings``; its module is imported on first use.

    Raises ``NotImplementedKind``.
    """
    if settings not in _IMPLEMENTATIONS:
        import_module(home_of(settings))
    if settings not in _IMPLEMENTATIONS:
        raise NotImplementedKind(
            f"kind {settings.kind_name()!r}: {home_of(settings)} does not implement it; "
            f"decorate its class or function with @implements({settings.__name__})"
        )
    return _IMPLEMENTATIONS[settings]
