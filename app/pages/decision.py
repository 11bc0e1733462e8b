"""One decision: the story in words, then the evidence for it."""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from app import plain, units
from app.dashboard import cache, cards, components, navigation, plot, theme
from app.dashboard.charts import waterfall
from app.dashboard.components import OUTCOME_TONE, Cell
from app.panels.story import NOT_PASSED, below_threshold, headline, story
from telemetry.query.decision import DecisionContent, DecisionDetail


def show() -> None:
    """The page."""
    decision_id = st.query_params.get(navigation.DECISION, "").strip()
    if not decision_id:
        _ask()
        return
    with cards.errors_shown("decision"), cards.loading(420):
        detail = cache.decision(decision_id)
        if detail is None:
            _missing(decision_id)
        else:
            _whole(detail)


def _ask() -> None:
    components.page_header("Decision", "Which one?")
    wanted = st.text_input("Decision id", placeholder="The id that every answer carries")
    if wanted.strip():
        navigation.open_decision(wanted.strip())
    navigation.link_to(navigation.DECISIONS, label="Choose from the list")


def _missing(decision_id: str) -> None:
    components.page_header("Decision", "Not in this store")
    with cards.card(
        "No decision has this id", "It may still be on its way, or was removed, or is kept elsewhere", key="missing"
    ):
        components.untrusted(decision_id[:200])
        st.button("Look again", icon=":material/refresh:", on_click=cache.forget)
        navigation.link_to(navigation.DECISIONS, label="All decisions")


def _whole(detail: DecisionDetail) -> None:
    document = detail.document
    navigation.link_to(navigation.DECISIONS, label="All decisions", icon=":material/arrow_back:")
    components.page_header(
        headline(document), f"Decision {document['decision_id']}, {units.when(document['created_at'])} UTC"
    )
    components.chips(_facts(document))
    cards.simulated_banner(int(bool(document["simulated"])), 1)
    _numbers(document)
    with cards.grid("told", narrowest="half"):
        with cards.card("What happened", "Told from the record alone", key="story"):
            components.paragraphs(story(document))
        _bill(document)
    with cards.card(
        "Waterfall",
        "Every span, each below its parent; pale where a branch waits while its answer is judged",
        key="waterfall",
    ):
        mode = theme.mode()
        plot.draw(
            waterfall.waterfall(detail.spans, mode, cache.colours(mode), _calls(detail)),
            key="waterfall-chart",
            alt="Horizontal bars: when each span began and how long it took",
        )
    _branches(document)
    with cards.grid("why", narrowest="half"):
        _candidates(document)
        _guard(document)
    _signals(document)
    _content(detail.content)
    with st.expander("The whole record as JSON", icon=":material/data_object:"):
        st.code(plain.visible(json.dumps(document, indent=2, ensure_ascii=False)), language="json")


def _calls(detail: DecisionDetail) -> dict[str, float]:
    """Span id to the time of the call alone, in ms: a branch stays open while its answer is scored and compared."""
    open_spans = list(detail.spans)
    calls = {}
    for branch in sorted(detail.document["branches"], key=lambda branch: branch["index"]):
        name = f"{'tool' if branch['kind'] == 'tool' else 'branch'} {branch['model']}"
        span = next((span for span in open_spans if span.name == name), None)
        if span is not None and branch["latency_ms"] is not None:
            open_spans.remove(span)
            calls[span.span_id] = branch["latency_ms"]
    return calls


def _facts(document: dict[str, Any]) -> dict[str, Any]:
    facts = {
        "status": document["status"],
        "route": document["route"],
        "strategy": document["strategy"],
        "policy": f"{document['policy_name']} {str(document['policy_version'])[:12]}",
        "tenant": document["tenant"],
        "risk": document["risk"],
        "data class": document["data_class"],
        "purpose": document["purpose"],
        "parent": document["parent_decision_id"],
        "tags": ", ".join(map(str, document["tags"])),
    }
    return {name: value for name, value in facts.items() if value}


def _numbers(document: dict[str, Any]) -> None:
    saved, baseline = document["savings_usd"], document["baseline_cost_usd"]
    tokens = (document["input_tokens"], document["output_tokens"])
    with cards.grid("numbers", narrowest="kpi"):
        cards.figure("Cost", units.usd(document["cost_usd"]), "All branches, used or not", key="cost")
        cards.figure(
            "Saved",
            units.usd(saved),
            f"against {document['baseline_model']}" if baseline is not None else "no baseline is known",
            key="saved",
        )
        cards.figure("Latency", units.duration(document["latency_ms"]), "Request in to decision settled", key="latency")
        cards.figure("First token", units.duration(document["ttft_ms"]), "That the caller could see", key="ttft")
        cards.figure(
            "Router's own time", units.duration(document["overhead_ms"]), "All but calls and the commit", key="own"
        )
        cards.figure(
            "Tokens", " + ".join(units.count(number) for number in tokens), "Input + output, all branches", key="tokens"
        )


