"""The history checker itself: silent on what is valid, and loud, each check by itself, on what is not.

SEEDS=20000 makes the campaign longer, SEED=... begins at another one.
"""
import collections
import copy
import os
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from actors import simulate
from broken import BROKEN
from harness.stack import Stack
from harness.tokens import PREFIX, Token
from harness.wait import wait_until
from history import CHECKS, Clock, Failover, History, Op, Recorder, Ref, Settings, Snapshot, check
from seeded import SEEDED, Scene

SEEDS = int(os.environ.get("SEEDS", 600))
SEED = int(os.environ.get("SEED", 0))
SHARDS = 4
LEAST = 20  # facts that each check must have judged, and times that each event must have come


@pytest.mark.parametrize("shard", range(SHARDS))
def test_valid_histories_are_never_reported(shard):
    judged, came = collections.Counter(), collections.Counter()
    for seed in range(SEED + shard, SEED + SEEDS, SHARDS):
        history = simulate(seed)
        verdict = check(history)
        assert not verdict, f"seed {seed}: {verdict}"
        judged += verdict.judged
        came.update(type(r).__name__ for r in history.records)
        came.update(o.outcome or o.result for o in history.ops)
    print(judged, came)
    due = ["Failover", "Clock", "Settings", "Snapshot", "unknown", "rotated", "coalesced", "replayed", "kept", "adopted",
           "late", "reuse", "revoked", "absent", "wrong_client"]
    rare = {n: judged[n] for n in CHECKS if judged[n] < LEAST} | {n: came[n] for n in due if came[n] < LEAST}
    assert not rare, f"too seldom: {rare}"


@pytest.mark.parametrize("name, play, settings", SEEDED, ids=lambda x: getattr(x, "__name__", x if type(x) is str else ""))
def test_a_seeded_violation_is_found_by_its_own_check_alone(name, play, settings):
    scene = Scene(**settings)
    steps = play(scene)
    next(steps)
    before = check(scene.history)
    assert not before, before
    next(steps, None)
    verdict = check(scene.history)
    assert verdict.names == {name}, verdict
    assert all(v.records for v in verdict.violations) and str(verdict)


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_has_its_violations_and_says_what_it_sees(name):
    assert sum(1 for n, _, _ in SEEDED if n == name) >= 3
    assert len(CHECKS[name].__doc__) > 100


@pytest.mark.parametrize("server, names", BROKEN, ids=lambda x: getattr(x, "__name__", ""))
def test_a_broken_server_is_found(server, names):
    for seed in range(SEED, SEED + 1500):
        if check(simulate(seed, server), names):
            return
    pytest.fail(f"{names} found nothing")


def test_a_violation_is_found_among_a_hundred_valid_operations():
    found = 0
    for seed in range(SEED, SEED + 40):
        history = simulate(seed)
        replays = [o for o in history.ops if o.outcome in ("replayed", "coalesced")]
        if replays:
            random.Random(seed).choice(replays).received = Ref(replays[0].received.family, 0, "f" * 16)
            assert check(history)
            found += 1
    assert found > 10


# What is not certain is not reported.

def lost_op(**more):
    return Op(1, "refresh", "browser", 100, presented=Ref("f", 0, "0"), **more)


def chain(*ops, **settings):
    """A family f whose first token came at 10."""
    issue = Op(0, "issue", "backend", 0, 10, result="ok", received=Ref("f", 0, "0"), asked="anna")
    return History(Settings(**{"grace_ms": 1000, "in_flight_ms": 100, "slack_ms": 5, **settings}), [issue, *ops])


def refresh(number, sent, answered, n, g=None, **more):
    got = {"result": "refused"} if g is None else {"result": "ok", "received": Ref("f", g, str(g))}
    return Op(number, "refresh", "browser", sent, answered, presented=Ref("f", n, str(n)), **{**got, **more})


@pytest.mark.parametrize("sent, found", [(1120, False), (1124, False), (1126, True)])
def test_the_edge_of_the_grace_is_an_interval(sent, found):
    history = chain(refresh(1, 100, 120, 0, 1), refresh(2, sent, sent + 50, 0, 1))
    assert check(history).names == ({"S3"} if found else set())


@pytest.mark.parametrize("jump, found", [(0, True), (500, True), (-500, False)])
def test_a_jump_of_redis_clock_moves_the_grace(jump, found):
    history = chain(refresh(1, 100, 120, 0, 1), refresh(2, 1300, 1310, 0, 1))
    history.records.append(Clock(600, 610, jump, jump))
    assert check(history).names == ({"S3"} if found else set())


@pytest.mark.parametrize("ended, in_flight, found", [(200, 100, True), (200, 900, False), (200, None, False),
                                                     (None, 100, False)])
def test_a_lost_request_excuses_a_refusal_for_as_long_as_it_may_be_under_way(ended, in_flight, found):
    history = chain(lost_op(ended=ended), refresh(2, 300, 310, 0), in_flight_ms=in_flight)
    assert check(history).names == ({"L1"} if found else set())


