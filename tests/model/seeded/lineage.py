"""Seeded violations of what binds generations together."""
from history import Clock

from .scene import PAST, other, succeed, violates


# S1: one token a generation.

@violates("S1")
def the_second_tab_gets_another_successor(s):
    token = s.issue()
    s.refresh(token)
    second = s.refresh(token)
    yield
    second.received = other(second.received)


@violates("S1")
def a_young_head_returns_another_head(s):
    head = s.refresh(s.issue()).received
    again = s.refresh(head)
    yield
    again.received = other(again.received)


@violates("S1")
def a_failover_makes_another_successor(s):
    token = s.issue()
    s.lose(lambda: s.refresh(token))
    again = s.refresh(token)
    yield
    again.received = other(again.received)


@violates("S1", late_retry_ms=5000)
def a_late_retry_gets_another_successor(s):
    token = s.issue()
    s.refresh(token)
    s.wait()
    late = s.refresh(token)
    yield
    late.received = other(late.received)


# S2: one head rotates, once for each generation presented.

@violates("S2")
def a_generation_without_its_predecessor_presented(s):
    token = s.grow(s.issue(), 1)
    s.wait()
    rotation = s.refresh(token)
    s.refresh(rotation.received)
    yield
    s.records.remove(rotation)


@violates("S2")
def the_store_has_rotated_though_nobody_presented_the_head(s):
    token = s.grow(s.issue(), 2)
    s.look()
    yield
    s.snapshots(token)[-1].generation += 1


@violates("S2")
def a_young_head_rotates(s):
    head = s.refresh(s.issue()).received
    s.wait(300)
    again = s.refresh(head)
    yield
    again.received = s.server.token(head.family, 2)


@violates("S2")
def a_young_head_rotates_in_the_store(s):
    head = s.refresh(s.issue()).received
    s.refresh(head)
    s.look()
    yield
    s.snapshots(head)[-1].generation += 1


def late(s):
    """Returns the head after a late retry, when it is old by itself."""
    token = s.issue()
    head = s.refresh(token).received
    s.wait()
    s.refresh(token)
    s.wait(300)
    return head


@violates("S2", late_retry_ms=5000)
def a_head_that_was_given_late_rotates(s):
    head = late(s)
    again = s.refresh(head)
    yield
    again.received = s.server.token(head.family, 2)


@violates("S2", late_retry_ms=5000)
def a_head_that_was_given_late_rotates_in_the_store(s):
    head = late(s)
    s.refresh(head)
    s.look()
    yield
    s.snapshots(head)[-1].generation += 1


# S3: bounded grace.

@violates("S3")
def success_with_the_generation_before_the_predecessor(s):
    token = s.issue()
    s.grow(token, 2)
    s.refresh(token, actor="thief", honest=False)
    yield
    succeed(s, s.history.ops[-1], 2)


@violates("S3")
def success_with_the_predecessor_after_the_grace(s):
    token = s.issue()
    s.refresh(token)
    s.wait()
    op = s.refresh(token, honest=False)
    yield
    succeed(s, op, 1)


@violates("S3", grace_ms=0)
def success_twice_in_strict_mode(s):
    token = s.issue()
    s.refresh(token)
    op = s.refresh(token, honest=False)
    yield
    succeed(s, op, 1)


@violates("S3")
def a_replay_moves_w(s):
    token = s.issue()
    s.refresh(token)
    s.look()
    s.refresh(token)
    s.look()
    yield
    s.snapshots(token)[-1].rotated_ms += 2


@violates("S3", late_retry_ms=5000)
def a_late_retry_moves_w(s):
    token = s.issue()
    s.refresh(token)
    s.wait()
    s.look()
    s.refresh(token)
    s.look()
    yield
    s.snapshots(token)[-1].rotated_ms += PAST


def rotated_in_the_future(s, ms=500):
    """Returns a token whose clock was set back after its rotation, with looks around the replay that heals it."""
    token = s.issue()
    s.refresh(token)
    s.set_back(ms)
    s.look()
    s.refresh(token)
    s.look()
    before, after = s.snapshots(token)
    assert after.rotated_ms < before.rotated_ms
    return before, after


@violates("S3")
def w_falls_though_no_clock_was_set_back(s):
    rotated_in_the_future(s, 500)
    yield
    s.records.remove(s.history.of(Clock)[0])


@violates("S3")
def w_falls_below_the_clock_that_was_set_back(s):
    _, after = rotated_in_the_future(s)
    yield
    after.rotated_ms -= 20


@violates("S3")
def w_falls_to_the_future_of_the_clock_that_was_set_back(s):
    _, after = rotated_in_the_future(s)
    yield
    after.rotated_ms += 20


@violates("S3")
def w_rises_after_the_clock_was_set_back(s):
    before, after = rotated_in_the_future(s)
    yield
    after.rotated_ms = before.rotated_ms + 1


@violates("S3", late_retry_ms=5000)
def a_third_late_retry_in_eight_generations(s):
    token = s.issue()
    for generation in range(3):
        successor = s.refresh(token).received
        s.wait()
        op = s.refresh(token)
        s.wait()  # the head that was given late must be old again, to rotate
        token = successor
    yield
    succeed(s, op, 3)


@violates("S3", late_retry_ms=5000)
def a_late_retry_by_another_sender(s):
    token = s.issue()
    s.refresh(token)
    s.wait()
    op = s.refresh(token, sender="there")
    yield
    succeed(s, op, 1)


@violates("S3", late_retry_ms=5000)
def a_late_retry_behind_an_adopted_head(s):
    token = s.issue()
    lost, = s.lose(lambda: s.refresh(token))
    s.refresh(lost.received)
    s.wait()
    op = s.refresh(token)
    yield
    succeed(s, op, 1)


@violates("S3", late_retry_ms=5000)
def a_late_retry_that_is_too_late(s):
    token = s.issue()
    s.refresh(token)
    s.wait(5001)
    op = s.refresh(token)
    yield
    succeed(s, op, 1)


@violates("S3")
def a_late_retry_though_they_are_off(s):
    token = s.issue()
    s.refresh(token)
    op = s.refresh(token)
    yield
    op.outcome = "late"
