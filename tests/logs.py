"""Small logs of graded answers for replays.

log = ReplayLog.open(write_log(tmp_path / "log.jsonl", rows([("2 + 2?", {"a": "4", "b": "4", "c": "4"}, "4")])))
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

COSTS = {"tiny": 0.001, "twin": 0.002, "huge": 0.1}
"""USD a call, where nothing else is said."""


def rows(
    prompts: Sequence[tuple[str, Mapping[str, str], str]], costs: Mapping[str, float] = COSTS
) -> list[dict[str, Any]]:
    """One row for each model of (prompt, answers by model, right answer)."""
    return [
        {
            "prompt": prompt,
            "model": model,
            "score": 1.0 if answer == right else 0.0,
            "response": answer,
            "cost_usd": costs.get(model),
            "in_tokens": len(prompt.split()),
            "out_tokens": len(answer.split()),
        }
        for prompt, answers, right in prompts
        for model, answer in answers.items()
    ]


def write_log(path: Path, written: Sequence[Mapping[str, Any]]) -> Path:
    """The rows in the format that the file's name says; CSV leaves unknown cells empty."""
    if path.suffix == ".parquet":
        import pyarrow
        from pyarrow import parquet

        parquet.write_table(pyarrow.Table.from_pylist([dict(row) for row in written]), path)
    elif path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(written[0]))
            writer.writeheader()
            writer.writerows(written)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in written), encoding="utf-8")
    return path
