#!/usr/bin/python3
"""`make model`: what every design of the rotation does in every world, with the shortest story of each failure."""
import sys
import time

from rotation_designs import (AS_WRITTEN, BROKEN, LATE_LONG, LATE_OURS, LATE_REJECTED, LATE_STRICTER, OURS, REJECTED,
                              SKEWED, G)
from rotation_search import search
from rotation_story import lines
from rotation_world import World

SAFETY = "S1 S2 S3 S4 S9"
HONEST = World("honest", "S1 L1 L2")
FAILOVER = World("failover", "L1 L2", lost_writes=2)
TWINS = World("failover, two tokens", "S1", requests=2, lost_writes=1)  # no news of derived tokens
THIEF = World("thief", "S1 S4 L3", requests=2, thief=0)
TABLE = (HONEST, FAILOVER, TWINS, THIEF)
EVERYTHING = (
    World("honest", f"{SAFETY} L1 L2", requests=5),
    World("failover", f"{SAFETY} L1 L2", lost_writes=2),
    World("thief", f"{SAFETY} L3", requests=3, thief=0),
    World("thief, failover", SAFETY, requests=2, thief=0, lost_writes=1),
)
SLOW = World("requests that take too long", "L1", requests=2, patience=3)
SET_BACK = (
    World("honest, clock set back", "L1 L2", requests=3, set_back=G + 2),
    World("thief, clock set back", "S4 L3", requests=2, thief=0, set_back=G + 2),
)
LATE = (
    World("late, honest", "L1", requests=3, gives_up=True, after_grace=True),
    World("late, thief in step", "S2 L3 in-step", requests=1, thief=0),
    World("late, thief elsewhere", "S2 L3 elsewhere", requests=1, thief=1),
)
LATE_SET_BACK = World("late, thief, clock set back", "S2 L3", requests=1, thief=1, set_back=G + 1)
LATE_ANY_TIME = World("late, or inside the grace", "L1", requests=3, gives_up=True)
LATE_LOST = World("late, the failover loses it", "L1", requests=2, gives_up=True, after_grace=True, lost_writes=1)

FAIL, HOLD = "each must fail somewhere", "must hold"
CHAPTERS = (
    ("Rejected designs", FAIL, REJECTED, TABLE),
    ("Ours as first written: a late coalesced answer may overwrite its successor", FAIL, (AS_WRITTEN,), TABLE),
    ("Ours", HOLD, (OURS,), EVERYTHING),
    ("Ours, broken on purpose", FAIL, BROKEN[:-1], (HONEST, TWINS, THIEF)),
    ("The store's clock is set back by more than the grace", FAIL, SKEWED[:2], SET_BACK),
    ("The same, healed", HOLD, SKEWED[2:], SET_BACK),
    ("Late retry, rejected rules", FAIL, LATE_REJECTED, LATE),
    ("Late retry", HOLD, (LATE_OURS, LATE_STRICTER, LATE_LONG), LATE),
    ("Late retry, and the clock is set back", HOLD, (LATE_OURS,), (LATE_SET_BACK,)),
    ("Late retry, heads young for 2 G: a lost answer may be retried at any time", HOLD, (LATE_LONG,),
     (LATE_ANY_TIME,)),
    ("Not promised: requests that take longer than assumed", FAIL, (OURS,), (SLOW,)),
    ("Not promised: lost answers retried at the end of the grace", FAIL, (LATE_OURS,), (LATE_ANY_TIME,)),
    ("Not promised: a late answer's write lost while two tabs wake up", FAIL, (LATE_OURS,), (LATE_LOST,)),
)


def tell(design, world):
    """Prints one line, and the story behind it. Returns what was found."""
    begin = time.monotonic()
    found = search(design, world)
    verdict = f"{found.broken} broken" if found.broken else "holds" if found.whole else "not finished"
    print(f"  {world.name:28} {verdict:16} {found.states:>9,} states  {time.monotonic() - begin:5.1f} s", flush=True)
    return found


def as_due(due, found):
    if due == FAIL:
        return any(f.broken for f in found)
    return all(f.whole and not f.broken for f in found)


def main():
    total, wrong = 0, []
    for title, due, designs, worlds in CHAPTERS:
        print(f"\n{title}: {due}\n{'=' * (len(title) + len(due) + 2)}")
        for design in designs:
            print(f"\n{design.name}")
            found = [tell(design, world) for world in worlds if world != TWINS or not design.derived]
            total += sum(f.states for f in found)
            for story in {f.story: f for f in found if f.broken}.values():
                print("", *lines(story), sep="\n    ")
            wrong += [] if as_due(due, found) else [f"{design.name}: {due}"]
    print(f"\n{total:,} states in all.", *wrong or ["Everything is as it must be."])
    return len(wrong)


if __name__ == "__main__":
    sys.exit(main())
