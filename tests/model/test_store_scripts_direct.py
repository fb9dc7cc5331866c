"""What the scripts must leave alone: whatever cannot be served changes nothing in the store (S8)."""
import random

import pytest
import redis

from direct import (IDLE, INDEX, KEY, KEYS, NOW, OTHER, SENDER, SID, THIRD, VAR, dump, issue, record, revoke, rotate,
                    session, sessions, sweep)
from reference import variable_part

WHEN = NOW.to_bytes(6, "big")
WHOLE = len(record()) - len(VAR)  # of the head, which is of one size


@pytest.fixture
def store(redis_server):
    with redis_server.client() as client:
        client.flushall()
        yield client


def nothing_changes(store, call, error=redis.ResponseError):
    """call fails, and all keys are as they were."""
    before = dump(store)
    with pytest.raises(error):
        call()
    assert dump(store) == before


def test_S8_a_script_that_redis_does_not_know_changes_nothing(store):
    issue(store)
    nothing_changes(store, lambda: store.evalsha("0" * 40, 2, KEY, INDEX, 0, b"web", 10_000, IDLE, 1, "1", ""),
                    redis.exceptions.NoScriptError)


def test_S8_a_key_of_another_type_is_left_alone(store):
    store.rpush(KEY, b"a list")
    for n in (0, 1):
        nothing_changes(store, lambda: rotate(store, n))
    nothing_changes(store, lambda: issue(store))
    for which, asker in ((SID, b""), (OTHER, SID), (b"*", SID), (b"-", SID)):
        nothing_changes(store, lambda: revoke(store, which, asker))
    nothing_changes(store, lambda: session(store))
    nothing_changes(store, lambda: sessions(store, asker=SID))
    assert store.lrange(KEY, 0, -1) == [b"a list"]


@pytest.mark.parametrize("place", [SID, OTHER, THIRD])
def test_S8_a_record_of_another_type_among_the_users_stops_all_before_any_write(store, place):
    """Wherever it stands in the index, the sessions before it are not ended."""
    for at, sid in enumerate((SID, OTHER, THIRD)):
        issue(store, sid=sid, now=NOW + at)
    store.zadd(INDEX, {b"unused" + b"-" * 16: NOW + 10 * IDLE + 1})  # would leave the index
    store.delete(KEYS + place)
    store.rpush(KEYS + place, b"a list")
    asker = next(sid for sid in (SID, OTHER, THIRD) if sid != place)
    nothing_changes(store, lambda: revoke(store, b"*"))
    nothing_changes(store, lambda: sweep(store, NOW + 9))
    nothing_changes(store, lambda: revoke(store, b"-", asker))
    nothing_changes(store, lambda: sessions(store))
    nothing_changes(store, lambda: issue(store, sid=b"N" * 22, most=1))
    nothing_changes(store, lambda: issue(store, sid=b"N" * 22, most=3))


def test_S8_an_index_of_another_type_stops_everything_before_any_write(store):
    issue(store)
    rotate(store, 0)
    store.set(INDEX, b"not an index")
    nothing_changes(store, lambda: rotate(store, 0, now=NOW + 10_000))  # reuse: would make a tombstone
    for which in (SID, b"*", b"-"):
        for durable in "01":
            nothing_changes(store, lambda: revoke(store, which, SID, durable=durable))
    nothing_changes(store, lambda: sessions(store))
    for durable in "01":
        nothing_changes(store, lambda: sweep(store, durable=durable))
    store.delete(KEY)
    store.hset(b"rd:{slot}:a", "hash", "$h")
    for most in (0, 1):
        nothing_changes(store, lambda: issue(store, most=most, login=(b"rd:{slot}:b", b"rd:{slot}:a"), hashes=(b"$h", b"")))


def test_S8_a_family_that_exists_is_not_issued_again(store):
    issue(store)
    store.hset(b"rd:{slot}:b", "n", 3)
    store.hset(b"rd:{slot}:a", "hash", "$h")
    issue(store, sid=OTHER, absolute=5)  # expired by then, but still in the index
    for most in (0, 1):
        nothing_changes(store, lambda: issue(store, var=variable_part(b"thief", b"web", b"", b"", b"", b""), most=most,
                                             now=NOW + 6, login=(b"rd:{slot}:b", b"rd:{slot}:a"),
                                             hashes=(b"$h", b"")))


def garbage():
    whole, rnd = record(), random.Random(1)
    cases = [whole[:n] for n in range(WHOLE + 9)]
    cases += [bytes([version]) + whole[1:] for version in (0, 2, 0x7f, 0xff)]
    cases += [bytes([rnd.choice((0, 2, 200))]) + rnd.randbytes(rnd.randrange(200)) for _ in range(100)]
    return cases


def test_S8_a_record_that_is_not_ours_is_answered_X_and_left_alone(store):
    for value in garbage():
        store.set(KEY, value, pxat=NOW + IDLE)
        before = dump(store)
        for n in (0, 1, 2**32 - 1):
            assert rotate(store, n, late=100_000, adopt=4) == b"X" + WHEN, value
        assert revoke(store, SID) == b"A" + WHEN + bytes(4)
        assert revoke(store, OTHER, SID) == revoke(store, b"*", SID) == b"V" + WHEN + bytes(4)
        assert session(store) == b"G" + WHEN + value
        assert dump(store) == before


