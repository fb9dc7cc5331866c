"""RFC 8414 (metadata), RFC 7517, 7638 and 8037 (keys), as Authlib and PyJWT read them."""
import hashlib
import json

import jwt
import pytest
from authlib.jose import JsonWebKey, JsonWebToken
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url

from harness import checks, stack as stacks
from harness.tokens import b64, unb64

METADATA = "/.well-known/oauth-authorization-server"
JWKS = "/.well-known/jwks.json"


@pytest.fixture(autouse=True)
def insecure_transport(monkeypatch):
    """Authlib wants https, which is nginx's to add."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")


def get(stack, path):
    response = stack.http("GET", path)
    assert response.status == 200, response
    return json.loads(response.body)


@pytest.fixture(scope="module")
def elsewhere():
    """An issuer with a path, and endpoints of its own choice."""
    with stacks.Stack(REFRESHD_ISSUER="https://id.example/tenant1",
                      REFRESHD_TOKEN_ENDPOINT="https://api.example/token",
                      REFRESHD_JWKS_MAX_AGE_S=77) as running:
        yield running


def test_RFC8414_2_the_document_is_valid_to_Authlib(stack):
    metadata = AuthorizationServerMetadata(get(stack, METADATA))
    metadata.validate()


def test_RFC8414_2_the_issuer_is_byte_equal_to_iss(stack, elsewhere):
    for running in (stack, elsewhere):
        issuer = get(running, METADATA)["issuer"]
        assert issuer == checks.claims(running.issue()["access_token"])["iss"]


def test_RFC8414_3_1_the_well_known_url_is_found_from_the_issuer(stack):
    issuer = get(stack, METADATA)["issuer"]
    assert get_well_known_url(issuer, external=True) == stack.url + METADATA


def test_RFC8414_3_1_an_issuer_with_a_path_keeps_it_behind_the_well_known_part(elsewhere):
    """As refreshd-locations.conf says; the location is the user's to name."""
    metadata = get(elsewhere, METADATA)
    assert get_well_known_url(metadata["issuer"]) == f"{METADATA}/tenant1"
    assert metadata["revocation_endpoint"] == "https://id.example/tenant1/oauth2/revoke"
    assert metadata["jwks_uri"] == "https://id.example/tenant1/.well-known/jwks.json"


def test_RFC8414_2_endpoints_are_where_the_options_say(elsewhere):
    assert get(elsewhere, METADATA)["token_endpoint"] == "https://api.example/token"


def test_RFC8414_3_2_content_type_and_caching(stack, elsewhere):
    response = stack.http("GET", METADATA)
    assert response.header("Content-Type") == "application/json"
    assert response.header("Cache-Control") == "public, max-age=300"
    assert response.header("Content-Length") == str(len(response.body))
    assert elsewhere.http("GET", METADATA).header("Cache-Control") == "public, max-age=77"


def test_RFC8414_3_2_no_member_is_an_empty_array(stack):
    assert [] not in get(stack, METADATA).values()


def test_RFC8414_2_every_endpoint_it_names_is_there(stack):
    metadata = get(stack, METADATA)
    for name in ("token_endpoint", "revocation_endpoint", "introspection_endpoint"):
        path = metadata[name].removeprefix(stack.url)
        assert stack.http("POST", path).status == 400 and stack.http("GET", path).status == 405
    assert stack.http("GET", metadata["jwks_uri"].removeprefix(stack.url)).status == 200


def test_RFC8414_2_grant_types_and_client_authentication(stack):
    metadata = get(stack, METADATA)
    assert metadata["grant_types_supported"] == ["refresh_token"]
    both = {"client_secret_basic", "client_secret_post"}
    assert set(metadata["introspection_endpoint_auth_methods_supported"]) == both
    assert set(metadata["token_endpoint_auth_methods_supported"]) == both | {"none"}
    assert set(metadata["revocation_endpoint_auth_methods_supported"]) == both | {"none"}


@pytest.mark.parametrize("path", [METADATA, JWKS])
def test_RFC9110_published_documents_are_only_read(stack, path):
    response = stack.http("POST", path, {}, b"")
    checks.error(response, 405, b'{"error":"method_not_allowed"}')
    assert response.header("Allow") == "GET, HEAD"
    head = stack.http("HEAD", path)
    assert head.status == 200 and int(head.header("Content-Length")) > 100 and head.body == b""


def test_RFC7517_8_5_media_type_and_caching(stack):
    response = stack.http("GET", JWKS)
    assert response.header("Content-Type") == "application/jwk-set+json"
    assert response.header("Cache-Control") == "public, max-age=300"
    assert response.header("X-Content-Type-Options") == "nosniff"


def test_RFC8037_2_the_members_of_a_key(stack):
    for key in get(stack, JWKS)["keys"]:
        assert set(key) == {"kty", "crv", "x", "kid", "use", "alg"}
        assert (key["kty"], key["crv"], key["use"], key["alg"]) == ("OKP", "Ed25519", "sig", "EdDSA")
        assert len(unb64(key["x"])) == 32 and b64(unb64(key["x"])) == key["x"], "unpadded, canonical"


def test_RFC7638_3_the_kid_is_the_thumbprint(stack):
    for key in get(stack, JWKS)["keys"]:
        text = json.dumps({"crv": "Ed25519", "kty": "OKP", "x": key["x"]}, separators=(",", ":"))
        assert key["kid"] == b64(hashlib.sha256(text.encode()).digest())
        assert key["kid"] == JsonWebKey.import_key(key).thumbprint()


def test_RFC7517_9_2_no_secret_is_published(stack):
    body = stack.http("GET", JWKS).body.decode()
    assert '"d"' not in body and '"k"' not in body and "oct" not in body
    for secret in stack.keys.secrets:
        assert b64(secret) not in body


def test_RFC7517_5_a_key_set_verifies_a_real_token_with_Authlib(stack):
    keys = JsonWebKey.import_key_set(get(stack, JWKS))
    claims = JsonWebToken(["EdDSA"]).decode(stack.login()["accessToken"], keys)
    claims.validate()
    assert claims["sub"] == stack.user
    refreshed = json.loads(stack.refresh(stack.token("keys")).body)["access_token"]
    assert JsonWebToken(["EdDSA"]).decode(refreshed, keys)["sub"] == "keys"


def test_RFC7517_5_a_key_set_verifies_a_real_token_with_PyJWT(stack):
    token = stack.login()["accessToken"]
    key = jwt.PyJWKClient(get(stack, METADATA)["jwks_uri"]).get_signing_key_from_jwt(token)
    claims = jwt.decode(token, key.key, algorithms=["EdDSA"], audience=stack.url, issuer=stack.url)
    assert claims["sub"] == stack.user


def test_RFC9864_the_alg_of_a_key_is_that_of_the_tokens():
    with stacks.Stack(REFRESHD_ACCESS_ALG="Ed25519") as running:
        assert [key["alg"] for key in get(running, JWKS)["keys"]] == ["Ed25519"]
        head = json.loads(unb64(running.login()["accessToken"].split(".")[0]))
        assert head["alg"] == "Ed25519"


def test_R_published_documents_need_no_Redis(stack):
    before = stack.commands()
    get(stack, JWKS), get(stack, METADATA)
    after = stack.commands()
    assert {n: c for n, c in after.items() if "eval" in n} == {n: c for n, c in before.items() if "eval" in n}
