"""How far scores can be believed: validators against verdicts, and those who judge against people."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app import plain, units
from app.dashboard import cards, components, navigation, plot, rows, theme
from app.dashboard.charts.reliability import reliability
from app.dashboard.rows import Column
from telemetry.query.calibration import Calibration, Calibrations
from telemetry.query.judges import JudgeAgreement

VALIDATOR = "calibrated"
"""The query parameter that says whose diagram is drawn, and the key of its widget."""


def calibration_card(found: Calibrations) -> None:
    """Whether the scores of a validator mean what they say."""
    with cards.card(
        "Do scores mean what they say?",
        "Share of good answers by a validator's score, with intervals at 95 %",
        key="calibration",
        help="A reliability diagram. On the dotted line, as many answers are good as the score says; below it the "
        "validator is too sure. The expected calibration error is the mean distance from the line, weighted by "
        "answers; with few answers it comes out too large. Rejected answers are judged too. Of the sample alone.",
    ):
        if not found.rows:
            cards.empty(
                "No scored answer was judged",
                "Give the route validators, or choose a longer period: only answers that a validator scored and an "
                "evaluator judged can be compared.",
            )
            return
        names = [one.validator for one in found.rows]
        name = names[0]
        if len(names) > 1:
            # First the one that says most: where all scores are alike there is nothing to see.
            names.sort(key=lambda name: next((-len(row.bins), -row.n) for row in found.rows if row.validator == name))
            name = st.selectbox("Validator", names, key=VALIDATOR, bind="query-params", format_func=plain.visible)
        one = next((row for row in found.rows if row.validator == name), found.rows[0])
        alt = f"{one.validator}: expected calibration error {one.error:.2f} over {one.n} answers."
        plot.draw(reliability(one, theme.mode()), key="calibration", alt=alt)
        components.untrusted(components.unbroken(_in_words(one, found)), muted=True)


def _in_words(one: Calibration, found: Calibrations) -> str:
    sentences = [f"Expected calibration error {one.error:.3f}, n = {units.count(one.n)}."]
    if one.passed.n:
        sentences.append(f"{units.share(one.passed.share)} of {units.count(one.passed.n)} that passed are good.")
    if one.rejected.n:
        sentences.append(
            f"{units.share(one.rejected.share)} of {units.count(one.rejected.n)} that it rejected are good too."
        )
    if not found.whole:
        sentences.append(
            f"From the {units.count(found.verdicts)} newest verdicts, since {units.when(found.since)} UTC."
        )
    return " ".join(sentences)


def judges_card(found: Sequence[JudgeAgreement]) -> None:
    """Whether those who judge say what people say."""
    with cards.card(
        "Evaluators against people",
        "On the answers that both have judged",
        key="judges",
        help="Cohen's kappa: agreement beyond what chance would give; 1 is full agreement, 0 none beyond chance. By "
        "the evaluator's rubric or references, since another rubric is another judge. Of several people on one answer "
        "the mean counts; where it is neither good nor bad, the answer does not.",
    ):
        if not found:
            cards.empty(
                "Nobody has judged the same answers",
                "Open some of the decisions below under What to judge by hand, and say whether the answer was good.",
            )
            return
        columns = [
            Column("Evaluator", [one.evaluator for one in found]),
            Column("Criteria", [one.criteria or "" for one in found], help="Hash of its rubric or references."),
            _counts("n", [one.pairs.n for one in found]),
            Column(
                "Agree",
                [units.share(one.kappa.agree.share) for one in found],
                number=True,
                sort=[one.kappa.agree.share for one in found],
                help="Same verdict as people.",
            ),
            Column(
                "κ", [_number(one.kappa.value) for one in found], number=True, sort=[one.kappa.value for one in found]
            ),
            Column("95 % interval", [_between(one) for one in found], number=True),
            _counts("Too kind", [one.pairs.first for one in found], "It says good, people say bad."),
            _counts("Too strict", [one.pairs.second for one in found], "It says bad, people say good."),
        ]
        rows.draw(columns, key="judges", names=[str(place) for place in range(len(found))], opens=False)
        plot.save(lambda: plot.written(_csv(found)), key="judges", what="this table")
        for one in found[:1]:
            if one.disagreed:
                with st.container(horizontal=True):
                    for place, decision in enumerate(one.disagreed[:3], start=1):
                        navigation.decision_link(decision, label=f"Disagreement {place}")


def _counts(title: str, numbers: Sequence[int], help: str = "") -> Column:
    return Column(title, [units.count(one) for one in numbers], number=True, sort=numbers, help=help)


def _number(value: float | None) -> str:
    return "not defined" if value is None else f"{value:.2f}"


def _between(one: JudgeAgreement) -> str:
    if one.kappa.low is None or one.kappa.high is None:
        return ""
    return f"{one.kappa.low:.2f} to {one.kappa.high:.2f}"


def _csv(found: Sequence[JudgeAgreement]) -> list[tuple[object, ...]]:
    head = ("evaluator", "criteria", "both_good", "only_evaluator", "only_people", "both_bad", "kappa", "low", "high")
    return [
        head,
        *(
            (
                *(one.evaluator, one.criteria, one.pairs.both, one.pairs.first, one.pairs.second, one.pairs.neither),
                *(one.kappa.value, one.kappa.low, one.kappa.high),
            )
            for one in found
        ),
    ]
