"""The published description of the API, which is not part of this repository, and what it says of what we send."""

from __future__ import annotations

import copy
import json
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx2
import pytest
from jsonschema import Draft202012Validator

UNSET = "OPEN_RESPONSES_OPENAPI is unset"
OURS = "aevatar:"

needs_published = pytest.mark.skipif(not os.environ.get("OPEN_RESPONSES_OPENAPI"), reason=UNSET)


class Published:
    """Says what is wrong with a body, by the published schemas. Additions of ours are told by their prefix."""

    def __init__(self, path: Path) -> None:
        components = json.loads(path.read_text(encoding="utf-8"))["components"]
        schemas = components["schemas"]
        # As published, the schema of a JSON format can only be null, which its own request and every client contradict.
        schemas["JsonSchemaResponseFormat"]["properties"]["schema"] = {}
        self._components = components
        self._events = {
            schema["properties"]["type"]["enum"][0]: name
            for name, schema in schemas.items()
            if name.endswith("StreamingEvent")
        }
        self._validators: dict[str, Draft202012Validator] = {}

    def faults(self, name: str, body: Any) -> list[str]:
        """What is wrong with `body` as one of the schemas called `name`."""
        if name not in self._validators:
            schema = {"$ref": f"#/components/schemas/{name}", "components": self._components}
            self._validators[name] = Draft202012Validator(schema)
        return [f"{name}: {fault.json_path}: {fault.message}" for fault in self._validators[name].iter_errors(body)]

    def event_faults(self, body: dict[str, Any]) -> list[str]:
        """What is wrong with an event of a stream."""
        kind = body.get("type", "")
        if kind.startswith(OURS):
            return [] if isinstance(body.get("sequence_number"), int) else [f"{kind}: no sequence number"]
        if kind not in self._events:
            return [f"{kind!r} is no published event"]
        if body.get("item", {}).get("type", "").startswith(OURS):
            return []
        return self.faults(self._events[kind], _without_ours(body))

    def answer_faults(self, path: str, body: dict[str, Any]) -> list[str]:
        """What is wrong with the JSON answered at `path`."""
        match body.get("object"):
            case "response":
                return self.faults("ResponseResource", _without_ours({"response": body})["response"])
            case "response.compaction":
                return self.faults("CompactResource", body)
            case "list" if path.endswith("/input_items"):
                return [fault for item in body["data"] for fault in self.faults("ItemField", item)]
        return []


def _without_ours(body: dict[str, Any]) -> dict[str, Any]:
    if "response" not in body:
        return body
    body = copy.deepcopy(body)
    response = body["response"]
    response["output"] = [item for item in response["output"] if not item["type"].startswith(OURS)]
    return body


@lru_cache(maxsize=1)
def published() -> Published | None:
    """The published description, where there is one."""
    path = os.environ.get("OPEN_RESPONSES_OPENAPI")
    return Published(Path(path)) if path else None


class Checked(httpx2.AsyncHTTPTransport):
    """A transport that holds whatever comes through it to the published description. `faults` is what did not fit."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.bodies: list[dict[str, Any]] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await super().handle_async_request(request)
        stream = response.stream
        assert isinstance(stream, httpx2.AsyncByteStream)
        response.stream = _Teed(stream, lambda whole: self._check(request.url.path, response, whole))
        return response

    def _check(self, path: str, response: httpx2.Response, whole: bytes) -> None:
        if response.headers.get("content-type", "").startswith("text/event-stream"):
            events = events_in(whole)
            self.bodies += events
            if path.startswith("/v1/responses") and (known := published()):
                self.faults += [fault for event in events for fault in known.event_faults(event)]
        elif response.status_code == 200:
            body = json.loads(whole)
            self.bodies.append(body)
            if known := published():
                self.faults += known.answer_faults(path, body)


class _Teed(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream, check: Any) -> None:
        self._stream = stream
        self._check = check
        self._seen = bytearray()

    async def __aiter__(self) -> Any:
        async for chunk in self._stream:
            self._seen += chunk
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()
        seen, self._seen = bytes(self._seen), bytearray()
        if seen:
            self._check(seen)


def events_in(stream: bytes) -> list[dict[str, Any]]:
    """The JSON of the events in a stream, the closing mark and what was cut off left out."""
    blocks = stream.decode().split("\n\n")[:-1]
    lines = [line for block in blocks for line in block.split("\n") if line.startswith("data: ")]
    return [json.loads(line[6:]) for line in lines if line != "data: [DONE]"]
