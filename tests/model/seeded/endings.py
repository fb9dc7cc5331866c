"""Seeded violations of what ends a session, or must not."""
from history import Failover

from .scene import PAST, other, revive, succeed, violates


# S4: reuse is final.

def reuse(s, wait=PAST):
    token = s.issue()
    successor = s.refresh(token).received
    s.look()
    s.wait(wait)
    s.refresh(token, actor="thief", honest=False)
    return successor


@violates("S4")
def success_after_a_predecessors_reuse(s):
    op = s.refresh(reuse(s))
    yield
    succeed(s, op, 2)


@violates("S4")
def success_after_an_older_tokens_reuse_inside_the_grace(s):
    token = s.issue()
    head = s.grow(token, 2)
    s.refresh(token, honest=False)
    op = s.refresh(head)
    yield
    succeed(s, op)


@violates("S4")
def the_record_lives_after_reuse(s):
    token = reuse(s)
    s.look()
    yield
    before, after = s.snapshots(token)
    revive([after], before)


@violates("S4", grace_ms=0)
def success_after_reuse_in_strict_mode(s):
    op = s.refresh(reuse(s, 0))
    yield
    succeed(s, op, 2)


# S5: forged tokens.

def forgeries(s):
    token = s.refresh(s.issue()).received
    s.wait()
    s.look()
    for _ in range(3):
        s.refresh(other(token), actor="forger", forged=True)
    s.look()
    return token


@violates("S5")
def a_forged_token_is_honoured(s):
    forgeries(s)
    yield
    succeed(s, s.history.ops[-1])


@violates("S5")
def a_forged_token_costs_a_command(s):
    forgeries(s)
    yield
    s.records[-1].counts["cmdstat_get"] = 1


@violates("S5")
def a_forged_token_revokes(s):
    token = forgeries(s)
    yield
    after = s.snapshots(token)[-1]
    after.revoked, after.indexed, after.key_expires_ms = True, False, after.expires_ms


@violates("S5")
def a_forged_token_extends_the_session(s):
    token = forgeries(s)
    yield
    after = s.snapshots(token)[-1]
    after.seen_ms, after.key_expires_ms = after.seen_ms + 500, after.key_expires_ms + 500


# S6: acknowledged revocations.

@violates("S6")
def success_after_a_logout(s):
    token = s.grow(s.issue(), 2)
    s.do("logout", token)
    s.wait()
    op = s.refresh(token)
    yield
    succeed(s, op, 3)


@violates("S6")
def success_after_a_logout_everywhere(s):
    phone, laptop = s.issue(), s.issue()
    s.do("logout_all", phone)
    op = s.refresh(laptop)
    yield
    succeed(s, op, 1)


@violates("S6")
def the_record_lives_after_a_logout(s):
    token = s.issue()
    s.look()
    s.do("revoke", token)
    s.look()
    yield
    before, after = s.snapshots(token)
    revive([after], before)


@violates("S6", durability="replica")
def a_failover_forgets_a_logout(s):
    token = s.issue()
    s.do("logout", token)
    s.lose(lambda: s.issue("bob"))
    op = s.refresh(token)
    yield
    s.history.of(Failover)[0].cut = None
    succeed(s, op, 1)


@violates("S6")
def a_refresh_brings_a_tombstone_back(s):
    token = s.issue()
    s.look()
    s.do("logout", token)
    s.look()
    s.refresh(token)
    s.look()
    yield
    s.history.ops[-2].result = "unknown"  # nobody was told, but the store had it
    first, _, last = s.snapshots(token)
    revive([last], first)


# S10: expiry beats grace.

@violates("S10")
def success_after_the_idle_expiry(s):
    token = s.grow(s.issue(), 2)
    s.wait(60_001)
    op = s.refresh(token)
    yield
    succeed(s, op, 3)


@violates("S10")
def success_after_the_absolute_expiry(s):
    token = s.issue()
    for _ in range(4):
        s.wait(50_000)
        op = s.refresh(token)
        token = op.received or token
    yield
    succeed(s, op, 4)


@violates("S10", grace_ms=100_000)
def success_inside_the_grace_after_the_expiry(s):
    token = s.issue()
    s.refresh(token)
    s.wait(60_001)
    op = s.refresh(token)
    yield
    succeed(s, op, 1)


@violates("S10", idle_ms=5000)
def a_young_heads_presentation_extends_nothing(s):
    head = s.refresh(s.issue()).received
    s.wait(900)
    s.refresh(head)
    s.wait(4200)
    op = s.refresh(head)
    yield
    succeed(s, op, 2)


@violates("S10", idle_ms=5000, late_retry_ms=4000)
def success_after_the_idle_expiry_that_a_late_retry_moved(s):
    one, two = s.issue(), s.issue()
    heads = [s.refresh(token).received for token in (one, two)]
    s.wait(3000)
    s.refresh(one)
    s.refresh(two)
    s.wait(4000)
    s.refresh(heads[0])
    s.wait(1000)
    op = s.refresh(heads[1])
    yield
    assert s.history.ops[-2].result == "ok"
    succeed(s, op, 2)
