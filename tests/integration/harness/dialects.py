"""The wire dialects as a client knows them: where the token goes in and what comes back."""
import json
from dataclasses import dataclass
from typing import Callable
from urllib.parse import urlencode


def compact(**members):
    return json.dumps(members, separators=(",", ":")).encode()


def bearer(token):
    return {"Authorization": f"Bearer {token}"}, None


def refresh_header(token):
    return {"Refresh-Token": token}, None


def json_member(name):
    return lambda token: ({"Content-Type": "application/json"}, compact(**{name: token}))


def form(token):
    return ({"Content-Type": "application/x-www-form-urlencoded"},
            urlencode({"grant_type": "refresh_token", "refresh_token": token,
                       "client_id": "web"}).encode())


def bare():
    return {}, None


def empty_json():
    return {"Content-Type": "application/json"}, b"{}"


def empty_form():
    return ({"Content-Type": "application/x-www-form-urlencoded"},
            b"grant_type=refresh_token&client_id=web")


@dataclass(frozen=True)
class Dialect:
    name: str
    path: str
    put: Callable          # token -> headers, body
    lacking: Callable      # the same without a token
    success: tuple         # members in order
    missing: tuple         # status, body without a token
    refused: tuple         # status, body for a token that is not good
    error: str             # the member that names an error

    def access(self, answer):
        return answer.get("access_token") or answer["accessToken"]

    def refresh(self, answer):
        return answer.get("refresh_token") or answer.get("refreshToken")


DIALECTS = (
    Dialect("flask", "/refresh_token", bearer, bare,
            ("access_token", "expires_in", "refresh_token"),
            (401, compact(error="missing_token")),
            (401, compact(error="invalid_refresh_token")), "error"),
    Dialect("header", "/refresh", refresh_header, bare, ("access_token", "refresh_token"),
            (401, compact(error="Invalid refresh token")),
            (401, compact(error="Invalid refresh token")), "error"),
    Dialect("jwt-extended", "/token/refresh", bearer, bare, ("access_token", "refresh_token"),
            (401, compact(msg="Missing Authorization Header")),
            (401, compact(msg="Token has been revoked")), "msg"),
    Dialect("express", "/auth/refresh", json_member("refresh_token"), empty_json,
            ("accessToken", "expiresIn", "refreshToken"),
            (401, compact(message="Refresh token required")),
            (403, compact(message="Invalid refresh token")), "message"),
    Dialect("express-token", "/token", json_member("token"), empty_json,
            ("accessToken", "refreshToken"),
            (401, compact(message="Refresh token required")),
            (403, compact(message="Invalid refresh token")), "message"),
    Dialect("oauth2", "/oauth2/token", form, empty_form,
            ("access_token", "token_type", "expires_in", "refresh_token", "scope",
             "refresh_token_timeout", "authorization_expires_in"),
            (400, compact(error="invalid_request")),
            (400, compact(error="invalid_grant")), "error"),
)
BY_NAME = {d.name: d for d in DIALECTS}
FLASK = BY_NAME["flask"]
