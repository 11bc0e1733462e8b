"""``routescope db delete``: the right to erasure."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from app.db_counts import told_counts
from app.options import database_option, json_option, settings_and_policy
from telemetry.storage.address import shown

if TYPE_CHECKING:
    from telemetry.erasure import Erased


@click.command(epilog="Example: routescope db delete --tenant acme")
@click.option("--tenant", help="All requests of this tenant, and its share in every rollup.")
@click.option("--trace", "trace_id", help="One request, by its trace id or decision id.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--wait",
    "wait_s",
    default=10.0,
    show_default=True,
    type=click.FloatRange(0, 3600),
    help="Seconds that running processes are given to empty their spools.",
)
@database_option
@json_option
def delete(
    tenant: str | None, trace_id: str | None, yes: bool, wait_s: float, database_url: str | None, as_json: bool
) -> None:
    """Erase all that is kept of a tenant or a request: rows, prompts and answers, spools, its share in rollups.

    Sessions and cached answers go too, within a second in gateways that keep them in memory. Ends with a statement of
    what was there. A second run says that nothing is left. Budgets keep their sums, and backups, log files and exports
    are not reached.
    """
    if (tenant is None) == (trace_id is None) or not (tenant or trace_id or "").strip():
        raise click.UsageError("give --tenant NAME or --trace ID, one of them")
    from app.erased import forget
    from router_core.errors import StateUnavailable
    from router_core.state.entries import decision_owner, tenant_owner
    from telemetry.collector_spool import collector_folder
    from telemetry.erasure import Tenant, Trace, erase, preview
    from telemetry.spooled import spool_folder
    from telemetry.storage.engine import open_engine

    settings, _ = settings_and_policy(database_url)
    subject = Trace(str(trace_id)) if tenant is None else Tenant(tenant)
    what = f"trace {trace_id}" if tenant is None else f"tenant {tenant}"
    engine = open_engine(settings.database_url)
    if not yes:
        _confirm(what, preview(engine, subject))
    try:
        if isinstance(subject, Tenant):
            owners = [tenant_owner(subject.name)]
        else:
            owners = [decision_owner(one) for one in {subject.id, *subject.decision_ids(engine)}]
        entries = forget(settings, owners)
        erased = erase(
            engine, spool_folder(settings.home), subject, copies=collector_folder(settings.home), wait_s=wait_s
        )
    except StateUnavailable as error:
        raise click.ClickException(f"nothing was erased, since the shared state cannot be used ({error})") from None
    except OSError as error:
        raise click.ClickException(f"a spool cannot be written ({error.strerror or error}); try again") from None
    if as_json:
        place = {"database": shown(settings.database_url), "tenant": tenant, "trace": trace_id}
        counted = {**asdict(erased), "sessions_and_cached_answers": entries}
        document = {**place, **counted, "nothing_left": erased.complete and not erased.unreadable}
        click.echo(json.dumps(document, default=str))
    click.echo(f"{what}: {_statement(erased)}", err=True)
    if entries:
        click.echo(f"{entries:,} sessions and cached answers were removed from the shared state", err=True)
    for path in erased.held:
        click.echo(f"{path} still holds some of it: a running process has it; stop that or wait, and repeat", err=True)
    for path in erased.unreadable:
        click.echo(f"{path} is damaged and cannot be searched; delete it when nobody needs it any more", err=True)
    if not erased.log_emptied:
        click.echo(
            "a reader holds on to the write-ahead log, which may still hold it; repeat when it is done", err=True
        )
    if not erased.complete:
        sys.exit(1)


def _confirm(what: str, found: Erased) -> None:
    """Ask on a terminal; elsewhere nobody could answer."""
    if not sys.stdin.isatty():
        raise click.UsageError("this cannot be undone, and nobody is there to be asked; give --yes")
    held = told_counts(found.removed) or "nothing in the database; spools are searched too"
    click.confirm(f"{what}: {held}. Erase it for good?", abort=True, err=True)


def _statement(erased: Erased) -> str:
    if erased.nothing:
        return "nothing is left of it" if erased.complete else "nothing of it could be removed"
    rest = "nothing of it is left" if erased.complete else "some of it is left"
    return f"removed {told_counts(erased.removed)}; {rest}"
