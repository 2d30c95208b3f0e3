from __future__ import annotations

import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import APIRouter, Request
from starlette.datastructures import Headers
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from aevatar.errors import Misassembled, Rejected
from aevatar.identity import Principal, ScopeId
from aevatar.server import Capability, Settings, Unauthenticated
from aevatar.server.authentication import DevAuthenticator, TokenAuthenticator, authenticator_of
from aevatar.server.tokens import Tokens
from aevatar.testing import assert_no_secret
from tests.server.kit import Served, served

ALPHA = ScopeId("alpha")


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    return Tokens(tmp_path / "tokens")


@pytest.fixture(scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with served(tmp_path_factory.mktemp("data"), auth="token") as serving:
        yield serving


@pytest.fixture
def known(guarded: Served) -> Tokens:
    """The tokens the server knows."""
    return Tokens(guarded.application.state.services.settings.tokens)


def bearing(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def code(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def test_whoever_sits_at_the_machine_is_dev(serving: Served) -> None:
    answer = await serving.client.get("/api/me")
    assert answer.json() == {"scope": "dev", "subject": "dev", "permissions": ["*"]}


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "example.com", ""])  # noqa: S104 - refused
def test_dev_is_refused_where_others_can_reach_the_server(tmp_path: Path, host: str) -> None:
    with pytest.raises(Misassembled, match="--auth token"):
        authenticator_of(Settings(host=host, data=tmp_path))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_dev_is_for_loopback_addresses(tmp_path: Path, host: str) -> None:
    assert isinstance(authenticator_of(Settings(host=host, data=tmp_path)), DevAuthenticator)


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "rebound.example.com"},
        {"host": "rebound.example.com:8080"},
        {"origin": "https://example.com"},
        {"origin": "null"},
        {"origin": "http://[broken"},
    ],
)
async def test_with_dev_no_page_from_elsewhere_gets_in(serving: Served, headers: dict[str, str]) -> None:
    answer = await serving.client.get("/api/me", headers=headers)
    assert code(answer) == (403, "permission_denied")


async def test_with_dev_a_page_of_this_machine_gets_in(serving: Served) -> None:
    answer = await serving.client.get("/api/me", headers={"origin": "http://localhost:5173"})
    assert answer.status_code == 200


async def test_a_token_says_who_calls(guarded: Served, known: Tokens) -> None:
    token = known.create(ALPHA, "ann", ("rooms.chat", "rooms.read"), now=1)
    answer = await guarded.client.get("/api/me", headers=bearing(token))
    assert answer.json() == {"scope": "alpha", "subject": "ann", "permissions": ["rooms.chat", "rooms.read"]}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": ""},
        {"authorization": "Basic YTpi"},
        {"authorization": "Bearer"},
        bearing("nonsense"),
        bearing(f"aev_0123456789ab_{'0' * 64}"),
        bearing(f"aev_../../etc/pw_{'0' * 64}"),
    ],
    ids=["nothing", "blank", "basic", "no token", "nonsense", "unknown", "path"],
)
async def test_whoever_is_not_known_stays_outside(guarded: Served, headers: dict[str, str]) -> None:
    answer = await guarded.client.get("/api/me", headers=headers)
    assert code(answer) == (401, "authentication_required")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_outside_nobody_learns_which_paths_there_are(guarded: Served) -> None:
    assert code(await guarded.client.get("/api/nothing")) == (401, "authentication_required")


async def test_a_token_with_another_secret_is_refused(guarded: Served, known: Tokens) -> None:
    token = known.create(ALPHA, "ann", ("*",), now=1)
    forged = token[:-1] + ("0" if token[-1] != "0" else "1")
    assert code(await guarded.client.get("/api/me", headers=bearing(forged))) == (401, "authentication_required")


async def test_a_revoked_token_is_refused_by_the_next_request(guarded: Served, known: Tokens) -> None:
    token = known.create(ALPHA, "zoe", ("*",), now=1)
    assert (await guarded.client.get("/api/me", headers=bearing(token))).status_code == 200
    known.revoke(next(held.id for held in known.list() if held.subject == "zoe"))
    assert code(await guarded.client.get("/api/me", headers=bearing(token))) == (401, "authentication_required")


@pytest.mark.parametrize("scope", ["beta", "ALPHA", "", "alpha2", "%61lpha2"])
async def test_another_scope_is_refused_before_anything_else(guarded: Served, known: Tokens, scope: str) -> None:
    token = known.create(ALPHA, "ann", ("*",), now=1)
    answer = await guarded.client.post(f"/api/scopes/{scope}/no/such/route", content=b"{", headers=bearing(token))
    assert code(answer) == (403, "scope_access_denied")