@pytest.mark.parametrize("late, found", [(310, True), (2000, False)])
def test_a_client_that_retries_too_late_is_not_judged(late, found):
    history = chain(lost_op(ended=200), refresh(2, late, late + 10, 0))
    assert check(history).names == ({"L1"} if found else set())


@pytest.mark.parametrize("sent, found", [(400, True), (290, False)])
def test_a_request_in_flight_at_the_logout_may_still_succeed(sent, found):
    logout = Op(1, "logout", "browser", 200, 300, result="ok", presented=Ref("f", 0, "0"))
    assert check(chain(logout, refresh(2, sent, 410, 0, 1))).names == ({"S6"} if found else set())


@pytest.mark.parametrize("durability, events, found", [
    ("async", 0, True), ("async", 1, False), ("replica", 1, True), ("replica", 2, False)])
def test_an_acknowledged_logout_outlives_as_many_failovers_as_were_promised(durability, events, found):
    logout = Op(1, "logout", "browser", 200, 300, result="ok", presented=Ref("f", 0, "0"))
    failovers = [Failover(400 + 100 * i, 410 + 100 * i) for i in range(events)]
    history = chain(logout, *failovers, refresh(2, 700, 710, 0, 1), durability=durability)
    assert check(history).names == ({"S6"} if found else set())


@pytest.mark.parametrize("grace, found", [(500, True), (2000, False)])
def test_settings_hold_from_some_moment_of_their_change_on(grace, found):
    history = chain(refresh(1, 100, 120, 0, 1), refresh(2, 1400, 1410, 0, 1))
    history.records.append(Settings(500, 1000, grace_ms=grace))
    assert check(history).names == ({"S3"} if found else set())


@pytest.mark.parametrize("rotated, retried, found", [
    ("home", "home", None), (None, "home", None), ("home", None, None), ("home", "there", "S3")])
def test_a_late_retry_may_be_by_another_sender_only_where_histories_tell(rotated, retried, found):
    history = chain(refresh(1, 100, 120, 0, 1, sender=rotated), refresh(2, 1300, 1310, 0, 1, sender=retried),
                    late_retry_ms=5000)
    assert check(history).names == ({found} if found else set())


@pytest.mark.parametrize("sender, ended, found", [("home", 200, True), ("there", 200, False), (None, 200, False),
                                                  ("home", None, False)])
def test_a_late_retry_must_succeed_only_where_nothing_excuses_it(sender, ended, found):
    """Whoever lost an answer may have been the one that rotated."""
    history = chain(lost_op(ended=ended, sender="home"), refresh(2, 2000, 2010, 0, sender=sender), late_retry_ms=5000)
    assert check(history).names == ({"L1"} if found else set())


@pytest.mark.parametrize("more, found", [
    ({}, True), ({"late_retry_ms": 1900}, False), ({"late_retry_ms": 0}, False), ({"grace_ms": 0}, False)])
def test_late_retries_must_succeed_in_time_only(more, found):
    history = chain(lost_op(ended=200, sender="home"), refresh(2, 2000, 2010, 0, sender="home"),
                    **{"late_retry_ms": 5000, **more})
    assert check(history).names == ({"L1"} if found else set())


def generations(late, last):
    """Rotates 0, 1, 2 ..., four seconds each, and comes once more two seconds later where it is late. last: what
    the late retry in the last generation has got."""
    for n in range(max(late) + 1):
        yield refresh(2 * n + 1, 4000 * n + 100, 4000 * n + 110, n, n + 1, sender="home")
        if n in late:
            got = last if n == max(late) else n + 1
            yield refresh(2 * n + 2, 4000 * n + 2100, 4000 * n + 2110, n, got, sender="home")


@pytest.mark.parametrize("late, refused, answered", [
    ((0, 1), {"L1"}, set()), ((0, 7), {"L1"}, set()), ((0, 1, 2), set(), {"S3"}), ((0, 1, 7), set(), {"S3"}),
    ((0, 1, 8), {"L1"}, set()), ((0, 1, 8, 9), {"L1"}, set()), ((0, 6, 7), set(), {"S3"})])
def test_the_budget_is_two_of_eight(late, refused, answered):
    assert check(chain(*generations(late, None), late_retry_ms=3000)).names == refused
    assert check(chain(*generations(late, max(late) + 1), late_retry_ms=3000)).names == answered


def test_a_failover_may_forget_what_was_spent():
    history = chain(*generations((0, 1, 2), 3), late_retry_ms=3000)
    assert check(history)
    history.records.append(Failover(4 * 1000 + 2500, 4 * 1000 + 2600))
    assert not check(history), check(history)


@pytest.mark.parametrize("low, found", [(-1000, False), (-10, False), (0, True), (10, True)])
def test_w_falls_only_when_the_clock_was_set_back(low, found):
    looks = [Snapshot(at, at, "f", generation=1, rotated_ms=w, seen_ms=9, expires_ms=10**9) for at, w in
             ((130, 5000), (160, 4995))]
    history = chain(refresh(1, 100, 120, 0, 1), refresh(2, 140, 150, 0, 1), *looks, Clock(120, 130, low, 20))
    assert check(history, ["S3"]).names == ({"S3"} if found else set())


