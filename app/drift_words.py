"""A finding of drift in words, the same in a terminal, on a page and in a report."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from app import plain, units
from telemetry.drift.weeks import label_of
from telemetry.query.drift import DriftFinding, MetricDrift

CAUSES: Final[Mapping[str, str]] = {
    "input": "other prompts",
    "model": "the model changed",
    "price": "the price changed",
    "mixed": "prompts and model changed",
    "unclear": "cause unclear",
}
CAUSES_EXPLAINED: Final[Mapping[str, str]] = {
    "input": "Input drift: what was asked changed. On the same prompts the model answers as before.",
    "model": "Model drift: on the same prompts the model answers otherwise than before.",
    "price": "Price: the same prompts and as many tokens cost otherwise than before.",
    "mixed": "Both: other prompts were asked, and on the same prompts the model answers otherwise.",
    "unclear": "It cannot be told apart: too few of the week's prompts have their like before it.",
}
TITLES: Final[Mapping[str, str]] = {
    "ttft_ms": "time to first token",
    "latency_ms": "latency",
    "answer_characters": "length of the answer",
    "answer_sentences": "sentences of the answer",
    "answer_embedding": "text of the answer",
    "prompt_embedding": "text of the prompt",
    "answer_non_letters": "part of the answer that is no letters",
    "prompt_characters": "length of the prompt",
    "refused": "refusals",
    "escalated": "escalations",
    "failed": "errors",
    "cached": "prompts from the cache",
    "version": "version of the model",
    "intent": "mix of intents",
    "language": "mix of languages",
    "cost": "cost per branch",
    "wasserstein_log": "Wasserstein distance of the logarithms",
    "wasserstein": "Wasserstein distance",
    "jensen_shannon": "Jensen-Shannon distance",
    "told_apart": "2 AUC - 1 of a classifier that tells the week from the reference",
}


def title(metric: str) -> str:
    """A metric's name, or an effect's, as words; not escaped."""
    kind, mark, name = metric.partition(":")
    return f"score of {name}" if kind == "validator" and mark else TITLES.get(metric, metric.replace("_", " "))


def value(one: DriftFinding | MetricDrift, amount: float | None) -> str:
    """An amount of a metric with its unit."""
    if amount is None:
        return "unknown"
    if one.unit in ("share", "place"):
        return units.share(amount)
    if one.unit == "nano-USD":
        return units.nano_usd(round(amount))
    if one.unit == "ms":
        return units.duration(amount)
    if one.unit == "per cent":
        return units.share(amount / 100)
    return f"{amount:.2f}" if one.unit == "score" else f"{amount:,.0f} {one.unit}"


def moved(one: DriftFinding | MetricDrift) -> str:
    """From what to what, of numbers also by how much; empty where an older RouteScope did not keep it."""
    if one.before is None or one.after is None:
        return ""
    told = f"{value(one, one.before)} → {value(one, one.after)}"
    if one.unit == "place":
        return f"typical place {told}"
    if one.unit == "share":
        whose = "" if one.category in (None, one.metric) else f"{plain.visible(one.category or '', 40)} "
        return whose + told
    if one.before > 0 and one.unit != "score" and round(one.after / one.before, 2) != 1:
        told += f" ({100 * (one.after / one.before - 1):+.0f} %)"
    return told


def line(one: DriftFinding) -> str:
    """One finding on one line."""
    whose = plain.visible(one.model, 60) + ("" if not one.part else f", {one.scope} {plain.visible(one.part, 40)}")
    marks = [*(["canary"] if one.purpose == "canary" else []), *(["simulated"] if one.simulated else [])]
    marked = f" ({', '.join(marks)})" if marks else ""
    amount = moved(one)
    cause = "" if one.cause is None else f"; {CAUSES[one.cause]}"
    what = plain.visible(title(one.metric), 80) + (f" {amount}" if amount else "")
    told = f"{one.week_label} {whose}{marked}: {what}, {one.ratio:.1f} x the threshold{cause}"
    return " ".join(told.split())


def lost(model: str, week: date) -> str:
    """That a pinned week has been pruned; an empty name stands for all models."""
    whom = plain.visible(model, 60) or "all models"
    return (
        f"The pinned week {label_of(week)} of {whom} has been pruned: no later week can be compared with it; what was "
        "found before is kept. Pin another with `routescope drift baseline`."
    )


def chance(p: float) -> str:
    """A p-value as one writes it; below 1 in 10,000 nobody knows it any better."""
    return "p < 0.0001" if p < 0.0001 else f"p {p:.2g}"
