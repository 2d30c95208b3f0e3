"""The rules of the offline model, in the order in which they apply."""

from __future__ import annotations

import json

import anyio
import pytest
from anyio.lowlevel import checkpoint

from aevatar.models import FINAL_CODES, RETRYABLE_CODES, ModelError, OfflineModel
from aevatar.models.models_pb2 import (
    FINISH_LENGTH,
    FINISH_STOP,
    FINISH_TOOL_CALLS,
    ROLE_ASSISTANT,
    ROLE_TOOL,
    Message,
    ModelDelta,
    ModelRequest,
    Part,
    TextFormat,
    ToolCall,
    ToolChoice,
    ToolSpec,
    Usage,
)
from aevatar.models.offline import BANNER
from aevatar.testing import VIRTUAL_TIME
from tests.models.replies import CALL, Whole, asking, streamed, user, whole


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return VIRTUAL_TIME


def tool(name: str, **properties: object) -> ToolSpec:
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return ToolSpec(name=name, schema=json.dumps(schema))


def spoken(text: str) -> Message:
    return Message(role=ROLE_ASSISTANT, parts=[Part(text=text)])


def calling(*pairs: tuple[str, str]) -> Message:
    return Message(role=ROLE_ASSISTANT, tool_calls=[ToolCall(call_id=i, name=name) for i, name in pairs])


def result(call_id: str, text: str) -> Message:
    return Message(role=ROLE_TOOL, tool_call_id=call_id, parts=[Part(text=text)])


WEATHER = tool("get_weather", place={"type": "string"})
EARLIER = [user("First"), spoken("Said.")]


async def reply_to(*messages: Message | str, **fields: object) -> Whole:
    """The reply in the middle of a chain, where no banner is due."""
    written = [user(message) if isinstance(message, str) else message for message in messages]
    return whole(await streamed(OfflineModel(), ModelRequest(messages=[*EARLIER, *written], **fields)))


async def test_the_first_reply_of_a_chain_says_what_it_is() -> None:
    reply = whole(await streamed(OfflineModel(), asking("Hello")))
    assert reply.text == f"{BANNER}\nYou said: Hello. This is message 1."


async def test_a_later_reply_does_not_say_it_again() -> None:
    assert (await reply_to("Hello")).text == "You said: Hello. This is message 2."


async def test_a_chain_that_begins_with_calls_says_it_with_its_first_text() -> None:
    asked = [user("/call get_weather {}"), calling(("c1", "get_weather")), result("c1", "sunny")]
    reply = whole(await streamed(OfflineModel(), ModelRequest(messages=asked, tools=[WEATHER])))
    assert reply.text == f"{BANNER}\nget_weather returned: sunny"


async def test_it_streams_word_by_word() -> None:
    deltas = await streamed(OfflineModel(), ModelRequest(messages=[*EARLIER, user("/echo one two  three")]))
    assert [delta.text for delta in deltas if delta.text] == ["one ", "two  ", "three"]


async def test_the_same_messages_give_the_same_deltas() -> None:
    request = asking("/call get_weather {}\n/call get_weather {}", tools=[WEATHER])
    assert await streamed(OfflineModel(), request) == await streamed(OfflineModel(), request)


async def test_tool_results_are_told_in_order_and_cut_at_400_characters() -> None:
    calls = calling(("c1", "get_weather"), ("c2", "search"))
    reply = await reply_to("/call x", calls, result("c1", "sunny"), result("c2", "y" * 401), tools=[WEATHER])
    assert (reply.text, reply.finish) == (
        f"get_weather returned: sunny\nsearch returned: {'y' * 400}",
        FINISH_STOP,
    )


async def test_call_lines_become_one_round_of_calls() -> None:
    message = 'Please:\n/call get_weather {"place": "Oslo"}\n  /call get_weather not json\n/call get_weather'
    reply = await reply_to(message, tools=[WEATHER])
    assert [(name, arguments) for _, name, arguments in reply.calls] == [
        ("get_weather", '{"place": "Oslo"}'),
        ("get_weather", "not json"),
        ("get_weather", "{}"),
    ]
    assert len({call_id for call_id, _, _ in reply.calls}) == 3
    assert (reply.text, reply.finish) == ("", FINISH_TOOL_CALLS)


async def test_a_call_of_an_unknown_tool_lists_the_offered_ones() -> None:
    reply = await reply_to("/call nothing {}", tools=[WEATHER, tool("search")])
    assert (reply.text, reply.calls) == ("There is no tool nothing. Offered: get_weather, search.", [])


async def test_a_known_call_beside_an_unknown_one_is_made() -> None:
    reply = await reply_to("/call nothing {}\n/call get_weather {}", tools=[WEATHER])
    assert (reply.text, [name for _, name, _ in reply.calls]) == (
        "There is no tool nothing. Offered: get_weather.",
        ["get_weather"],
    )


async def test_tools_are_listed_with_their_required_fields() -> None:
    reply = await reply_to("/tools", tools=[WEATHER, tool("search")])
    assert reply.text == "get_weather(place)\nsearch()"


async def test_a_list_of_no_tools_says_so() -> None:
    assert (await reply_to("/tools")).text == "No tools are offered."


async def test_a_thought_comes_before_its_text() -> None:
    deltas = await streamed(OfflineModel(), ModelRequest(messages=[*EARLIER, user("/think of a number")]))
    kinds = [delta.WhichOneof("kind") for delta in deltas]
    reply = whole(deltas)
    assert (reply.reasoning, reply.text) == ("of a number", "of a number")
    assert kinds == ["reasoning"] * 3 + ["text"] * 3 + ["usage", "finished"]


@pytest.mark.parametrize(("wish", "count"), [("3", 3), ("many", 100), ("99999999", 10_000)])
async def test_a_long_reply_has_so_many_words(wish: str, count: int) -> None:
    assert len((await reply_to(f"/long {wish}")).text.split()) == count


