"""Leases: a piece of work that one process of many may do. Whoever holds it renews it; a dead holder's runs out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import cast

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from telemetry.storage.types import UtcDateTime


class Lease(SQLModel, table=True):
    """Who does a piece of work, and until when."""

    __tablename__ = "lease"

    name: str = Field(primary_key=True)
    holder: str
    expires: datetime = Field(sa_type=UtcDateTime)


LEASE = cast(sa.Table, Lease.__table__)  # type: ignore[attr-defined]


def take(engine: sa.Engine, name: str, holder: str, *, now: datetime, lasts: timedelta) -> bool:
    """Take a lease, or renew one's own; False while another holder's has not run out.

    The database decides: the transaction holds the write lock from before it looks.
    """
    with engine.begin() as connection:
        row = connection.execute(sa.select(LEASE.c.holder, LEASE.c.expires).where(LEASE.c.name == name)).first()
        if row is not None and row.holder != holder and row.expires > now:
            return False
        values = {"holder": holder, "expires": now + lasts}
        if row is None:
            connection.execute(sa.insert(LEASE).values(name=name, **values))
        else:
            connection.execute(sa.update(LEASE).where(LEASE.c.name == name).values(**values))
        return True


def release(engine: sa.Engine, name: str, holder: str) -> bool:
    """Give a lease back; False when it was no longer ours."""
    with engine.begin() as connection:
        deleted = connection.execute(sa.delete(LEASE).where(LEASE.c.name == name, LEASE.c.holder == holder))
        return deleted.rowcount > 0