def test_S8_a_record_that_is_not_ours_is_neither_ended_nor_made_room_of(store):
    for value in garbage():
        store.flushall()
        issue(store, sid=OTHER)
        store.set(KEY, value, pxat=NOW + IDLE)
        store.zadd(INDEX, {SID: NOW + 1})
        answer = issue(store, sid=THIRD, most=1)
        assert answer[1] == OTHER and store.get(KEY) == value
        assert revoke(store, b"*")[-4:] == b"\0\0\0\1" and store.get(KEY) == value


def test_S8_a_record_cut_inside_user_or_client_changes_nothing(store):
    whole = record()
    for cut in (b"\xff" + b"u" * 20, b"\x04user\xff" + b"c" * 20):
        store.set(KEY, whole[:WHOLE] + cut)
        nothing_changes(store, lambda: rotate(store, 0))
        nothing_changes(store, lambda: rotate(store, 4, adopt=4))
        nothing_changes(store, lambda: revoke(store, SID, client=b"web"))


def test_T10_an_absent_family_is_never_made(store):
    for n in (0, 1, 7, 2**32 - 1):
        assert rotate(store, n, late=100_000, adopt=4) == b"A" + WHEN
    assert revoke(store, SID) == b"A" + WHEN + bytes(4)
    assert revoke(store, b"*") == b"D" + WHEN + bytes(4)
    assert session(store) == b"A" + WHEN
    assert sessions(store) == b"G" + WHEN + bytes(4)
    assert sweep(store) == b"D" + WHEN + bytes(12)
    assert dump(store) == {}


def test_S3_w_moves_only_with_g_over_a_thousand_replays(store):
    issue(store)
    head = rotate(store, 0)
    assert head[:1] == b"R"
    for i in range(1000):
        answer = rotate(store, 0, now=NOW + i * 9)
        assert answer[:1] == b"P" and answer[7:] == head[7:]
    assert rotate(store, 0, now=NOW + 10_000)[:1] == b"U"


@pytest.mark.parametrize("back", [1, 60_000, 86_400_000])
def test_strict_mode_stays_strict_when_the_clock_is_set_back(store, back):
    issue(store)
    assert rotate(store, 0, grace=0)[:1] == b"R"
    assert rotate(store, 1, now=NOW - back, grace=0)[:1] == b"R"
    assert rotate(store, 1, now=NOW - back, grace=0, late=100_000)[:1] == b"U"


def test_S3_w_does_not_move_over_a_thousand_late_retries_and_they_end(store):
    issue(store)
    rotate(store, 0, grace=1)
    first = rotate(store, 0, now=NOW + 1, grace=1, late=20_000)
    assert first[:1] == b"L"
    for i in range(1, 1000):
        answer = rotate(store, 0, now=NOW + 20 * i, grace=1, late=20_000)
        assert answer[:1] == b"L" and answer[7:21] == first[7:21]  # to w
    assert rotate(store, 0, now=NOW + 20_000, grace=1, late=20_000)[:1] == b"U"


@pytest.mark.parametrize("between", range(8))
def test_L3_a_thief_in_step_needs_a_late_retry_in_each_generation_and_gets_two_of_eight(store, between):
    """Two late generations, `between` that are not, and a third late one."""
    issue(store)
    letters, now, n = "", NOW, 0
    for late in (True, True, *[False] * between, True):
        assert rotate(store, n, now=now, grace=1)[:1] == b"R"
        if late:
            letters += rotate(store, n, now=now + 1, grace=1, late=1000)[:1].decode()
        now, n = now + 10, n + 1
    assert letters == ("LLL" if between >= 6 else "LLU")


def test_S6_what_ended_stays_ended_whatever_comes(store):
    issue(store)
    issue(store, sid=OTHER)
    rotate(store, 0)
    assert revoke(store, SID, reason=3) == b"D" + WHEN + b"\0\0\0\1"
    dead = store.get(KEY)
    assert dead[1] == 1 and dead[3] == 3
    for n in range(5):
        assert rotate(store, n, late=100_000, adopt=4) == b"V" + WHEN + dead
    assert revoke(store, SID, reason=5) == b"D" + WHEN + bytes(4), "it had ended before"
    assert revoke(store, b"*", SID)[:1] == sessions(store, asker=SID)[:1] == b"V"
    assert store.get(KEY) == dead and store.pexpiretime(KEY) == NOW + 10 * IDLE
    assert store.zrange(INDEX, 0, -1) == [OTHER]
    assert sessions(store, asker=OTHER) == b"G" + WHEN + b"\0\0\0\1" + OTHER + len(record()).to_bytes(
        2, "big") + store.get(KEYS + OTHER)


