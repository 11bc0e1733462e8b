"""The agreement cascade on real logs: what two cheap models that agree save, beside the strongest single model.

    python benchmarks/replay.py --data ../shared/data/routing --json

Each log is cut into two halves by its prompts' hash. On the first half the strongest model is found, and the pair of
cheaper ones that keeps its accuracy for the least money; on the second half, which had no say, that cascade is replayed
through the real router, every probe counted. The same is done below the cheapest model that is nearly as strong, if it
is another one. Absent data is a clear skip.
"""

from __future__ import annotations

import sys
import time
import zlib
from itertools import combinations
from pathlib import Path

import numpy as np

from app.replay.comparison import Comparison, compare
from app.replay.log import Grades, ReplayLog
from app.replay.policy import plan_of_log
from app.replay.run import replay
from benchmarks.measuring.figures import Figure, command, figure, tell
from router_core.validators.extract import Extract, agree, extract, same

LOGS = ("zeroeval_crux", "mmlu_pro_subset")
NEARLY = 0.01
"""How much less accurate than the strongest a model may be to count as nearly as strong."""


def halves(log: ReplayLog, models: list[str]) -> tuple[list[int], list[int]]:
    """Prompts that all of these models answered, to choose by and to report on."""
    numbers = log.answered_by_all(models, with_response=True)
    even = {n for n, prompt in zip(numbers, log.read(numbers, []), strict=True) if zlib.crc32(prompt.text.encode()) & 1}
    return [n for n in numbers if n in even], [n for n in numbers if n not in even]


def says_the_same(one: tuple[str, Extract | None], other: tuple[str, Extract | None]) -> bool:
    """`agree` with what was extracted before; only prose is read again."""
    (text, said), (text2, said2) = one, other
    if said is None or said2 is None:
        return False
    return same(said, said2) if said.kind == said2.kind else agree(text, text2)


def strong_models(models: list[str], grades: Grades) -> list[str]:
    """The strongest, and the cheapest that is nearly as strong; one when they are the same."""
    accuracies = {m: float(grades.of(m)[0].mean()) for m in models}
    top = max(models, key=lambda m: (accuracies[m], -grades.of(m)[1].sum()))
    near = [m for m in models if accuracies[m] >= accuracies[top] - NEARLY]
    return list(dict.fromkeys((top, min(near, key=lambda m: grades.of(m)[1].sum()))))


def best_pair(log: ReplayLog, numbers: list[int], models: list[str], grades: Grades, strong: str) -> list[str]:
    """The two models that keep the strong one's accuracy at the least cost, on these prompts alone."""
    right, price = grades.of(strong)
    cheap = [m for m in models if grades.of(m)[1].sum() < price.sum() / 2]
    answers = [
        {name: (answer.text, extract(answer.text)) for name, answer in prompt.answers.items()}
        for prompt in log.read(numbers, cheap)
    ]
    found = []
    for pair in combinations(cheap, 2):
        first, second = sorted(pair, key=lambda m: -grades.of(m)[0].mean())
        agreed = np.array([says_the_same(said[first], said[second]) for said in answers])
        accuracy = float(np.where(agreed, grades.of(first)[0], right).mean())
        cost = float((grades.of(first)[1] + grades.of(second)[1] + np.where(agreed, 0.0, price)).sum())
        found.append((accuracy < right.mean(), cost if accuracy >= right.mean() else -accuracy, first, second))
    return list(min(found)[2:])


def measure(path: Path, whole: float) -> tuple[list[Figure], list[str]]:
    rows, stories = [], []
    with ReplayLog.open(path) as log:
        most = max(model.rows for model in log.models.values())
        models = [m.name for m in log.models.values() if m.responses >= whole * most and m.mean_cost is not None]
        choosing, reporting = halves(log, models)
        chosen_by, grades = log.grades(choosing, {}), log.grades(reporting, {})
        for place, strong in enumerate(strong_models(models, chosen_by)):
            plan = plan_of_log(log, best_pair(log, choosing, models, chosen_by, strong), strong)
            started = time.monotonic()
            done = replay(plan, log, reporting)
            seconds = time.monotonic() - started
            result = compare(plan, done, grades, seed=0)
            rows += figures(f"replay.{path.stem}{'.thrifty' if place else ''}", strong, result, seconds)
            stories.append(story(path, plan.models, result, len(choosing)))
    return rows, stories


def figures(name: str, strong: str, result: Comparison, seconds: float) -> list[Figure]:
    """A peer is the strong model alone, or the cheapest mixture of single models that is as accurate."""
    n, single = result.prompts, next(one for one in result.singles if one.model == strong)
    assert result.cost_usd is not None and single.cost_usd and single.accuracy and result.above_hull
    rows = [
        figure(f"{name}.cost", result.cost_usd, "USD", n, peer=single.cost_usd),
        figure(f"{name}.accuracy", result.accuracy.value, "share right", n, peer=single.accuracy.value),
        figure(f"{name}.above_hull", result.above_hull.value, "share right", n),
        figure(f"{name}.escalated", result.escalated / n, "share of prompts", n),
        figure(f"{name}.time_per_prompt", seconds / n * 1e3, "ms", n),
    ]
    if result.hull_cost_usd is not None:
        rows.append(figure(f"{name}.cost_beside_equal_mixture", result.cost_usd, "USD", n, peer=result.hull_cost_usd))
    return rows


def story(path: Path, models: tuple[str, ...], result: Comparison, chosen_on: int) -> str:
    first, second, strong = models
    n = result.prompts
    single = next(one for one in result.singles if one.model == strong)
    assert single.accuracy and result.above_hull
    a, s, d, h = result.accuracy, single.accuracy, result.against_strongest.difference, result.above_hull
    return (
        f"{path.stem}, {n} prompts (pair chosen on {chosen_on} others)\n"
        f"  {first} and {second} agree, else {strong}\n"
        f"  cascade {a.value:.3f} ({a.low:.3f} to {a.high:.3f}) for ${result.cost_usd:.3f}, "
        f"escalated {result.escalated / n:.1%}\n"
        f"  {strong} alone {s.value:.3f} ({s.low:.3f} to {s.high:.3f}) for ${single.cost_usd:.3f}; "
        f"cost ratio {(result.cost_usd or 0) / (single.cost_usd or 1):.3f}\n"
        f"  against {result.strongest}: {d.value:+.3f} ({d.low:+.3f} to {d.high:+.3f}); "
        f"above the hull {h.value:+.3f} ({h.low:+.3f} to {h.high:+.3f}); "
        f"coin {result.mix_accuracy or 0:.3f}, oracle {result.oracle_accuracy:.3f}"
    )


def main() -> None:
    parser = command(__doc__)
    parser.add_argument("--data", type=Path, help="folder of logs, or one log")
    parser.add_argument("--whole", type=float, default=0.99, help="share of prompts that a model must have answered")
    given = parser.parse_args()
    if given.data is None:
        logs = []
    elif given.data.is_dir():
        logs = [given.data / f"{name}.parquet" for name in LOGS]
    else:
        logs = [given.data]
    rows: list[Figure] = []
    for path in logs:
        if not path.is_file():
            print(f"skipped {path.name}: there is no such log", file=sys.stderr)
            continue
        found, words = measure(path, given.whole)
        rows += found
        if not given.json:
            print("\n".join(words), file=sys.stderr)
    if not logs:
        print("skipped: no logs; give --data PATH", file=sys.stderr)
    tell(rows, only_json=given.json, peer="the strong model or the mixture")


if __name__ == "__main__":
    main()
