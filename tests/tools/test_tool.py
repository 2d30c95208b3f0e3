"""What a tool promises, what is refused when it is assembled, and when a person is asked."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from aevatar.errors import Misassembled
from aevatar.tools import Approval, CallContext, Tool, arguments_type, define, must_ask
from tests.tools.samples import CONTEXT, Answer, AnsweringEcho, Args, Echo

SCHEMA = '{"type":"object","properties":{"text":{"type":"string"}},"required":["text"],"additionalProperties":false}'


def test_a_model_is_told_name_description_and_strict_schema() -> None:
    definition = define(Echo())
    assert (definition.name, definition.description) == ("echo", "Says what it is told.")
    assert (definition.schema, definition.strict) == (SCHEMA, True)


def test_a_digest_follows_the_schema_and_not_the_words() -> None:
    assert define(Echo("a", description="One.")).digest == define(Echo("b", description="Two.")).digest
    assert define(Echo()).digest == hashlib.sha256(SCHEMA.encode()).hexdigest()


async def test_a_tool_answers_with_its_message() -> None:
    assert await Echo().execute(Args(text="hi"), CONTEXT) == Answer(text="hi")


async def test_a_tool_that_says_nothing_about_interrupted_calls_cannot_tell() -> None:
    assert await Echo().reconcile(Args(text="hi"), CONTEXT) is None


def test_the_messages_of_a_tool_are_found_through_a_generic_family() -> None:
    assert arguments_type(AnsweringEcho()) is Args


class Undeclared(Tool):  # type: ignore[type-arg]  # the fault it is about
    name, description = "undeclared", "Takes nobody knows what."

    async def execute(self, args: Any, context: CallContext) -> Any:
        return None


class Blocking(Tool[Args, Answer]):
    name, description = "blocking", "Is no coroutine."

    def execute(self, args: Any, context: CallContext) -> Any:
        return Answer()


@pytest.mark.parametrize(
    ("tool", "sentence"),
    [
        (Echo(""), "Tool Echo has the name '', which is not 1 to 64 of [A-Za-z0-9_-]."),
        (Echo("two words"), "Tool Echo has the name 'two words', which is not 1 to 64 of [A-Za-z0-9_-]."),
        (Echo("n" * 65), f"Tool Echo has the name '{'n' * 65}', which is not 1 to 64 of [A-Za-z0-9_-]."),
        (Echo("échø"), "Tool Echo has the name 'échø', which is not 1 to 64 of [A-Za-z0-9_-]."),
        (Echo(description=" "), "Tool Echo (echo) has no description."),
        (
            Echo(read_only=True, destructive=True),
            "Tool Echo (echo) is read_only and destructive, which exclude each other.",
        ),
        (Echo(timeout=0), "Tool Echo (echo) has a timeout of 0 seconds."),
        (Blocking(), "Tool Blocking (blocking) has an execute that is not `async def`."),
        (Undeclared(), "Tool Undeclared has to be declared as Tool[Args, Result] with two messages."),
    ],
)
def test_a_tool_that_contradicts_itself_stops_the_assembly_and_is_named(tool: Any, sentence: str) -> None:
    with pytest.raises(Misassembled) as refused:
        define(tool)
    assert str(refused.value) == sentence


class OnlyLoud(Echo):
    def needs_approval(self, args: Any, context: CallContext) -> bool:
        return args.text.isupper()


class Broken(Echo):
    def needs_approval(self, args: Any, context: CallContext) -> bool:
        raise KeyError(args.text)


NEVER, AUTO, ALWAYS = Approval.NEVER, Approval.AUTO, Approval.ALWAYS


@pytest.mark.parametrize(
    ("tool", "at_least", "asks"),
    [
        (Echo(), NEVER, False),
        (Echo(destructive=True), NEVER, True),
        (Echo(approval=NEVER, destructive=True), NEVER, False),
        (Echo(approval=NEVER, destructive=True), AUTO, True),
        (Echo(approval=NEVER), AUTO, False),
        (Echo(approval=NEVER), ALWAYS, True),
        (Echo(approval=ALWAYS), NEVER, True),
        (OnlyLoud(), NEVER, True),
        (OnlyLoud(approval=NEVER), NEVER, False),
        (Broken(), NEVER, True),
    ],
)
def test_a_person_is_asked_as_tool_and_configuration_say_the_stricter_winning(
    tool: Any, at_least: Approval, asks: bool
) -> None:
    assert must_ask(tool, Args(text="LOUD"), context=CONTEXT, at_least=at_least) is asks


def test_arguments_decide_where_the_tool_leaves_it_to_them() -> None:
    assert not must_ask(OnlyLoud(), Args(text="quiet"), context=CONTEXT)


def test_a_context_shows_neither_handle_nor_secret() -> None:
    assert "ch_secret" not in repr(CONTEXT)
    assert "secret" not in repr(CONTEXT)
