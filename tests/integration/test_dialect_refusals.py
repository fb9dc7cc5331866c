"""Every kind of bad token in every dialect: one refusal, byte for byte, that tells nothing about why."""
from dataclasses import replace

import pytest

from harness import checks
from harness.dialects import BY_NAME, DIALECTS, bearer, compact
from harness.tokens import Token, derive
from harness.wait import wait_until

LATE_MS = 120_000  # after a rotation, late retries of the predecessor are over
dialects = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda d: d.name)

LATE_MS = 120_000  # past grace and late_retry_s: no lost answer explains it


@dialects
def test_a_missing_token_is_answered_as_the_dialect_says(stack, dialect):
    headers, body = dialect.lacking()
    checks.error(stack.http("POST", dialect.path, headers, body), *dialect.missing)


@dialects
def test_an_empty_token_counts_as_missing(stack, dialect):
    headers, body = dialect.put("")
    checks.error(stack.http("POST", dialect.path, headers, body), *dialect.missing)


@dialects
def test_a_malformed_token_is_refused(stack, dialect):
    good = stack.token()
    for bad in ("x", "rt1_", good[:-1], good + "A", "rt2_" + good[4:], good[4:], good.upper(),
                good[:50] + "." + good[51:], good[:50] + "+" + good[51:], good + "=", "." * 98,
                "rt1_" + "A" * 94, "a" * 4000):
        checks.refused(stack.refresh(bad, dialect), dialect)
    assert stack.record(good).generation == 0


@dialects
def test_T11_a_revoked_token_is_refused(stack, dialect):
    token = stack.token()
    stack.revoke(token)
    checks.refused(stack.refresh(token, dialect), dialect)
    assert stack.record(token).revoked


@dialects
def test_T3_a_reused_token_is_refused_and_its_successor_too(stack, dialect):
    token = stack.token()
    successor = stack.renew(token, dialect)
    stack.age(token, LATE_MS)
    checks.refused(stack.refresh(token, dialect), dialect)
    checks.refused(stack.refresh(successor, dialect), dialect)
    assert stack.record(token).revoked


@dialects
def test_T10_a_token_of_an_absent_family_is_refused_and_the_family_not_made(stack, dialect):
    token = stack.token()
    stack.store.delete(stack.key(token))
    checks.refused(stack.refresh(token, dialect), dialect)
    assert stack.raw_record(token) is None


@dialects
def test_T12_a_generation_ahead_of_the_store_is_refused_and_nothing_revoked(strict, dialect):
    token = strict.token()
    before = strict.raw_record(token)
    for ahead in (1, 2, 5, 2**32 - 1):
        coming = replace(Token.parse(token), generation=ahead).sealed(
            strict.keys, strict.record(token).seed)
        checks.refused(strict.refresh(coming.text(), dialect), dialect)
    assert strict.raw_record(token) == before


@dialects
def test_T13_an_authentic_token_with_another_secret_gives_no_token(stack, dialect):
    token = stack.token()
    other = replace(Token.parse(token), secret=bytes(24)).tagged(stack.keys)
    checks.refused(stack.refresh(other.text(), dialect), dialect)


@dialects
def test_T15_another_clients_token_is_refused_and_its_family_intact(stack, dialect):
    token = stack.token(client_id="fixed")
    before = stack.raw_record(token)
    checks.refused(stack.refresh(token, dialect), dialect)
    assert stack.raw_record(token) == before


@dialects
def test_T15_another_clients_token_with_our_tag_is_refused_and_its_family_intact(stack, dialect):
    token = stack.token(client_id="fixed")
    before = stack.raw_record(token)
    checks.refused(stack.refresh(Token.parse(token).tagged(stack.keys, "web").text(), dialect), dialect)
    assert stack.raw_record(token) == before


@dialects
def test_a_token_of_another_deployment_is_refused(stack, quick, dialect):
    token = quick.token()
    checks.refused(stack.refresh(token, dialect), dialect)
    assert quick.record(token).generation == 0
    checks.success(quick.refresh(token, dialect), dialect)


