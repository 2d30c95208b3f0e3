"""Actors and records that the suite works with, and a look at everything that a journal tells of them."""

from __future__ import annotations

from typing import Any, Final

from aevatar.identity import ActorId
from aevatar.journal.port import Journal
from aevatar.journal.records import (
    DeadLetter,
    DocumentQuery,
    DocumentWrite,
    EffectStarted,
    EffectState,
    FeedEntry,
    Mail,
    OpenCommand,
    Retirement,
    SessionEvent,
    TimerSet,
    TurnRecord,
)

ANN: Final = "demo.counter/alpha/ann"
BEN: Final = "demo.counter/alpha/ben"
CLEO: Final = "demo.room/beta/cl%C3%A9o%20%F0%9F%99%82"
NOW: Final = 1_700_000_000_000
FAR: Final = NOW + 1_000_000_000


def shard_of(actor: str) -> int:
    """The shard of an actor id in text form."""
    return ActorId.parse(actor).shard


def turn(actor: str, version: int | None, **parts: Any) -> TurnRecord:
    """A turn of `actor` with the given parts; without a version it only shows or ticks off."""
    body = b"" if version is None else f"turn {version} of {actor}".encode()
    return TurnRecord(actor, shard_of(actor), parts.pop("at", NOW), version, body=parts.pop("body", body), **parts)


def decided(actor: str, version: int, command_id: str, **parts: Any) -> TurnRecord:
    """A turn that handled a command and has its outcome."""
    outcome = f"outcome of {command_id}".encode()
    return turn(actor, version, command_id=command_id, digest=b"digest", outcome=outcome, **parts)


def full(actor: str, version: int, command_id: str, *, number: int = 1) -> TurnRecord:
    """A turn that leaves something in every table; `number` is that of the one event it shows in session `s`."""
    return decided(
        actor,
        version,
        command_id,
        mail=[mail(f"mail-{version}", BEN)],
        timers_set=[TimerSet(f"timer-{version}", 1, NOW + version, b"ring")],
        effects_started=[EffectStarted(f"{actor}-effect-{version}", "demo.call", b"request")],
        documents=[
            DocumentWrite("demo.documents", "alpha", f"{actor}-{version}", version, b"shown", {"size": version})
        ],
        shown=[shown("s", number)],
        dead=[DeadLetter(f"{actor}-dead-{version}", actor, "a bug", b"envelope", NOW)],
    )


def refused(actor: str, version: int | None, *, number: int = 2, command_id: str = "new") -> TurnRecord:
    """A record that would change every table, and retire its actor, if it were not refused."""
    record = full(actor, 1, command_id, number=number)
    record.version = version
    record.body = b"refused"
    record.shown = [SessionEvent("s", number, "demo.said", b"refused", NOW, terminal=True)]
    record.snapshot = b"snapshot"
    record.retirement = Retirement.KEPT
    record.opened = OpenCommand(command_id)
    record.mail = [mail("refused mail", CLEO)]
    record.mail_done = ["mail-1"]
    record.timers_set = [TimerSet("timer-1", 9, NOW, b"refused"), TimerSet("refused", 1, NOW, b"refused")]
    record.timers_cleared = [("timer-1", 1)]
    record.effects_started = [EffectStarted("refused effect", "demo.call", b"refused")]
    record.effects_ended = [(f"{actor}-effect-1", EffectState.DONE)]
    record.documents = [DocumentWrite("demo.documents", "alpha", f"{actor}-1", 99, None)]
    record.dead = [DeadLetter("refused letter", actor, "refused", b"refused", NOW)]
    return record


def mail(mail_id: str, target: str, **parts: Any) -> Mail:
    """Mail for `target`."""
    return Mail(mail_id, target, shard_of(target), parts.pop("body", f"body of {mail_id}".encode()), **parts)


def shown(session: str, number: int, **parts: Any) -> SessionEvent:
    """An event of a session."""
    return SessionEvent(session, number, "demo.said", f"{session} {number}".encode(), parts.pop("at", NOW), **parts)


def numbered(session: str, *numbers: int) -> list[SessionEvent]:
    """Events of a session by their numbers."""
    return [shown(session, number) for number in numbers]


def of_actor(entries: list[FeedEntry], actor: str) -> list[int]:
    """The versions of one actor, in the order in which they stand in a feed."""
    return [entry.version for entry in entries if entry.actor == actor]


async def everything(journal: Journal) -> dict[str, Any]:
    """All that a journal tells of ANN, BEN and CLEO, to be compared before and after."""
    actors = [ANN, BEN, CLEO]
    return {
        "images": [await journal.load(actor) for actor in actors],
        "outcomes": [await journal.outcome(actor, command) for actor in actors for command in ("c1", "c2", "new")],
        "sessions": [await journal.session(actor, "s", after=0, limit=100) for actor in actors],
        "mail": await journal.mail(),
        "effects": sorted(await journal.effects(), key=lambda effect: effect.id),
        "timers": await journal.due(FAR),
        "feed": await journal.feed(),
        "documents": await journal.documents(DocumentQuery("demo.documents", "alpha")),
        "dead letters": await journal.dead_letters(),
        "counts": (await journal.info()).counts,
    }
