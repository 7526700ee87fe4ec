"""What is proposed depends on the sweep and on outcomes alone, not on workers, order or restarts."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.execution.events import KnownTrial, TrialOutcome
from orchestrator.search.search import Proposer
from search_spaces import seed_stream
from tests.orchestrator.small_sweeps import DEFENSES, small_sweep

FEW_DEPTHS = [{"kind": "tl_dmi", "freeze_depth": {"integers": [1, 9]}}]
"""A space so small that the same configuration is drawn again and again."""
SLOW = settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])


def outcome_of(trial, failing=5):
    """Return an outcome that follows from the trial alone; about one in ``failing`` is a failure."""
    if seed_stream(1, trial.trial_id) % failing == 0:
        return TrialOutcome("failed", "the loss is NaN")
    acc, att_acc = (seed_stream(0, trial.trial_id, name) / 2**63 for name in ("acc", "att"))
    return TrialOutcome("done", None, acc, att_acc)


def run(sweep, workers=1, order=0, known=None, stop_after=None):
    """Run a sweep on ``workers`` that finish in an order drawn from ``order``; return the proposer."""
    proposer, rng, running, ended = Proposer(sweep, known), random.Random(order), [], 0
    while not proposer.finished and ended != stop_after:
        while len(running) < workers and (proposal := proposer.next()):
            running.append(proposal)
        assert running, "nothing runs, yet the sweep is not finished"
        proposal = running.pop(rng.randrange(len(running)))
        proposer.tell(proposal.number, outcome_of(proposal.trial))
        ended += 1
    return proposer


def table(proposer):
    """Return (number, role, trial identity) of everything proposed, by number."""
    return sorted((each.number, each.role, each.trial.trial_id) for each in proposer.proposals)


def known_to(proposer):
    """Return what the store holds when a run is cut off here."""
    return {
        each.trial.trial_id: KnownTrial(each.number, proposer.outcomes[each.number])
        for each in proposer.proposals
        if each.number in proposer.outcomes
    }


def defenses(proposer, role="search"):
    return [each.trial.target.defense for each in proposer.proposals if each.role == role]


sweeps = st.builds(
    lambda defenses, sampler, size, startup, trials, seed: small_sweep(
        defenses=defenses,
        search={
            "sampler": sampler,
            "round_size": size,
            "startup_trials": startup,
            "trials": trials,
            "seed": seed,
        },
        anchors=[{"kind": "tl_dmi", "freeze_depth": 4}, {"kind": "bido_hsic", "lambda_x": 0.5}],
        control={"kinds": ["permuted_labels", "untrained"]},
        confirmation={"further_seeds": 2, "at_most": 3},
    ),
    st.sampled_from([DEFENSES, FEW_DEPTHS]),
    st.sampled_from(["tpe", "random", "nsga2"]),
    st.integers(1, 4),
    st.integers(0, 4),
    st.integers(1, 14),
    st.integers(0, 3),
)


@SLOW
@given(sweeps, st.integers(1, 6), st.integers(0, 1000))
def test_proposals_do_not_depend_on_workers_or_order_of_completion(sweep, workers, order):
    assert table(run(sweep, workers, order)) == table(run(sweep))


@SLOW
@given(sweeps, st.integers(1, 4), st.integers(0, 1000), st.floats(0, 1))
def test_a_restart_after_any_number_of_trials_proposes_the_same(sweep, workers, order, share):
    undisturbed = run(sweep)
    stop_after = int(share * len(undisturbed.proposals))
    first = run(sweep, workers, order, stop_after=stop_after)
    resumed = run(sweep, workers, order + 1, known_to(first))
    assert table(resumed) == table(undisturbed)
    assert resumed.outcomes == undisturbed.outcomes


@pytest.mark.parametrize("seed", [3, 5])
def test_a_restart_within_a_round_of_repeats_proposes_the_same(seed: int) -> None:
    """A repeat of a trial of its own round is told with the round, even when the store knows the outcome."""
    search = {"trials": 9, "round_size": 4, "startup_trials": 1, "sampler": "tpe", "seed": seed}
    sweep = small_sweep(defenses=FEW_DEPTHS, search=search)
    undisturbed = run(sweep)
    for stop_after in (5, 6, 7, 8):
        first = run(sweep, stop_after=stop_after)
        assert table(run(sweep, known=known_to(first))) == table(undisturbed)


@SLOW
@given(sweeps)
def test_no_configuration_is_proposed_twice_and_numbers_have_no_gap(sweep):
    proposed = table(run(sweep, workers=3))
    assert [number for number, _, _ in proposed] == list(range(len(proposed)))
    assert len({trial_id for _, _, trial_id in proposed}) == len(proposed)


def test_no_def_is_first_then_anchors_then_the_sampler() -> None:
    anchors = [{"kind": "tl_dmi", "freeze_depth": 4}, {"kind": "no_def"}, {"kind": "bido_hsic"}]
    proposer = run(small_sweep(anchors=anchors, search={"trials": 6}))
    kinds = [defense.kind for defense in defenses(proposer)]
    assert kinds[:3] == ["no_def", "tl_dmi", "bido_hsic"]
    assert "no_def" not in kinds[1:]
    assert len(kinds) == 6


def test_a_round_waits_for_the_whole_round_before_it() -> None:
    proposer = Proposer(small_sweep(control={"kinds": []}))
    opening = [proposer.next(), proposer.next()]
    assert proposer.next() is None
    proposer.tell(opening[1].number, outcome_of(opening[1].trial))
    assert proposer.next() is None
    proposer.tell(opening[0].number, outcome_of(opening[0].trial))
    assert proposer.next() is not None


def test_controls_fill_in_only_while_nothing_else_is_ready() -> None:
    proposer = Proposer(small_sweep(control={"kinds": ["permuted_labels"]}))
    roles = [proposer.next().role for _ in range(3)]
    assert roles == ["search", "search", "control"]


def test_controls_are_no_def_and_keep_out_of_the_search() -> None:
    proposer = run(small_sweep(control={"kinds": ["permuted_labels", "untrained"]}))
    controls = [each.trial.target for each in proposer.proposals if each.role == "control"]
    assert [(each.defense.kind, each.control) for each in controls] == [
        ("no_def", "permuted_labels"),
        ("no_def", "untrained"),
    ]


def told(points, again=None, unfit=(), **changes):
    """Run a sweep whose search trials get ``points`` in turn; return the confirmation trials.

    Further seeds of a configuration get its point again, or that of ``again``. ``unfit``: the points of
    targets that say nothing.
    """
    proposer = Proposer(small_sweep(search={"trials": len(points), "round_size": 1}, **changes))
    left, known = iter(zip(points, again or points, strict=True)), {}
    while not proposer.finished:
        proposal = proposer.next()
        config_id = proposal.trial.target.config_id
        if proposal.role == "search":
            pair, known[config_id] = next(left)
        else:
            pair = known.get(config_id, (0.5, 0.5))
        reason = "T has not learnt its classes" if pair in unfit else None
        proposer.tell(proposal.number, TrialOutcome("done", None, *pair, unfit=reason))
    return [each.trial.target for each in proposer.proposals if each.role == "confirmation"], proposer


def test_the_front_is_confirmed_with_further_seeds_no_def_among_it() -> None:
    points = [(0.9, 0.9), (0.95, 0.5), (0.8, 0.1), (0.7, 0.4)]  # No-Def is beaten by the second
    confirmed, proposer = told(points, seed=7, confirmation={"further_seeds": 2, "at_most": 9})
    searched = defenses(proposer)
    assert {each.defense for each in confirmed} == {searched[0], searched[1], searched[2]}
    assert sorted(each.seed for each in confirmed) == [8, 8, 8, 9, 9, 9]


def test_what_further_seeds_bring_to_the_front_is_confirmed_too() -> None:
    points = [(0.9, 0.9), (0.8, 0.1), (0.7, 0.2)]
    again = [(0.9, 0.9), (0.8, 0.9), (0.7, 0.2)]  # the second was lucky: without its luck the third is better
    confirmed, proposer = told(points, again, confirmation={"further_seeds": 1, "at_most": 9})
    assert [each.defense for each in confirmed] == [defenses(proposer)[place] for place in (0, 1, 2)]
    confirmed, proposer = told(points, again, confirmation={"further_seeds": 1, "at_most": 2})
    assert [each.defense for each in confirmed] == [defenses(proposer)[place] for place in (0, 1)]


def test_all_configurations_are_confirmed_where_the_space_says_so() -> None:
    points = [(0.9, 0.9), (0.8, 0.1), (0.7, 0.2)]
    confirmed, proposer = told(points, confirmation={"further_seeds": 1, "at_most": 9, "of": "all"})
    assert {each.defense for each in confirmed} == set(defenses(proposer))


def test_an_unfit_t_is_not_confirmed_and_hides_no_other() -> None:
    points = [(0.9, 0.9), (0.8, 0.1), (0.85, 0.0)]
    confirmed, proposer = told(points, unfit=[points[2]], confirmation={"further_seeds": 1, "at_most": 9})
    assert {each.defense for each in confirmed} == set(defenses(proposer)[:2])


def test_at_most_so_many_configurations_are_confirmed() -> None:
    confirmed, _ = told([(0.9, 0.9), (0.8, 0.5), (0.7, 0.1)], confirmation={"further_seeds": 1, "at_most": 1})
    assert [each.defense.kind for each in confirmed] == ["no_def"]
    confirmed, _ = told([(0.9, 0.9), (0.8, 0.5)], confirmation={"further_seeds": 3, "at_most": 0})
    assert confirmed == []


@pytest.mark.parametrize("bad", [(float("nan"), 0.5), (0.5, float("inf")), (None, 0.5), (0.5, None)])
def test_what_is_not_two_finite_numbers_counts_as_a_failure_and_the_search_goes_on(bad):
    confirmed, proposer = told([(0.9, 0.9), bad, bad, (0.8, 0.1)])
    assert len(defenses(proposer)) == 4
    assert {each.defense for each in confirmed} == {defenses(proposer)[0], defenses(proposer)[3]}


@pytest.mark.parametrize("sampler", ["tpe", "random", "nsga2"])
def test_a_small_space_is_searched_to_its_end_and_says_so(sampler: str) -> None:
    proposer = run(
        small_sweep(
            defenses=[{"kind": "tl_dmi", "freeze_depth": {"integers": [1, 5]}}],
            search={"trials": 20, "round_size": 3, "startup_trials": 2, "sampler": sampler},
        )
    )
    depths = sorted(defense.flat()["freeze_depth"] for defense in defenses(proposer)[1:])
    assert depths == [1, 2, 3, 4, 5]
    assert any("no more than 6" in note for note in proposer.notes)


def test_a_space_of_no_def_alone_has_one_search_trial() -> None:
    proposer = run(small_sweep(defenses=[{"kind": "no_def"}], search={"trials": 4}))
    assert [defense.kind for defense in defenses(proposer)] == ["no_def"]
    assert proposer.finished


def test_raising_the_trials_continues_the_same_search() -> None:
    few = run(small_sweep(search={"trials": 5, "round_size": 2}))
    more = run(small_sweep(search={"trials": 9, "round_size": 2}), known=known_to(few))
    fresh = run(small_sweep(search={"trials": 9, "round_size": 2}))
    assert defenses(more)[:5] == defenses(few)
    assert defenses(more) == defenses(fresh)
    assert set(table(few)) & set(table(more)) >= {row for row in table(few) if row[1] != "confirmation"}
    assert len({number for number, _, _ in table(more)} - {number for number, _, _ in table(few)}) >= 4


def test_tpe_learns_from_what_it_is_told() -> None:
    """Deep freezing is told to be better in both objectives: the later half of the search goes deeper."""
    sweep = small_sweep(
        defenses=[{"kind": "tl_dmi", "freeze_depth": {"integers": [1, 16]}}, {"kind": "bido_hsic"}],
        search={"trials": 40, "round_size": 1, "startup_trials": 8},
    )
    proposer, goods = Proposer(sweep), []
    while not proposer.finished:
        proposal = proposer.next()
        defense = proposal.trial.target.defense
        if proposal.role == "search" and defense.kind != "no_def":
            goods.append(defense.kind == "bido_hsic")
        good = 1.0 if defense.kind == "bido_hsic" else 0.0
        proposer.tell(proposal.number, TrialOutcome("done", None, good, 1 - good))
    assert sum(goods[-20:]) > 15


def test_an_unknown_or_repeated_number_is_refused() -> None:
    proposer = Proposer(small_sweep())
    with pytest.raises(KeyError):
        proposer.tell(99, TrialOutcome("failed", "x"))
    first = proposer.next()
    proposer.tell(first.number, TrialOutcome("failed", "x"))
    with pytest.raises(ValueError, match="told before"):
        proposer.tell(first.number, TrialOutcome("failed", "x"))


GRID = {"sampler": "grid"}
EVERY_DEPTH = [{"kind": "tl_dmi", "freeze_depth": "all"}]


def test_a_whole_grid_is_handed_out_at_once_and_nothing_else_is_searched() -> None:
    proposer = Proposer(small_sweep(search=GRID, defenses=EVERY_DEPTH, control={"kinds": []}))
    first = [proposer.next() for _ in range(16)]
    assert [each.trial.target.defense.kind for each in first] == ["no_def", *["tl_dmi"] * 15]
    assert proposer.next() is None
    proposer = run(small_sweep(search=GRID, defenses=EVERY_DEPTH))
    assert len(defenses(proposer)) == 16
    assert proposer.notes == ()


def test_a_grid_confirms_its_front_under_the_weights_that_were_tried() -> None:
    per_target = {"face_resnet": {"pretrained": ["face_resnet", None]}}
    sweep = small_sweep(
        search=GRID,
        defenses=[{"kind": "tl_dmi", "freeze_depth": {"choice": [2]}}],
        per_target=per_target,
        confirmation={"further_seeds": 1, "at_most": 9},
    )
    proposer, told = Proposer(sweep), [(0.9, 0.9), (0.8, 0.8), (0.7, 0.7), (0.6, 0.1)]
    while not proposer.finished:
        proposal = proposer.next()
        pair = told[proposal.number] if proposal.role == "search" else (0.5, 0.5)
        proposer.tell(proposal.number, TrialOutcome("done", None, *pair))
    tried = [
        (each.role, each.trial.target.target.pretrained, each.trial.target.defense.kind)
        for each in proposer.proposals
        if each.role != "control"
    ]
    pairs = [(w, d) for w in ("face_resnet", None) for d in ("no_def", "tl_dmi")]
    assert sorted(tried, key=str) == sorted(
        [(role, *p) for p in pairs for role in ("search", "confirmation")], key=str
    )


def test_raising_the_trials_of_a_grid_goes_on_down_the_list() -> None:
    few = run(small_sweep(search={**GRID, "trials": 4}, defenses=EVERY_DEPTH))
    more = run(small_sweep(search=GRID, defenses=EVERY_DEPTH), known=known_to(few))
    assert [defense.kind for defense in defenses(few)] == ["no_def", "tl_dmi", "tl_dmi", "tl_dmi"]
    assert defenses(more)[:4] == defenses(few)
    assert len(defenses(more)) == 16


def test_a_grid_without_attacks_runs_to_its_end() -> None:
    sweep = small_sweep(search=GRID, defenses=EVERY_DEPTH, attacks=[], control={"kinds": []})
    proposer = Proposer(sweep)
    while not proposer.finished:
        proposer.tell(proposer.next().number, TrialOutcome("done", None, 0.5))
    assert len(proposer.proposals) == 16
