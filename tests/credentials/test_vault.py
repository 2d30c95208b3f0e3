from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable

import msgspec
import pytest
from structlog.testing import capture_logs

from aevatar.actors.actors_pb2 import Packed
from aevatar.credentials import Binding, CredentialUnavailable, MemoryVault, Reason, Secret
from aevatar.identity import ActorId, ScopeId

MARKER = "s3cr3t-marker"
OWNER = ActorId("rooms.room", ScopeId("alpha"), "r-1")
BINDING = Binding(ScopeId("alpha"), OWNER, "s-1")


class SetClock:
    def __init__(self) -> None:
        self.time = 1_000_000

    def now(self) -> int:
        return self.time


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def vault(clock: SetClock) -> MemoryVault:
    return MemoryVault(clock)


def refusal(vault: MemoryVault, handle: str, *, binding: Binding = BINDING, ticket: str = "e-1") -> Reason:
    with pytest.raises(CredentialUnavailable) as refused:
        vault.redeem(handle, binding, ticket)
    assert refused.value.code == "credential_unavailable"
    return refused.value.reason


def test_a_handle_gives_its_secret_once(vault: MemoryVault) -> None:
    handle = vault.mint(Secret(MARKER), BINDING)
    assert vault.redeem(handle, BINDING, "e-1").reveal() == MARKER
    assert refusal(vault, handle, ticket="e-1") is Reason.ALREADY_USED
    assert refusal(vault, handle, ticket="e-2") is Reason.ALREADY_USED


def test_a_handle_with_several_uses_gives_its_secret_once_per_ticket(vault: MemoryVault) -> None:
    handle = vault.mint(Secret(MARKER), BINDING, uses=2)
    assert [vault.redeem(handle, BINDING, ticket).reveal() for ticket in ("e-1", "e-2")] == [MARKER, MARKER]
    assert refusal(vault, handle, ticket="e-1") is Reason.ALREADY_USED
    assert refusal(vault, handle, ticket="e-3") is Reason.ALREADY_USED


def test_a_handle_expires_at_the_exact_instant(vault: MemoryVault, clock: SetClock) -> None:
    handle = vault.mint(Secret(MARKER), BINDING, ttl=120, uses=2)
    clock.time += 119_999
    assert vault.redeem(handle, BINDING, "e-1").reveal() == MARKER
    clock.time += 1
    assert refusal(vault, handle, ticket="e-2") is Reason.EXPIRED


def test_no_handle_lives_longer_than_half_an_hour(vault: MemoryVault, clock: SetClock) -> None:
    handle = vault.mint(Secret(MARKER), BINDING, ttl=86_400)
    clock.time += 30 * 60 * 1000
    assert refusal(vault, handle) is Reason.EXPIRED


@pytest.mark.parametrize(
    "other",
    [
        Binding(ScopeId("beta"), OWNER, "s-1"),
        Binding(ScopeId("alpha"), ActorId("rooms.room", ScopeId("alpha"), "r-2"), "s-1"),
        Binding(ScopeId("alpha"), OWNER, "s-2"),
    ],
    ids=["scope", "owner", "session"],
)
def test_a_wrong_binding_is_refused_and_uses_nothing_up(vault: MemoryVault, other: Binding) -> None:
    handle = vault.mint(Secret(MARKER), BINDING)
    assert refusal(vault, handle, binding=other) is Reason.WRONG_BINDING
    assert vault.redeem(handle, BINDING, "e-1").reveal() == MARKER


def test_a_revoked_handle_is_dead(vault: MemoryVault) -> None:
    handle = vault.mint(Secret(MARKER), BINDING)
    vault.revoke(handle)
    vault.revoke("ch_never_minted")
    assert refusal(vault, handle) is Reason.REVOKED


def test_the_end_of_a_session_revokes_its_handles_and_no_others(vault: MemoryVault) -> None:
    other = Binding(ScopeId("alpha"), OWNER, "s-2")
    ended, kept = vault.mint(Secret(MARKER), BINDING), vault.mint(Secret(MARKER), other)
    vault.revoke_session(BINDING)
    assert refusal(vault, ended) is Reason.REVOKED
    assert vault.redeem(kept, other, "e-1").reveal() == MARKER


