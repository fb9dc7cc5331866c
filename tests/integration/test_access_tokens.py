"""Access tokens as others see them: PyJWT and Authlib verify ours, and we refuse what is not ours."""
import hashlib
import hmac
import json
import time

import jwt
import pytest
from authlib.jose import JsonWebKey, JsonWebToken
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from harness import checks, stack as stacks
from harness.tokens import b64, unb64

def private_key(stack):
    return Ed25519PrivateKey.from_private_bytes(stack.keys.access["EdDSA"])


def public_bytes(stack):
    return private_key(stack).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def header(token):
    return json.loads(unb64(token.split(".")[0]))


@pytest.fixture(scope="module")
def symmetric():
    with stacks.Stack(REFRESHD_ACCESS_ALG="HS256") as running:
        yield running


@pytest.fixture(scope="module")
def token(stack):
    return stack.login()["accessToken"]


def test_EdDSA_tokens_verify_with_PyJWT(stack, token):
    claims = jwt.decode(token, private_key(stack).public_key(), algorithms=["EdDSA"],
                        audience=stack.url, issuer=stack.url)
    assert claims["sub"] == stack.user


def test_EdDSA_tokens_verify_with_Authlib(stack, token):
    key = JsonWebKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": b64(public_bytes(stack))})
    claims = JsonWebToken(["EdDSA"]).decode(token, key)
    claims.validate()
    assert claims["sub"] == stack.user
    assert header(token)["kid"] == key.thumbprint(), "RFC 7638"


def test_HS256_tokens_verify_with_PyJWT_and_Authlib(symmetric):
    token, secret = symmetric.login()["accessToken"], symmetric.keys.access["HS256"]
    assert header(token)["alg"] == "HS256"
    claims = jwt.decode(token, secret, algorithms=["HS256"], audience=symmetric.url)
    assert JsonWebToken(["HS256"]).decode(token, secret) == claims


def test_RFC9864_the_name_Ed25519_by_setting():
    with stacks.Stack(REFRESHD_ACCESS_ALG="Ed25519") as running:
        token = running.login()["accessToken"]
        assert header(token)["alg"] == "Ed25519"
        head, body, signature = token.split(".")
        private_key(running).public_key().verify(unb64(signature), f"{head}.{body}".encode())
        assert running.http("GET", "/protected", {"Authorization": f"Bearer {token}"}).status == 200


def test_RFC9068_header_and_claims(stack, token):
    assert header(token)["typ"] == "at+jwt" and header(token)["alg"] == "EdDSA"
    claims = checks.claims(token)
    assert set(claims) == {"iss", "sub", "aud", "exp", "iat", "jti", "client_id", "sid", "auth_time", "fresh"}
    assert claims["iss"] == claims["aud"] == stack.url
    assert 810 <= claims["exp"] - claims["iat"] <= 900 and abs(claims["iat"] - time.time()) < 60


def test_jitter_spreads_the_lifetimes(stack):
    lives = set()
    for _ in range(60):
        claims = checks.claims(stack.issue("jitter")["access_token"])
        lives.add(claims["exp"] - claims["iat"])
    assert len(lives) > 10 and 810 <= min(lives) and max(lives) <= 900


def test_jti_is_unique(stack):
    assert len({checks.claims(stack.issue("jti")["access_token"])["jti"] for _ in range(50)}) == 50


def protected(stack, token):
    return stack.http("GET", "/protected", {"Authorization": f"Bearer {token}"})


def test_what_the_right_key_signs_is_accepted(stack, token):
    """So that the refusals below are for the right reason."""
    raw = json.dumps({**checks.claims(token), "sub": "eve"}).encode()
    response = protected(stack, sign_raw(stack, token, raw))
    assert response.status == 200 and json.loads(response.body)["sub"] == "eve"
    same = protected(stack, with_header(stack, token))
    assert same.status == 200 and json.loads(same.body)["sub"] == stack.user


def sign_raw(stack, token, payload):
    text = f"{token.split('.')[0]}.{b64(payload)}"
    return f"{text}.{b64(private_key(stack).sign(text.encode()))}"


def with_header(stack, token, **change):
    head = {k: v for k, v in {**header(token), **change}.items() if v is not None}
    text = f"{b64(json.dumps(head, separators=(',', ':')).encode())}.{token.split('.')[1]}"
    return f"{text}.{b64(private_key(stack).sign(text.encode()))}"


def test_J_none_is_refused_in_any_case(stack, token):
    for alg in ("none", "None", "NONE", "nOnE", ""):
        head = b64(json.dumps({**header(token), "alg": alg}).encode())
        for signature in ("", token.split(".")[2]):
            assert protected(stack, f"{head}.{token.split('.')[1]}.{signature}").status == 401


