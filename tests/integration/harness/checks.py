"""What is true of every answer, and of every success."""
import json
import re

import jwt

from .dialects import compact
from .tokens import LENGTH, PREFIX, Token

RESERVED = ("iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope", "sid", "auth_time", "fresh")


def common(response):
    assert response.header("Cache-Control") == "no-store", response
    assert response.header("X-Content-Type-Options") == "nosniff", response
    assert re.fullmatch(r"[0-9A-Za-z_-]{8,64}", response.header("X-Request-Id") or ""), response
    assert response.header("Content-Type") == "application/json", response
    assert response.header("Content-Length") == str(len(response.body)), response
    assert response.header("Transfer-Encoding") is None, response
    return response


def error(response, status, body):
    common(response)
    assert (response.status, response.body) == (status, body), response
    return response


def refused(response, dialect):
    return error(response, *dialect.refused)


def claims(access_token):
    return jwt.decode(access_token, options={"verify_signature": False})


def success(response, dialect, scope=None):
    """Byte-exact: the dialect's members in their order, nothing else. Returns (answer, claims)."""
    common(response)
    assert response.status == 200, response
    answer = json.loads(response.body)
    due = tuple(m for m in dialect.success if m != "scope" or scope)
    assert tuple(answer) == due, response
    assert response.body == compact(**answer), response
    access = claims(dialect.access(answer))
    for name in ("expires_in", "expiresIn"):
        if name in answer:
            assert answer[name] == access["exp"] - access["iat"], answer
    assert answer.get("token_type", "Bearer") == "Bearer"
    assert answer.get("scope") == (scope if "scope" in due else None)
    refresh = dialect.refresh(answer)
    if refresh is not None:
        assert refresh.startswith(PREFIX) and len(refresh) == LENGTH, refresh
        Token.parse(refresh)
    return answer, access