def test_a_session_holds_credentials_until_the_last_of_them_is_dead(vault: MemoryVault, clock: SetClock) -> None:
    first, _ = vault.mint(Secret(MARKER), BINDING), vault.mint(Secret(MARKER), BINDING, ttl=60)
    vault.revoke(first)
    assert vault.holds(BINDING)
    clock.time += 60_000
    vault.sweep()
    assert not vault.holds(BINDING)


def test_a_revoked_handle_is_forgotten_when_nobody_will_ask_any_more(vault: MemoryVault, clock: SetClock) -> None:
    handle = vault.mint(Secret(MARKER), BINDING, ttl=1800)
    vault.revoke_session(BINDING)
    clock.time += 599_999
    vault.sweep()
    assert refusal(vault, handle) is Reason.REVOKED
    clock.time += 1
    vault.sweep()
    assert refusal(vault, handle) is Reason.UNKNOWN


def test_a_handle_of_a_process_that_is_gone_says_so(vault: MemoryVault, clock: SetClock) -> None:
    handle = vault.mint(Secret(MARKER), BINDING)
    restarted = MemoryVault(clock)
    assert refusal(restarted, handle) is Reason.INSTANCE_GONE


def test_a_handle_that_was_never_minted_is_unknown(vault: MemoryVault) -> None:
    handle = vault.mint(Secret(MARKER), BINDING)
    assert refusal(vault, handle + "x") is Reason.UNKNOWN


def test_sweeping_forgets_the_secret_first_and_the_handle_later(vault: MemoryVault, clock: SetClock) -> None:
    handle = vault.mint(Secret(MARKER), BINDING, ttl=120)
    clock.time += 120_000
    vault.sweep()
    assert refusal(vault, handle) is Reason.EXPIRED
    clock.time += 3_600_000
    vault.sweep()
    assert refusal(vault, handle) is Reason.UNKNOWN


def test_sweeping_leaves_what_is_still_good(vault: MemoryVault, clock: SetClock) -> None:
    handle = vault.mint(Secret(MARKER), BINDING, ttl=120)
    clock.time += 119_999
    vault.sweep()
    assert vault.redeem(handle, BINDING, "e-1").reveal() == MARKER


def test_a_handle_tells_nothing_and_names_its_vault(vault: MemoryVault) -> None:
    first, second = (vault.mint(Secret(MARKER), BINDING) for _ in range(2))
    prefix, instance, random_part = first.split("_")
    assert (prefix, instance, len(random_part)) == ("ch", second.split("_")[1], 32)
    assert first != second


def test_the_log_names_reason_and_handle_and_nothing_else(vault: MemoryVault) -> None:
    handle = vault.mint(Secret(MARKER), BINDING)
    vault.redeem(handle, BINDING, "e-1")
    with capture_logs() as logged:
        refusal(vault, handle)
    assert logged == [
        {"event": "credential_unavailable", "log_level": "info", "reason": "already_used", "handle_id": handle}
    ]


@pytest.mark.parametrize("write", [str, repr, "{}".format, "{!r:>30}".format, lambda secret: f"{[secret]}"])
def test_a_secret_prints_as_stars(write: Callable[[Secret], str]) -> None:
    written = write(Secret(MARKER))
    assert MARKER not in written
    assert "Secret(***)" in written


@pytest.mark.parametrize(
    "write",
    [
        pickle.dumps,
        copy.copy,
        copy.deepcopy,
        json.dumps,
        msgspec.json.encode,
        lambda secret: Packed(name=secret),
        lambda secret: Packed(body=secret),
    ],
    ids=["pickle", "copy", "deepcopy", "json", "msgspec", "protobuf text", "protobuf bytes"],
)
def test_a_secret_refuses_to_be_written_down(write: Callable[[Secret], object]) -> None:
    with pytest.raises(TypeError):
        write(Secret(MARKER))


@pytest.mark.parametrize("uses", [0, 257])
def test_a_handle_has_a_bounded_number_of_uses(vault: MemoryVault, uses: int) -> None:
    with pytest.raises(ValueError, match="1 to 256 uses"):
        vault.mint(Secret(MARKER), BINDING, uses=uses)
