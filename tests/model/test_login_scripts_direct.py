"""Accounts and failed logins: the scripts alone, at times of the test's choice."""
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

import differential
from direct import INDEX, KEY, NOW, dump, issue, run

ACCOUNT, FAILED = b"rd:{slot}:a", b"rd:{slot}:b"
TRIES, MOST = 5, 60_000
FORGET = 900_000  # ms after the last try


@pytest.fixture
def store(redis_server):
    with redis_server.client() as client:
        client.flushall()
        yield client


def account(store, what, name=b"anna", hash=b"$new", key=ACCOUNT):
    return store.eval((differential.SCRIPTS_FOLDER / "account.lua").read_text(), 1, key, what, name, hash)


def login(store, now=NOW, tries=TRIES, most=MOST):
    return run(store, "login", (ACCOUNT, FAILED), (tries, most), now)


def waits(store, now):
    """How long a try at that time would have to wait, in ms. Changes nothing."""
    before = dump(store)
    got = login(store, now)
    if got[3] is None:
        return 0
    assert dump(store) == before, "who has to wait is not counted"
    return int(got[3])


@pytest.fixture(params=["known", "unknown"])
def who(request, store):
    """What a try gives: an account that does not exist is counted alike."""
    if request.param == "known":
        account(store, "add", hash=b"$hash")
        return [b"anna", b"$hash", None, None]
    return [None, None, None, None]


def test_a_try_gives_the_account_and_says_when_it_is_disabled(store, who):
    assert login(store) == who
    if who[0]:
        account(store, "disable")
        assert login(store) == [b"anna", b"$hash", b"1", None]


def test_after_the_last_try_the_waits_grow_by_the_double_up_to_the_longest(store, who):
    now = NOW
    for _ in range(TRIES):
        assert login(store, now) == who
    for pause in (1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000):
        for past in (0, 1, pause // 2, pause - 1):
            assert waits(store, now + past) == pause - past
        now += pause
        assert login(store, now) == who, "one look, then the next wait"


def test_who_has_to_wait_gets_the_name_alone(store, who):
    for _ in range(TRIES):
        login(store)
    assert login(store) == [who[0], None, None, b"1000"]


def test_a_hundred_tries_at_once_get_as_many_looks_as_tries(redis_server, store, who):
    """They are counted before the password is looked at, so side by side they gain nothing."""
    def one(_):
        with redis_server.client() as client:
            return login(client)[3]

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(one, range(100)))
    assert answers.count(None) == TRIES


@pytest.mark.parametrize("tries", [1, 2, 1000])
def test_the_number_of_tries_is_the_settings(store, tries):
    for number in range(tries):
        assert login(store, tries=tries)[3] is None, number
    assert login(store, tries=tries)[3] == b"1000"


def test_a_longest_wait_below_a_second_is_kept_and_none_counts_nothing(store):
    for _ in range(TRIES):
        login(store, most=300)
    assert login(store, most=300)[3] == b"300"
    assert login(store, most=0)[3] is None
    store.flushall()
    for _ in range(100):
        assert login(store, most=0)[3] is None
    assert dump(store) == {}


def test_a_clock_that_is_set_back_makes_nobody_wait_longer_than_the_longest(store):
    for _ in range(TRIES + 1):
        login(store)
    assert int(login(store, now=NOW - 86_400_000)[3]) == MOST


def test_after_very_many_tries_the_wait_is_still_the_longest(store):
    store.hset(FAILED, mapping={"n": 2**40, "until": NOW})
    assert login(store)[3] is None
    assert login(store)[3] == b"%d" % MOST


def test_failed_logins_are_forgotten_some_time_after_the_last_one(store, who):
    for _ in range(TRIES + 3):
        login(store)
    left = store.pttl(FAILED)
    assert FORGET + MOST - 5000 < left <= FORGET + MOST
    login(store, now=NOW + 3_600_000)
    assert store.pttl(FAILED) > left - 5000


def test_a_login_that_succeeds_forgets_the_failed_ones(store):
    account(store, "add", hash=b"$hash")
    for _ in range(TRIES + 1):
        login(store)
    assert waits(store, NOW) == 1000
    assert issue(store, login=(FAILED, ACCOUNT), hashes=(b"$hash", b""))[0][:1] == b"I"
    assert not store.exists(FAILED) and login(store)[3] is None


def test_a_login_makes_a_hash_anew_that_was_outdated(store):
    account(store, "add", hash=b"$old")
    assert issue(store, login=(FAILED, ACCOUNT), hashes=(b"$old", b"$new"))[0][:1] == b"I"
    assert store.hget(ACCOUNT, "hash") == b"$new"


