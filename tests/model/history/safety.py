"""S1 to S10: what must never happen. Each check yields violations and counts what it could judge.

A history is what all clients saw: a token that somebody used without being recorded makes what follows look
wrong. An answered operation took effect by its answer: what a proxy gave up on does not run.
"""
import itertools

from . import late
from .state import differences, neighbours, overlapping, set_back, whole
from .verdict import Violation
from .view import span


def S1(view):
    """One lineage: per family at most one token per generation is ever delivered, over all failovers.

    Sees tokens delivered, and those honoured. Not what was lost on its way, unless a retry shows it.
    """
    for family in view.families.values():
        tokens = {}
        given = [(family.issue.received, family.issue)] if family.issue else []
        for op in view.successes(family):
            given += [(op.presented, op), (op.received, op)]
        for token, op in given:
            view.judge("S1")
            first, by = tokens.setdefault(token.generation, (token, op))
            if token != first:
                yield Violation("S1", f"two tokens of generation {token.generation}", [by, op])


def S2(view):
    """One head rotates; rotations <= distinct generations presented.

    Generation m is there only when m - 1 was presented before, and rotates only when it is as old as the grace, and
    as long after it was given late. Sees both in answers and snapshots, of families whose issue is recorded; not a
    rotation that nobody was told of.
    """
    for family in (f for f in view.families.values() if f.issue):
        for sight in family.sights:
            if sight.generation > 0:
                view.judge("S2")
                if family.first_sent.get(sight.generation - 1, sight.hi + 1) > sight.hi:
                    yield Violation("S2", f"generation {sight.generation} though {sight.generation - 1} was not "
                                    "presented", [sight.source])
        yield from rotated_too_early(view, family)
        yield from rotated_after_a_late_answer(view, family)


def rotated_too_early(view, family):
    for generation in sorted({s.generation for s in family.sights if s.generation > 1}):
        begin, sight = family.first_sent.get(generation - 2), family.by_generation(generation)[0]
        if begin is None or begin > sight.hi:
            continue
        view.judge("S2")
        both = begin, sight.hi  # both rotations, generation - 2 and generation - 1, lie in here
        _, most = view.elapsed(both, both, family.name)
        if most < view.setting("grace_ms", *both)[0]:
            yield Violation("S2", f"generation {generation - 1} rotated {most:.0f} ms after it was made at most",
                            [sight.source])


def rotated_after_a_late_answer(view, family):
    """Only where the head cannot have rotated before already, on a primary that was lost."""
    for op, _, _ in late.given(view, family):
        g = op.received.generation
        if family.first_sent.get(g, op.sent) < op.sent:
            continue
        sight = next((s for s in family.by_generation(g + 1) if s.lo >= op.sent and view.lasting(op, s)), None)
        if sight is None:
            continue
        view.judge("S2")
        both = op.sent, sight.hi
        most = view.elapsed(both, both)[1]
        if most < view.setting("grace_ms", *both)[0]:
            yield Violation("S2", f"generation {g} rotated {most:.0f} ms after it was given late at most",
                            [op, sight.source])


def S3(view):
    """Bounded grace: success with n < g implies n = g-1 and t - w < G (or a late retry within its bounds);
    w changes only with g, or falls to the present because Redis' clock was set back.

    An answer names the head, so n and g are known; w lies before the earliest sight of g. w itself is seen
    in snapshots only. A late retry by another sender is seen where operations name theirs.
    """
    for family in view.families.values():
        for op in view.successes(family):
            view.judge("S3")
            n, g = op.presented.generation, op.received.generation
            if n < g - 1:
                yield Violation("S3", f"success with {n} while the head was {g}", [op])
        allowed = []
        for op, sight, least in late.given(view, family):
            text = late.forbidden(view, family, op, sight, least)
            if text:
                yield Violation("S3", text, [*([sight.source] if sight else []), op])
            else:
                allowed.append(op)
        near = late.over_budget(view, allowed)
        if near:
            yield Violation("S3", f"late retries in generations {sorted({o.presented.generation for o in near})}", near)
        for before, after in neighbours(view, family):
            if (before.generation == after.generation and before.rotated_ms != after.rotated_ms
                    and not set_back(view, before, after)):
                yield Violation("S3", "w changed without g", [before, after])


def S4(view):
    """Reuse is final: an authentic older token outside grace revokes in the same script run.

    A refused token that was certainly older, or certainly out of grace, and whose family had certainly not
    expired, is that reuse: no success and no living record may follow until a failover. A reuse that was answered 503, or not at all, proves nothing.
    """
    for family in view.families.values():
        for op in family.presented:
            if op.result == "refused" and certain_reuse(view, family, op):
                found = list(alive_after(view, family, op, view.lasting, "S4", "after a reuse"))
                yield from found
                if found:
                    break


