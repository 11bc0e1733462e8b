"""The same prompt, answered by several models side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app import plain, units
from app.dashboard import cards, components
from app.dashboard.components import Cell
from app.panels.playground import opinion
from app.panels.playground import view as playground_view
from app.panels.playground.run import Run


def draw(runs: Sequence[Run], colours: Mapping[str, str]) -> None:
    """A column a model, each on its own clock, and what they cost below."""
    with cards.grid("compared", narrowest="half"):
        for place, run in enumerate(runs):
            state, model = run.state, run.question.route or ""
            _, subtitle = playground_view.heading(state, run.elapsed_ms)
            with cards.card(plain.visible(model, 60), subtitle, key=f"compared-{place}"):
                playground_view.answer(state)
                opinion.draw(state, key=str(place))
                playground_view.record(state)
    with cards.card(
        "Side by side",
        "One decision each, made without routing",
        key="side-by-side",
        help="One decision a model, each with its own clock. Whole request: in to settled. First token: "
        "from the start of the branch.",
    ):
        components.table(
            ("Model", "Status", "Cost", "Tokens in / out", "First token", "Whole request"),
            [_row(run, colours) for run in runs],
            numbers=(2, 3, 4, 5),
        )


def _row(run: Run, colours: Mapping[str, str]) -> tuple[object, ...]:
    model = run.question.route or ""
    name = Cell(model, swatch=colours.get(model))
    decision = run.state.decision
    if decision is None:
        standing = {"running": "running", "stopped": "stopped"}.get(run.state.phase, "no answer")
        return name, Cell(standing, "muted"), "", "", "", ""
    tone = components.OUTCOME_TONE.get(decision.status)
    return (
        name,
        Cell(decision.status, tone),
        units.usd(decision.cost_usd),
        f"{units.count(decision.input_tokens)} / {units.count(decision.output_tokens)}",
        units.duration(decision.ttft_ms),
        units.duration(decision.latency_ms),
    )
