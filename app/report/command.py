"""``routescope report``: one week on one page, to read or to mail."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from app.options import database_option, json_option, settings_and_policy
from app.report.sections import document
from app.report.week import gather
from app.report.writing import html, markdown
from telemetry.drift.weeks import WEEK, monday_of, parse_week
from telemetry.storage.engine import open_reader

if TYPE_CHECKING:
    from app.report.week import Traffic

FORMATS: Final = {"html": html, "markdown": markdown}
SUFFIXES: Final = {".html": "html", ".htm": "html", ".md": "markdown"}


@click.command(epilog="Example: routescope report --week 2026-W47 --out report.html --out report.md")
@click.option("--week", help="The week, as 2026-W47; default: the last one that is over.")
@click.option(
    "--out", "files", multiple=True, type=click.Path(path_type=Path, dir_okay=False), help="FILE.html or FILE.md."
)
@click.option("--format", "form", type=click.Choice(sorted(FORMATS)), help="Whatever the file is called.")
@click.option("--traffic", type=click.Choice(["real", "simulated"]), help="Default: real, if the week has any.")
@database_option
@json_option
def report(
    week: str | None,
    files: tuple[Path, ...],
    form: str | None,
    traffic: Traffic | None,
    database_url: str | None,
    as_json: bool,
) -> None:
    """Write what changed in a week, what it cost, what it saved, and what needs a person.

    Without --out the report goes to stdout, as Markdown unless --format says otherwise.
    """
    now = datetime.now(UTC)
    monday = monday_of(now - WEEK) if week is None else parse_week(week)
    forms = [_form(file, form) for file in files]
    settings, _ = settings_and_policy(database_url)
    made = document(gather(open_reader(settings.database_url), monday, made=now, traffic=traffic))
    for file, name in zip(files, forms, strict=True):
        _write(file, FORMATS[name](made))
        click.echo(f"{file} written", err=True)
    if as_json:
        click.echo(json.dumps(asdict(made), default=sorted))
    elif not files:
        click.echo(FORMATS[form or "markdown"](made), nl=False)


def _form(file: Path, form: str | None) -> str:
    found = form or SUFFIXES.get(file.suffix.lower())
    if found is None:
        raise click.BadParameter(f"{file.name} ends in neither .html nor .md; say --format", param_hint="--out")
    return found


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"{file} cannot be written ({(error.strerror or 'refused').lower()}); give another file"
        raise click.BadParameter(message, param_hint="--out") from None
