"""Seeded violations in answers and records, and over failovers."""
from history import Audit, Failover

from .scene import violates

DAY = 86_400_000


# S7: no cross-talk.

@violates("S7")
def the_answer_of_another_family(s):
    one, two = s.issue("anna"), s.issue("bob")
    first, second = s.refresh(one), s.refresh(two)
    yield
    first.received = second.received


@violates("S7")
def another_users_access_token(s):
    one, _ = s.issue("anna"), s.issue("bob")
    op = s.refresh(one)
    yield
    op.subject = "bob"


@violates("S7")
def another_sessions_id(s):
    one, two = s.issue(), s.issue()
    s.refresh(one)
    op = s.refresh(two)
    yield
    op.sid = s.history.ops[0].sid


@violates("S7")
def a_login_gets_somebody_elses_family(s):
    s.issue("anna")
    s.issue("bob")
    yield
    s.history.ops[1].received = s.history.ops[0].received


@violates("S7")
def a_login_gets_another_subject(s):
    s.issue("anna")
    yield
    s.history.ops[0].subject = "bob"


# S8: atomic.

def looked(s):
    """Returns a token that was rotated, and the snapshots of before and after."""
    token = s.issue()
    s.look()
    token = s.refresh(token).received
    s.look()
    return token, *s.snapshots(token)


@violates("S8")
def a_generation_without_a_time_of_rotation(s):
    _, _, after = looked(s)
    yield
    after.rotated_ms = 0


@violates("S8")
def a_rotation_without_a_new_expiry(s):
    _, _, after = looked(s)
    yield
    after.key_expires_ms -= 1


@violates("S8")
def another_seed(s):
    _, _, after = looked(s)
    yield
    after.seed = "f" * 16


@violates("S8")
def a_record_vanishes(s):
    _, _, after = looked(s)
    yield
    after.exists = False


@violates("S8")
def a_record_changes_though_nobody_asked(s):
    token, _, _ = looked(s)
    s.wait()
    s.look()
    yield
    s.snapshots(token)[-1].kid += 1


@violates("S8")
def half_a_tombstone(s):
    token, _, _ = looked(s)
    s.do("logout", token)
    s.look()
    yield
    s.snapshots(token)[-1].indexed = True


@violates("S8")
def a_tombstone_that_ends_too_early(s):
    token, _, _ = looked(s)
    s.do("logout", token)
    s.look()
    yield
    s.snapshots(token)[-1].key_expires_ms -= DAY


# S9: g falls only by failover.

@violates("S9")
def the_stores_generation_falls(s):
    token = s.grow(s.issue(), 3)
    s.refresh(token)
    s.look()
    yield
    s.snapshots(token)[-1].generation = 2


@violates("S9")
def an_answer_older_than_the_token_presented(s):
    op = s.refresh(s.grow(s.issue(), 3))
    yield
    op.received = s.server.token(op.received.family, 2)


@violates("S9")
def a_failover_takes_back_more_than_it_lost(s):
    token = s.issue()
    s.lose(lambda: s.grow(token, 2))
    s.look()
    yield
    s.history.of(Failover)[0].lost = 1


@violates("S9")
def what_was_acknowledged_before_the_cut_is_lost(s):
    token = s.issue()
    lost, = s.lose(lambda: s.grow(token, 2))
    s.refresh(lost)
    s.look()
    yield
    s.history.of(Failover)[0].cut = s.history.of(Failover)[0].at
    s.history.of(Failover)[0].lost = None
    s.snapshots(token)[-1].generation = 1


@violates("S9")
def adopted_though_nothing_was_lost(s):
    op = s.refresh(s.grow(s.issue(), 1))
    yield
    op.outcome = "adopted"


@violates("S9")
def healed_without_an_event(s):
    token = s.issue()
    lost, = s.lose(lambda: s.refresh(token))
    s.refresh(lost.received)
    yield
    s.records.remove(s.history.of(Audit)[0])


@violates("S9")
def healed_without_an_event_and_nobody_told_the_outcome(s):
    token = s.issue()
    lost, = s.lose(lambda: s.refresh(token))
    s.look()
    healed = s.refresh(lost.received)
    yield
    s.records.remove(s.history.of(Audit)[0])
    healed.outcome = None
