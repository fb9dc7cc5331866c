"""The world around the store: a browser whose tabs share one cookie jar, a network, a thief, a failover.

moves() gives every next step of a state and the properties that it breaks, by protocol.md's names.

What honest clients are assumed to do. A request, with all its retries, ends within `patience` ticks, and
two such times fit into the grace (2 * patience - 1 <= G): one for the request that rotates, and one for a
request that took the old token from the jar just before that answer came. In a world where the browser
`gives_up`, a lost answer need not be retried in time: only before LATE, and in at most two generations of
any WINDOW; with `after_grace` it is retried either at once or after the grace.
"""
from typing import NamedTuple

from rotation_designs import G, LATE, OLD, SUCCESS, WINDOW, Store, decide, first_store

BROWSER, THIEF = "browser", "thief"


class World(NamedTuple):
    name: str
    checks: str               # the properties that are due here
    requests: int = 4         # in flight at once
    patience: int = 2         # ticks
    lost_writes: int = 0      # one failover loses up to so many
    thief: int | None = None  # his fingerprint, if there is one; the browser's is 0
    set_back: int = 0         # ticks by which the store's clock is set back, once
    gives_up: bool = False
    after_grace: bool = False


class State(NamedTuple):
    store: Store
    past: tuple | None = ()   # the stores before the last writes, newest first; None: the failover has been
    jar: tuple = (1, 0)
    flight: tuple = ()        # sorted (age, token sent, token answered or ())
    loot: tuple | None = None  # the thief's tokens; None: nothing yet
    skew: int | None = None   # ticks since somebody first came after the clock was set back; -1: nobody yet
    mint: int = 1             # of the next random token
    delivered: tuple = ()     # random tokens that somebody has got
    spent: tuple = ()         # (generation, ticks since it was rotated, by whom), newest last
    steps: tuple = ()         # generations in which one succeeded with what the other had spent before the grace
    lates: tuple = ()         # generations that the browser presented after the grace


def first_state(design, world):
    return State(first_store(design), past=() if world.lost_writes else None)


def moves(design, world, state):
    """Yields (label, next state, names of the properties broken)."""
    if state.store.revoked:
        return
    if len(state.flight) < world.requests and not (world.after_grace and between(world, state)):
        yield ("send", state.jar), with_flight(state, (), (0, state.jar, ())), ""
    for request in dict.fromkeys(state.flight):
        yield from of_request(design, world, state, request)
    yield from of_time(world, state)
    if world.lost_writes and state.past:
        for lost, store in enumerate(state.past, 1):
            yield ("failover", lost, store.g), state._replace(store=store, past=None), ""
    if world.thief is not None:
        yield from of_thief(design, world, state)


def of_request(design, world, state, request):
    age, sent, answer = request
    if world.gives_up:
        yield ("give up", sent, answer), with_flight(state, request, ()), ""
    if answer:
        yield deliver(design, world, state, request)
    else:
        yield handle(design, world, state, request)
    for token in {sent, state.jar} if answer else {state.jar} - {sent}:
        yield ("retry", token, answer), with_flight(state, request, (age, token, ())), ""


def handle(design, world, state, request):
    age, sent, _ = request
    outcome, after, answer, broken = present(design, world, state, sent, BROWSER, 0)
    if outcome not in SUCCESS:
        return ("handle", sent, outcome, ()), with_flight(after, request, ()), f"L1 {broken}"
    return ("handle", sent, outcome, answer), with_flight(after, request, (age, sent, answer)), broken


def deliver(design, world, state, request):
    _, sent, answer = request
    after, broken = got(design, with_flight(state, request, ()), answer)
    if design.echo or answer != sent:
        after = after._replace(jar=answer)
    if not after.flight and not works_later(design, world, after):
        broken += "L2 "
    return ("deliver", answer, after.jar), after, broken


def works_later(design, world, state):
    """L2: nothing is in flight; does the jar's token work when it is needed next?"""
    store = state.store._replace(age=OLD)
    return world.gives_up or decide(design, store, state.jar, 0, 0, failed_over(world, state))[0] in SUCCESS


def got(design, state, token):
    """S1: of one generation, nobody ever gets two tokens."""
    if design.derived:
        return state, ""
    twin = any(t[0] == token[0] and t != token for t in state.delivered)
    return state._replace(delivered=tuple(sorted({*state.delivered, token}))), "S1 " if twin else ""


def of_time(world, state):
    if all(age < world.patience - 1 for age, _, _ in state.flight) and not overdue(world, state):
        yield ("tick",), state._replace(
            store=aged(state.store, 1), past=state.past and tuple(aged(s, 1) for s in state.past),
            flight=tuple((age + 1, sent, answer) for age, sent, answer in state.flight),
            skew=state.skew if state.skew in (None, -1) else min(state.skew + 1, G),
            spent=tuple((n, min(age + 1, OLD), by) for n, age, by in state.spent)), ""
    if world.set_back and state.skew is None:
        back = -world.set_back
        yield ("set back", world.set_back), state._replace(
            store=aged(state.store, back), past=state.past and tuple(aged(s, back) for s in state.past),
            skew=-1), ""