@pytest.mark.parametrize("change", ["password", "disable", "delete"])
def test_a_login_in_flight_gives_no_session_when_the_account_has_changed(store, change):
    """Its sessions were just ended: none may begin with what was true before."""
    account(store, "add", hash=b"$old")
    account(store, change, hash=b"$other")
    before = dump(store)
    assert issue(store, login=(FAILED, ACCOUNT), hashes=(b"$old", b"$new")) == [b"B" + NOW.to_bytes(6, "big"), b""]
    assert dump(store) == before


def test_a_session_that_a_backend_starts_forgets_none(store):
    for _ in range(TRIES + 1):
        login(store)
    issue(store)
    assert waits(store, NOW) == 1000


@pytest.mark.parametrize("key", [ACCOUNT, FAILED])
def test_S8_a_key_of_another_type_stops_a_try_before_it_is_counted(store, key):
    store.rpush(key, b"a list")
    before = dump(store)
    with pytest.raises(redis.ResponseError):
        login(store)
    assert dump(store) == before


@pytest.mark.parametrize("fields", [{"n": "x"}, {"until": "x"}, {"n": "", "until": "1"}])
def test_S8_a_count_that_is_none_changes_nothing(store, fields):
    store.hset(FAILED, mapping=fields)
    before = dump(store)
    with pytest.raises(redis.ResponseError):
        login(store)
    assert dump(store) == before


def test_an_account_is_added_once(store):
    assert account(store, "add", hash=b"$one") == 1
    assert account(store, "add", name=b"eve", hash=b"$two") == 0
    assert store.hgetall(ACCOUNT) == {b"name": b"anna", b"hash": b"$one"}


@pytest.mark.parametrize("what", ["password", "disable", "enable", "delete", "", "drop"])
def test_an_account_that_is_not_there_is_not_made(store, what):
    assert account(store, what) == 0
    assert dump(store) == {}


def test_an_account_changes_as_it_is_told(store):
    account(store, "add", hash=b"$one")
    assert account(store, "password", hash=b"$two") == 1
    assert store.hgetall(ACCOUNT) == {b"name": b"anna", b"hash": b"$two"}
    for _ in range(2):
        assert account(store, "disable") == 1
        assert store.hget(ACCOUNT, "disabled") == b"1"
    for _ in range(2):
        assert account(store, "enable") == 1
        assert not store.hexists(ACCOUNT, "disabled")
    assert account(store, "delete") == 1
    assert dump(store) == {}


@pytest.mark.parametrize("what", ["add", "password", "disable", "enable", "", "drop"])
def test_S8_an_account_of_another_type_is_left_alone(store, what):
    store.rpush(ACCOUNT, b"a list")
    before = dump(store)
    try:
        assert account(store, what) == 0
    except redis.ResponseError:
        pass
    assert dump(store) == before


def listed(store, count, pattern=b"rd:{*}:a"):
    """All pages: name -> disabled."""
    text, cursor, found = (differential.SCRIPTS_FOLDER / "accounts.lua").read_text(), b"0", {}
    for _ in range(10_000):
        cursor, page = store.eval(text, 0, cursor, count, pattern)
        while page:
            name, disabled, page = page[1:1 + page[0]], page[1 + page[0]:2 + page[0]], page[2 + page[0]:]
            assert found.setdefault(name, disabled) == disabled
        if cursor == b"0":
            return found
    raise AssertionError("the pages do not end")


@pytest.mark.parametrize("count", [1, 10, 200])
def test_accounts_are_listed_page_by_page(store, count):
    names = [b"user-%d" % i for i in range(500)] + [b"\xc3\xa9", b"n" * 255]
    for i, name in enumerate(names):
        account(store, "add", name=name, key=b"rd:{%d}:a" % i)
        if i % 3 == 0:
            account(store, "disable", key=b"rd:{%d}:a" % i)
    issue(store)
    login(store)
    store.set(b"rd:{text}:a", b"of another type")
    store.hset(b"rd:{nameless}:a", "hash", "x")
    store.hset(b"other:{0}:a", mapping={"name": "of another deployment", "hash": "x"})
    before = dump(store)
    assert listed(store, count) == {name: b"1" if i % 3 == 0 else b"0" for i, name in enumerate(names)}
    assert dump(store) == before


def test_no_accounts_are_an_empty_page(store):
    assert listed(store, 10) == {}
    issue(store)
    assert listed(store, 10) == {} and store.exists(KEY, INDEX) == 2
