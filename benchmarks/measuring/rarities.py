"""What a large store holds beside its bulk: decisions of a tenant that seldom asks, scores, opinions, operation."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import sqlalchemy as sa

from benchmarks.measuring.traffic import END, INTENTS, random_id, templates
from telemetry.drift.distribution import BINS, Distribution
from telemetry.drift.tables import DRIFT_DETAIL, DRIFT_METRIC, DRIFT_RUN, KEY
from telemetry.evaluation import FEEDBACK
from telemetry.incidents import incident_row
from telemetry.rows import Bundle
from telemetry.storage import pipeline_hours
from telemetry.storage.engine import add, open_engine, reading, writing
from telemetry.storage.evaluation import EVALUATION
from telemetry.storage.lease import LEASE
from telemetry.storage.models import POLICY_VERSION, REQUEST
from telemetry.storage.operation import INCIDENT, JOB_RUN, PIPELINE_SAMPLE, TABLE_SIZE, row_id
from telemetry.storage.writer import write_bundles

Row = dict[str, Any]

RARE: Final = "seldom"
"""A tenant, and a type of error of its requests."""
RARE_DECISIONS: Final = 40
SCORED: Final = 3_000
"""Decisions of the last hour, with scores of every height."""
OPINIONS: Final = 20_000
"""Of each of these."""
JUDGE: Final = "helpful"
SAYERS: Final[tuple[dict[str, Any], ...]] = (
    {"name": FEEDBACK, "author": "somebody", "method": "human", "sampled": False, "bad": 5},
    {"name": JUDGE, "author": "grader", "method": "judge", "sampled": True, "bad": 6},
)
"""Who says something, and which share of it is bad: one of so many."""
INCIDENTS: Final = 2_000
GATEWAYS: Final = 4
SAMPLED_DAYS: Final = 30
WEEKS: Final = 13
MODELS: Final = ("small", "medium", "large", "tiny")
METRICS: Final = ("latency", "ttft", "tokens", "cost", "characters", "score", "failed", "outcome")
PLAN: Final = json.dumps(
    [{"model": "small", "score": 1.0, "excluded_by": None}, {"model": "large", "score": 0.5, "excluded_by": None}]
)


def complete(url: str) -> None:
    """Write all of it, unless it is there."""
    engine = open_engine(url)
    with reading(engine) as connection:
        there = connection.scalar(sa.select(INCIDENT.c.incident_id).limit(1))
    if there is None:
        rng = random.Random(11)
        for bundles in (list(seldom(rng)), list(scored(rng))):
            add(engine, partial(_write, bundles))
        with writing(engine) as connection:
            for said in SAYERS:
                opinions(connection, said)
            for table, rows in (
                (INCIDENT, incidents(rng)),
                (PIPELINE_SAMPLE, samples(rng)),
                (JOB_RUN, runs()),
                (TABLE_SIZE, sizes()),
                (POLICY_VERSION, policies()),
                (DRIFT_RUN, [drift_run()]),
                (DRIFT_METRIC, drift_metrics(rng)),
                (DRIFT_DETAIL, drift_details(drift_metrics(rng))),
                (LEASE, [{"name": "jobs", "holder": "h:1", "expires": END}]),
            ):
                connection.execute(sa.insert(table), list(rows))
            pipeline_hours.rebuild(connection)
    engine.dispose()


def seldom(rng: random.Random) -> Iterator[Bundle]:
    """Decisions of a tenant that asks on every second day; the model failed."""
    template = templates()[-1]
    for number in range(RARE_DECISIONS):
        ts = END - timedelta(days=2 * number + 1, minutes=rng.randrange(1_000))
        bundle = _at(template, ts, rng, tenant=RARE)
        bundle.branches[-1]["error_type"] = RARE
        yield bundle


def scored(rng: random.Random) -> Iterator[Bundle]:
    """Decisions of the last hour: a cheap answer that two validators look at, and a strong one where it is too low."""
    cascade, single = templates()[3], templates()[0]
    for number in range(SCORED):
        ts = END - timedelta(seconds=3_600 * (number + 1) / (SCORED + 1))
        low, other = rng.random(), rng.random()
        passed = low >= 0.4 and other >= 0.2
        bundle = _at(single if passed else cascade, ts, rng, intent=rng.choice(INTENTS))
        bundle.requests[0]["candidates"] = PLAN
        bundle.branches[0]["scores"] = json.dumps(
            [
                {"validator": "judge", "score": low, "threshold": 0.4, "passed": low >= 0.4},
                {"validator": "length", "score": other, "threshold": 0.2, "passed": other >= 0.2},
            ]
        )
        yield bundle


def _at(template: Bundle, ts: datetime, rng: random.Random, **shared: Any) -> Bundle:
    """A trace like the template at another time, under ids of its own."""
    moment = {"trace_id": random_id(rng, 128), "ts": ts, "start_ns": int(ts.timestamp() * 1e6) * 1000}
    both = moment | shared | {"decision_id": random_id(rng, 128)}
    return Bundle(
        requests=[row | both | {"span_id": random_id(rng, 64)} for row in template.requests],
        branches=[row | both | {"span_id": random_id(rng, 64)} for row in template.branches],
    )


def _write(bundles: list[Bundle], connection: sa.Connection) -> None:
    write_bundles(connection, bundles)


def opinions(connection: sa.Connection, said: dict[str, Any]) -> None:
    """What somebody said of decisions that lie evenly over time: one of so many is bad, of fifty one has no verdict."""
    said, bad = {**said}, said["bad"]
    del said["bad"]
    total = connection.scalar(sa.select(sa.func.count()).select_from(REQUEST)) or 0
    row_number = sa.func.row_number().over(order_by=REQUEST.c.ts)
    numbers = sa.select(REQUEST.c.decision_id.label("picked"), row_number.label("number")).subquery()
    every = max(total // OPINIONS, 1)
    place = sa.cast(numbers.c.number // every, sa.BigInteger)
    silent, is_bad = place % 50 == 7, place % bad == 0
    repeated = [column.name for column in EVALUATION.columns if column.name in REQUEST.c and column.name != "score"]
    own: dict[str, Any] = {
        **{name: sa.literal(value) for name, value in said.items()},
        "given": REQUEST.c.ts,
        "score": sa.case((silent, None), (is_bad, -1.0), else_=1.0),
        "label": sa.case((silent, None), (is_bad, "bad"), else_="good"),
    }
    chosen = (
        sa.select(*(REQUEST.c[name] for name in repeated), *own.values())
        .join(numbers, numbers.c.picked == REQUEST.c.decision_id)
        .where(numbers.c.number % every == 0)
    )
    connection.execute(sa.insert(EVALUATION).from_select([*repeated, *own], chosen))


def incidents(rng: random.Random) -> Iterator[Row]:
    """Breakers that open and close again, over three months."""
    for number in range(INCIDENTS // 2):
        at = END - timedelta(hours=2.1 * number + 1)
        said = {"model": MODELS[number % len(MODELS)], "deployment": "only", "why": "3 failures in a row: timeout"}
        for kind, later in (("breaker_opened", 0.0), ("breaker_closed", 1 + 9 * rng.random())):
            moment = at + timedelta(minutes=later)
            yield incident_row(kind, "calls failed", at=moment, process=f"h:{number % GATEWAYS}", fields=said)


def samples(rng: random.Random) -> Iterator[Row]:
    """One a minute of every gateway, as long as they are kept."""
    for process in range(GATEWAYS):
        for minute in range(SAMPLED_DAYS * 1440):
            at = END - timedelta(minutes=minute)
            yield {
                **{"sample_id": row_id(process, at), "process": f"h:{process}", "ts": at},
                **{"minute": int(at.timestamp() // 60), "started": END - timedelta(days=SAMPLED_DAYS), "seconds": 60.0},
                **{"last": False, "queued": 0, "queue_high": 3, "spool_waiting": 0, "spool_bytes": 0, "written": 100},
                **dict.fromkeys(("spooled", "not_durable", "refused", "abandoned"), 0),
                **{"lag_n": 100, "lag_p95_ms": 4 + rng.random(), "lag_max_ms": 9.0, "last_error": None},
            }


def runs() -> Iterator[Row]:
    """Each job once an hour, as long as runs are kept."""
    for job in ("drift", "retention", "inventory", "alerts", "evaluation"):
        for hour in range(SAMPLED_DAYS * 24):
            at = END - timedelta(hours=hour)
            yield {
                **{"run_id": row_id(job, at), "job": job, "started": at, "holder": "h:1", "seconds": 1.5},
                **{"outcome": "done", "error": None},
            }


def sizes() -> Iterator[Row]:
    """Of every table, once a day."""
    for day in range(SAMPLED_DAYS):
        at = END - timedelta(days=day)
        for table in sorted(REQUEST.metadata.tables):
            yield {"size_id": row_id(table, at), "taken": at, "name": table, "row_count": 1_000, "bytes": 100_000}


def policies() -> Iterator[Row]:
    """A policy of some length, and forty versions before it."""
    rule = '[[rules]]\nname = "rule-{}"\nowner = "somebody"\n[rules.when]\nrisk = ["high"]\n\n'
    for number in range(41):
        text = "".join(rule.format(one) for one in range(number, number + 40))
        at = END - timedelta(days=90 - 2 * number)
        name = "v1" if number == 40 else f"v0.{number}"
        yield {"version": name, "name": "bench", "toml": text, "first_seen": at, "recorded_by": "bench"}


def drift_run() -> Row:
    """The last one."""
    at = END - timedelta(hours=5)
    known = {"run_id": "bench", "started": at, "finished": at + timedelta(seconds=9), "seconds": 9.0, "weeks": WEEKS}
    return known | {"cells": WEEKS * len(MODELS), "tested": WEEKS * len(MODELS) * len(METRICS), "drifted": 0}


def drift_metrics(rng: random.Random) -> Iterator[Row]:
    """What drift runs found of each model in each week."""
    for week in range(WEEKS):
        for model in MODELS:
            for metric in METRICS:
                yield {
                    **{"week": (END - timedelta(weeks=week + 1)).date(), "model": model, "simulated": False},
                    **{"metric": metric, "run_id": "bench", "kind": "numeric", "unit": "ms", "state": "ok"},
                    **{"n": 5_000, "n_reference": 5_000, "effect_name": "wasserstein", "effect": rng.random() / 10},
                    **{"threshold": 0.1, "p_name": "ks", "p": 0.5, "q": 0.5},
                    **{"purpose": "user", "against": "trailing", "scope": "model", "part": "", "side": "model"},
                }


def drift_details(metrics: Iterable[Row]) -> Iterator[Row]:
    """What a page reads of one of them at a time."""
    shape = Distribution((1 / BINS,) * BINS, tuple(float(edge) for edge in range(BINS + 1))).to_json()
    detail = {"run_id": "bench", "statistics": "{}", "reference": shape, "current": shape, "examples": "[]"}
    for metric in metrics:
        yield {name: metric[name] for name in KEY} | detail
