from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm

from aevatar.errors import Misassembled
from aevatar.server import Settings
from aevatar.server.authentication import authenticator_of
from tests.server.kit import Served, served


@dataclass
class Issuer:
    """An OpenID provider that really listens, and signs whatever a test wants."""

    keys: dict[str, ec.EllipticCurvePrivateKey] = field(default_factory=dict)
    url: str = ""
    is_down: bool = False
    claims_to_be: str = ""
    fetches: int = 0

    def answer(self, path: str) -> dict[str, Any] | None:
        if self.is_down:
            return None
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.claims_to_be or self.url, "jwks_uri": f"{self.url}/keys"}
        self.fetches += 1
        return {
            "keys": [
                {**ECAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": name, "use": "sig"}
                for name, key in self.keys.items()
            ]
        }

    def token(self, key: str = "first", **claims: Any) -> str:
        """A token as it should be, but for `claims`; one that is None is left out."""
        usual = {
            "iss": self.url,
            "aud": "aevatar",
            "sub": "ann",
            "exp": time.time() + 600,
            "aevatar_scope": "alpha",
            "permissions": ["runs.read"],
        }
        said = {name: value for name, value in {**usual, **claims}.items() if value is not None}
        signing = self.keys.get(key) or ec.generate_private_key(ec.SECP256R1())
        return jwt.encode(said, signing, algorithm="ES256", headers={"kid": key})


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    known = Issuer({"first": ec.generate_private_key(ec.SECP256R1())})

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = known.answer(self.path)
            self.send_response(503 if body is None else 200)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        known.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield known
        server.shutdown()
        thread.join()


@pytest.fixture
async def guarded(tmp_path: Path, issuer: Issuer) -> AsyncIterator[Served]:
    async with served(tmp_path, auth="oidc", oidc_issuer=issuer.url, oidc_audience="aevatar") as serving:
        yield serving


async def me(guarded: Served, token: str) -> httpx2.Response:
    return await guarded.client.get("/api/me", headers={"authorization": f"Bearer {token}"})


def refusal(answer: httpx2.Response) -> tuple[int, str, str]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["message"]


async def test_a_providers_token_says_who_calls(guarded: Served, issuer: Issuer) -> None:
    answer = await me(guarded, issuer.token())
    assert answer.json() == {"scope": "alpha", "subject": "ann", "permissions": ["runs.read"]}


async def test_permissions_may_be_words_in_one_string(guarded: Served, issuer: Issuer) -> None:
    answer = await me(guarded, issuer.token(permissions="runs.read models.use"))
    assert answer.json()["permissions"] == ["models.use", "runs.read"]


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": 1}, "this token has expired"),
        ({"exp": None}, "this token does not verify"),
        ({"nbf": time.time() + 3600}, "this token is not valid yet"),
        ({"aud": "somebody"}, "this token was made for somebody else"),
        ({"aud": None}, "this token does not verify"),
        ({"iss": "https://elsewhere.example"}, "this token is of another provider"),
        ({"sub": None}, "this token does not verify"),
        ({"sub": "an\nn"}, "the token's subject is not printable text of at most 128 characters"),
    ],
)
async def test_a_token_that_says_the_wrong_thing_is_refused(
    guarded: Served, issuer: Issuer, claims: dict[str, Any], reason: str
) -> None:
    assert refusal(await me(guarded, issuer.token(**claims))) == (401, "authentication_required", reason)


@pytest.mark.parametrize("scope", [None, "", "UPPER CASE", 7, ["alpha"]])
async def test_a_token_without_a_scope_opens_nothing(guarded: Served, issuer: Issuer, scope: object) -> None:
    told = "the token has no claim 'aevatar_scope' that names a scope"
    assert refusal(await me(guarded, issuer.token(aevatar_scope=scope))) == (403, "permission_denied", told)


async def test_a_token_of_another_signer_is_refused(guarded: Served, issuer: Issuer) -> None:
    forged = Issuer({"first": ec.generate_private_key(ec.SECP256R1())}, url=issuer.url).token()
    assert refusal(await me(guarded, forged)) == (401, "authentication_required", "this token does not verify")


async def test_the_providers_public_key_is_nobodys_secret(guarded: Served, issuer: Issuer) -> None:
    public = issuer.keys["first"].public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    said = jwt.decode(issuer.token(), options={"verify_signature": False})
    for forged in (
        jwt.encode(said, public, algorithm="HS256", headers={"kid": "first"}),
        jwt.encode(said, None, algorithm="none", headers={"kid": "first"}),
    ):
        assert refusal(await me(guarded, forged)) == (401, "authentication_required", "this token does not verify")


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "aev_0123456789ab_00"])
async def test_what_is_no_signed_token_is_refused_without_asking_the_provider(
    guarded: Served, issuer: Issuer, token: str
) -> None:
    assert refusal(await me(guarded, token)) == (401, "authentication_required", "this is no signed token")
    assert issuer.fetches == 0


async def test_a_new_key_of_the_provider_is_fetched_at_most_once_a_minute(guarded: Served, issuer: Issuer) -> None:
    assert (await me(guarded, issuer.token())).status_code == 200
    told = "this token is signed with a key that its provider does not name"
    for _ in range(3):
        assert refusal(await me(guarded, issuer.token("made up"))) == (401, "authentication_required", told)
    assert issuer.fetches == 1


async def test_a_key_once_known_outlives_an_outage_of_the_provider(guarded: Served, issuer: Issuer) -> None:
    assert (await me(guarded, issuer.token())).status_code == 200
    issuer.is_down = True
    assert (await me(guarded, issuer.token(sub="zoe"))).json()["subject"] == "zoe"


@pytest.mark.parametrize("trouble", [{"is_down": True}, {"claims_to_be": "https://elsewhere.example"}])
async def test_without_keys_nobody_gets_in_and_callers_may_try_again(
    guarded: Served, issuer: Issuer, trouble: dict[str, Any]
) -> None:
    for name, value in trouble.items():
        setattr(issuer, name, value)
    answer = await me(guarded, issuer.token())
    assert refusal(answer)[:2] == (503, "identity_unavailable")
    assert "retry-after" in answer.headers


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, "AEVATAR_OIDC_ISSUER"),
        ({"oidc_issuer": "https://login.example.com"}, "AEVATAR_OIDC_AUDIENCE"),
        ({"oidc_issuer": "http://login.example.com", "oidc_audience": "aevatar"}, "has to be an https address"),
        ({"oidc_issuer": "login.example.com", "oidc_audience": "aevatar"}, "has to be an https address"),
    ],
)
def test_a_provider_that_is_not_wholly_configured_stops_the_start(settings: dict[str, str], told: str) -> None:
    with pytest.raises(Misassembled, match=told):
        authenticator_of(Settings(auth="oidc", **settings))
