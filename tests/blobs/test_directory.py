"""Blobs in a folder keep the port."""

from __future__ import annotations

import re
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from subprocess import PIPE, Popen

import pytest

from aevatar.blobs import Blob, BlobStore, DirectoryBlobs
from aevatar.errors import Rejected, Unavailable
from aevatar.identity import ActorId
from aevatar.testing.blob_conformance import *  # noqa: F403 - pytest collects the suite from here
from aevatar.testing.blob_conformance import ALL_BYTES, ANN, AWKWARD, BEN, ManualClock, opened

WRITER = Path(__file__).with_name("writer.py")
SMALL = 64 * 1024


class DirectoryStores:
    def __init__(self, path: Path) -> None:
        self._path = path

    def handle(self, clock: ManualClock) -> DirectoryBlobs:
        return DirectoryBlobs(self._path, clock)


@pytest.fixture
def stores(tmp_path: Path) -> DirectoryStores:
    return DirectoryStores(tmp_path / "journal.db.blobs")


def entries(path: Path) -> list[Path]:
    return list(path.iterdir())


@contextmanager
def only_small_files() -> Iterator[None]:
    """What a full disk looks like from inside: writes end in an error where this process may not write on."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    quiet = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, quiet)


def killed_again_and_again(folder: Path) -> set[tuple[str, str, int]]:
    """Owner, id and length of each blob that a process had put before it was killed."""
    random, told = Random(1), set[tuple[str, str, int]]()
    for seed in range(10):
        with Popen([sys.executable, str(WRITER), str(folder), str(seed)], stdout=PIPE) as process:
            assert process.stdout is not None
            for _ in range(random.randrange(1, 40)):
                owner, blob_id, length = process.stdout.readline().decode().split()
                told.add((owner, blob_id, int(length)))
            process.kill()
    return told


def flipped(data: bytes) -> bytes:
    return data.replace(b"image/png", b"text/html")


def files(path: Path) -> list[Path]:
    return sorted(file for file in path.rglob("*") if file.is_file())


@pytest.mark.parametrize("spoil", [lambda data: data[:-1], lambda data: b"", lambda data: data + b"!", flipped])
async def test_a_file_that_was_changed_is_refused_and_mended_by_the_same_blob(
    store: BlobStore, tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    ref = await store.put(ANN, ALL_BYTES, "image/png")
    (file,) = files(tmp_path)
    file.write_bytes(spoil(file.read_bytes()))
    with pytest.raises(Rejected) as refused:
        await store.get(ANN, ref.blob_id)
    assert refused.value.code == "blob_corrupted"
    await store.put(ANN, ALL_BYTES, "image/png")
    assert await store.get(ANN, ref.blob_id) == Blob("image/png", ALL_BYTES)


async def test_a_file_that_was_moved_to_another_owner_is_refused(store: BlobStore, tmp_path: Path) -> None:
    hers = await store.put(ANN, b"hers", "text/plain")
    (file,) = files(tmp_path)
    his = await store.put(BEN, b"his", "text/plain")
    (folder,) = (each.parent for each in files(tmp_path) if each.name == his.blob_id)
    file.rename(folder / hers.blob_id)
    with pytest.raises(Rejected) as refused:
        await store.get(BEN, hers.blob_id)
    assert refused.value.code == "blob_corrupted"


async def test_a_file_that_is_lost_is_not_found(store: BlobStore, tmp_path: Path) -> None:
    ref = await store.put(ANN, b"data", "text/plain")
    (file,) = files(tmp_path)
    file.unlink()
    with pytest.raises(Rejected) as refused:
        await store.get(ANN, ref.blob_id)
    assert refused.value.code == "blob_not_found"


async def test_names_of_files_are_digests_whatever_the_owner_is_called(store: BlobStore, tmp_path: Path) -> None:
    await store.put(AWKWARD, b"data", "text/plain")
    (file,) = files(tmp_path)
    named = [part for part in file.relative_to(tmp_path).parts if part != "journal.db.blobs"]
    assert [bool(re.fullmatch("[0-9a-f]{64}", part)) for part in named] == [True, True]


async def test_what_was_left_unfinished_is_removed_at_the_next_start(
    store: BlobStore, stores: DirectoryStores, clock: ManualClock, tmp_path: Path
) -> None:
    ref = await store.put(ANN, b"data", "text/plain")
    unfinished = tmp_path / "journal.db.blobs" / "unfinished"
    (unfinished / "half").write_bytes(b"dat")
    (unfinished / "erased").mkdir()
    (unfinished / "erased" / ("a" * 64)).write_bytes(b"data")
    async with opened(stores.handle(clock)) as again:
        assert [file.name for file in files(tmp_path)] == [ref.blob_id]
        assert (await again.get(ANN, ref.blob_id)).data == b"data"


async def test_a_full_disk_is_told_and_nothing_is_kept(store: BlobStore, tmp_path: Path) -> None:
    before = await store.put(ANN, b"data", "text/plain")
    with only_small_files(), pytest.raises(Unavailable) as refused:
        await store.put(ANN, bytes(2 * SMALL), "application/octet-stream")
    assert refused.value.code == "blobs_unavailable"
    assert [file.name for file in files(tmp_path)] == [before.blob_id]


async def test_a_folder_that_cannot_be_made_is_told(clock: ManualClock, tmp_path: Path) -> None:
    (tmp_path / "in the way").write_bytes(b"")
    store = DirectoryBlobs(tmp_path / "in the way" / "blobs", clock)
    with pytest.raises(Unavailable) as refused:
        await store.put(ANN, b"data", "text/plain")
    assert refused.value.code == "blobs_unavailable"


async def test_a_copy_lies_beside_the_copy_of_the_journal_and_opens_there(
    store: BlobStore, clock: ManualClock, tmp_path: Path
) -> None:
    refs = {owner: await store.put(owner, owner.key.encode(), "text/plain") for owner in (ANN, BEN)}
    await store.backup(tmp_path / "copy.db")
    async with opened(DirectoryBlobs(tmp_path / "copy.db.blobs", clock)) as copy:
        assert {owner: (await copy.get(owner, ref.blob_id)).data for owner, ref in refs.items()} == {
            ANN: b"ann",
            BEN: b"ben",
        }
    with pytest.raises(Rejected) as refused:
        await store.backup(tmp_path / "copy.db")
    assert refused.value.code == "backup_exists"


async def test_a_store_without_blobs_makes_no_folder_and_no_copy(store: BlobStore, tmp_path: Path) -> None:
    await store.erase(ANN)
    await store.backup(tmp_path / "copy.db")
    assert entries(tmp_path) == []


async def test_blobs_survive_a_kill_whole_or_not_at_all(
    clock: ManualClock, tmp_path: Path, record_property: Callable[[str, str], None]
) -> None:
    folder = tmp_path / "blobs"
    told = killed_again_and_again(folder)
    async with opened(DirectoryBlobs(folder, clock)) as store:
        for owner, blob_id, length in told:
            assert len((await store.get(ActorId.parse(owner), blob_id)).data) == length
        kept = [file for file in files(folder) if file.parent.name != "unfinished"]
        for file in kept:
            owner = file.read_bytes().split(b"\n", 1)[0].decode()
            assert (await store.get(ActorId.parse(owner), file.name)).media_type == "image/png"
        assert not (folder / "unfinished").exists()
    record_property("audit", f"blobs over 10 kills: {len(told)} told, {len(kept)} kept, none broken")
