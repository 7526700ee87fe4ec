"""Which trial comes next: what is listed, rounds of proposals, controls, and confirmation of the front.

Pure ask and tell: no Ray, no files, no clock. What is proposed depends on the sweep and on the outcomes told,
never on who finished first.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from orchestrator.execution.events import KnownTrial, Proposal, Role, TrialOutcome
from orchestrator.search.confirmation import Point, to_confirm
from orchestrator.search.fixed_trials import fixed_trials, search_trials
from orchestrator.search.sampling import Ask, Sampling
from orchestrator.search.suggest import searched_defenses
from search_spaces import Sweep, Trial
from search_spaces.defenses import Defense

if TYPE_CHECKING:
    from orchestrator.search.study_mirror import StudyMirror

SAMPLER_DRAWS = 16
"""Repeated proposals in a row before drawing at random instead: a sampler can insist on one configuration."""
RANDOM_DRAWS = 64
"""Repeated random draws in a row before the space counts as exhausted."""


Entries = list[tuple[int, Ask | None]]
"""A round: trial numbers and the asks that led to them; No-Def and anchors outside the space have none."""


class Proposer:
    """Hands out the trials of a sweep and is told how they ended.

    ``known`` holds the trials of earlier runs of this sweep by trial identity: they are told instead of
    handed out when their turn comes, and they keep their numbers. So a restart proposes what an undisturbed
    run would.
    """

    def __init__(
        self,
        sweep: Sweep,
        known: Mapping[str, KnownTrial] | None = None,
        mirror: "StudyMirror | None" = None,
    ) -> None:
        self._sweep = sweep
        self._mirror = mirror
        self._known = dict(known or {})
        self._taken = {trial.number for trial in self._known.values()}
        self._next_number = 0
        self._proposals: dict[str, Proposal] = {}
        self._by_number: dict[int, Proposal] = {}
        self._outcomes: dict[int, TrialOutcome] = {}
        self._ready: deque[Proposal] = deque()
        self._fillers: deque[Proposal] = deque()
        self._told: set[int] = set()
        self._awaited: set[int] = set()
        self._notes: list[str] = []
        self._rounds: Iterator[set[int]] | None = self._steps()
        self._advance()

    def next(self) -> Proposal | None:
        """Return a trial to run now, or ``None`` while the next one depends on trials not told yet.

        Controls depend on nothing and fill in when no other trial is ready.
        """
        queue = self._ready or self._fillers
        return queue.popleft() if queue else None

    def tell(self, number: int, outcome: TrialOutcome) -> None:
        """Record how the trial ``number`` ended.

        Raises ``KeyError`` for a number that was never proposed and ``ValueError`` for one told before.
        """
        if number not in self._by_number:
            raise KeyError(f"trial {number} was never proposed")
        if number in self._outcomes:
            raise ValueError(f"trial {number} was told before")
        self._outcomes[number] = outcome
        self._advance()

    @property
    def finished(self) -> bool:
        """Whether every trial of the sweep has been told."""
        return self.all_proposed and len(self._outcomes) == len(self._proposals)

    @property
    def all_proposed(self) -> bool:
        """Whether every trial of the sweep has been proposed."""
        return self._rounds is None

    @property
    def proposals(self) -> tuple[Proposal, ...]:
        """All proposals so far, in the order in which they were made."""
        return tuple(self._proposals.values())

    @property
    def outcomes(self) -> Mapping[int, TrialOutcome]:
        """All outcomes so far, by trial number."""
        return self._outcomes

    @property
    def notes(self) -> tuple[str, ...]:
        """Remarks on the course of the search, for the user."""
        return tuple(self._notes)

    def _advance(self) -> None:
        while self._rounds is not None and self._awaited <= self._outcomes.keys():
            awaited = next(self._rounds, None)
            if awaited is None:
                self._rounds = None
            else:
                self._awaited = awaited

    def _steps(self) -> Iterator[set[int]]:
        """Propose round after round; yield, each time, the numbers to be told before the next round."""
        sampling = Sampling(self._sweep, self._mirror)
        entries = self._opening(sampling)
        self._propose_controls()
        while entries:
            yield {number for number, _ in entries}
            self._tell_round(sampling, entries)
            left = search_trials(self._sweep) - self._searched
            entries = self._round(sampling, min(self._sweep.space.search.round_size, left))
        yield from self._confirmation()

    def _opening(self, sampling: Sampling) -> Entries:
        """Return the first round: No-Def, the anchors or a whole grid, and proposals up to a round's size.

        No-Def has no parameter to learn from, and in the study it would take the place of a good
        configuration, so the study never hears of it.
        """
        entries: Entries = [
            (self._propose(trial, "search"), sampling.ask_anchor(trial.target.defense))
            for trial in fixed_trials(self._sweep)
        ]
        size = min(self._sweep.space.search.round_size, search_trials(self._sweep))
        return [*entries, *self._round(sampling, size - self._searched)]

    def _round(self, sampling: Sampling, size: int) -> Entries:
        """Propose ``size`` new configurations, fewer when the space has no more."""
        entries: Entries = []
        for _ in range(size):
            if not self._draw(sampling, entries):
                self._notes.append(f"the space holds no more than {self._searched} different configurations")
                break
        return entries

    def _draw(self, sampling: Sampling, entries: Entries) -> bool:
        """Add the next new configuration to ``entries`` and return whether one was found.

        A repeat is not run again: the study is told the known outcome, with its round if that is still open.
        """
        if not searched_defenses(self._sweep.space):
            return False
        for draw in range(SAMPLER_DRAWS + RANDOM_DRAWS):
            ask = sampling.ask(at_random=draw >= SAMPLER_DRAWS)
            trial = self._sweep.trial(ask.defense, self._sweep.space.seed)
            repeated = self._proposals.get(trial.trial_id)
            if repeated is None:
                entries.append((self._propose(trial, "search"), ask))
                return True
            if repeated.number in self._told:
                sampling.tell(ask, self._outcomes[repeated.number])
            else:
                entries.append((repeated.number, ask))
        return False

    def _tell_round(self, sampling: Sampling, entries: Entries) -> None:
        for number, ask in sorted(entries, key=lambda entry: entry[0]):
            self._told.add(number)
            if ask is not None:
                sampling.tell(ask, self._outcomes[number])

    def _propose_controls(self) -> None:
        for kind in self._sweep.space.control.kinds:
            trial = self._sweep.trial(Defense(), self._sweep.space.seed, control=kind)
            self._propose(trial, "control")

    def _confirmation(self) -> Iterator[set[int]]:
        """Propose further seeds of what is to be confirmed; again when they have moved the front."""
        space, confirmed = self._sweep.space, list[int]()
        while space.confirmation.further_seeds and (chosen := self._to_confirm(confirmed)):
            confirmed += chosen
            numbers = [
                self._propose(self._with_seed(number, space.seed + further), "confirmation")
                for further in range(1, space.confirmation.further_seeds + 1)
                for number in chosen
            ]
            yield set(numbers)

    def _with_seed(self, number: int, seed: int) -> Trial:
        target = self._by_number[number].trial.target
        return self._sweep.trial(target.defense, seed, target=target.target)

    def _to_confirm(self, confirmed: Sequence[int]) -> list[int]:
        confirmation = self._sweep.space.confirmation
        left = confirmation.at_most - len(confirmed)
        return to_confirm(self._points(), left, confirmed=confirmed, of=confirmation.of)

    def _points(self) -> dict[int, Point]:
        """Return the objectives of each searched configuration, means over the seeds that are done.

        A configuration with an unfit seed is left out.
        """
        grouped: dict[str, list[Point]] = {}
        unfit: set[str] = set()
        for proposal in self._proposals.values():
            outcome = self._outcomes.get(proposal.number)
            if proposal.role == "control" or outcome is None or outcome.objectives is None:
                continue
            config_id = proposal.trial.target.config_id
            grouped.setdefault(config_id, []).append(outcome.objectives)
            if outcome.unfit:
                unfit.add(config_id)
        return {
            proposal.number: (fmean(acc for acc, _ in pairs), fmean(att_acc for _, att_acc in pairs))
            for proposal in self._proposals.values()
            if proposal.role == "search"
            and proposal.trial.target.config_id not in unfit
            and (pairs := grouped.get(proposal.trial.target.config_id))
            and self._outcomes[proposal.number].objectives is not None
        }

    @property
    def _searched(self) -> int:
        return sum(proposal.role == "search" for proposal in self._proposals.values())

    def _propose(self, trial: Trial, role: Role) -> int:
        """Enter ``trial`` and return its number; queue it unless the store holds it."""
        known = self._known.get(trial.trial_id)
        proposal = Proposal(known.number if known else self._free_number(), role, trial)
        self._proposals[trial.trial_id] = self._by_number[proposal.number] = proposal
        if known:
            self._outcomes[known.number] = known.outcome
        else:
            (self._fillers if role == "control" else self._ready).append(proposal)
        return proposal.number

    def _free_number(self) -> int:
        while self._next_number in self._taken:
            self._next_number += 1
        self._next_number += 1
        return self._next_number - 1
