"""When the word of an evaluator counts."""

from results.formatting import percent
from results.statistics.likeness import LEAST_ACCURACY as LEAST_ACCURACY


def accuracy_warning(name: str, accuracy: float | None) -> str | None:
    """Return a warning about an evaluator that does not know the real pictures well enough, or nothing.

    >>> accuracy_warning("sface", 0.85)
    'sface recognises only 85.0 % of the real private test pictures (below 90 %)'
    >>> accuracy_warning("sface", 0.95)
    """
    if accuracy is None or accuracy >= LEAST_ACCURACY:
        return None
    least = f"{100 * LEAST_ACCURACY:.0f} %"
    return f"{name} recognises only {percent(accuracy)} % of the real private test pictures (below {least})"
