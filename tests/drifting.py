"""A model's weeks for tests and benchmarks of drift: what is asked, what is answered, and what somebody changed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from telemetry.content import ContentPolicy
from telemetry.drift.metrics import ANSWER_EMBEDDING, METRICS, PROMPT_EMBEDDING, VALIDATOR
from telemetry.drift.pair import Pair
from telemetry.drift.passages import ABSENT, Passages, half_of
from telemetry.drift.weeks import WEEK, start_of
from telemetry.drift.windows import MISSING, Subject, Vocabulary, Window, strata_of
from telemetry.rows import Bundle, bundle_of
from tests.traces import Routed, emit

FIRST = date(2026, 3, 2)
DIRECTIONS = 24
"""Of made-up texts as vectors."""
INTENTS = {"chat": (60, 4.0), "code": (400, 5.2), "summarise": (2_500, 4.6), "math": (45, 3.2)}
"""By intent: the median characters of a prompt, and the mean logarithm of an answer's tokens."""
USUAL = (0.4, 0.25, 0.2, 0.15)


@dataclass(frozen=True)
class Habits:
    """What a week is like."""

    asked: tuple[float, ...] = USUAL
    """Shares of INTENTS."""
    slower: float = 1.0
    shorter: float = 1.0
    refuses: float = 0.01
    fails: float = 0.01
    price: float = 600.0
    """Nano-USD per token of an answer; a quarter of that per token of a prompt."""
    version: str = "v1"
    texts: bool = False
    """Prompts and answers are kept."""
    says: float = 0.0
    """How far answers lie from where they usually do, in standard deviations of one direction."""


def week(
    rng: np.random.Generator, n: int, vocabulary: Vocabulary, habits: Habits = Habits(), *, monday: date = FIRST
) -> Window:
    """So many branches, spread evenly over the week."""
    names = np.array(list(INTENTS))
    place = rng.choice(len(names), n, p=habits.asked)
    medians, logs = (np.array([pair[side] for pair in INTENTS.values()]) for side in (0, 1))
    characters = np.round(medians[place] * rng.lognormal(0, 0.5, n)) + 1
    tokens = np.maximum(np.round(rng.lognormal(logs[place], 0.45) * habits.shorter), 1)
    latency = (150 + tokens * 9) * rng.lognormal(0, 0.3, n) * habits.slower
    refused, failed = rng.random(n) < habits.refuses, rng.random(n) < habits.fails
    escalated = (refused | (rng.random(n) < 0.03)) & ~failed
    numbers = {
        "latency_ms": latency,
        "ttft_ms": 150 * rng.lognormal(0, 0.3, n) * habits.slower,
        "output_tokens": tokens,
        "cost": np.round((tokens + characters / 16) * habits.price),
        "answer_characters": np.round(tokens * rng.uniform(3.8, 4.4, n)),
        "score": np.where(escalated, 0.3, 1.0),
        "prompt_characters": characters,
        "input_tokens": np.round(characters / 4) + 1,
        VALIDATOR + "complete": np.where(escalated, rng.uniform(0, 0.5, n), 1.0),
    }
    languages = np.where(rng.random(n) < 0.1, "de", "en")
    labels = {
        "finish_reason": np.where(rng.random(n) < 0.03, "length", "stop"),
        "version": np.full(n, habits.version),
        "intent": names[place],
        "language": languages,
        "route": np.where(rng.random(n) < 0.7, "chat", "draft"),
        "refused": np.where(refused, "refused", "not refused"),
        "escalated": np.where(escalated, "escalated", "not escalated"),
        "failed": np.where(failed, "failed", "not failed"),
        "cached": np.where(rng.random(n) < 0.2, "cached", "not cached"),
    }
    codes = {name: vocabulary.codes(name, values) for name, values in labels.items()}
    for name, values in numbers.items():
        if name != "prompt_characters":
            values[failed] = np.nan
    for metric in METRICS:
        if metric.kind == "categorical" and metric.answers_only:
            codes[metric.name][failed] = MISSING
    at = start_of(monday).timestamp() + np.sort(rng.uniform(0, WEEK.total_seconds(), n))
    strata = strata_of(codes["intent"], codes["language"], characters)
    ids = np.array([f"d{int(moment)}-{number}" for number, moment in enumerate(at)], dtype=np.object_)
    window = Window(at, numbers, codes, strata, ids)
    if habits.texts:
        window.passages[PROMPT_EMBEDDING] = _passages(rng, place, ids)
        window.passages[ANSWER_EMBEDDING] = _passages(rng, place, ids, habits.says, ~failed)
    return window


