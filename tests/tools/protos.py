"""Compiles Protobuf source that stands in a test, so that each test shows the very message it is about."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

from google.protobuf import any_pb2, descriptor_pool, duration_pb2, message_factory, struct_pb2, timestamp_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc

from aevatar.tools import options_pb2

PROTO_ROOT = Path(__file__).parents[2] / "proto"

IMPORTABLE = {
    "aevatar.tools.": options_pb2,
    "google.protobuf.Any": any_pb2,
    "google.protobuf.Duration": duration_pb2,
    "google.protobuf.Struct": struct_pb2,
    "google.protobuf.Timestamp": timestamp_pb2,
    "google.protobuf.Value": struct_pb2,
}


@lru_cache
def compiled(body: str) -> SimpleNamespace:
    """The message classes declared at the top of `body`, by name. Their package is `sample`, made unique."""
    package = f"sample_{hashlib.sha256(body.encode()).hexdigest()[:8]}"
    needed = {module.DESCRIPTOR.name for name, module in IMPORTABLE.items() if name in body}
    imports = " ".join(f'import "{name}";' for name in sorted(needed))
    source = f'syntax = "proto3"; package {package}; {imports} {body}'
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(_serialised(package, source))
    names = pool.FindFileByName(f"{package}.proto").message_types_by_name
    return SimpleNamespace(**{name: message_factory.GetMessageClass(names[name]) for name in names})


def _serialised(name: str, source: str) -> bytes:
    with TemporaryDirectory() as folder:
        Path(folder, f"{name}.proto").write_text(source, encoding="utf-8")
        includes = [f"-I{folder}", f"-I{PROTO_ROOT}", f"-I{files('grpc_tools') / '_proto'}"]
        output = Path(folder, "out.bin")
        if protoc.main(["protoc", *includes, f"--descriptor_set_out={output}", f"{name}.proto"]) != 0:
            raise AssertionError(f"does not compile: {source}")
        return FileDescriptorSet.FromString(output.read_bytes()).file[0].SerializeToString()
