"""How fast the dashboard's questions are answered, uncached, beside the same question asked of the raw rows.

    python benchmarks/queries.py [--requests 100000] [--days 90] [--data FILE.db] [--database-url URL] [--json]
                                 [--only TEXT] [--cpu] [--memory]

``--data`` keeps the database there, and uses it again when it has been made before; ``--database-url`` names another,
as one of PostgreSQL. ``--only`` asks the questions alone whose name holds the text, and no raw rows. ``--cpu`` counts
the processor's time alone, which on a machine that is busy with others is what a quiet one would take. ``--memory``
says instead by how many MiB this process grows at most while a question is answered (what a server takes is not in it),
and what it has at most after all of them. Ends with a JSON list: p95 in milliseconds, ``limit`` 100, or MiB, ``limit``
64; where there is a raw scan of the same, it is the ``peer``.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from app.interpreter import keep_what_is_here
from benchmarks.measuring.figures import Figure, command, figure, tell
from benchmarks.measuring.memory import measurable, peak_mb, resident_mb
from benchmarks.measuring.questions import Question, questions
from benchmarks.measuring.rarities import complete
from benchmarks.measuring.traffic import fill
from telemetry.query.store import store_state
from telemetry.storage.engine import open_engine, open_reader, reading
from telemetry.storage.models import BRANCH, REQUEST

LIMIT_MS: Final = 100.0
LIMIT_MB: Final = 64.0
"""Eight dashboards that all ask at once take half a gigabyte at most."""
RUNS, RAW_RUNS = 20, 2


def p95(question: Callable[[], Any], clock: Callable[[], float], runs: int = RUNS) -> float:
    """Of some runs after a first one, which pays for imports and the file cache; nothing of ours is cached."""
    question()
    times = []
    for _ in range(runs):
        begin = clock()
        question()
        times.append((clock() - begin) * 1e3)
    return sorted(times)[round(0.95 * (runs - 1))]


def raw_questions(reader: sa.Engine) -> dict[str, Callable[[], Any]]:
    """The same of the raw rows, which no page does."""
    branch, request = BRANCH.c, REQUEST.c
    asked = request.purpose == "user"
    day = sa.func.substr(sa.cast(branch.ts, sa.Text), 1, 10)
    by_day = sa.select(day, branch.model, sa.func.sum(branch.cost_nano)).group_by(day, branch.model)
    sums = sa.select(sa.func.count(), sa.func.sum(request.cost_nano)).where(asked)
    ordered = sa.select(request.latency_ms).where(asked).order_by(request.latency_ms)
    by_tenant = sums.add_columns(request.tenant).group_by(request.tenant)
    escalated = sa.select(request.first, sa.func.count(), sa.func.sum(sa.cast(request.escalated, sa.Integer)))
    escalated = escalated.where(asked).group_by(request.first)
    failures = sa.select(branch.model, branch.error_type, sa.func.count()).where(branch.outcome == "failed")
    failures = failures.group_by(branch.model, branch.error_type)
    flows = sa.select(request.intent, request.first, request.chosen, sa.func.count()).where(asked)
    flows = flows.group_by(request.intent, request.first, request.chosen)
    slow = sa.select(request.decision_id).where(asked).order_by(request.latency_ms.desc()).limit(10)
    dear = sa.select(request.decision_id).where(asked).order_by(request.cost_nano.desc()).limit(10)

    def ask(*statements: sa.Executable) -> None:
        with reading(reader) as connection:
            for statement in statements:
                connection.execute(statement).all()

    return {
        "model_series_by_day_90_days": lambda: ask(by_day),
        "spend_by_model_and_day": lambda: ask(by_day),
        "totals_90_days": lambda: ask(sums, ordered),
        "breakdown_by_tenant": lambda: ask(by_tenant),
        "escalations_by_first": lambda: ask(escalated),
        "branch_failures_90_days": lambda: ask(failures),
        "flows_90_days": lambda: ask(flows),
        "slowest_90_days": lambda: ask(slow),
        "most_expensive_90_days": lambda: ask(dear),
    }


def memory(asked: Sequence[Question], n: int) -> list[Figure]:
    """What each question takes, and what the process has after all of them."""
    for one in asked:
        # What is imported on the way is no part of an answer.
        one.ask()
    each = [figure(f"memory_{one.name}", peak_mb(one.ask), "MiB", n, limit=LIMIT_MB) for one in asked]
    return [*each, figure("memory_of_process", resident_mb(), "MiB", n)]


def main() -> None:
    parser = command(__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--data", type=Path, help="where to keep the database, or one made before")
    parser.add_argument("--database-url", help="another database, as postgresql+psycopg://HOST/NAME")
    parser.add_argument("--only", default="", help="a part of the questions' names")
    parser.add_argument("--cpu", action="store_true", help="count the processor's time alone")
    parser.add_argument("--memory", action="store_true", help="count memory instead of time")
    options = parser.parse_args()
    if options.memory and not measurable():
        parser.error("this system does not tell how much memory a process had at most; ask on Linux")
    clock = time.process_time if options.cpu else time.perf_counter
    with tempfile.TemporaryDirectory() as folder:
        url = options.database_url or f"sqlite:///{options.data or Path(folder) / 't.db'}"
        # Makes it, or brings an older one to the present schema.
        open_engine(url).dispose()
        reader = open_reader(url)
        if store_state(reader).requests == 0:
            rate = fill(url, options.requests, options.days)
            print(f"{options.requests:,} requests written, {rate:,.0f} a second", file=sys.stderr)
        complete(url)
        n = store_state(reader).requests
        asked = [one for one in questions(reader) if options.only in one.name]
        if options.memory:
            figures = memory(asked, n)
        else:
            raw = {name: p95(ask, clock, RAW_RUNS) for name, ask in raw_questions(reader).items() if not options.only}
            # As the dashboard does once it has drawn a page.
            keep_what_is_here()
            figures = [
                figure(f"query_{one.name}", p95(one.ask, clock), "ms", n, limit=LIMIT_MS, peer=raw.get(one.name))
                for one in asked
            ]
    tell(figures, only_json=options.json, peer="the raw rows")


if __name__ == "__main__":
    main()
