"""Which calls of a round overlap, and in which order their results are told."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aevatar.tools import CallState, RoundCall, in_call_order, startable

STATES = {"-": CallState.WAITING, "?": CallState.BLOCKED, ">": CallState.RUNNING, ".": CallState.DONE}


def round_of(picture: str) -> list[RoundCall]:
    """`r` reads, `w` writes; then the state: `-` waiting, `?` blocked, `>` running, `.` done. Ids are 0, 1, 2 …"""
    marks = picture.split()
    return [RoundCall(str(place), mark[0] == "r", STATES[mark[1]]) for place, mark in enumerate(marks)]


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        ("", ""),
        ("r- r- r-", "0 1 2"),
        ("w- w-", "0"),
        ("w> w-", ""),
        ("w. w-", "1"),
        ("r- r- w- r-", "0 1"),
        ("r. r> w- r-", ""),
        ("r. r. w- r-", "2"),
        ("r. r. w> r-", ""),
        ("r. r. w. r- r-", "3 4"),
        ("w- r-", "0"),
        ("r> r- r.", "1"),
        ("r- r? r-", "0"),
        ("r. r? r-", ""),
        ("w? r- r-", ""),
        (" ".join(["r-"] * 10), "0 1 2 3 4 5 6 7"),
        (" ".join(["r>"] * 8 + ["r-"] * 2), ""),
        (" ".join(["r>"] * 7 + ["r."] + ["r-"] * 2), "8"),
    ],
)
def test_neighbours_that_read_overlap_and_every_other_call_is_alone(picture: str, expected: str) -> None:
    assert startable(round_of(picture)) == expected.split()


@pytest.mark.parametrize(
    ("picture", "expected"), [("r- r-", "0"), ("r> r-", ""), ("r. r-", "1"), ("r? r-", ""), ("w. r- r-", "1")]
)
def test_without_parallel_calls_each_waits_for_the_one_before(picture: str, expected: str) -> None:
    assert startable(round_of(picture), is_parallel=False) == expected.split()


@given(st.lists(st.booleans(), max_size=20), st.booleans(), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_a_round_always_ends_and_a_writing_call_never_overlaps(
    reads: list[bool], parallel: bool, chance: Random
) -> None:
    states = dict.fromkeys(map(str, range(len(reads))), CallState.WAITING)
    started: list[str] = []
    while any(state is not CallState.DONE for state in states.values()):
        calls = [RoundCall(call, reads[int(call)], state) for call, state in states.items()]
        for call in startable(calls, is_parallel=parallel):
            states[call] = CallState.RUNNING
            started.append(call)
        running = [call for call, state in states.items() if state is CallState.RUNNING]
        assert 1 <= len(running) <= (8 if parallel else 1)
        assert len(running) == 1 or all(reads[int(call)] for call in running)
        states[chance.choice(running)] = CallState.DONE
    assert started == list(states)


def test_results_are_told_in_call_order_up_to_the_first_that_is_missing() -> None:
    calls = round_of("r. r> r.")
    assert in_call_order(calls, {"2": "c", "0": "a"}) == ["a"]
    assert in_call_order(calls, {"2": "c", "1": "b", "0": "a"}) == ["a", "b", "c"]
