"""Evidently's own report of a model's week against its reference, as one HTML file: the place to look further.

Evidently takes ten seconds to import and 280 MB, so nothing else needs it: findings are computed without it, and only
who makes a report pays. The file holds all of its scripts and asks no other machine for anything.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import numpy as np
import sqlalchemy as sa

from telemetry.drift.baseline import pinned_weeks
from telemetry.drift.findings import Against
from telemetry.drift.metrics import METRICS
from telemetry.drift.pair import MIN_CURRENT, MIN_REFERENCE
from telemetry.drift.run import REFERENCE_WEEKS
from telemetry.drift.weeks import WEEK, label_of
from telemetry.drift.windows import MISSING, Subject, Vocabulary, Window, read_window, refusal_validators
from telemetry.errors import NothingToReport
from telemetry.storage.engine import reading

FOLDER: Final = "drift"
"""In the home folder."""
SIMULATED: Final = "simulated"
"""Within it, so that it can go with the demo."""
FRESH_S: Final = 86_400
_TAME: Final = str.maketrans({"<": "(", ">": ")", "&": "+"})
"""Labels come from models and their providers; in a page of somebody else's making they must not be markup."""


@dataclass(frozen=True, slots=True)
class Subtitle:
    """Which week of whom a report is about."""

    week: date
    subject: Subject
    against: Against = "trailing"

    def file_in(self, home: Path) -> Path:
        """Where it is kept; names of models need not be names of files."""
        about = f"{self.subject.model}\x1f{self.subject.simulated}\x1f{self.subject.purpose}\x1f{self.against}"
        plain = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in self.subject.model)[:40]
        code = blake2b(about.encode(errors="replace"), digest_size=6).hexdigest()
        kind = SIMULATED if self.subject.simulated else ""
        return home / FOLDER / kind / label_of(self.week) / f"{plain}-{code}.html"

    def is_fresh(self, home: Path) -> bool:
        """Whether it is there and was made within a day."""
        try:
            return time.time() - self.file_in(home).stat().st_mtime < FRESH_S
        except OSError:
            return False


def prune_reports(home: Path, oldest: date, *, simulated: bool = True) -> int:
    """Remove the reports of weeks before one; returns how many weeks' there were. They can be made again.

    Args:
        home: the home folder.
        oldest: the Monday of the first week to be kept.
        simulated: whether there still is simulated traffic; without it all reports of it go.
    """
    folders = [*(home / FOLDER).glob("*-W*"), *(home / FOLDER / SIMULATED).glob("*-W*")]
    gone = [] if simulated else [home / FOLDER / SIMULATED]
    old = [
        folder for folder in folders if folder.is_dir() and (folder.name < label_of(oldest) or folder.parent in gone)
    ]
    for folder in old:
        shutil.rmtree(folder, ignore_errors=True)
    return len(old)


def write_report(engine: sa.Engine, subtitle: Subtitle, path: Path) -> Path:
    """Make a report and put it there, whole or not at all.

    Raises:
        NothingToReport: no metric has enough values on both sides.
        OSError, StorageError
    """
    with reading(engine) as connection:
        vocabulary = Vocabulary(refusal_validators(connection))
        before, now = _windows(connection, subtitle, vocabulary)
    columns = dict(_columns(before, now, vocabulary))
    if not columns:
        subject = subtitle.subject
        raise NothingToReport(
            f"{subject.model!r} has too few answers in {label_of(subtitle.week)} or before it for a report; "
            f"{MIN_CURRENT} are needed in the week and {MIN_REFERENCE} before"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.part")
    try:
        _save(columns, draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def _windows(connection: sa.Connection, subtitle: Subtitle, vocabulary: Vocabulary) -> tuple[Window, Window]:
    subject, week = subtitle.subject, subtitle.week
    if subtitle.against == "baseline":
        pinned = pinned_weeks(connection)
        weeks = [one for one in [pinned.get(subject.model, pinned.get(""))] if one is not None]
    else:
        back = REFERENCE_WEEKS if subtitle.against == "trailing" else 1
        weeks = [week - WEEK * number for number in range(back, 0, -1)]
    before = [read_window(connection, subject, one, vocabulary) for one in weeks]
    return Window.of(before), read_window(connection, subject, week, vocabulary)


def _columns(before: Window, now: Window, vocabulary: Vocabulary) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Both sides of every metric that has enough values."""
    for metric in dict.fromkeys((*METRICS, *now.metrics)):
        if metric.kind == "text":
            continue  # Its own test of embeddings takes a minute and a half.
        if metric.kind == "numeric":
            sides: list[Any] = [side.numbers.get(metric.name, np.empty(0)) for side in (before, now)]
            known = [int(np.isfinite(side).sum()) for side in sides]
        else:
            names = np.asarray([label.translate(_TAME) for label in vocabulary.labels.get(metric.name, [])] + [None])
            codes = [side.codes.get(metric.name, np.empty(0, dtype=np.int32)) for side in (before, now)]
            known = [int((side != MISSING).sum()) for side in codes]
            sides = [names[side] for side in codes]
        if known[0] >= MIN_REFERENCE and known[1] >= MIN_CURRENT:
            yield metric.name.translate(_TAME), (sides[0], sides[1])


def _save(columns: dict[str, tuple[Any, Any]], path: Path) -> None:
    os.environ.setdefault("DO_NOT_TRACK", "1")
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset
    from pandas import DataFrame

    numeric = [name for name, (_, now) in columns.items() if now.dtype.kind == "f"]
    definition = DataDefinition(
        numerical_columns=numeric, categorical_columns=[name for name in columns if name not in numeric]
    )
    before, now = (
        Dataset.from_pandas(DataFrame({name: sides[side] for name, sides in columns.items()}), definition)
        for side in (0, 1)
    )
    # Effect sizes rather than p-values, which flag everything at a few thousand rows.
    preset = DataDriftPreset(num_method="wasserstein", cat_method="jensenshannon")
    Report([preset]).run(now, before).save_html(str(path))
