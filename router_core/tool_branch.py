"""How a tool is tried, before any model: within its time, as a branch of its own, its bugs kept to itself."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import AsyncGenerator
from dataclasses import replace

from router_core import semconv
from router_core.branch import Branch
from router_core.errors import ToolFailed
from router_core.events import BranchEnded, BranchStarted, Event, Scored
from router_core.result import ScoreRecord
from router_core.run import Run
from router_core.tools.base import Tool, ToolAnswer

log = logging.getLogger("routescope.router")


async def try_tool(run: Run, tool: Tool) -> AsyncGenerator[Event]:
    """Ask one tool. When it has something to say, that is a branch; when it says it surely enough, the answer."""
    assert run.signals is not None
    started = run.timeline.elapsed_ns()
    span = run.trace.child(f"{semconv.SPAN_TOOL} {tool.name}")
    answer, error = await _resolve(run, tool)
    run.waited_ns += run.timeline.elapsed_ns() - started
    if answer is None and error is None:
        run.trace.end(span, {semconv.TOOL_NAME: tool.name})
        return
    reason = str(error) if answer is None else answer.reason
    branch = Branch(
        len(run.branches), "tool", tool.name, None, reason, span, started, final=True, location=tool.location
    )
    run.branches.append(branch)
    yield BranchStarted(branch.index, "tool", tool.name, reason, True, started / 1e6)
    if answer is None:
        branch.outcome, branch.error, branch.error_type = "failed", error, "tool_error"
    else:
        passed = answer.confidence >= tool.threshold
        branch.text, branch.citations = answer.text, answer.citations
        branch.scores = (ScoreRecord("confidence", answer.confidence, tool.threshold, passed, answer.reason),)
        branch.outcome = "accepted" if passed else "rejected"
        run.chosen = branch if passed else None
    branch.stop(run.timeline)
    run.close_branch(branch)
    yield BranchEnded(branch.record(), run.timeline.elapsed_ms())
    for score in branch.scores:
        yield Scored(branch.index, score)


async def _resolve(run: Run, tool: Tool) -> tuple[ToolAnswer | None, ToolFailed | None]:
    assert run.signals is not None
    seconds = min(tool.timeout_s, max(run.seconds_left(), 0))
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return _checked(tool.name, await tool.resolve(run.request, run.signals)), None
    except ToolFailed as error:
        return None, error.with_traceback(None)
    except Exception as error:  # noqa: BLE001  (a tool is foreign code: whatever it raises, a model can still answer)
        if isinstance(error, TimeoutError) and limit.expired():
            return None, ToolFailed(f"tool {tool.name} gave no answer within {seconds:.3g} s")
        # Without the error's own words: they may hold a key or the prompt.
        frames = "".join(traceback.format_tb(error.__traceback__))
        log.error("tool %s raised %s\n%s", tool.name, type(error).__name__, frames)
        return None, ToolFailed(f"tool {tool.name} is at fault ({type(error).__name__}); the log says where")


def _checked(name: str, answer: ToolAnswer | None) -> ToolAnswer | None:
    """The answer as text that can be sent and stored.

    Raises:
        ToolFailed: foreign code gave something else.
    """
    if answer is None:
        return None
    if (
        not isinstance(answer, ToolAnswer)
        or not all(isinstance(text, str) for text in (answer.text, answer.reason, *answer.citations))
        or not isinstance(answer.confidence, int | float)
        or not 0 <= answer.confidence <= 1
    ):
        raise ToolFailed(f"tool {name} gave no text with a confidence from 0 to 1 and a reason")
    return replace(answer, text=answer.text.encode("utf-8", "replace").decode("utf-8"))
