"""What the policy no longer wants kept is removed once a day."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from router_core.policy.loading import load_policy
from telemetry.retention import prune, prune_samples

log = logging.getLogger("routescope.jobs")

EVERY = timedelta(days=1)


def prune_by_policy(engine: sa.Engine, policy: Path) -> None:
    """Remove what is older than ``[telemetry]`` says, as the policy file says it now; and old samples in any case.

    Raises:
        PolicyError: nothing is removed on a policy that cannot be read.
        StorageError
    """
    prune_samples(engine)
    kept = load_policy(policy).policy.telemetry
    if kept.keep_days is None and kept.keep_content_days is None:
        return
    pruned = prune(engine, keep_days=kept.keep_days, keep_content_days=kept.keep_content_days)
    if not pruned.nothing:
        removed = ", ".join(f"{number:,} of {table}" for table, number in pruned.removed.items() if number)
        log.warning("pruned in %.1f s: %s rows", pruned.seconds, removed)
