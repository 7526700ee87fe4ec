"""Durations, steps and ends of trials in words."""

from orchestrator.execution.events import StepChanged, TrialOutcome


def step_text(step: StepChanged) -> str:
    """Return one phrase about the state of a step.

    >>> step_text(StepChanged(7, "gmi", "done", 12.34))
    'gmi done in 12.3 s'
    """
    warning = f" (warning: {step.reason})" if step.reason else ""
    match step.state:
        case "waiting":
            return f"{step.name} is being built by another trial"
        case "failed":
            return f"{step.name} failed: {step.reason}"
        case "done":
            return f"{step.name} done in {step.seconds or 0.0:.1f} s{warning}"
        case _:
            return f"{step.name} {step.state}{warning}"


def outcome_text(outcome: TrialOutcome) -> str:
    """Return one phrase about how a trial ended.

    >>> outcome_text(TrialOutcome("done", None, 0.925, 0.31))
    'done: Acc 92.5 %, worst AttAcc 31.0 %'
    """
    if outcome.state == "failed" or outcome.acc is None:
        return f"failed: {outcome.reason}"
    attacked = "" if outcome.worst_att_acc is None else f", worst AttAcc {outcome.worst_att_acc:.1%}"
    return f"done: Acc {outcome.acc:.1%}{attacked}".replace("%", " %")


def duration(seconds: float) -> str:
    """Return a duration in its two largest units.

    >>> duration(42), duration(3725)
    ('42 s', '1 h 02 min')
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
