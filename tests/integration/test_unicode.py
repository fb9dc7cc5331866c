"""Names, passwords and claims outside of ASCII, as raw UTF-8 and escaped, whatever the release of json-c."""
import json
import subprocess

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from harness import checks
from harness.processes import environment
from harness.stack import unique
from harness.tokens import b64, unb64

JSON = {"Content-Type": "application/json"}
PASSWORD = "süßes Geheimnis 🔑"
CLAIMS = {"name": "Jörg", "cities": ["Łódź", "東京"], "имя": {"emoji": "😀", "edges": "\u0080\uffff"}}
WAYS = pytest.mark.parametrize("ascii", [False, True], ids=["raw", "escaped"])


def text(value, ascii):
    return json.dumps(value, ensure_ascii=ascii, separators=(",", ":")).encode()


@pytest.fixture(scope="module")
def zoe(stack):
    name = f"zoë-{unique()}"
    done = subprocess.run([stack.env["REFRESHD_BIN"], "user", "add", name, "--config", f"{stack.folder}/refreshd.conf"],
                          env=environment(), input=f"{PASSWORD}\n".encode(), capture_output=True, timeout=60)
    assert done.returncode == 0, done
    return name


def protected(stack, token):
    return stack.http("GET", "/protected", {"Authorization": f"Bearer {token}"})


@WAYS
def test_zoe_logs_in_and_passes(stack, zoe, ascii):
    response = stack.http("POST", "/login", JSON, text({"name": zoe, "password": PASSWORD}, ascii))
    assert response.status == 200, response
    access = json.loads(response.body)["accessToken"]
    assert checks.claims(access)["sub"] == zoe
    response = protected(stack, access)
    assert response.status == 200 and json.loads(response.body)["sub"] == zoe, response


@WAYS
def test_another_password_or_spelling_is_not_hers(stack, zoe, ascii):
    for name, password in ((zoe, PASSWORD.replace("ü", "u")), (zoe.replace("ë", "e\u0308"), PASSWORD)):
        response = stack.http("POST", "/login", JSON, text({"name": name, "password": password}, ascii))
        assert response.status == 401, response


@WAYS
def test_claims_are_issued_and_stay_through_a_refresh(stack, ascii):
    response = stack.ask_issue(text({"sub": unique(), "claims": CLAIMS}, ascii))
    assert response.status == 200, response
    answer = json.loads(response.body)
    refreshed = json.loads(stack.refresh(answer["refresh_token"]).body)
    for token in (answer["access_token"], refreshed["access_token"]):
        assert {name: checks.claims(token)[name] for name in CLAIMS} == CLAIMS
        assert protected(stack, token).status == 200


def signed(stack, like, payload):
    """An access token with this payload, under the header of another one."""
    front = f"{like.split('.')[0]}.{b64(payload)}"
    return f"{front}.{b64(Ed25519PrivateKey.from_private_bytes(stack.keys.access['EdDSA']).sign(front.encode()))}"


@WAYS
def test_an_access_token_whose_claims_are_raw_or_escaped_is_good(stack, zoe, ascii):
    like = stack.login()["accessToken"]
    token = signed(stack, like, text(jwt.decode(like, options={"verify_signature": False}) | {"sub": zoe} | CLAIMS, ascii))
    response = protected(stack, token)
    assert response.status == 200 and json.loads(response.body)["sub"] == zoe, response


@pytest.mark.parametrize("bytes_", [b"\xff", b"\xc3", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"])
def test_what_is_not_UTF_8_is_refused_everywhere(stack, bytes_):
    response = stack.http("POST", "/login", JSON, b'{"name":"zo' + bytes_ + b'","password":"x"}')
    assert response.status == 400, response
    response = stack.ask_issue(b'{"sub":"x","claims":{"name":"J' + bytes_ + b'rg"}}')
    assert response.status == 400, response
    like = stack.login()["accessToken"]
    payload = unb64(like.split(".")[1])
    response = protected(stack, signed(stack, like, payload[:-1] + b',"name":"J' + bytes_ + b'rg"}'))
    assert response.status == 401, response
    assert protected(stack, signed(stack, like, payload[:-1] + ',"name":"Jörg"}'.encode())).status == 200