def _passages(
    rng: np.random.Generator,
    intents: np.ndarray,
    ids: np.ndarray,
    moved: float = 0.0,
    there: np.ndarray | None = None,
) -> Passages:
    """Vectors that lie around a place of their intent, none where nothing was answered."""
    known = np.ones(intents.size, dtype=bool) if there is None else there
    vectors = rng.normal(size=(int(known.sum()), DIRECTIONS)).astype(np.float32)
    vectors[np.arange(len(vectors)), intents[known]] += 3.0
    vectors[:, -1] += moved
    places = np.full(intents.size, ABSENT, dtype=np.int32)
    places[known] = np.arange(len(vectors))
    return Passages(places, vectors, np.array([half_of(one) for one in ids[known]], dtype=bool))


def pair(
    seed: int, n: int, after: Habits = Habits(), *, before: Habits = Habits(), weeks: int = 4, model: str = "small"
) -> Pair:
    """A week of ``n`` branches and the weeks before it, each as large."""
    rng, vocabulary = np.random.default_rng(seed), Vocabulary()
    earlier = [week(rng, n, vocabulary, before, monday=FIRST + WEEK * number) for number in range(weeks)]
    monday = FIRST + WEEK * weeks
    now = week(rng, n, vocabulary, after, monday=monday)
    return Pair(monday, Subject(model, False), Window.of(earlier), now, vocabulary)


def rows_of(window: Window, vocabulary: Vocabulary, model: str) -> Bundle:
    """A window as the rows of decisions with one branch each, as the writer keeps them."""
    (made,) = _template()
    bundle = Bundle(requests=[], branches=[], spans=[], contents=[])
    labels = {
        name: [None if code == MISSING else vocabulary.labels[name][code] for code in codes]
        for name, codes in window.codes.items()
    }
    numbers = {
        name: [None if np.isnan(value) else float(value) for value in values] for name, values in window.numbers.items()
    }
    for place in range(window.rows):
        at = float(window.at[place])
        code = f"{model}-{window.decisions[place]}"
        shared = {
            **{"trace_id": f"t{code}", "ts": datetime.fromtimestamp(at, UTC), "start_ns": int(at * 1e6) * 1000},
            **{"decision_id": code, "route": labels["route"][place], "intent": labels["intent"][place]},
        }
        refused, failed = labels["refused"][place] == "refused", labels["failed"][place] == "failed"
        score = [{"validator": "no-refusal", "score": 0.0 if refused else 1.0, "passed": not refused}]
        outcome = "failed" if failed else "rejected" if labels["escalated"][place] == "escalated" else "accepted"
        bundle.requests.append(
            {
                **made.requests[0],
                **shared,
                **{"span_id": f"r{code}", "language": labels["language"][place]},
                "characters": round(numbers["prompt_characters"][place] or 0),
            }
        )
        bundle.branches.append(
            {
                **made.branches[0],
                **shared,
                **{"span_id": f"b{code}", "model": model, "outcome": outcome, "scores": json.dumps(score)},
                **{"latency_ms": numbers["latency_ms"][place] or 1.0, "ttft_ms": numbers["ttft_ms"][place]},
                **{
                    name: _whole(numbers[name][place])
                    for name in ("output_tokens", "input_tokens", "answer_characters")
                },
                **{"cost_nano": _whole(numbers["cost"][place]), "finish_reason": labels["finish_reason"][place]},
                **{"response_model": labels["version"][place], "score": numbers["score"][place]},
            }
        )
    return bundle


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def _template() -> list[Bundle]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    emit(provider.get_tracer("test"), Routed("x"))
    return [bundle_of(exporter.get_finished_spans(), ContentPolicy("off"))]
