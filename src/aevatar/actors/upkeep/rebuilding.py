"""Makes read models anew from the log: after a change to what they show, or when they are wrong.

Actors may be served meanwhile, by this process or by another one. A document is replaced only while its actor stands
still: when the actor has moved on, it is looked at again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any

from aevatar.actors.deciding.actor import Actor
from aevatar.actors.deciding.kind import Kind, assemble
from aevatar.actors.projectors import Projector
from aevatar.actors.upkeep.replaying import PAGE, Replay, replayed
from aevatar.errors import Rejected, Unavailable
from aevatar.identity import ActorId
from aevatar.journal.port import Journal
from aevatar.journal.records import ActorImage, DocumentWrite, Retirement

TRIES = 100
"""How often an actor is looked at that keeps moving on. Its own turns write its documents, too."""


@dataclass(slots=True)
class Rebuilt:
    """How much was made anew, and in sentences what was not."""

    actors: int = 0
    documents: int = 0
    projectors: int = 0
    problems: list[str] = field(default_factory=list)


async def rebuild_readmodels(
    journal: Journal,
    kinds: Iterable[Kind | type[Actor[Any]]],
    *,
    projectors: Iterable[Projector] = (),
    name: str | None = None,
) -> Rebuilt:
    """Makes the documents of a read model anew, or those of all.

    Those of projectors are removed, and come back while a runtime with these projectors runs.

    Raises: Rejected `readmodel_unknown`; Misassembled; Unavailable.
    """
    names = assemble(kinds)
    chosen = [(known_as, kind) for known_as, kind in names.items() if _documents_of(kind, name)]
    joining = [projector for projector in projectors if name is None or name in projector.documents]
    if name is not None and not chosen and not joining:
        raise Rejected("readmodel_unknown", f"no capability here has a read model {name!r}", "name")
    rebuilt = Rebuilt()
    for known_as, kind in chosen:
        async for actor in _actors(journal, known_as):
            await _rebuild(journal, kind, ActorId.parse(actor), name, rebuilt)
    for projector in joining:
        await journal.restart_projector(projector.name, projector.documents)
        rebuilt.projectors += 1
    return rebuilt


def _documents_of(kind: Kind, name: str | None) -> bool:
    return any(name is None or declared.name == name for declared in kind.projection.documents)


async def _actors(journal: Journal, kind: str) -> AsyncIterator[str]:
    after = ""
    while page := await journal.actors(kind, after, PAGE):
        for actor in page:
            yield actor
        after = page[-1]


async def _rebuild(journal: Journal, kind: Kind, actor_id: ActorId, name: str | None, rebuilt: Rebuilt) -> None:
    for _ in range(TRIES):
        image = await journal.load(actor_id.text)
        if image is None or image.retirement is Retirement.ERASED:
            return
        try:
            documents = await _documents(journal, kind, actor_id, image)
        except Unavailable:
            raise
        except Exception as bug:  # noqa: BLE001 - an applier or a projection may fail in any way there is
            rebuilt.problems.append(f"{actor_id} cannot be replayed: {type(bug).__name__}: {bug}")
            return
        wanted = [document for document in documents if name is None or document.name == name]
        if await journal.replace_documents(actor_id.text, image.version, wanted):
            rebuilt.actors += 1
            rebuilt.documents += sum(document.body is not None for document in wanted)
            return
    rebuilt.problems.append(f"{actor_id} kept moving on; rebuild again when it has less to do")


async def _documents(journal: Journal, kind: Kind, actor_id: ActorId, image: ActorImage) -> list[DocumentWrite]:
    if any(declared.pages is not None for declared in kind.projection.documents):
        replay = await replayed(journal, kind, actor_id, image)
    else:
        replay = Replay.from_snapshot(kind, actor_id, image)
        for turn in image.turns:
            replay.apply(turn.version, turn.body)
    return [
        DocumentWrite(
            each.declared.name,
            actor_id.scope,
            each.key,
            image.version,  # a page as well: it may stand there at any version up to this one
            None if each.message is None else each.message.SerializeToString(),
            each.index,
        )
        for each in replay.documents()
    ]
