"""What a user does with sessions over HTTP, and what Redis then holds."""
import json

from .tokens import Token, b64

REASONS = ("", "reuse", "cap", "logout", "user", "admin", "account")


def record_key(keys, token):
    token = Token.parse(token)
    return f"rd:{{{b64(token.slot)}}}:f:{keys.sid(token.family)}"


def ended(running, token, store=None):
    """The reason for which the token's session was revoked; None while it stands."""
    raw = (store or running.store).get(record_key(running.keys, token))
    return REASONS[raw[3]] if raw[1] else None


def sid(running, token):
    return running.keys.sid(Token.parse(token).family)


def bearer(access_token, **more):
    return {"Authorization": f"Bearer {access_token}", **more}


def listed(stack, access_token):
    response = stack.http("GET", "/sessions", bearer(access_token))
    assert response.status == 200, response
    return json.loads(response.body)


def no_content(response):
    """RFC 9110 section 8.6: a 204 has neither length nor type nor body."""
    assert response.status == 204 and response.body == b"", response
    for name in ("Content-Length", "Content-Type", "Transfer-Encoding"):
        assert response.header(name) is None, response
    assert response.header("Cache-Control") == "no-store", response
    assert response.header("X-Content-Type-Options") == "nosniff" and response.header("X-Request-Id"), response
    return response
