"""The rotation as one pure decision, and the designs as rows of it: ours, the rejected and the broken.

Time is in ticks. A token is (generation, mint): a derived token has mint 0 only, since a generation's
token is always the same one; a random token gets a new mint each time that it is made.
"""
from typing import NamedTuple

G = 3                # the grace
LATE = 6             # late_retry_s
WINDOW = 8           # generations in which late answers are counted
FAR = 4              # generations that the store may be behind when it adopts
OLD = LATE + G + 1   # ages stop here: nothing tells older ones apart
EVER = OLD + 1
SUCCESS = ("rotated", "sibling", "coalesced", "replayed", "adopted", "late")


class LateRule(NamedTuple):
    """When a spent token that comes back after the grace is answered with its successor once more."""
    youth: str = "l"          # what the late answer sets to now, so that the head is young: "l", "w", ""
    window: int = LATE        # ticks after w
    budget: int = 2           # generations of any WINDOW in which there may be late answers
    again: bool = True        # more than once in a generation; that counts once
    fingerprint: bool = True  # only from the client that rotated
    unseen: str = ""          # the head must not have been presented: "ever", or before the "first" one


class Design(NamedTuple):
    name: str
    coalesce: int             # ticks after w in which the head returns itself
    predecessor: int          # ticks after w in which head - 1 is answered
    older: int = 0            # the same for what is before it
    successor: str = "same"   # what those get: the "same" head, or a "sibling" of it
    derived: bool = True      # a generation's token is always the same one
    ahead: str = "refuse"     # newer than the store: "refuse", "adopt", "rotate" after adopting
    reuse: str = "revoke"     # a spent token outside of all this: "revoke", "refuse"
    echo: bool = True         # an answer that repeats the token presented is a Set-Cookie too
    slides: bool = False      # a replay sets w to now
    future: str = "young"     # w is in the future: "young", "old", or "healed": w := now
    late: LateRule | None = None


class Late(NamedTuple):
    """What the late retry adds to a record."""
    age: int = OLD            # now - l, of the last late answer of this generation
    bits: int = 0             # bit i: generation g - i had a late answer
    who: int | None = None    # the fingerprint of the request that rotated; None: nobody may be late
    seen: bool = False        # the head was presented


class Store(NamedTuple):
    g: int = 1
    age: int = OLD            # now - w, by the store's clock
    revoked: bool = False
    known: frozenset | None = None  # the tokens that a store without derivation holds
    late: Late | None = None


OURS = Design("ours: derive + coalesce + adopt", coalesce=G, predecessor=G, ahead="adopt", echo=False)
AS_WRITTEN = OURS._replace(name="ours, but coalesced answers set the cookie", echo=True)

REJECTED = (
    Design("strict single use", coalesce=0, predecessor=0, derived=False),
    Design("new sibling inside grace", coalesce=0, predecessor=G, successor="sibling", derived=False),
    Design("identical successor, predecessor only", coalesce=0, predecessor=G, derived=False),
    Design("predecessor accepted for ever", coalesce=0, predecessor=EVER, older=G),
    Design("any older token within G of the last rotation", coalesce=0, predecessor=G, older=G),
    OURS._replace(name="ours without adopt", ahead="refuse"),
    OURS._replace(name="ours, but adopt rotates", ahead="rotate"),
)

BROKEN = (
    OURS._replace(name="grace never ends", predecessor=EVER),
    OURS._replace(name="grace ends a tick early", predecessor=G - 1),
    OURS._replace(name="a replay moves w", slides=True),
    OURS._replace(name="the predecessor's predecessor is accepted", older=G),
    OURS._replace(name="reuse does not revoke", reuse="refuse"),
    OURS._replace(name="no coalesce", coalesce=0),
    OURS._replace(name="no derivation", derived=False),
    OURS._replace(name="siblings", successor="sibling", derived=False),
    AS_WRITTEN,
)

SKEWED = (  # the store's clock is set back
    OURS._replace(name="a head from the future is young", future="young"),
    OURS._replace(name="a head from the future is old", future="old"),
    OURS._replace(name="w in the future becomes now", future="healed"),
)