async def test_ones_own_scope_is_let_through(guarded: Served, known: Tokens) -> None:
    token = known.create(ALPHA, "ann", ("*",), now=1)
    answers = [
        await guarded.client.get(f"/api/scopes/{scope}/listed", headers=bearing(token))
        for scope in ("alpha", "%61lpha")
    ]
    assert [answer.status_code for answer in answers] == [200, 200]


async def test_the_guard_stands_before_web_sockets_too(guarded: Served, known: Tokens) -> None:
    address = f"ws://127.0.0.1:{guarded.client.base_url.port}/api/scopes"
    headers = bearing(known.create(ALPHA, "ann", ("*",), now=1))
    async with connect(f"{address}/alpha/echo", additional_headers=headers) as socket:
        await socket.send("hello")
        assert await socket.recv() == "ann: hello"
    refusals = []
    for scope, sent in (("alpha", {}), ("beta", headers)):
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{address}/{scope}/echo", additional_headers=sent)
        refusals.append(refused.value.response.status_code)
    assert refusals == [401, 403]


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics", "/openapi.json"])
async def test_some_paths_answer_whoever_asks(guarded: Served, path: str) -> None:
    assert (await guarded.client.get(path)).status_code == 200


async def test_what_a_caller_brings_is_a_secret_to_all_behind_the_guard(serving: Served) -> None:
    answer = await serving.client.get("/api/scopes/dev/secret", headers=bearing("s3cr3t-marker"))
    assert answer.json() == {"printed": "Secret(***)", "revealed": "s3cr3t-marker"}


async def test_a_credential_for_the_gateway_goes_before_the_callers_own(serving: Served) -> None:
    headers = {**bearing("mine"), "x-gateway-authorization": "Bearer for-the-gateway"}
    answer = await serving.client.get("/api/scopes/dev/secret", headers=headers)
    assert answer.json()["revealed"] == "for-the-gateway"


async def test_no_route_sees_a_header_that_holds_a_secret(tmp_path: Path) -> None:
    router = APIRouter()

    @router.get("/api/headers")
    async def headers(request: Request) -> dict[str, Any]:
        return dict(request.headers)

    async with served(tmp_path, Capability(name="curious", routers=[router])) as serving:
        sent = {"cookie": "a=b", "x-gateway-authorization": "c", "proxy-authorization": "d", **bearing("e"), "x-f": "g"}
        seen = (await serving.client.get("/api/headers", headers=sent)).json()
    assert sorted(set(seen) & set(sent)) == ["x-f"]


def test_a_token_is_kept_as_its_hash_where_only_its_owner_can_read_it(tokens: Tokens) -> None:
    token = tokens.create(ALPHA, "ann", ("*",), now=1)
    [file] = tokens.folder.iterdir()
    assert_no_secret(token.rpartition("_")[2], tokens.folder)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (tokens.folder, file)] == [0o700, 0o600]


def test_tokens_are_listed_oldest_first(tokens: Tokens) -> None:
    for now, subject in ((2, "late"), (1, "early")):
        tokens.create(ALPHA, subject, ("*",), now=now)
    assert [(token.subject, token.created_at) for token in tokens.list()] == [("early", 1), ("late", 2)]


@pytest.mark.parametrize("subject", ["", "a\nb", "x" * 129])
def test_a_subject_is_a_short_line(tokens: Tokens, subject: str) -> None:
    with pytest.raises(Rejected) as refused:
        tokens.create(ALPHA, subject, ("*",), now=1)
    assert (refused.value.code, tokens.list()) == ("invalid_subject", [])


@pytest.mark.parametrize("token_id", ["0123456789ab", "../journal", ""])
def test_a_token_that_does_not_exist_cannot_be_revoked(tokens: Tokens, token_id: str) -> None:
    with pytest.raises(Rejected) as refused:
        tokens.revoke(token_id)
    assert refused.value.code == "token_not_found"


async def test_a_token_is_found_whatever_the_case_of_its_scheme(tokens: Tokens) -> None:
    token = tokens.create(ALPHA, "ann", ("*",), now=1)
    found = await TokenAuthenticator(tokens).authenticate(Headers({"authorization": f"bearer {token}"}))
    assert found == Principal(ALPHA, "ann", frozenset("*"))


async def test_without_any_token_nobody_gets_in(tokens: Tokens) -> None:
    with pytest.raises(Unauthenticated):
        await TokenAuthenticator(tokens).authenticate(Headers(bearing(f"aev_0123456789ab_{'0' * 64}")))
