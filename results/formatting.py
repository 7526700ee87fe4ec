"""Numbers as text: percent with one decimal, intervals, points, seconds and counts. Unknown is a dash."""

from collections.abc import Sequence

from results.statistics.intervals import Difference, Interval

UNKNOWN = "–"  # noqa: RUF001
MINUS = "−"  # noqa: RUF001


def percent(fraction: float | None) -> str:
    """Return a fraction in percent, without the sign.

    >>> percent(0.6967)
    '69.7'
    """
    return UNKNOWN if fraction is None else f"{100 * fraction:.1f}"


def interval_text(interval: Interval | None) -> str:
    """Return an interval of fractions in percent.

    >>> interval_text((0.5375, 0.7125))
    '53.8 to 71.2'
    """
    return "" if interval is None else " to ".join(format_points(end, plus="") for end in interval)


def format_points(fraction: float, plus: str = "+") -> str:
    """Return a fraction in points of percent with a true minus sign.

    >>> format_points(0.125)
    '+12.5'
    """
    text = f"{round(abs(100 * fraction), 9):.1f}"  # equal numbers computed in two ways print alike
    if float(text) == 0:
        return text
    return f"{MINUS if fraction < 0 else plus}{text}"


def difference_text(difference: Difference | None) -> str:
    """Return the value of a difference in points of percent."""
    return UNKNOWN if difference is None else format_points(difference.value)


def difference_interval(difference: Difference | None) -> str:
    """Return the interval of a difference in points of percent."""
    return "" if difference is None else interval_text((difference.low, difference.high))


def delta_text(value: float | None) -> str:
    """Return Delta with two decimals."""
    return UNKNOWN if value is None else f"{value:.2f}".replace("-", MINUS)


def number_text(value: float | None, digits: int = 2) -> str:
    """Return a number with ``digits`` decimals."""
    return UNKNOWN if value is None else f"{value:.{digits}f}".replace("-", MINUS)


def count_text(value: int | None) -> str:
    """Return a count in thousands or millions where it is large.

    >>> count_text(16_800_000), count_text(720_000), count_text(81)
    ('16.8 M', '720 k', '81')
    """
    if value is None:
        return UNKNOWN
    if value >= 1_000_000:
        return f"{value / 1e6:.1f} M"
    return f"{value / 1e3:.0f} k" if value >= 10_000 else str(value)


def seconds_text(seconds: float | None) -> str:
    """Return a duration for people.

    >>> seconds_text(8.24), seconds_text(754), seconds_text(9000)
    ('8.2 s', '12 min 34 s', '2 h 30 min')
    """
    if seconds is None:
        return UNKNOWN
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def format_count(number: int, singular: str, plural: str | None = None) -> str:
    """Return a number with its noun.

    >>> format_count(1, "seed"), format_count(3, "seed")
    ('1 seed', '3 seeds')
    """
    return f"{number} {singular if number == 1 else plural or singular + 's'}"


def join_words(parts: Sequence[str]) -> str:
    """Return parts of a sentence joined by commas and an ``and``.

    >>> join_words(["a"]), join_words(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return " and ".join(part for part in (", ".join(parts[:-1]), *parts[-1:]) if part)


def hours_text(hours: float | None) -> str:
    """Return hours for people; little is told in minutes.

    >>> hours_text(0.15), hours_text(31.27), hours_text(None)
    ('9.0 minutes', '31.3 hours', '–')
    """
    if hours is None:
        return UNKNOWN
    return f"{hours:.1f} hours" if hours >= 1 else f"{60 * hours:.1f} minutes"


def share_of_published(factor: float) -> str:
    """Return the budget of an attack as a share of the published one.

    >>> share_of_published(1 / 75), share_of_published(0.8), share_of_published(1), share_of_published(2.5)
    ('1/75 of the published', '0.8 of the published', 'as published', '2.5 times the published')
    """
    if factor == 1:
        return "as published"
    if factor > 1:
        return f"{factor:.3g} times the published"
    return f"1/{round(1 / factor)} of the published" if factor <= 0.5 else f"{factor:.2g} of the published"
