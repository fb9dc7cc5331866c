"""Breadth first through every state of a world, so the first story found is a shortest one.

Generations are counted from the head and ages stop at OLD, so runs of any length come back to states that
were seen: what holds here holds for ever, within the world's bounds on requests in flight.
"""
from typing import NamedTuple

from rotation_designs import WINDOW
from rotation_world import first_state, moves

ANCIENT = -3  # generations behind the head; older ones are all the same
MOST = 5_000_000


class Found(NamedTuple):
    states: int
    broken: str = ""    # the property, or "": it holds
    story: tuple = ()   # (label, state after it)
    whole: bool = True  # every state was seen


def search(design, world, most=MOST):
    start = first_state(design, world)
    due = set(world.checks.split())
    seen, layer = {key(start)}, [(start, None)]
    while layer and len(seen) < most:
        deeper = []
        for state, trail in layer:
            for label, after, broken in moves(design, world, state):
                if broken and not due.isdisjoint(broken.split()):
                    return Found(len(seen), min(due & set(broken.split())), unroll((label, after, trail)))
                mark = key(after)
                if mark not in seen:
                    seen.add(mark)
                    deeper.append((after, (label, after, trail)))
        layer = deeper
    return Found(len(seen), whole=not layer)


def unroll(trail):
    story = []
    while trail:
        label, after, trail = trail
        story.append((label, after))
    return tuple(reversed(story))


def key(state):
    store, base = state.store, state.store.g
    rename = renamer(state, base)
    return (
        store.g == 1, store[1:3], store.late, store.known and names(store.known, rename),
        state.past and tuple((s.g - base, s.g == 1, s[1:3], s.late, s.known and names(s.known, rename))
                             for s in state.past), state.past is None,
        rename(state.jar), tuple((age, rename(sent), answer and rename(answer)) for age, sent, answer in state.flight),
        state.loot and names(state.loot, rename), state.skew, names(state.delivered, rename),
        tuple((n - base, age, by) for n, age, by in state.spent if n - base > ANCIENT),
        tuple(n - base for n in state.steps if n >= base - WINDOW),
        tuple(n - base for n in state.lates if n >= base - WINDOW))


def names(tokens, rename):
    return tuple(sorted({rename(token) for token in tokens}))


def renamer(state, base):
    """Random tokens are told apart within their generation only, and ancient ones not at all."""
    ranks = {}
    if state.store.known is not None:
        held = {state.jar, *state.store.known, *state.delivered, *(state.loot or ()),
                *(token for request in state.flight for token in request[1:] if token),
                *(token for store in state.past or () for token in store.known)}
        for token in sorted(held):
            ranks[token] = sum(other[0] == token[0] for other in ranks)
    return lambda token: (token[0] - base, ranks.get(token, 0)) if token[0] - base > ANCIENT else (ANCIENT, 0)
