"""The express dialect with its token in a cookie, as a page of the same host sends it."""
import pytest

from harness import checks
from harness.dialects import BY_NAME, compact

EXPRESS = BY_NAME["express"]


def refresh(stack, token, **headers):
    return stack.http("POST", EXPRESS.path, {"Cookie": f"theme=dark; refreshToken={token}", **headers})


def test_a_token_that_came_by_cookie_goes_by_cookie(stack):
    token = stack.token()
    response = checks.common(refresh(stack, token, **{"Sec-Fetch-Site": "same-origin"}))
    assert response.status == 200 and b"refreshToken" not in response.body, "out of scripts' reach"
    cookie, *attributes = response.header("Set-Cookie").split("; ")
    successor = cookie.removeprefix("refreshToken=")
    assert sorted(a.split("=")[0] for a in attributes) == ["HttpOnly", "Max-Age", "Path", "SameSite", "Secure"]
    assert successor == stack.renew(token), "the same successor as by any other way"


@pytest.mark.parametrize("headers", [
    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"},
    {"Origin": "null"}])
def test_ASVS_3_5_1_a_foreign_page_cannot_rotate_the_session(stack, headers):
    token = stack.token()
    checks.error(refresh(stack, token, **headers), 403, compact(message="cross_site_request"))
    assert stack.record(token).generation == 0
    assert "csrf.refused" in stack.log()


def test_H_cookie_and_body_at_once_are_refused(stack):
    token = stack.token()
    response = stack.http("POST", EXPRESS.path, {"Cookie": f"refreshToken={token}", "Content-Type": "application/json"},
                          compact(refresh_token=token))
    checks.error(response, 400, compact(message="invalid_request"))
    assert stack.record(token).generation == 0


def test_a_cookie_that_is_not_good_is_refused_and_never_cleared(stack):
    for cookie in ("x", "rt1_" + "A" * 94):
        response = refresh(stack, cookie, **{"Sec-Fetch-Site": "same-origin"})
        checks.error(response, *EXPRESS.refused)
        assert response.header("Set-Cookie") is None
