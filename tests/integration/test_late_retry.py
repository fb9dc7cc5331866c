"""A predecessor past the grace whose answer was lost: answered for its own sender, seldom, and not for long."""
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from harness import checks, service
from harness.dialects import BY_NAME, FLASK, compact
from harness.tokens import Record, Token
from harness.wait import wait_until

SECOND = 1000
GRACE, LATE = 10 * SECOND, 120 * SECOND  # by default
HOME = {"REMOTE_ADDR": "192.0.2.7", "HTTP_USER_AGENT": "Phone/1.0"}
REFUSED = 401


class Client:
    """A user's phone. What it does comes from HOME."""

    def __init__(self, running, redis):
        self.service, self.redis = running, redis
        self.first = running.token()

    def ask(self, token, **params):
        return self.service.ask("refresh", HTTP_AUTHORIZATION=f"Bearer {token}", **{**HOME, **params})

    def renew(self, token, **params):
        reply = self.ask(token, **params)
        assert reply.status == 200, reply
        return json.loads(reply.body)["refresh_token"]

    def record(self):
        with self.redis.client() as client:
            return Record.parse(client.get(self.service.key(self.first)))

    def age(self, by_ms):
        """Moves the times of the last rotation and of the last use into the past."""
        with self.redis.client() as client:
            client.setrange(self.service.key(self.first), 8, self.record().aged(by_ms))

    def lose(self, token, age_ms=GRACE):
        """Rotates, and the answer is lost. Returns what it had in it."""
        lost = self.renew(token)
        self.age(age_ms)
        return lost

    def is_reuse(self, token, **params):
        reply = self.ask(token, **params)
        assert (reply.status, reply.body) == FLASK.refused, reply
        record = self.record()
        assert record.revoked and record.reason == 1
        wait_until(lambda: self.events("refresh.reuse"), what="the event")

    def events(self, name):
        sid = self.service.keys.sid(Token.parse(self.first).family)
        return [line for line in self.service.log().splitlines() if f'"event":"{name}"' in line and sid in line]


@pytest.fixture(scope="module")
def one(redis_server):
    with service.Service(redis_server.socket) as running:
        yield running


@pytest.fixture
def phone(one, redis_server):
    return Client(one, redis_server)


@pytest.mark.parametrize("age", [GRACE, 60 * SECOND, LATE - 5 * SECOND])
def test_L1_a_lost_answer_is_given_again_past_the_grace(phone, age):
    lost = phone.lose(phone.first, age)
    before = phone.record()
    for _ in range(5):  # this answer may be lost too
        assert phone.renew(phone.first) == lost
    after = phone.record()
    assert after == replace(before, late=1, seen_ms=after.seen_ms), "the time of rotation does not move"
    assert len(wait_until(lambda: phone.events("refresh.late"), what="the event")) >= 1
    assert phone.renew(lost) == lost, "a head that was given late is young, for the other tabs' sake"
    phone.age(GRACE)
    assert Token.parse(phone.renew(lost)).generation == 2
    assert not phone.record().revoked


def test_T3_after_late_retry_s_it_is_reuse(phone):
    phone.lose(phone.first, LATE)
    phone.is_reuse(phone.first)


def test_S3_late_retries_do_not_make_the_time_longer(phone):
    lost = phone.lose(phone.first, LATE - 5 * SECOND)
    assert phone.renew(phone.first) == lost
    phone.age(5 * SECOND)
    phone.is_reuse(phone.first)


@pytest.mark.parametrize("thief", [
    {"HTTP_USER_AGENT": "Phone/1.1"}, {"HTTP_USER_AGENT": "phone/1.0"}, {"HTTP_USER_AGENT": None},
    {"REMOTE_ADDR": "192.0.3.7"}, {"REMOTE_ADDR": "10.0.2.7"}, {"REMOTE_ADDR": "::ffff:192.0.2.7"},
    {"REMOTE_ADDR": "2001:db8::7"}, {"REMOTE_ADDR": ""},
    {"REMOTE_ADDR": "198.51.100.1", "HTTP_X_FORWARDED_FOR": "192.0.2.7", "HTTP_X_REAL_IP": "192.0.2.7",
     "HTTP_FORWARDED": "for=192.0.2.7", "HTTP_CLIENT_IP": "192.0.2.7"}])
def test_T3_S4_another_browser_or_network_is_reuse_whatever_it_says_about_itself(phone, thief):
    phone.lose(phone.first)
    phone.is_reuse(phone.first, **thief)


@pytest.mark.parametrize("elsewhere", [
    {"REMOTE_ADDR": "192.0.2.255"}, {"HTTP_X_FORWARDED_FOR": "203.0.113.9"}, {"HTTP_ACCEPT_LANGUAGE": "de"}])
def test_the_same_sender_is_known_by_its_browser_and_network_alone(phone, elsewhere):
    lost = phone.lose(phone.first)
    assert phone.renew(phone.first, **elsewhere) == lost


@pytest.mark.parametrize("address, same", [("2001:db8:0:1::9", True), ("2001:db8:0:ff:1::", True),
                                           ("2001:db8:0:100::", False)])