def certain_reuse(view, family, op):
    n = op.presented.generation
    if view.wrong_client(op, family) or view.may_be_expired(family, op):
        return False
    if view.reached_before(family, n + 2, op):
        return True
    sight = view.reached_before(family, n + 1, op)
    if sight is None:
        return False
    grace = view.setting("grace_ms", *span(op))[1]
    return grace == 0 or view.since_rotation(family, n + 1, sight, op)[0] >= grace


def alive_after(view, family, end, stands, name, when):
    """The first success and the first living record that began after the answer to what ended the family, while
    stands(end, record) says that this end must still be known."""
    view.judge(name)
    succeeded = (o for o in view.successes(family) if o.sent >= end.answered)
    living = (s for s in family.snapshots if s.at >= end.answered and s.exists and not s.revoked)
    for text, records in ((f"success {when}", succeeded), (f"the store has it alive {when}", living)):
        for record in (r for r in records if stands(end, r)):
            yield Violation(name, text, [end, record])
            break


def S5(view):
    """A token whose tag fails changes nothing and costs no Redis command.

    From outside: it is never honoured. Between two snapshots with forged requests only, the record stays as
    it was. Between two commandstats with forged requests only, the counts stay.
    """
    for family in view.families.values():
        for op in family.forged:
            view.judge("S5")
            if op.result == "ok" and op.kind == "refresh":
                yield Violation("S5", "a forged token was honoured", [op])
        for before, after in neighbours(view, family):
            during = overlapping(view, family.forged, before.at, after.until)
            changed = differences(before, after)
            if during and changed and not overlapping(view, authentic(view, family), before.at, after.until):
                yield Violation("S5", f"forged tokens changed {changed}", [before, *during[:3], after])
    for before, after in zip(view.commands, view.commands[1:]):
        during = overlapping(view, view.ops, before.at, after.until)
        if during and all(o.forged for o in during) and not restarted(view, before, after):
            view.judge("S5")
            ran = sorted(k for k, n in after.counts.items() if n != before.counts.get(k, 0))
            if ran:
                yield Violation("S5", f"forged tokens cost Redis commands: {ran}", during[:3])


def restarted(view, before, after):
    return any(f.at <= after.until and f.until >= before.at for f in view.failovers)


def authentic(view, family):
    """What may have changed the family."""
    return family.presented + view.revocations(family) + ([family.issue] if family.issue else [])


def S6(view):
    """An acknowledged revocation is final; with durability = replica also across one failover. What the store
    once shows as revoked stays so until a failover, acknowledged or not.

    A request that was in flight when the revocation was acknowledged may still succeed.
    """
    for family in view.families.values():
        for op in view.revocations(family):
            own = op.presented.family == family.name and not view.wrong_client(op, family)
            if op.result == "ok" and (own or certainly_theirs(view, family, op)):
                yield from alive_after(view, family, op, view.final, "S6", f"after an acknowledged {op.kind}")
        dead = [s for s in family.snapshots if s.exists and s.revoked]
        for living in (s for s in family.snapshots if s.exists and not s.revoked):
            before = [s for s in dead if s.until <= living.at and view.lasting(s, living)]
            if before:
                yield Violation("S6", "a revoked family is back", [before[0], living])


def certainly_theirs(view, family, op):
    """Whether a logout everywhere is of the family's user, and the family was there."""
    issue, other = family.issue, view.family(op.presented.family).subject
    return bool(issue and issue.answered <= op.sent and other and other == family.subject)


def S7(view):
    """No cross-talk: an answer names the family and subject of the token presented.

    Subject and session id are compared with those of the family's first answer; an issue must give a family
    that nobody has.
    """
    subjects, sids, owners, families = {}, {}, {}, {}
    for op in (o for o in view.ops if o.result == "ok" and o.received):
        view.judge("S7")
        name = op.received.family
        if op.presented and name != op.presented.family:
            yield Violation("S7", "the answer of another family", [op])
            continue
        if op.kind in ("issue", "login") and name in families:
            yield Violation("S7", "a family given twice", [families[name], op])
            continue
        first = families.setdefault(name, op)
        subject = subjects.setdefault(name, op.asked or op.subject)
        if op.subject is not None and subject not in (None, op.subject):
            yield Violation("S7", f"subject {op.subject}, not {subject}", [first, op])
        if op.sid and (sids.setdefault(name, op.sid), owners.setdefault(op.sid, name)) != (op.sid, name):
            yield Violation("S7", "the session id of another family", [first, op])