async def test_a_long_reply_lets_others_run_and_can_be_cancelled() -> None:
    heard: list[ModelDelta] = []

    async def listen() -> None:
        async for delta in OfflineModel().stream(asking("/long 10000"), CALL):
            heard.append(delta)  # noqa: PERF401  # what came before it was cancelled counts

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listen)
        for _ in range(10):
            await checkpoint()
        tasks.cancel_scope.cancel()
    assert 0 < len(heard) < 20


async def test_a_cut_reply_ends_by_length() -> None:
    reply = await reply_to("/cut")
    assert (reply.text, reply.finish) == ("This reply is cut", FINISH_LENGTH)


@pytest.mark.parametrize("code", sorted(FINAL_CODES | RETRYABLE_CODES))
async def test_every_error_can_be_asked_for(code: str) -> None:
    with pytest.raises(ModelError) as raised:
        await reply_to(f"/fail {code}")
    assert (raised.value.code, raised.value.retryable) == (code, code in RETRYABLE_CODES)


async def test_an_unknown_error_is_an_invalid_request() -> None:
    with pytest.raises(ModelError) as raised:
        await reply_to("/fail strangely")
    assert raised.value.code == "invalid_request"


async def test_an_echo_is_the_text_and_nothing_else() -> None:
    assert (await reply_to("/echo  two\nlines ")).text == "two\nlines"


async def test_a_required_tool_is_called_with_its_arguments_filled() -> None:
    wanted = tool(
        "file_report",
        title={"type": "string"},
        count={"type": "integer"},
        urgent={"type": "boolean"},
        colour={"enum": ["red", "blue"]},
        lines={"type": "array", "items": {"type": "string"}},
        place={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        note={"anyOf": [{"type": "string"}, {"type": "null"}]},
    )
    choice = ToolChoice(mode=ToolChoice.MODE_REQUIRED)
    [(_, name, arguments)] = (await reply_to("Do it", tools=[wanted], tool_choice=choice)).calls
    assert (name, json.loads(arguments)) == (
        "file_report",
        {
            "title": "Do it",
            "count": 1,
            "urgent": True,
            "colour": "red",
            "lines": [],
            "place": {"city": "Do it"},
            "note": None,
        },
    )


async def test_a_named_tool_is_the_one_that_is_called() -> None:
    choice = ToolChoice(mode=ToolChoice.MODE_REQUIRED, names=["search"])
    reply = await reply_to("Do it", tools=[WEATHER, tool("search")], tool_choice=choice)
    assert [name for _, name, _ in reply.calls] == ["search"]


@pytest.mark.parametrize("name", ["get_weather", "get-weather", "getWeather", "Weather"])
async def test_a_word_shared_with_a_tools_name_calls_it(name: str) -> None:
    place = {"type": "string"}
    reply = await reply_to("What is the WEATHER like?", tools=[tool("search"), tool(name, place=place)])
    assert [(name, json.loads(arguments)) for _, name, arguments in reply.calls] == [
        (name, {"place": "What is the WEATHER like?"})
    ]


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("invoke the agent", "aevatar_invoke_agent"),  # the platform's own tools are not called by chance
        ("let us get it", "get_it"),  # words under four letters are in everything
        ("weathering", "get_weather"),  # whole words only
    ],
)
async def test_other_likenesses_call_nothing(message: str, name: str) -> None:
    assert (await reply_to(message, tools=[tool(name)])).calls == []


async def test_no_tool_is_called_where_none_may_be() -> None:
    choice = ToolChoice(mode=ToolChoice.MODE_NONE)
    reply = await reply_to("/call get_weather {}", tools=[WEATHER], tool_choice=choice)
    assert (reply.calls, reply.text) == ([], "There is no tool get_weather. Offered: none.")


async def test_only_allowed_tools_are_called() -> None:
    choice = ToolChoice(names=["search"])
    assert (await reply_to("the weather", tools=[WEATHER, tool("search")], tool_choice=choice)).calls == []


async def test_a_json_schema_gets_its_smallest_instance_even_first() -> None:
    properties = {"name": {"type": "string"}, "ok": {"type": "boolean"}, "more": {"type": "string"}}
    schema = {"type": "object", "properties": properties, "required": ["name", "ok"]}
    wanted = TextFormat(kind=TextFormat.KIND_JSON_SCHEMA, schema=json.dumps(schema))
    reply = whole(await streamed(OfflineModel(), asking("Hello", text_format=wanted)))
    assert json.loads(reply.text) == {"name": "", "ok": False}


async def test_a_json_object_is_one() -> None:
    reply = await reply_to("Hello", text_format=TextFormat(kind=TextFormat.KIND_JSON_OBJECT))
    assert reply.text == "{}"


async def test_usage_is_one_token_for_four_characters() -> None:
    request = ModelRequest(messages=[*EARLIER, user("/think abcd")])  # 5 + 5 + 11 characters in, 4 + 4 out
    assert whole(await streamed(OfflineModel(), request)).usage == Usage(
        input_tokens=6, output_tokens=2, reasoning_tokens=1, estimated=True
    )


async def test_a_request_without_a_user_is_answered_too() -> None:
    assert whole(await streamed(OfflineModel(), ModelRequest(messages=[spoken("Said.")]))).finish == FINISH_STOP


async def test_words_come_with_the_delay_between_them() -> None:
    request = ModelRequest(messages=[*EARLIER, user("/echo one two")])
    came = [(anyio.current_time(), delta.text) async for delta in OfflineModel(delay=0.5).stream(request, CALL)]
    assert came == [(0.5, "one "), (1.0, "two"), (1.5, ""), (2.0, "")]