def test_of_an_IPv6_address_the_first_56_bits_are_the_network(phone, address, same):
    lost = phone.renew(phone.first, REMOTE_ADDR="2001:db8:0:12::7")
    phone.age(GRACE)
    if same:
        assert phone.renew(phone.first, REMOTE_ADDR=address) == lost
    else:
        phone.is_reuse(phone.first, REMOTE_ADDR=address)


def test_it_is_the_sender_that_rotated_who_counts_not_who_came_before(phone):
    """Whoever used the predecessor's predecessor may be the thief."""
    other = {"REMOTE_ADDR": "203.0.113.9"}
    second = phone.renew(phone.first)
    phone.age(GRACE)
    third = phone.renew(second, **other)
    phone.age(GRACE)
    assert phone.renew(second, **other) == third
    phone.is_reuse(second)


def test_L1_two_tabs_that_wake_late_with_one_token_both_go_on(phone):
    """The first one's successor must not rotate under the second one (found by the model)."""
    lost = phone.lose(phone.first)
    assert phone.renew(phone.first) == lost
    assert phone.renew(lost) == lost
    assert phone.renew(phone.first) == lost


def test_T3_a_head_that_was_used_ends_it(phone):
    successor = phone.lose(phone.first)
    assert Token.parse(phone.renew(successor)).generation == 2
    phone.is_reuse(phone.first)


def test_T4_older_generations_have_no_late_retry(phone):
    second = phone.lose(phone.first)
    phone.lose(second)
    phone.is_reuse(phone.first)


def play(phone, losses):
    """A rotation for each item; where it is true, its answer is lost and asked for again. Returns the last token."""
    token = phone.first
    for number, lost in enumerate(losses):
        successor = phone.lose(token)
        if lost:
            assert phone.renew(token) == successor, f"rotation {number}"
            phone.age(GRACE)
        token = successor
    return token


def test_L3_the_third_late_generation_of_eight_is_reuse(phone):
    """A thief in step with the victim needs one in every generation."""
    token = play(phone, [True, True])
    phone.lose(token)
    phone.is_reuse(token)


def test_L3_also_when_others_lie_between(phone):
    token = play(phone, [True, False, False, True, False, False, False])
    phone.lose(token)
    phone.is_reuse(token)


def test_L1_two_of_eight_are_answered_for_ever(phone):
    play(phone, ([True, True] + [False] * 6) * 3)
    assert not phone.record().revoked
    assert len(phone.events("refresh.late")) == 6


def test_S1_twenty_late_retries_at_once_get_one_token_and_count_once(phone):
    lost = phone.lose(phone.first)
    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(lambda _: phone.renew(phone.first), range(20))) == {lost}
    assert phone.record().late == 1 and phone.record().generation == 1


def test_T15_a_late_retry_gives_no_scope_that_was_not_granted(phone, redis_server):
    lost = phone.lose(phone.first)
    before = phone.record()
    oauth2 = BY_NAME["oauth2"]
    headers, body = oauth2.put(phone.first)
    form = {"CONTENT_TYPE": headers["Content-Type"], **HOME}
    reply = phone.service.ask("refresh", "oauth2", body + b"&scope=admin", **form)
    assert (reply.status, reply.body) == (400, compact(error="invalid_scope"))
    assert phone.record() == before, "it is neither counted nor a reuse"
    reply = phone.service.ask("refresh", "oauth2", body, **form)
    assert json.loads(reply.body)["refresh_token"] == lost


def test_C_a_restart_of_the_service_forgets_no_sender(redis_server):
    with service.Service(redis_server.socket) as one:
        phone = Client(one, redis_server)
        lost = phone.lose(phone.first)
        one.end()
        one.start()
        assert phone.renew(phone.first) == lost


def test_the_sender_is_not_told_by_the_record(one, redis_server):
    """Two sessions of one browser do not look alike in Redis."""
    phones = [Client(one, redis_server) for _ in range(2)]
    for phone in phones:
        phone.renew(phone.first)
    assert len({phone.record().fingerprint for phone in phones} | {bytes(4)}) == 3


@pytest.mark.parametrize("setting", [{"REFRESHD_LATE_RETRY_S": 0}, {"REFRESHD_GRACE_S": 0},
                                     {"REFRESHD_LATE_RETRY_S": 5}, {"REFRESHD_LATE_RETRY_S": 10}],
                         ids=["off", "strict", "below the grace", "the grace"])
def test_T3_where_late_retries_are_off_it_is_reuse(redis_server, setting):
    with service.Service(redis_server.socket, **setting) as one:
        phone = Client(one, redis_server)
        phone.lose(phone.first)
        phone.is_reuse(phone.first)


def test_L1_through_nginx_what_a_client_says_about_its_address_does_not_matter(stack):
    def ask(token, **headers):
        return stack.http("POST", FLASK.path, {**FLASK.put(token)[0], "User-Agent": "Phone/1.0", **headers})

    def lose(token):
        lost = checks.success(ask(token), FLASK)[0]["refresh_token"]
        stack.age(token, GRACE)
        return lost

    token = stack.token()
    lost = lose(token)
    answer, _ = checks.success(ask(token, **{"X-Forwarded-For": "203.0.113.9", "X-Real-IP": "203.0.113.9"}), FLASK)
    assert answer["refresh_token"] == lost
    other = stack.token()
    lose(other)
    checks.refused(ask(other, **{"User-Agent": "Phone/2.0"}), FLASK)
    assert stack.record(other).revoked