@dialects
def test_a_kid_that_the_server_does_not_have_is_refused(stack, dialect):
    token = Token.parse(stack.token())
    stack.keys.refresh[200] = derive(bytes(32), 1), derive(bytes(32), 2)
    seed = stack.record(token.text()).seed
    for kid in (0, 2, 200, 255):
        other = replace(token, kid=kid)
        other = other.sealed(stack.keys, seed) if kid == 200 else other
        checks.refused(stack.refresh(other.text(), dialect), dialect)


@dialects
def test_T17_an_access_token_is_no_refresh_token(stack, dialect):
    for access in (stack.issue()["access_token"], stack.login()["accessToken"]):
        checks.refused(stack.refresh(access, dialect), dialect)


def test_an_expired_token_is_refused_in_every_dialect(short):
    tokens = [short.token() for _ in DIALECTS]
    for token, dialect in zip(tokens, DIALECTS):
        wait_until(lambda: short.raw_record(token) is None, what="Redis expires the record")
        checks.refused(short.refresh(token, dialect), dialect)
        assert short.raw_record(token) is None


def test_S10_T14_an_expired_record_that_redis_still_has_is_refused_also_inside_grace(short):
    for dialect in DIALECTS:
        token = short.token()
        assert short.store.persist(short.key(token))
        successor = short.renew(token)
        short.store.persist(short.key(token))
        before = short.raw_record(token)
        ends = short.record(token).seen_ms + 1000
        wait_until(lambda: short.now_ms() > ends, what="the session is expired")
        checks.refused(short.refresh(successor, dialect), dialect)
        checks.refused(short.refresh(token, dialect), dialect)
        assert short.raw_record(token) == before, "an expired token changes nothing"


def test_T18_every_refusal_of_a_dialect_looks_the_same(stack):
    token = stack.token()
    gone, revoked = stack.token(), stack.token()
    stack.store.delete(stack.key(gone))
    stack.revoke(revoked)
    for dialect in DIALECTS:
        answers = {(r.status, r.body, tuple(n for n, _ in r.headers))
                   for r in (stack.refresh(t, dialect) for t in ("x" * 98, token[:-1], gone, revoked))}
        assert len(answers) == 1


def test_the_log_tells_the_operator_why(stack):
    token = stack.token()
    coming = replace(Token.parse(token), generation=9).sealed(stack.keys, stack.record(token).seed)
    stack.refresh(coming.text())
    stack.refresh(replace(Token.parse(token), secret=bytes(24)).tagged(stack.keys).text())
    old = stack.token()
    stack.renew(old)
    stack.age(old, LATE_MS)
    stack.refresh(old)
    for event in ("refresh.future", "refresh.lineage_conflict", "refresh.reuse"):
        wait_until(lambda: f'"event":"{event}"' in stack.log(), what=event)


def test_a_token_in_another_dialects_place_counts_as_missing(stack):
    token = stack.token()
    headers, _ = bearer(token)
    checks.error(stack.http("POST", "/refresh", headers), *BY_NAME["header"].missing)
    checks.error(stack.http("POST", "/refresh_token", {"Refresh-Token": token}),
                 *BY_NAME["flask"].missing)
    headers["Content-Type"] = "application/json"
    checks.error(stack.http("POST", "/auth/refresh", headers, b"{}"), *BY_NAME["express"].missing)
    assert stack.record(token).generation == 0


def test_two_headers_that_say_different_things_are_refused(stack):
    one, two = stack.token(), stack.token()
    body = compact(error="invalid_request")
    response = stack.http("POST", "/refresh", [("Refresh-Token", one), ("Refresh-Token", two)])
    checks.error(response, 400, body)
    response = stack.http("POST", "/refresh", [("Refresh-Token", one), ("Refresh-Token", one)])
    checks.error(response, 400, body)
    response = stack.http("POST", "/refresh_token",
                          [("Authorization", f"Bearer {one}"), ("Authorization", f"Bearer {two}")])
    assert response.status == 400 and response.body.startswith(b"{"), response
    assert stack.record(one).generation == stack.record(two).generation == 0