LATE_OURS = OURS._replace(name="late retry: l := now", late=LateRule(), future="healed")
LATE_LONG = LATE_OURS._replace(name="the same, heads are young for 2 G", coalesce=2 * G)
LATE_REJECTED = (
    ("late retry as first written: only w, unseen", LateRule(youth="", unseen="ever")),
    ("w stays, and the head stays old", LateRule(youth="")),
    ("w := now", LateRule(youth="w")),
    ("l := now, never behind a head that was seen", LateRule(unseen="ever")),
    ("once in a generation", LateRule(again=False)),
    ("no budget", LateRule(budget=WINDOW)),
    ("from any client", LateRule(fingerprint=False)),
    ("no window", LateRule(window=EVER)),
)
LATE_REJECTED = tuple(LATE_OURS._replace(name=name, late=rule) for name, rule in LATE_REJECTED)
LATE_STRICTER = LATE_OURS._replace(name="l := now, first one only behind an unseen head",
                                   late=LateRule(unseen="first"))


def decide(design, store, token, who, mint=0, failed_over=False):
    """Returns (outcome, the store after it, the token answered or ()). who: the client's fingerprint."""
    n, g = token[0], store.g
    if store.revoked:
        return "revoked", store, ()
    if store.known is not None and token not in store.known:
        return "unknown", store, ()
    store = healed(store) if design.future == "healed" else store
    age = OLD if store.age < 0 and design.future == "old" else store.age
    if n > g:
        return ahead(design, store, token, who, failed_over)
    if n == g and age >= design.coalesce and not late_young(store):
        return rotated("rotated", store, g + 1, who, mint)
    if n == g:
        return "coalesced", seen(store), token
    if age < (design.predecessor if n == g - 1 else design.older or -OLD):
        return replayed(design, store, mint)
    if n == g - 1 and design.late and may_be_late(design.late, store, who):
        return "late", late_answered(design.late, store), head(store)
    return "reuse", store._replace(revoked=design.reuse == "revoke"), ()


def healed(store):
    late = store.late and store.late._replace(age=max(store.late.age, 0))
    return store._replace(age=max(store.age, 0), late=late)


def ahead(design, store, token, who, failed_over):
    jump = token[0] - store.g
    if design.ahead == "refuse" or not failed_over or jump > FAR:
        return "ahead", store, ()
    late = store.late and Late(bits=shifted(store.late.bits, jump), seen=True)
    store = store._replace(g=token[0], age=0, late=late)
    if design.ahead == "rotate":
        return rotated("adopted", store, store.g + 1, who, 0)
    return "adopted", store, token


def rotated(outcome, store, g, who, mint):
    token = (g, mint if store.known is not None else 0)
    known = store.known and store.known | {token}
    late = store.late and Late(bits=shifted(store.late.bits, 1), who=who)
    return outcome, store._replace(g=g, age=0, known=known, late=late), token


def replayed(design, store, mint):
    if design.successor == "sibling":
        return rotated("sibling", store, store.g, None, mint)
    return "replayed", store._replace(age=0 if design.slides else store.age), head(store)


def may_be_late(rule, store, who):
    late, first = store.late, not store.late.bits & 1
    if rule.unseen == "ever" and late.seen or rule.unseen == "first" and late.seen and first:
        return False
    affordable = late.bits.bit_count() < rule.budget if first else rule.again
    known = late.who == who if rule.fingerprint else late.who is not None
    return store.age < rule.window and affordable and known


def late_answered(rule, store):
    late = store.late._replace(bits=store.late.bits | 1, age=0 if rule.youth == "l" else OLD)
    return store._replace(late=late, age=0 if rule.youth == "w" else store.age)


def late_young(store):
    return store.late and store.late.age < G


def shifted(bits, generations):
    return bits << generations & (1 << WINDOW) - 1


def seen(store):
    return store._replace(late=store.late and store.late._replace(seen=True))


def head(store):
    return max(store.known) if store.known is not None else (store.g, 0)


def first_store(design):
    return Store(known=None if design.derived else frozenset({(1, 0)}), late=Late() if design.late else None)
