"""What hurts the users of others, each named after their own reports, and does not happen here."""
import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor


from harness import checks, service, stack as stacks
from harness.dialects import compact
from harness.redis_server import RedisServer
from harness.stack import unique
from harness.tokens import Token
from harness.wait import wait_until

PAGE = {"Content-Type": "application/json", "Sec-Fetch-Site": "same-origin"}
GRACE_MS = 10_000


def at_once(work, count=50):
    with ThreadPoolExecutor(count) as pool:
        return [future.result() for future in [pool.submit(work) for _ in range(count)]]


def cookie_of(response):
    lines = [v for n, v in response.headers if n.lower() == "set-cookie" and v.startswith("__Host-refresh_token=")]
    return lines[0].split(";")[0].partition("=")[2] if lines else None


def by_cookie(stack, path, token, **more):
    return stack.http("POST", path, {**PAGE, "Cookie": f"__Host-refresh_token={token}", **more}, b"{}")


def generation(token):
    return Token.parse(token).generation


def test_1_zitadel_9631_hydra_1831_a_lost_answer_is_no_logout(stack):
    token = stack.token()
    lost = stack.renew(token)  # the phone went into a tunnel: this never arrived
    stack.age(token, 60_000)
    assert stack.renew(token) == lost
    stack.age(token, 2 * GRACE_MS)
    assert generation(stack.renew(lost)) == 2


def test_2_nocturne_326_391_parallel_requests_at_expiry_are_no_theft(stack):
    token = stack.token()
    answers = at_once(lambda: stack.renew(token))
    assert len(set(answers)) == 1 and generation(answers[0]) == 1
    assert not stack.record(token).revoked


def test_3_picsou_65_three_tabs_that_restore_stay_logged_in(stack):
    zero = stack.token()
    one = stack.renew(zero)
    assert stack.renew(one) == one  # the second tab is quick
    assert stack.renew(zero) == one  # and the third one sent before both
    stack.age(zero, GRACE_MS)
    assert generation(stack.renew(one)) == 2


def test_3_infisical_5947_an_answer_within_the_grace_brings_the_cookie_too(stack):
    zero = stack.token()
    one = cookie_of(by_cookie(stack, "/session/refresh", zero))
    assert one and cookie_of(by_cookie(stack, "/session/refresh", zero)) == one


def test_4_better_auth_8512_keycloak_14122_auth_js_213_reuse_leaves_other_sessions_alone(stack):
    user = unique()
    phone, laptop = stack.token(user), stack.token(user)
    two = stack.renew(stack.renew(phone))
    stack.age(phone, 200_000)
    assert stack.refresh(phone).status == 401 and stack.refresh(two).status == 401
    assert stack.refresh(laptop).status == 200


def test_5_CVE_2026_1035_parallel_refreshes_never_make_two_successors(strict):
    for _ in range(5):
        token = strict.token()
        good = [r for r in at_once(lambda: strict.refresh(token), 20) if r.status == 200]
        assert len(good) == 1  # strict: one wins, the rest is reuse
        assert strict.refresh(token).status == 401


def test_5_CVE_2026_9802_a_restart_revives_no_spent_token():
    server = RedisServer()
    with service.Service(server.socket) as one:
        token = one.token()
        assert one.refresh(token).status == 200
        with server.client() as store:
            key = Token.parse(token).key(one.keys)
            store.setrange(key, 8, (1).to_bytes(6, "big"))  # rotated long ago
        one.end()
        one.start()
        assert one.refresh(token).status == 401
    server.stop()


def test_5_keycloak_50999_rotations_in_one_second_are_told_apart(strict):
    tokens = [strict.token()]
    for _ in range(5):
        tokens.append(strict.renew(tokens[-1]))
    assert [generation(t) for t in tokens] == list(range(6))
    assert strict.refresh(tokens[3]).status == 401 and strict.refresh(tokens[5]).status == 401


def test_6_keycloak_51312_better_auth_11073_no_refresh_brings_a_session_back(stack):
    user = unique()
    token = stack.token(user)
    with ThreadPoolExecutor(8) as pool:
        flood = [pool.submit(stack.refresh, token) for _ in range(40)]
        logout = stack.http("POST", "/logout", {"Authorization": f"Bearer {token}"})
        after = [pool.submit(stack.refresh, token) for _ in range(20)]
        assert logout.status == 204
        assert {f.result().status for f in after} == {401}
        assert {f.result().status for f in flood} <= {200, 401}
    assert stack.record(token).revoked


def test_7_oauth2_proxy_2503_1658_hydra_1928_a_store_that_fails_ends_nothing():
    server = RedisServer()
    with service.Service(server.socket) as one:
        token = one.token()
        with server.client() as store:
            store.replicaof("127.0.0.1", 1)
            assert one.refresh(token).status == 503  # READONLY
            store.replicaof("NO", "ONE")
        wait_until(lambda: one.refresh(token).status == 200, what="the same token works again")
    server.stop()


def test_8_oauth2_proxy_29_3078_auth_request_spends_nothing(stack):
    issued = stack.issue()
    for token in (issued["access_token"], issued["refresh_token"]):
        before = stack.raw_record(issued["refresh_token"])
        for _ in range(3):
            response = stack.http("GET", "/protected", {"Authorization": f"Bearer {token}"})
            assert response.header("Set-Cookie") is None
        assert stack.raw_record(issued["refresh_token"]) == before
    assert stack.refresh(issued["refresh_token"]).status == 200


def test_9_supabase_2216_hydra_1574_what_is_over_leaves_by_itself(short):
    user = unique()
    token = short.token(user)
    wait_until(lambda: short.raw_record(token) is None, what="Redis drops the session")
    assert short.refresh(token).status == 401


def test_10_hydrogen_3916_a_5xx_never_ends_the_session():
    with stacks.Stack() as alone:
        token = alone.token()
        os.kill(alone.pids["redis"], signal.SIGSTOP)
        try:
            response = by_cookie(alone, "/session/refresh", token)
            assert response.status == 503 and response.header("Retry-After"), response
            assert response.header("Set-Cookie") is None
        finally:
            os.kill(alone.pids["redis"], signal.SIGCONT)
        wait_until(lambda: by_cookie(alone, "/session/refresh", token).status == 200, what="the session lives")


def test_11_withings_mcp_37_new_api_7298_failed_logins_do_not_slow_refreshes():
    with stacks.Stack() as alone:
        token = alone.login()["refreshToken"]
        body = compact(name=alone.user, password="wrong")
        statuses = [alone.http("POST", "/login", {"Content-Type": "application/json"}, body).status for _ in range(8)]
        assert statuses[0] == 401 and statuses[-1] == 429
        assert {alone.refresh(token).status for _ in range(20)} == {200}
        assert alone.refresh("rt1_" + "A" * 94).status == 401  # and a dead grant is told from a limit


def test_12_fxa_oauth_server_370_clients_do_not_come_back_at_once(stack):
    token = stack.token()
    lives = set()
    for _ in range(40):
        access = checks.claims(json.loads(stack.refresh(token).body)["access_token"])
        lives.add(access["exp"] - access["iat"])
    assert len(lives) > 20 and max(lives) <= 900 and min(lives) >= 810


def test_13_django_oauth_toolkit_1617_the_grace_is_for_the_predecessor_alone(stack):
    zero = stack.token()
    one = stack.renew(zero)
    stack.age(zero, GRACE_MS)
    two = stack.renew(one)
    assert stack.renew(one) == two
    assert stack.refresh(zero).status == 401 and stack.refresh(two).status == 401
