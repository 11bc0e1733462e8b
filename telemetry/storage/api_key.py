"""The keys by which applications are known to the gateway: what is kept of them, never the keys themselves."""

from __future__ import annotations

from datetime import datetime
from typing import cast

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from telemetry.storage.types import UtcDateTime


class ApiKey(SQLModel, table=True):
    """One key: whose it is, what it may do, until when. Revoked ones stay, so that their names keep their meaning."""

    __tablename__ = "api_key"

    key_id: str = Field(primary_key=True)
    """Part of the key, and no secret: 12 hexadecimal digits."""
    name: str = Field(index=True)
    """As budgets and decisions name it. A rotated key has the name of the one whose place it takes."""
    digest: str
    """SHA-256 of the whole key, hexadecimal. A key holds 256 random bits: nothing slower is needed against guessing."""
    tenant: str
    role: str
    """client or operator."""
    routes: str | None = Field(default=None, sa_type=sa.Text)
    """The targets that it may ask for, as a JSON list; NULL: any."""
    requests_per_minute: int | None = None
    """NULL: no limit of its own."""
    created: datetime = Field(sa_type=UtcDateTime)
    created_by: str
    expires: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked: datetime | None = Field(default=None, sa_type=UtcDateTime)


API_KEY = cast(sa.Table, ApiKey.__table__)  # type: ignore[attr-defined]
