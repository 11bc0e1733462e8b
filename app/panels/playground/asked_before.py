"""Says that the run in view is not what stands in the form above it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from app import plain
from app.dashboard import components
from app.dashboard.gateway_client import Question
from app.panels.playground.compose import Composed
from app.panels.playground.run import Run

SHORT: Final = 80
"""Characters of a prompt."""


def draw(composed: Composed, runs: Sequence[Run]) -> None:
    """One line above the runs, where the form has come to say something else."""
    sentence = told(composed, [run.question for run in runs])
    if sentence is not None:
        components.notice(sentence, tone="muted")


def told(composed: Composed, asked: Sequence[Question]) -> str | None:
    """What was asked before; None where the form still says it, or says nothing."""
    prompt = asked[0].prompt
    if composed.models and tuple(one.route for one in asked) != composed.models:
        form = "another choice of models"
    elif not composed.models and asked[0].route != composed.question.route:
        form = "another route"
    elif composed.question.prompt not in ("", prompt):
        form = "another prompt"
    else:
        return None
    whom = " and ".join(plain.visible(one.route or "the default route", 40) for one in asked)
    return f"The form has {form} now. Below is what was asked before, of {whom}: {plain.visible(prompt, SHORT)}"
