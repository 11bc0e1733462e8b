"""What is judged and what is not: the evaluators' work, what stands in its way, and what people should judge next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from app import units
from app.dashboard import cache, cards, components, navigation, plot, rows
from app.dashboard.components import Cell, Tone
from app.dashboard.rows import Column
from app.dashboard.view import View
from telemetry.query import evaluation_work
from telemetry.query.evaluation_work import Work
from telemetry.query.judges import Unlabelled
from telemetry.query.scorecard import EvaluatorUse

REASONS: Final = {
    "sample": "picked by chance: it measures the judge",
    "against validators": "validators let it pass, the judge finds it bad",
    "no verdict": "the judge came to no verdict",
}
EXAMPLE: Final = """\
[telemetry]
content = "redacted"

[evaluation.evaluators.helpful]
kind = "judge"
route = "my-strongest-model"
rubric = "Good answers do what was asked, and say nothing that is wrong."

[evaluation.routes.chat]
evaluators = ["helpful"]
rate = 0.02"""


def nothing_judged(view: View) -> None:
    """A period without verdicts: what to do, and what stands in the way."""
    with cards.card("Nothing has been judged", view.period.label, key="nothing-judged"):
        if view.narrowed:
            components.untrusted("No verdict matches these filters. Remove one, or choose a longer period.")
            return
        components.untrusted(
            "Say in the policy who judges which answers; the jobs worker does the rest, within a day's budget. For "
            "example:"
        )
        components.untrusted(EXAMPLE, muted=True)
        components.untrusted(
            "Judge at once what is there: routescope evaluate run\n"
            "To see the page at work first, write simulated history: routescope demo"
        )
        navigation.link_to(navigation.DECISIONS, label="Judge some decisions by hand")
    work_card(view, ())


def work_card(view: View, uses: Sequence[EvaluatorUse]) -> None:
    """Who judged how much, what it cost, and what waits or was left out."""
    some = cache.ask(evaluation_work.work, view.filters)
    obstacles = cache.ask(evaluation_work.obstacles, view.filters, limit=6)
    if not some and not uses:
        return
    with cards.card(
        "The evaluators' work",
        "Verdicts of the period, and tasks that wait",
        key="work",
        help="Cost: of judging, as far as it is known; judges' calls have a purpose of their own and are in no "
        "business number. A task waits for its turn or for the next day's money, and is left out when it cannot be.",
    ):
        if uses:
            components.table(
                ("Who", "How", "Verdicts", "None", "By chance", "Cost", "Last (UTC)"),
                [
                    (
                        *(one.name, one.method, units.count(one.verdicts), units.count(one.without)),
                        *(units.count(one.sampled), _cost(one), units.when(one.last)),
                    )
                    for one in uses
                ],
                numbers=(2, 3, 4, 5),
            )
        if some:
            components.table(
                ("Route", "Task", "Waiting", "Done", "Left out", "Failed"),
                [(one.route, _task(one), *(_state(one, name) for name in _STATES)) for one in some],
                numbers=(2, 3, 4, 5),
            )
        if obstacles:
            components.table(
                ("Why not", "State", "Tasks"),
                [
                    (one.why, Cell(one.state, _TONES.get(one.state, "muted")), units.count(one.tasks))
                    for one in obstacles
                ],
                numbers=(2,),
            )


_STATES: Final = ("waiting", "done", "left out", "failed")
_TONES: Final[dict[str, Tone]] = {"failed": "bad", "left out": "warn"}


def _cost(one: EvaluatorUse) -> str:
    return "none" if one.method == "human" else units.nano_usd(one.cost_nano)


def _task(one: Work) -> str:
    return f"shadow call to {one.name}" if one.kind == "shadow" else one.name


def _state(one: Work, name: str) -> str:
    return units.count(one.states.get(name, 0))


def label_card(found: Sequence[Unlabelled]) -> None:
    """A short list of what a person should look at; a click opens the decision, where the opinion is given."""
    with cards.card(
        "What to judge by hand",
        "Decisions that only an evaluator has judged; a click opens one",
        key="to-label",
        help="A third was picked by chance: with them the judge's agreement with people is measured without bias. A "
        "third are answers on which validators and judge differ, a third those on which the judge came to no verdict.",
    ):
        if not found:
            cards.empty("Nothing waits for people", "Every judged answer of the period has an opinion of a person.")
            return
        columns = [
            Column("When (UTC)", [units.when(one.ts) for one in found], sort=[one.ts.timestamp() for one in found]),
            Column("Route", [one.route for one in found]),
            Column("Intent", [one.intent for one in found]),
            Column("Answered", [one.model for one in found]),
            Column(
                "The judge says",
                ["no verdict" if one.label is None else f"{one.label}, {units.score(one.score)}" for one in found],
                tones=["bad" if one.label == "bad" else "ok" if one.label == "good" else "muted" for one in found],
            ),
            Column("Why this one", [REASONS[one.reason] for one in found]),
        ]
        ids = [one.decision_id for one in found]
        chosen = rows.draw(
            columns, key="to-label", names=ids, links=[navigation.decision_url(one) for one in ids], tall=420
        )
        plot.save(lambda: plot.written(_csv(found)), key="to-label", what="this list")
        if chosen is not None:
            navigation.open_decision(chosen)


def _csv(found: Sequence[Unlabelled]) -> list[tuple[object, ...]]:
    return [
        ("decision", "ts", "route", "intent", "model", "label", "score", "reason"),
        *(
            (one.decision_id, one.ts, one.route, one.intent, one.model, one.label, one.score, one.reason)
            for one in found
        ),
    ]