def test_J_HS256_keyed_by_the_public_key_is_refused(stack, token):
    pem = private_key(stack).public_key().public_bytes(Encoding.PEM,
                                                       PublicFormat.SubjectPublicKeyInfo)
    for key in (public_bytes(stack), b64(public_bytes(stack)).encode(), pem):
        head = b64(json.dumps({**header(token), "alg": "HS256"}, separators=(",", ":")).encode())
        text = f"{head}.{token.split('.')[1]}"
        forged = f"{text}.{b64(hmac.new(key, text.encode(), hashlib.sha256).digest())}"
        assert protected(stack, forged).status == 401


def test_J_another_key_is_refused(stack, quick, token):
    assert protected(stack, quick.login()["accessToken"]).status == 401
    text = ".".join(token.split(".")[:2])
    for key in (Ed25519PrivateKey.generate(), private_key(quick)):
        assert protected(stack, f"{text}.{b64(key.sign(text.encode()))}").status == 401


@pytest.mark.parametrize("change", [
    {"alg": "HS256"}, {"alg": "EdDSA", "crit": ["exp"]}, {"typ": "JWT"}, {"typ": None}, {"kid": None},
    {"kid": "../../etc/passwd"}, {"kid": ""}, {"jwk": {"kty": "oct", "k": "AA"}}, {"jku": "http://127.0.0.1/"},
    {"x5u": "http://127.0.0.1/"}, {"alg": "ES256"}, {"alg": 1}, {"kid": 1}], ids=str)
def test_J_a_header_that_is_not_ours_is_refused_even_when_signed_by_our_key(stack, token, change):
    assert protected(stack, with_header(stack, token, **change)).status == 401


def bad_payloads(claims):
    for name in ("iss", "aud", "sub", "exp", "iat"):
        yield json.dumps({k: v for k, v in claims.items() if k != name})
    for change in ({"iss": "http://other"}, {"aud": "other"}, {"aud": ["other"]}, {"aud": 1},
                   {"exp": 0}, {"exp": -1}, {"exp": str(claims["exp"])}, {"exp": None},
                   {"exp": True}, {"exp": 2**64}, {"exp": claims["iat"] - 1}, {"sub": 1},
                   {"fresh": "true"}, {"fresh": 1}):
        yield json.dumps({**claims, **change})
    text = json.dumps(claims)
    yield text.replace(str(claims["exp"]), "1e400")
    yield text.replace(str(claims["exp"]), "NaN")
    yield text[:-1] + ', "sub": "admin"}'
    yield text + "\0"
    yield text + "x"
    yield text.replace('"', "'")
    yield "[" + text + "]"
    yield text[:-1] + ', "x": ' + "[" * 40 + "]" * 40 + "}"
    yield ""


def test_J_a_payload_that_is_not_sound_is_refused_even_when_signed_by_our_key(stack, token):
    for payload in bad_payloads(checks.claims(token)):
        response = protected(stack, sign_raw(stack, token, payload.encode()))
        assert response.status == 401, payload


@pytest.mark.parametrize("name", ["sub", "sid", "client_id", "scope", "jti"])
def test_J_control_characters_reach_no_header_and_kill_no_worker(stack, token, name):
    """A backend that shares an HS256 key can sign anything: it must not split or end a response."""
    workers = stack.workers()
    for value in ("a\r\nX-Auth-Fresh: 1", "a\nb", "\x7f", "\x00", "a\tb", "x" * 5000, "\ud800"):
        claims = {**checks.claims(token), name: value}
        response = protected(stack, sign_raw(stack, token, json.dumps(claims).encode()))
        assert response.status in (200, 401), (value, response)
        if response.status == 200:
            checks.common(response)
            assert json.loads(response.body)["sub"] == claims["sub"] == stack.user
    assert stack.workers() == workers


def test_J_signed_broken_UTF8_and_overlong_tokens_are_refused(stack, token):
    raw = json.dumps(checks.claims(token)).encode()
    assert protected(stack, sign_raw(stack, token, raw[:-1] + b',"x":"\xff"}')).status == 401
    long = raw[:-1] + b',"x":"' + b"y" * 7000 + b'"}'
    assert protected(stack, sign_raw(stack, token, long)).status in (400, 401, 431)


def test_J_non_canonical_base64url_is_refused(stack, token):
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = token[:-1] + alphabet[alphabet.index(token[-1]) ^ 1]
    assert unb64(twin.split(".")[2]) == unb64(token.split(".")[2])
    assert protected(stack, twin).status == 401