def _branches(document: dict[str, Any]) -> None:
    with cards.card("Branches", "Every attempt at an answer, or at judging one", key="branches"):
        if not document["branches"]:
            components.untrusted("None: the request ended before anything was called.", muted=True)
            return
        colours = cache.colours(theme.mode())
        rows = [
            (
                branch["index"] + 1,
                Cell(branch["model"], swatch=colours.get(branch["model"])),
                branch["kind"],
                " · ".join(filter(None, (branch["tier"], branch.get("deployment")))),
                Cell(NOT_PASSED, tone="warn")
                if below_threshold(branch)
                else Cell(branch["outcome"], tone=OUTCOME_TONE.get(branch["outcome"])),
                _score(branch),
                units.usd(branch["cost_usd"]),
                f"{units.count(branch['input_tokens'])} + {units.count(branch['output_tokens'])}",
                units.duration(branch["latency_ms"]),
            )
            for branch in document["branches"]
        ]
        components.table(
            (
                "#",
                "Model or tool",
                "Kind",
                "Tier",
                "Outcome",
                "Score",
                "Cost",
                "Tokens in + out",
                "Latency",
            ),
            rows,
            numbers=(5, 6, 7, 8),
            notes=[
                branch["error_message"] or branch["error_type"] or branch["reason"] for branch in document["branches"]
            ],
        )
        _scores(document["branches"])


def _score(branch: dict[str, Any]) -> str:
    if branch["score"] is None:
        return "not scored"
    needed = "" if branch["threshold"] is None else f" of {units.score(branch['threshold'])} needed"
    return f"{units.score(branch['score'])}{needed}"


def _scores(branches: list[dict[str, Any]]) -> None:
    rows = [
        (
            f"{branch['index'] + 1} {branch['model']}",
            score.get("validator", ""),
            units.score(score.get("score")),
            units.score(score.get("threshold")),
            Cell("passed", tone="ok") if score.get("passed") else Cell("below", tone="warn"),
            score.get("reason", ""),
        )
        for branch in branches
        for score in branch["scores"]
    ]
    if rows:
        components.subtitle("Scores")
        components.table(("Branch", "Validator", "Score", "Threshold", "Result", "Why"), rows, numbers=(2, 3))


def _candidates(document: dict[str, Any]) -> None:
    with cards.card("Candidates", "Every model of the policy, and how it stood", key="candidates"):
        colours = cache.colours(theme.mode())
        rows = [
            (
                Cell(one.get("model"), swatch=colours.get(str(one.get("model")))),
                one.get("tier") or "",
                "" if one.get("excluded_by") else units.score(one.get("score")),
                "" if one.get("excluded_by") else units.usd(one.get("expected_cost_usd")),
                Cell(f"{one['excluded_by']}: {one.get('excluded_reason') or 'no reason given'}", tone="warn")
                if one.get("excluded_by")
                else Cell("eligible", tone="ok"),
            )
            for one in document["candidates"]
        ]
        if rows:
            components.table(("Model", "Tier", "Plan score", "Expected cost", "Standing"), rows, numbers=(2, 3))
        else:
            components.untrusted("None were recorded.", muted=True)


def _guard(document: dict[str, Any]) -> None:
    with cards.card("Guard", "Each rule of the policy, and what it said", key="guard"):
        rows = [
            (
                one.get("rule"),
                Cell(one.get("outcome"), tone=OUTCOME_TONE.get(str(one.get("outcome")))),
                ", ".join(map(str, one.get("models_removed") or ())),
                str(one.get("reason", ""))
                + (f"; its expression failed ({one['failed']}), so it applies" if one.get("failed") else ""),
                one.get("owner") or "",
            )
            for one in document["verdicts"]
        ]
        if rows:
            components.table(("Rule", "Verdict", "Removed", "Reason", "Owner"), rows)
        else:
            components.untrusted("The policy has no rule for this route.", muted=True)


def _bill(document: dict[str, Any]) -> None:
    with cards.card("The bill", "US dollars; a saving counts all that was spent", key="bill"):
        rows: list[tuple[object, ...]] = [
            (
                f"{branch['index'] + 1} {branch['model']}, {branch['outcome']}",
                branch["cost_source"] or "",
                units.usd(branch["cost_usd"]),
            )
            for branch in document["branches"]
        ]
        rows += [
            ("Spent in all", "", units.usd(document["cost_usd"])),
            (
                f"Baseline {document['baseline_model'] or ''}",
                document["baseline_source"] or "",
                units.usd(document["baseline_cost_usd"]),
            ),
            ("Saved", "", units.usd(document["savings_usd"])),
        ]
        components.table(("For", "Source", "USD"), rows, numbers=(2,))


def _signals(document: dict[str, Any]) -> None:
    with cards.card("Signals", "Known before any model was called", key="signals"):
        signals = document["signals"] or {}
        if signals:
            components.definition_list([(_signal(name), _said(name, value)) for name, value in signals.items()])
        else:
            components.untrusted("None were recorded.", muted=True)


def _signal(name: str) -> str:
    return "personal data" if name == "pii" else name.replace("_", " ")


def _said(name: str, value: object) -> str:
    if value is None:
        return units.UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return units.share(value, 0) if name.endswith("confidence") else f"{value:.2f}"
    if isinstance(value, int):
        return units.count(value)
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value)


def _content(content: DecisionContent | None) -> None:
    with cards.card("What was said", "Shown as plain text, exactly as it was kept", key="content"):
        if content is None:
            components.untrusted(
                "Not kept: the policy's content setting is off. What is known of the prompt is in the signals.",
                muted=True,
            )
            return
        components.chips({"content": content.mode})
        for turn in content.prompt:
            components.said(turn.role or "prompt", turn.text)
        if not content.prompt:
            components.said("prompt", f"only its SHA-256 is kept: {content.sha256 or 'unknown'}")
        for answer in content.answers:
            text = "\n\n".join(turn.text for turn in answer.turns)
            components.said(
                f"branch {answer.branch_index + 1}, {answer.model}",
                text or f"only its SHA-256 is kept: {answer.sha256}",
            )


if __name__ == "__main__":
    show()
