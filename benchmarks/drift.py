"""How long it takes to compare every week of every model, beside Evidently's own reports, and how often it alarms.

    python benchmarks/drift.py [--requests 2000000] [--weeks 8] [--data FILE.db] [--null-weeks 500]
                               [--peer-cells 4] [--json]

``--data`` keeps the store there, and uses it again when it has been made before. Eight models, sixteen metrics and
those of their validators. `routescope drift run --all` runs as a process of its own: its time and the most memory that
it held. The peer is Evidently's full report of as many weeks of models, of which ``--peer-cells`` are made and the rest
is reckoned. Null weeks are of four models that do not change, of 60 to 800 branches each, texts kept, against two
references: the share of weeks with any alarm, with its Wilson interval; the promise is 2 %. Then changes are planted,
forty of a kind: the share that is found by its metric, and of all that was found then the share that is named by its
cause.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
import sqlalchemy as sa

from benchmarks.measuring.figures import Figure, command, figure, tell
from benchmarks.measuring.traffic import BATCH, day_of_traffic, insert, repeat
from telemetry.drift.findings import judge
from telemetry.drift.pair import Pair
from telemetry.drift.tables import DRIFT_METRIC, DRIFT_WEEK
from telemetry.drift.weeks import WEEK
from telemetry.drift.windows import Subject, Vocabulary, Window, subjects_by_week
from telemetry.query import drift
from telemetry.query.proportion import Proportion
from telemetry.query.store import store_state
from telemetry.rollup import rebuild
from telemetry.rows import Bundle
from telemetry.storage.engine import add, open_engine, open_reader, reading
from tests.drifting import FIRST, Habits, pair, week

MODELS: Final = 8
LIMIT_S: Final = 60.0
LIMIT_MB: Final = 2_000.0
FALSE_ALARMS: Final = 0.02
HEAT_MAP_WEEKS: Final = 52
HEAT_MAP_MS: Final = 2_000.0
NULL_MODELS: Final = 4
REPEATS: Final = 40
PLANTED: Final = (
    ("slower_1.5x", Habits(slower=1.5), 600, "latency_ms", ("model",)),
    ("answers_30_percent_shorter", Habits(shorter=0.7), 600, "answer_characters", ("model",)),
    ("refusals_1_to_5_percent", Habits(refuses=0.05), 600, "refused", ("model",)),
    ("price_1.5x", Habits(price=900), 300, "cost", ("price",)),
    ("other_intents", Habits(asked=(0.1, 0.5, 0.3, 0.1)), 600, "intent", ("input",)),
    ("new_version", Habits(version="v2"), 300, "version", ("model",)),
    ("other_answers", Habits(texts=True, says=1.0), 400, "answer_embedding", ("model",)),
)
"""A name, what is otherwise, branches a week, the metric that must be found, and its cause."""


def made(requests: int) -> Iterator[Bundle]:
    """A day of traffic, its models' branches spread over eight models."""
    for number, bundle in enumerate(day_of_traffic(requests)):
        for row in bundle.branches:
            if row["kind"] in ("model", "probe"):
                row["model"] = f"model-{(number * 7 + len(row['model'])) % MODELS}"
                row["answer_characters"] = (row["output_tokens"] or 0) * 4
        yield bundle


def fill(url: str, requests: int, weeks: int) -> None:
    """Write so many requests over so many weeks, and their rollups."""
    engine = open_engine(url)
    stream = made(max(requests // (7 * weeks), 1))
    while batch := list(islice(stream, BATCH)):
        add(engine, partial(insert, batch))
    rebuild(engine)
    repeat(engine, 7 * weeks)
    engine.dispose()


def run_alone(url: str) -> tuple[float, float, float]:
    """Seconds, those of them on the processor, and the most megabytes of `drift run --all` that finds nothing done."""
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.delete(DRIFT_WEEK))
    engine.dispose()
    environment = {**os.environ, "ROUTESCOPE_DATABASE_URL": url}
    begin = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "app.cli", "drift", "run", "--all"], env=environment, check=True, capture_output=True
    )
    seconds = time.perf_counter() - begin
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def evidently_s(url: str, cells: int) -> float:
    """Seconds of a full report of Evidently's, the mean of some; importing it is not counted."""
    from telemetry.drift.evidently import Subtitle, write_report

    reader = open_reader(url)
    with reading(reader) as connection:
        subjects = subjects_by_week(connection)
    last = sorted(subjects)[-2]
    chosen = sorted(subjects[last], key=lambda subject: subject.model)[: cells + 1]
    times = []
    with tempfile.TemporaryDirectory() as folder:
        for number, subject in enumerate(chosen):
            begin = time.perf_counter()
            write_report(reader, Subtitle(last, subject), Path(folder) / f"{number}.html")
            times.append(time.perf_counter() - begin)
    return sum(times[1:]) / len(times[1:])


