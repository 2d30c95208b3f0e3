"""A process that puts blobs until it is killed: `writer.py FOLDER SEED`. Prints the id of each once it is durable."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from random import Random

from aevatar.actors.nature import SystemClock
from aevatar.blobs import DirectoryBlobs
from aevatar.identity import ActorId, ScopeId


async def put_for_ever(folder: Path, random: Random) -> None:
    store = DirectoryBlobs(folder, SystemClock())
    await store.open()
    while True:
        owner = ActorId("demo.run", ScopeId("alpha"), f"run {random.randrange(5)}")
        refs = await asyncio.gather(
            *(store.put(owner, random.randbytes(random.randrange(200_000)), "image/png") for _ in range(3))
        )
        for ref in refs:
            print(owner.text, ref.blob_id, ref.length, flush=True)


if __name__ == "__main__":
    asyncio.run(put_for_ever(Path(sys.argv[1]), Random(int(sys.argv[2]))))