def S8(view):
    """Atomic: a crash at any point leaves the state before or after, never between.

    Sees snapshots only: each must be a state that a whole script run leaves; what never changes must not; nothing
    changes when nobody asked; and a record does not vanish before its expiry.
    """
    for family in view.families.values():
        for snapshot in family.snapshots:
            view.judge("S8")
            for text in whole(view, snapshot):
                yield Violation("S8", text, [snapshot])
        askers = authentic(view, family) + family.forged  # those are S5's
        for before, after in neighbours(view, family):
            constant = differences(before, after, ("seed", "created_ms", "expires_ms", "auth_time_ms"))
            changed = differences(before, after)
            if constant:
                yield Violation("S8", f"{constant} changed", [before, after])
            elif changed and not overlapping(view, askers, before.at, after.until):
                yield Violation("S8", f"{changed} changed though nobody asked", [before, after])
        for before, after in zip(family.snapshots, family.snapshots[1:]):
            if before.exists and not after.exists and vanished(view, before, after):
                yield Violation("S8", "a record vanished before its expiry", [before, after])


def vanished(view, before, after):
    """A clock set back, or another idle time, may have made the key expire before it seems to."""
    excuse = view.changes or any(c.low_ms < 0 and c.family is None for c in view.clocks)
    return (None not in (before.key_expires_ms, after.now_ms) and after.now_ms < before.key_expires_ms
            and not excuse and view.lasting(before, after))


def S9(view):
    """g falls only by failover, and that emits an event; S1 still holds.

    Every success names the head: generations seen one after the other must not fall; over a failover not below
    what was acknowledged before its cut, nor by more in all than the writes it lost. A healing that is certain
    needs a failover before it and, when audit events were recorded, its event.
    """
    for family in view.families.values():
        for sight in family.sights:
            view.judge("S9")
            higher = view.reached_before(family, sight.generation + 1, sight.source)
            if higher:
                yield Violation("S9", f"generation {higher.generation} fell to {sight.generation}",
                                [higher.source, sight.source])
        for op in view.successes(family):
            if op.received.generation < op.presented.generation:
                yield Violation("S9", "an answer older than the token presented", [op])
            if op.outcome == "adopted" and not any(f.at <= op.answered for f in view.lossy):
                yield Violation("S9", "adopted though nothing was ever lost", [op])
            if view.history.audited and late.adopted(view, family, op) and not any(
                    a.event == "refresh.adopted" and a.sid in (None, op.sid) for a in view.audit):
                yield Violation("S9", "healed without an event", [op])
    if len(view.lossy) == 1 and view.lossy[0].lost is not None:
        yield from fallen(view, view.lossy[0])


def fallen(view, failover):
    """Each lost write can take back one generation of one family."""
    view.judge("S9")
    total, shown = 0, []
    for family in view.families.values():
        before = [s.generation for s in family.sights if s.hi <= failover.at]
        after = sorted((s for s in family.sights if s.lo >= failover.until), key=lambda s: s.generation)
        if before and after and after[0].generation < max(before):
            total += max(before) - after[0].generation
            shown.append(after[0].source)
    if total > failover.lost:
        yield Violation("S9", f"fell by {total} generations in all", [failover, *shown])


def S10(view):
    """Expiry beats grace: no success after the idle or the absolute expiry.

    The absolute one counts from the issue. The idle one from the last rotation or late retry that can have been: an
    operation whose end nobody knows may have rotated at any time until its successor is seen.
    """
    for family in (f for f in view.families.values() if f.issue):
        for op in view.successes(family):
            view.judge("S10")
            least, _ = view.elapsed(span(family.issue), span(op))
            idle = view.setting("idle_ms", *span(op))[1]
            moves = itertools.chain((m for o in reversed(family.presented) if (m := move(view, family, o, op))),
                                    [span(family.issue)])
            if least >= view.setting("absolute_ms", *span(family.issue))[1]:
                yield Violation("S10", "success after the absolute expiry", [family.issue, op])
            elif all(view.elapsed(m, span(op))[0] >= idle for m in moves):
                yield Violation("S10", "success after the idle expiry", [op])


def move(view, family, op, before):
    """The interval in which op may have moved the idle expiry that `before` meets; None when it cannot have. An
    answer with the token presented is that of a young head, which moves nothing, but for a healing, and for
    clients whose tokens never rotate."""
    if op is before or op.sent > before.answered or op.result not in ("ok", "unknown"):
        return None
    if op.received and op.received.generation == op.presented.generation:
        young = op.received.generation > 0 and not view.lossy and not view.changes
        return None if young else span(op)
    if late.possible(view, family, op):
        return op.sent, view.last(op)
    seen = view.reach(family, op.presented.generation + 1, before)
    if seen and seen.hi < op.sent:
        return None  # rotated before
    return op.sent, min(seen.hi if seen else view.last(op), view.last(op))


CHECKS = (S1, S2, S3, S4, S5, S6, S7, S8, S9, S10)
