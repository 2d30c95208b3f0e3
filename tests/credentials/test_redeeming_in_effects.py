from __future__ import annotations

from aevatar.actors import EffectError, Link, Retries, Runtime
from aevatar.actors.nature import SystemClock
from aevatar.credentials import Binding, MemoryVault, Secret
from aevatar.identity import ActorId, ScopeId
from aevatar.journal.memory import MemoryJournal
from tests.sample.kinds import TALLY, CarefulEcho, Echo
from tests.sample.sample_pb2 import Add, Fetch

OWNER = ActorId("sample.tally", ScopeId("alpha"), "t-1")
BINDING = Binding(OWNER.scope, OWNER, "main")


async def test_the_tries_of_one_effect_share_the_secret_and_leave_nothing_for_another() -> None:
    vault = MemoryVault(SystemClock())
    handle = vault.mint(Secret("s3cr3t-marker"), BINDING)
    revealed: list[str] = []

    async def redeem(link: Link) -> None:
        revealed.append(link.secret(handle, BINDING).reveal())
        if link.attempt == 1:
            raise EffectError("flaky", retryable=True)

    effect = Echo(redeem)
    effect.retries = Retries(first_pause=0.0)
    async with Runtime(kinds=[TALLY], journal=MemoryJournal(), effects=[effect, CarefulEcho()], vault=vault) as runtime:
        await runtime.ask(OWNER, Add(by=1))
        first = await noted(runtime, Fetch(text="one"))
        assert (first, revealed) == ("echoed one", ["s3cr3t-marker", "s3cr3t-marker"])
        assert await noted(runtime, Fetch(text="two")) == "failed credential_unavailable after 1"


async def noted(runtime: Runtime, command: Fetch) -> str:
    """What the tally notes next, read from its document."""
    before = (await runtime.answer(OWNER, command)).version
    shown = await runtime.readmodels.get("sample.tallies", OWNER.scope, OWNER.key, min_version=before + 1)
    assert shown is not None
    return str(shown.document.last_note)  # type: ignore[attr-defined]