def aged(store, ticks):
    if store.g == 1:
        return store  # never rotated
    late = store.late and store.late._replace(age=min(store.late.age + ticks, OLD))
    return store._replace(age=min(store.age + ticks, OLD), late=late)


def overdue(world, state):
    """Whether another tick would break what is assumed of a browser that gives up."""
    if not world.gives_up or world.thief is not None or state.store.g == 1:
        return False
    last = state.store.g - 1
    if not any(n <= last for n, _ in [state.jar, *(sent for _, sent, _ in state.flight)]):
        return False
    affordable = last in state.lates or sum(n > last - WINDOW for n in state.lates) < 2
    return since_spent(state, last, 0)[0] + 1 >= (LATE if affordable else G)


def between(world, state):
    """Whether the jar's token was spent longer ago than a request takes, and the grace is not yet over."""
    return world.patience <= since_spent(state, state.jar[0], OLD)[0] < G


def since_spent(state, generation, unknown):
    return next(((age, by) for n, age, by in state.spent if n == generation), (unknown, None))


def of_thief(design, world, state):
    if state.loot is None:
        yield ("steal", state.jar), state._replace(loot=(state.jar,)), ""
        return
    for token in state.loot:
        outcome, after, answer, broken = present(design, world, state, token, THIEF, world.thief)
        if answer:
            after, twin = got(design, after, answer)
            after = after._replace(loot=tuple(sorted({*after.loot, answer})[-4:]))
            broken += twin
        yield ("thief", token, outcome, answer), after, broken


def present(design, world, state, token, party, who):
    """One request at the store. Returns (outcome, next state, answer, properties broken)."""
    store = state.store
    outcome, new, answer = decide(design, store, token, who, state.mint, failed_over(world, state))
    after = state._replace(store=new, skew=0 if state.skew == -1 else state.skew)
    if new != store and not new.revoked and state.past is not None:
        after = after._replace(past=(store, *state.past)[:world.lost_writes])
    if store.known is not None and outcome in ("rotated", "sibling"):
        after = after._replace(mint=state.mint + 1)
    broken = broken_by_write(design, store, token[0], outcome, new)
    if outcome in SUCCESS and token[0] < store.g:
        after, more = spent_succeeded(design, world, after, token[0], party)
        broken += more
    if outcome == "rotated":
        kept = [s for s in state.spent if s[0] != token[0] and (s[1] < G or s[0] >= token[0] - world.lost_writes)]
        after = after._replace(spent=(*kept, (token[0], 0, party)))
    return outcome, after, answer, broken


def failed_over(world, state):
    return bool(world.lost_writes) and state.past is None


def spent_succeeded(design, world, state, n, party):
    """L3, by true time and not the store's: a spent token succeeded. What of the grace and of who spent it?"""
    age, spender = since_spent(state, n, OLD)
    if age < G:
        return state, ""
    broken = ""
    # A clock set back by less than now - w goes unseen, and lengthens the late retry by so much.
    if age >= (LATE + world.set_back if design.late else G) and state.skew in (None, G):
        broken = "L3 "
    if world.thief is None:
        return state._replace(lates=tuple(sorted({*state.lates, n}))), broken
    if spender != party and "in-step" in world.checks:
        state = state._replace(steps=tuple(sorted({*state.steps, n})))
        broken += "in-step " * (sum(m > n - WINDOW for m in state.steps) > 2)
    return state, broken + "elsewhere " * (spender != party and world.thief != 0)


def broken_by_write(design, store, n, outcome, new):
    """S2, S3, S4 and S9 are about one request and one write."""
    broken = ""
    if new.g != store.g + (outcome == "rotated") and (outcome != "adopted" or new.g != n):
        broken += "S2 "
    if outcome == "sibling" or outcome == "rotated" and n != store.g:
        broken += "S2 "
    in_grace = n == store.g - 1 and store.age < G
    if outcome in SUCCESS and n < store.g and not in_grace and outcome != "late":
        broken += "S3 "
    if new.age < store.age and outcome not in ("rotated", "adopted"):
        broken += "S3 "
    if outcome not in SUCCESS and n < store.g and not in_grace and not new.revoked:
        broken += "S4 "
    return broken + "S9 " * (new.g < store.g)


def with_flight(state, old, new):
    flight = list(state.flight)
    if old:
        flight.remove(old)
    return state._replace(flight=tuple(sorted([*flight, new] if new else flight)))