def asked_again():
    """What may be asked once more when it was not confirmed: by name, the state before it and the question."""
    def begin(store):
        issue(store)
        issue(store, sid=OTHER)

    def end(store):
        begin(store)
        revoke(store, b"*")

    return {
        "end one": (begin, lambda store, **o: revoke(store, SID, **o)),
        "one that ended": (end, lambda store, **o: revoke(store, SID, **o)),
        "one that is not there": (begin, lambda store, **o: revoke(store, THIRD, **o)),
        "one of another client": (begin, lambda store, **o: revoke(store, SID, client=b"we", **o)),
        "end all": (begin, lambda store, **o: revoke(store, b"*", **o)),
        "all that ended": (end, lambda store, **o: revoke(store, b"*", **o)),
        "by one that ended": (end, lambda store, **o: revoke(store, b"*", SID, **o)),
        "nobody's": (lambda store: None, lambda store, **o: revoke(store, b"*", **o)),
        "the others": (begin, lambda store, **o: revoke(store, b"-", SID, **o)),
        "the others that ended": (lambda store: issue(store), lambda store, **o: revoke(store, b"-", SID, **o)),
        "sweep": (begin, lambda store, **o: sweep(store, **o)),
        "sweep what was swept": (end, lambda store, **o: sweep(store, **o)),
        "sweep nothing": (begin, lambda store, **o: sweep(store, NOW, **o)),
    }


def changes(store):
    return store.info("persistence")["rdb_changes_since_last_save"]


@pytest.mark.parametrize("name", asked_again())
def test_S6_a_durable_question_writes_whatever_it_answers_and_changes_nothing_more(store, name):
    """WAIT counts the replicas that have its own connection's last write: without one it confirms nothing."""
    prepare, ask = asked_again()[name]
    prepare(store)
    answers, after = [ask(store), ask(store)], dump(store)
    store.flushall()
    prepare(store)
    for answer in answers:
        before = changes(store)
        assert ask(store, durable="1") == answer and changes(store) > before
    assert dump(store) == after


def test_a_user_with_too_many_sessions_loses_the_oldest(store):
    sids = [b"%022d" % i for i in range(20)]
    for at, sid in enumerate(sids):
        parts = issue(store, sid=sid, most=5, now=NOW + at)
        assert parts[1] == (sids[at - 5] if at >= 5 else b"")
    assert store.zrange(INDEX, 0, -1) == sids[-5:]
    assert [store.get(KEYS + sid)[1:4:2] for sid in sids] == [b"\1\2"] * 15 + [b"\0\0"] * 5


def test_sessions_that_ended_unused_make_room_before_any_that_lives(store):
    for at in range(5):
        issue(store, sid=b"%022d" % at, now=NOW + at)
    store.delete(KEYS + b"%022d" % 3)
    assert issue(store, most=5, now=NOW + 5)[1] == b""
    assert store.zcard(INDEX) == 5 and issue(store, sid=OTHER, most=5, now=NOW + 6)[1] == b"%022d" % 0


def test_an_index_that_the_cap_emptied_expires_with_its_new_session(store):
    """The one before lived longer: the index's expiry went with it."""
    issue(store, absolute=100 * IDLE)
    assert issue(store, sid=OTHER, most=1)[1] == SID
    assert store.pexpiretime(INDEX) == NOW + 10 * IDLE


def test_a_page_is_the_newest_first_and_pages_follow_one_another(store):
    sids = [b"%022d" % i for i in range(250)]
    for at, sid in enumerate(sids):
        issue(store, sid=sid, now=NOW + at)
    got, total = [], 250
    size = 22 + 2 + len(record())
    for _ in range(3):
        page = sessions(store, skip=len(got))
        assert page[:1] == b"G" and int.from_bytes(page[7:11], "big") == total
        got += [page[at:at + 22] for at in range(11, len(page), size)]
    assert got == sids[::-1]


def test_pages_lose_nobody_when_others_ended_unused(store):
    """Whoever asks passes over as many as came, since the others have left the index."""
    sids = [b"%022d" % i for i in range(30)]
    for at, sid in enumerate(sids):
        issue(store, sid=sid, now=NOW + at)
    for sid in sids[::2]:
        store.delete(KEYS + sid)
    got, size = [], 22 + 2 + len(record())
    for _ in range(8):
        page = sessions(store, skip=len(got), count=4)
        got += [page[at:at + 22] for at in range(11, len(page), size)]
    assert got == sids[1::2][::-1] and int.from_bytes(page[7:11], "big") == len(got)


def test_a_record_too_long_for_its_length_is_not_listed(store):
    issue(store)
    issue(store, sid=OTHER)
    store.append(KEY, bytes(1 << 16))
    assert sessions(store)[11:33] == OTHER and sessions(store)[7:11] == b"\0\0\0\1"


def test_the_sender_is_any_five_bytes_but_nobody(store):
    for sender in (b"\xff" * 5, b"\r\n\0$\0", SENDER):
        store.flushall()
        issue(store)
        rotate(store, 0, grace=1, sender=sender)
        assert rotate(store, 0, now=NOW + 1, grace=1, late=10, sender=sender)[:1] == b"L"
        assert rotate(store, 0, now=NOW + 1, grace=1, late=10, sender=sender[::-1])[:1] == (
            b"L" if sender == sender[::-1] else b"U")
