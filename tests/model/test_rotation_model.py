"""The model of the rotation, bounded: every design fails where it must, and ours nowhere.

`make model` is the same with more requests in flight, and tells the stories.
"""
import pytest

from rotation_designs import (AS_WRITTEN, BROKEN, LATE_LONG, LATE_OURS, LATE_REJECTED, OURS, REJECTED, SKEWED)
from rotation_model import (EVERYTHING, FAILOVER, HONEST, LATE, LATE_ANY_TIME, LATE_LOST, SET_BACK, SLOW,
                            THIEF, TWINS)
from rotation_search import search
from rotation_story import lines

HOLDS = ""
REJECTED_IN = {  # honest, failover, two tokens after a failover, thief
    "strict single use": ("L1", "L1", "S1", HOLDS),
    "new sibling inside grace": ("S1", "L2", "S1", "S1"),
    "identical successor, predecessor only": ("L1", "L2", "S1", HOLDS),
    "predecessor accepted for ever": ("L2", "L2", HOLDS, "L3"),
    "any older token within G of the last rotation": ("L2", "L2", HOLDS, "L3"),
    "ours without adopt": (HOLDS, "L2", HOLDS, HOLDS),
    "ours, but adopt rotates": (HOLDS, "L1", HOLDS, HOLDS),
}
BROKEN_IN = {  # honest, two tokens after a failover, thief
    "grace never ends": (HOLDS, HOLDS, "L3"),
    "grace ends a tick early": ("L1", HOLDS, HOLDS),
    "a replay moves w": (HOLDS, HOLDS, "L3"),
    "the predecessor's predecessor is accepted": (HOLDS, HOLDS, "L3"),
    "reuse does not revoke": (HOLDS, HOLDS, "S4"),
    "no coalesce": ("L1", HOLDS, HOLDS),
    "no derivation": (HOLDS, "S1", HOLDS),
    "siblings": ("S1", "S1", "S1"),
}
LATE_IN = {  # honest, thief in step, thief elsewhere
    "late retry as first written: only w, unseen": ("L1", HOLDS, HOLDS),
    "w stays, and the head stays old": ("L1", HOLDS, HOLDS),
    "w := now": (HOLDS, "L3", "elsewhere"),
    "l := now, never behind a head that was seen": ("L1", HOLDS, HOLDS),
    "once in a generation": ("L1", HOLDS, HOLDS),
    "no budget": (HOLDS, "in-step", HOLDS),
    "from any client": (HOLDS, HOLDS, "elsewhere"),
    "no window": (HOLDS, "L3", "L3"),
}


def check(design, world, broken=HOLDS):
    found = search(design, world)
    assert found.whole
    assert found.broken == broken, "\n".join(lines(found)) if found.broken else "no counterexample"


def small(world):
    return world._replace(requests=min(world.requests, 2 if world.lost_writes else 3))


def cases(designs, worlds, due):
    assert sorted(due) == sorted(design.name for design in designs)
    for design in designs:
        for world, broken in zip(worlds, due[design.name], strict=True):
            if broken or world == HONEST:  # the others take too long for here
                yield pytest.param(design, world, broken, id=f"{design.name}, {world.name}")


@pytest.mark.parametrize("design, world, broken", cases(REJECTED, (HONEST, FAILOVER, TWINS, THIEF), REJECTED_IN))
def test_S1_L1_L2_L3_rejected_designs_have_their_counterexamples(design, world, broken):
    check(design, world, broken)


@pytest.mark.parametrize("world", EVERYTHING[:3], ids=lambda world: world.name)
def test_S1_S2_S3_S4_S9_L1_L2_L3_ours_holds(world):
    check(OURS, small(world))


@pytest.mark.parametrize("design, world, broken", cases(BROKEN[:-1], (HONEST, TWINS, THIEF), BROKEN_IN))
def test_the_model_finds_what_is_broken_on_purpose(design, world, broken):
    check(design, world, broken)


def test_L2_a_coalesced_answer_must_not_set_the_cookie():
    check(AS_WRITTEN, HONEST, "L2")


def test_L1_needs_requests_that_are_over_in_half_the_grace():
    check(OURS, SLOW, "L1")


@pytest.mark.parametrize("design, honest, thief", zip(SKEWED, ("", "L1", ""), ("L3", "", "")))
def test_L1_L3_a_clock_set_back_is_healed(design, honest, thief):
    check(design, SET_BACK[0]._replace(requests=2), honest)
    check(design, SET_BACK[1]._replace(requests=1), thief)


@pytest.mark.parametrize("design, world, broken", [
    case for case in cases(LATE_REJECTED, LATE, LATE_IN) if case.values[2]])
def test_late_rules_that_were_rejected_have_their_counterexamples(design, world, broken):
    check(design, world, broken)


@pytest.mark.parametrize("world", LATE, ids=lambda world: world.name)
def test_late_retry_holds(world):
    check(LATE_OURS, world._replace(requests=min(world.requests, 2)))


def test_late_retry_at_any_time_needs_heads_that_stay_young_for_longer():
    world = LATE_ANY_TIME._replace(requests=2)
    check(LATE_OURS, world, "L1")
    check(LATE_LONG, world)


def test_late_retry_is_not_promised_when_a_failover_loses_it():
    check(LATE_OURS, LATE_LOST, "L1")
