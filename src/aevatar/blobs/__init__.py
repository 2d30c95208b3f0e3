"""Bytes that are too long for the journal: kept beside it under their digest, each owned by one actor."""

from aevatar.blobs.directory import DirectoryBlobs
from aevatar.blobs.memory import MemoryBlobs
from aevatar.blobs.none import NoBlobs
from aevatar.blobs.port import (
    LARGEST,
    Blob,
    BlobRef,
    BlobStore,
    blob_corrupted,
    blob_not_found,
    blobs_unavailable,
    checked_type,
    digest_of,
    is_blob_id,
)

__all__ = [
    "LARGEST",
    "Blob",
    "BlobRef",
    "BlobStore",
    "DirectoryBlobs",
    "MemoryBlobs",
    "NoBlobs",
    "blob_corrupted",
    "blob_not_found",
    "blobs_unavailable",
    "checked_type",
    "digest_of",
    "is_blob_id",
]
