"""What a decision's record says: its numbers, branches, candidates, rules, signals, and the bill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from app import units
from app.dashboard import cache, cards, components, theme
from app.dashboard.components import OUTCOME_TONE, Cell
from app.panels.decision.story import NOT_PASSED, below_threshold

Document: TypeAlias = Mapping[str, Any]
"""A decision as its schema has it (docs/decision.schema.json)."""


def facts(document: Document) -> dict[str, Any]:
    """The small facts below the headline; what is not known is left out."""
    known = {
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
    return {name: value for name, value in known.items() if value}


def numbers(document: Document) -> None:
    """Six numbers."""
    saved, baseline = document["savings_usd"], document["baseline_cost_usd"]
    tokens = (document["input_tokens"], document["output_tokens"])
    with cards.grid("numbers", narrowest="kpi"):
        cards.figure(
            "Cost",
            units.usd(document["cost_usd"]),
            "All branches, used or not",
            key="cost",
            help="US dollars for every branch: accepted, rejected and failed ones, probes and judges.",
        )
        cards.figure(
            "Saved",
            units.usd(saved),
            f"against {document['baseline_model']}" if baseline is not None else "no baseline is known",
            key="saved",
            help="What the strongest eligible model would have cost at its price, minus all that was spent.",
        )
        cards.figure(
            "Latency",
            units.took(document["latency_ms"]),
            "Request in to decision settled",
            key="latency",
            help="By the router's monotonic clock, all branches and the router's own time included.",
        )
        cards.figure(
            "First token",
            units.took(document["ttft_ms"]),
            "That the caller could see",
            key="ttft",
            help="From the request's arrival to the first token of the answer that was given; unknown where nobody "
            "measured it.",
        )
        cards.figure(
            "Router's own time",
            units.took(document["overhead_ms"]),
            "All but calls and the commit",
            key="own",
            help="Latency without the time in which a model, tool or judge was called, and without the commit.",
        )
        cards.figure(
            "Tokens",
            " + ".join(units.count(number) for number in tokens),
            "Input + output, all branches",
            key="tokens",
            help="As the providers counted them, of every branch, used or not.",
        )


def branches(document: Document) -> None:
    """Every branch, a row each, and the scores of its validators."""
    with cards.card(
        "Branches",
        "Every attempt at an answer, or at judging one",
        key="branches",
        help="One line a call or check. Outcome: accepted is the answer given; rejected scored below its "
        "threshold; compared was asked only to compare. Latency is that of the call alone.",
    ):
        if not document["branches"]:
            components.untrusted("None: the request ended before anything was called.", muted=True)
            return
        colours = cache.colours(theme.mode())
        components.table(
            ("#", "Model or tool", "Kind", "Tier", "Outcome", "Score", "Cost", "Tokens in + out", "Latency"),
            [
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
                    units.took(branch["latency_ms"]),
                )
                for branch in document["branches"]
            ],
            numbers=(5, 6, 7, 8),
            notes=[
                branch["error_message"] or branch["error_type"] or branch["reason"] for branch in document["branches"]
            ],
        )
        _scores(document["branches"])


def _score(branch: Document) -> str:
    if branch["score"] is None:
        return "not scored"
    needed = "" if branch["threshold"] is None else f" of {units.score(branch['threshold'])} needed"
    return f"{units.score(branch['score'])}{needed}"


def _scores(all_branches: Sequence[Document]) -> None:
    rows = [
        (
            f"{branch['index'] + 1} {branch['model']}",
            score.get("validator", ""),
            units.score(score.get("score")),
            units.score(score.get("threshold")),
            Cell("passed", tone="ok") if score.get("passed") else Cell("below", tone="warn"),
            score.get("reason", ""),
        )
        for branch in all_branches
        for score in branch["scores"]
    ]
    if rows:
        components.subtitle("Scores")
        components.table(("Branch", "Validator", "Score", "Threshold", "Result", "Why"), rows, numbers=(2, 3))


def candidates(document: Document) -> None:
    """Every model that was looked at, and by what it was excluded."""
    with cards.card(
        "Candidates",
        "Every model of the policy, and how it stood",
        key="candidates",
        help="Plan score: what the strategy put the model in order by, the highest first. Expected cost: this prompt's "
        "tokens and the longest answer that is allowed, at its prices. Excluded ones name the rule or fact that took "
        "them out.",
    ):
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


def guard(document: Document) -> None:
    """What each rule said."""
    with cards.card(
        "Guard",
        "Each rule of the policy, and what it said",
        key="guard",
        help="Guard rules remove models or force a route before any is called; they can only narrow. "
        "Passed: the rule had nothing against it.",
    ):
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


def bill(document: Document) -> None:
    """What each branch cost, and what the baseline would have."""
    with cards.card(
        "The bill",
        "US dollars; a saving counts all that was spent",
        key="bill",
        help="All branches, probes, judges and retries. Baseline: the strongest model that was eligible "
        "for this request, at its price; saved is baseline minus cost.",
    ):
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


def signals(document: Document) -> None:
    """What was known before any model was called."""
    with cards.card(
        "Signals",
        "Known before any model was called",
        key="signals",
        help="Facts known from the prompt alone. A share is how sure the classifier is; complexity and "
        "injection go from 0 to 1.",
    ):
        known = document["signals"] or {}
        if known:
            components.definition_list([(_signal(name), _said(name, value)) for name, value in known.items()])
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