def false_alarms(weeks: int, seed: int = 1) -> Proportion:
    """Weeks with any alarm among weeks in which nothing changed."""
    rng = np.random.default_rng(seed)
    alarms = 0
    for _ in range(weeks):
        findings = [finding for pair in _null_pairs(rng) for finding in pair.measure()]
        alarms += any(finding.state == "drift" for finding in judge(findings))
    return Proportion.of(alarms, weeks)


def planted() -> Iterator[tuple[str, float, float]]:
    """Of each kind of change: its name, the share that was found, and of what was found the share rightly named."""
    for name, habits, n, metric, causes in PLANTED:
        hits = named = drifted = 0
        for seed in range(REPEATS):
            moved = [
                one
                for one in judge(pair(seed, n, habits, before=Habits(texts=habits.texts)).measure())
                if one.state == "drift"
            ]
            hits += any(one.metric.name == metric for one in moved)
            drifted += len(moved)
            named += sum(one.cause in causes for one in moved)
        yield name, hits / REPEATS, named / max(drifted, 1)


def _null_pairs(rng: np.random.Generator) -> Iterator[Pair]:
    monday = FIRST + WEEK * 4
    for model in range(NULL_MODELS):
        vocabulary, n = Vocabulary(), int(rng.integers(60, 800))
        kept = Habits(texts=True)
        before = [week(rng, n, vocabulary, kept, monday=FIRST + WEEK * number) for number in range(4)]
        now = week(rng, n, vocabulary, kept, monday=monday)
        subject = Subject(f"model-{model}", False)
        yield Pair(monday, subject, Window.of(before), now, vocabulary, "trailing")
        yield Pair(monday, subject, before[-1], now, vocabulary, "previous")


def heat_map_ms(folder: str) -> float:
    """The question of the page, over 52 weeks of eight models and sixteen metrics against three references."""
    engine = open_engine(f"sqlite:///{folder}/heat.db")
    now = FIRST + WEEK * HEAT_MAP_WEEKS
    rows = [
        {
            **{"week": now - WEEK * back, "purpose": "user", "model": f"model-{model}", "simulated": False},
            **{"against": against, "scope": "model", "part": "", "metric": f"metric-{metric}", "run_id": "r"},
            **{"kind": "numeric", "side": "model", "unit": "ms", "state": "ok", "n": 5_000, "n_reference": 20_000},
            **{"effect": 0.1, "like_effect": 0.1, "threshold": 0.2, "q": 0.5},
        }
        for back in range(HEAT_MAP_WEEKS)
        for model in range(MODELS)
        for against in ("trailing", "previous", "baseline")
        for metric in range(16)
    ]
    with engine.begin() as connection:
        connection.execute(sa.insert(DRIFT_METRIC), rows)
    reader = open_reader(str(engine.url))
    drift.heatmap(reader)
    begin = time.perf_counter()
    assert len(drift.heatmap(reader)) == HEAT_MAP_WEEKS * MODELS
    return (time.perf_counter() - begin) * 1e3


def main() -> None:
    parser = command(__doc__)
    parser.add_argument("--requests", type=int, default=2_000_000)
    parser.add_argument("--weeks", type=int, default=8)
    parser.add_argument("--data", type=Path, help="where to keep the store, or one made before")
    parser.add_argument("--null-weeks", type=int, default=500)
    parser.add_argument("--peer-cells", type=int, default=4)
    options = parser.parse_args()
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{options.data or Path(folder) / 't.db'}"
        open_engine(url).dispose()
        if store_state(open_reader(url)).requests == 0:
            fill(url, options.requests, options.weeks)
        n = store_state(open_reader(url)).requests
        seconds, busy, megabytes = run_alone(url)
        with reading(open_reader(url)) as connection:
            cells = sum(len(subjects) for subjects in subjects_by_week(connection).values())
        peer = evidently_s(url, options.peer_cells) * cells if options.peer_cells else None
        figures += [
            figure("drift_run_all", seconds, "s", n, limit=LIMIT_S, peer=peer),
            figure("drift_run_all_cpu", busy, "s", n, limit=LIMIT_S),
            figure("drift_run_memory", megabytes, "MB", n, limit=LIMIT_MB),
            figure("drift_heat_map_52_weeks", heat_map_ms(folder), "ms", HEAT_MAP_WEEKS * MODELS, limit=HEAT_MAP_MS),
        ]
        if options.null_weeks:
            alarms = false_alarms(options.null_weeks)
            for name, value in (("share", alarms.share), ("low", alarms.low), ("high", alarms.high)):
                figures.append(figure(f"false_alarms_{name}", value or 0.0, "share", alarms.n, limit=FALSE_ALARMS))
            for name, found, named in planted():
                figures += [
                    figure(f"{name}_found", found, "share", REPEATS),
                    figure(f"{name}_named", named, "share", REPEATS),
                ]
    tell(figures, only_json=options.json, peer="Evidently's reports")


if __name__ == "__main__":
    main()