def test_a_thief_or_a_logout_under_way_excuses_every_refusal():
    for excuse in (refresh(1, 50, 60, 0, 1, honest=False), Op(1, "logout", "x", 50, ended=60, presented=Ref("f", 0, "0"))):
        assert not check(chain(excuse, refresh(2, 100, 110, 0)))


# Files.

def test_a_history_survives_its_file(tmp_path):
    path = tmp_path / "history.jsonl"
    for seed in range(20):
        history = simulate(seed)
        for op in history.ops:
            vars(op).pop("said", None)
        history.save(path)
        assert History.load(path) == history
    path.write_text("".join(path.read_text().splitlines(True)[:-1]))
    with pytest.raises(AssertionError):
        History.load(path)


# The real thing.

class Chains:
    """Some users, each with several tabs that share a jar, and those who mean them ill."""

    def __init__(self, recorder, count):
        self.recorder, self.lock = recorder, threading.Lock()
        self.jars = [[recorder.issue(f"live-{i}", actor=f"user {i}").token] for i in range(count)]

    def step(self, number):
        jar, recorder = self.jars[number % len(self.jars)], self.recorder
        if number % 25 == 7:
            self.forge(jar[-1])
        elif number % 25 == 11:
            recorder.snapshot(jar[0])
        else:
            answer = recorder.refresh(jar[-1], actor=f"user {number % len(self.jars)}")
            with self.lock:
                if answer.token and answer.token not in jar:
                    jar.append(answer.token)

    def forge(self, token):
        at = len(PREFIX) + 60
        forged = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1:]
        self.recorder.refresh(forged, actor="forger", forged=True)

    def come_late(self, number):
        """Once more with the token before the head, past the grace."""
        *_, before, head = sorted(self.jars[number], key=lambda t: Token.parse(t).generation)
        self.recorder.age(head, 5000)
        return self.recorder.refresh(before, actor=f"user {number}").op

    def all_at_once(self, pool, steps):
        list(pool.map(self.step, steps))


def test_200_concurrent_operations_on_the_real_stack(tmp_path):
    with Stack(workers=2, REFRESHD_GRACE_S=1) as stack, ThreadPoolExecutor(8) as pool:
        recorder = Recorder(stack)
        begin = time.monotonic()
        recorder.login(stack.user, stack.password)
        chains = Chains(recorder, 8)
        first, stolen = chains.jars[0], chains.jars[1][0]
        chains.all_at_once(pool, range(120))
        wait_until(lambda: stack.now_ms() > max(stack.record(j[-1]).rotated_ms for j in chains.jars) + 1050, what="grace")
        recorder.refresh(stolen, actor="thief", honest=False, sender="another browser")
        recorder.revoke(first[-1])
        for _ in range(2):
            recorder.commands()
            chains.forge(chains.jars[2][-1])
        recorder.commands()
        chains.all_at_once(pool, range(120, 220))
        recorder.age(chains.jars[3][-1], 5000)
        chains.all_at_once(pool, range(3, 80, 8))
        assert chains.come_late(4).result == "ok"
        for jar in chains.jars:
            recorder.snapshot(jar[0])
        history = recorder.history()
        assert time.monotonic() - begin < 5
    verdict = check(history)
    print(verdict, collections.Counter(o.result for o in history.ops))
    assert not verdict, verdict
    assert len(history.ops) >= 200 and {o.result for o in history.ops} == {"ok", "refused"}
    assert set(verdict.judged) == set(CHECKS), f"judged only {verdict.judged}"
    assert max(s.generation for s in history.of(Snapshot)) >= 3
    judge_again(history, chains, tmp_path / "history.jsonl")


def judge_again(history, chains, path):
    """From its file, which opens no door, and with what must be found in it."""
    history.save(path)
    text = path.read_text()
    for token in (t for jar in chains.jars for t in jar):
        assert token not in text and Token.parse(token).family.hex() not in text
    again = History.load(path)
    assert not check(again)
    for field, wrong, name in (("subject", "nobody", "S7"), ("forged", True, "S5"), ("result", "refused", "L")):
        broken = copy.deepcopy(again)
        op = [o for o in broken.ops if o.kind == "refresh" and o.result == "ok"][9]
        setattr(op, field, wrong)
        assert any(n.startswith(name) for n in check(broken).names), check(broken)


def test_the_recorder_knows_what_was_lost(tmp_path):
    class Broken:
        env = {"REFRESHD_GRACE_S": "3"}

        def ask_issue(self, body):
            raise ConnectionResetError

    recorder = Recorder(Broken(), in_flight_ms=50)
    answer = recorder.issue("anna")
    op, = recorder.history().ops
    assert answer.token is None and answer.response is None
    assert op.answered is None and op.ended >= op.sent and op.result == "unknown" and not op.definite
    settings = recorder.history().settings
    assert (settings.grace_ms, settings.in_flight_ms, settings.idle_ms) == (3000, 50, 2_592_000_000)
