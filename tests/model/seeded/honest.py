"""Seeded refusals that nothing excuses."""
from .scene import PAST, refuse, violates


# L1: honest runs.

@violates("L1")
def a_second_tab_is_refused(s):
    token = s.issue()
    s.refresh(token)
    op = s.refresh(token)
    yield
    refuse(op)


@violates("L1")
def a_retry_of_a_lost_answer_is_refused(s):
    token = s.issue()
    lost = s.refresh(token)
    s.wait(200)
    op = s.refresh(token, retry_of=lost.number)
    yield
    lost.ended, lost.answered, lost.result, lost.received, lost.status = lost.answered, None, "unknown", None, None
    refuse(op)


@violates("L1")
def one_of_many_tabs_at_once_is_refused(s):
    token = s.grow(s.issue(), 2)
    s.wait()
    ops = [s.send("refresh", f"tab {i}", None, token) for i in range(5)]
    s.wait()
    yield
    refuse(ops[3])


@violates("L1")
def a_tab_is_refused_after_a_failover(s):
    token = s.issue()
    lost, = s.lose(lambda: s.refresh(token))
    one, two = (s.send("refresh", f"tab {i}", None, lost.received) for i in range(2))
    s.wait()
    yield
    assert one.result == "ok"
    refuse(two)


@violates("L1", late_retry_ms=5000)
def a_late_retry_is_refused(s):
    token = s.issue()
    s.refresh(token)
    s.wait()
    op = s.refresh(token)
    yield
    refuse(op)


@violates("L1", late_retry_ms=5000)
def a_late_retry_is_refused_though_the_head_was_presented(s):
    token = s.grow(s.issue(), 2)
    s.wait()
    s.refresh(s.refresh(token).received)
    s.wait()
    op = s.refresh(token)
    yield
    refuse(op)


@violates("L1", late_retry_ms=5000)
def the_second_of_two_late_retries_is_refused(s):
    token = s.issue()
    s.refresh(token)
    s.wait()
    s.refresh(token)
    s.wait(2000)
    op = s.refresh(token)
    yield
    refuse(op)


# L2: the browser's token when it is quiet.

@violates("L2")
def the_newest_token_is_refused(s):
    token = s.grow(s.issue(), 3)
    s.wait(20_000)
    op = s.refresh(token)
    yield
    refuse(op)


@violates("L2")
def the_first_token_is_refused(s):
    op = s.refresh(s.issue())
    yield
    refuse(op)


@violates("L2")
def the_newest_token_is_refused_after_a_failover(s):
    token = s.issue()
    lost, = s.lose(lambda: s.refresh(token))
    s.wait(10 * PAST)
    op = s.refresh(lost.received)
    yield
    refuse(op)


@violates("L2", late_retry_ms=5000)
def the_head_is_refused_after_a_late_retry(s):
    token = s.issue()
    head = s.refresh(token).received
    s.wait()
    s.refresh(token)
    op = s.refresh(head)
    yield
    refuse(op)


@violates("L2")
def a_young_head_is_refused(s):
    op = s.refresh(s.grow(s.issue(), 2))
    yield
    refuse(op)
