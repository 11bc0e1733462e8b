"""A logged answer is revealed to the call that the log knows, and to no other."""

from __future__ import annotations

import asyncio

import pytest

from router_core.errors import ModelNotReady
from router_core.pricing import Usage
from router_core.providers.base import Call, Completion, StreamItem, TextChunk
from router_core.providers.replay import LoggedAnswer, ReplayProvider, Tape
from router_core.request import Message

LOGGED = {"small": LoggedAnswer("Paris.", Usage(7, 2), cost=1234)}


def call(prompt: str = "capital of France?", model: str = "small", temperature: float | None = None) -> Call:
    return Call(model, (Message("user", prompt),), timeout_s=1.0, max_output_tokens=9, temperature=temperature)


async def items(provider: ReplayProvider, one: Call) -> list[StreamItem]:
    return [item async for item in provider.stream(one)]


async def test_the_logged_answer_comes_with_its_tokens_and_its_bill() -> None:
    tape = Tape()
    with tape.at("capital of France?", LOGGED):
        answer = await items(ReplayProvider("small", tape), call())
    assert answer == [TextChunk("Paris."), Completion("stop", Usage(7, 2), cost=1234)]


async def test_an_empty_answer_is_one_without_text() -> None:
    tape = Tape()
    with tape.at("p", {"small": LoggedAnswer("", Usage(1, 0))}):
        assert await items(ReplayProvider("small", tape), call("p")) == [Completion("stop", Usage(1, 0))]


async def test_what_the_log_lacks_is_not_ready_and_never_made_up() -> None:
    tape = Tape()
    large = ReplayProvider("large", tape)
    with tape.at("capital of France?", LOGGED):
        assert large.readiness().reason == "the log holds no answer of large to this prompt"
        assert ReplayProvider("small", tape).readiness().ready
        with pytest.raises(ModelNotReady, match="no answer of large"):
            await items(large, call(model="large"))
    assert not ReplayProvider("small", tape).readiness().ready
    with pytest.raises(ModelNotReady, match="no answer of small"):
        await items(ReplayProvider("small", tape), call())


async def test_a_judges_question_is_not_answered_with_the_answer_to_the_prompt() -> None:
    tape = Tape()
    with tape.at("capital of France?", LOGGED), pytest.raises(ModelNotReady, match="not to another text"):
        await items(ReplayProvider("small", tape), call("Grade this answer: Paris."))


async def test_a_system_prompt_before_the_prompt_changes_nothing() -> None:
    tape = Tape()
    asked = Call("small", (Message("system", "Be brief."), Message("user", "p")), 1.0, 9)
    with tape.at("p", LOGGED):
        assert (await items(ReplayProvider("small", tape), asked))[0] == TextChunk("Paris.")


async def test_a_second_sample_is_refused_but_the_same_call_again_is_the_same_answer() -> None:
    tape = Tape()
    small = ReplayProvider("small", tape)
    with tape.at("capital of France?", LOGGED):
        first = await items(small, call())
        assert await items(small, call()) == first
        with pytest.raises(ModelNotReady, match="not a second sample"):
            await items(small, call(temperature=0.7))
    with tape.at("capital of France?", LOGGED):
        assert await items(small, call(temperature=0.7)) == first


async def test_tasks_beside_each_other_stand_at_their_own_prompts() -> None:
    tape = Tape()
    small = ReplayProvider("small", tape)

    async def one(prompt: str) -> StreamItem:
        with tape.at(prompt, {"small": LoggedAnswer(f"to {prompt}", Usage())}):
            await asyncio.sleep(0)
            return (await items(small, call(prompt)))[0]

    assert await asyncio.gather(one("a"), one("b")) == [TextChunk("to a"), TextChunk("to b")]
