"""Keys in the database: made, listed, revoked, exchanged for new ones."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from app.keys.key import Key, Minted, digest_of, mint
from router_core.errors import RequestError
from telemetry.storage.api_key import API_KEY
from telemetry.storage.engine import reading, writing
from telemetry.text import clean

LONGEST_NAME: Final = 64


class UnusableKey(RequestError):
    """A key cannot be made, or none has that name."""

    code = "unusable_key"


def create(engine: sa.Engine, key: Key) -> Minted:
    """Keep a key, and give its text, which is kept nowhere. The ``key_id`` of ``key`` is not looked at.

    Raises:
        UnusableKey: the name or the tenant cannot be used, or an active key has the name.
        StorageError: the database cannot be written.
    """
    for what, text in (("name", key.name), ("tenant", key.tenant)):
        _check_name(what, text)
    minted = mint()
    with writing(engine) as connection:
        if _active(connection, key.name, key.created):
            raise UnusableKey(
                f"a key {key.name!r} is there already; rotate it (routescope keys rotate {key.name}), revoke it, "
                "or take another name"
            )
        connection.execute(sa.insert(API_KEY), [_row(key, minted)])
    return minted


def every(engine: sa.Engine) -> list[tuple[Key, str]]:
    """All keys that there are or were, each with its digest, the oldest first."""
    with reading(engine) as connection:
        rows = connection.execute(sa.select(API_KEY).order_by(API_KEY.c.created, API_KEY.c.key_id)).all()
    return [(_key(row), row.digest) for row in rows]


def active(engine: sa.Engine, now: datetime | None = None) -> list[Key]:
    """The keys that open something now."""
    moment = now or datetime.now(UTC)
    return [key for key, _ in every(engine) if key.state(moment) == "active"]


def revoke(engine: sa.Engine, name: str, *, now: datetime) -> Sequence[str]:
    """End every active key of a name, now; the ids of those.

    Raises:
        UnusableKey: no active key has it.
        StorageError: the database cannot be written.
    """
    with writing(engine) as connection:
        ended = _active(connection, name, now)
        if not ended:
            raise UnusableKey(f"no active key is named {name[:80]!r}; see routescope keys list")
        _end(connection, [key.key_id for key in ended], now)
    return [key.key_id for key in ended]


def rotate(engine: sa.Engine, name: str, *, now: datetime, grace: timedelta, by: str) -> Minted:
    """Give a new key of the same name and rights; the old ones go on for ``grace`` and then end.

    Raises:
        UnusableKey: no active key has the name.
        StorageError: the database cannot be written.
    """
    minted = mint()
    with writing(engine) as connection:
        present = _active(connection, name, now)
        if not present:
            raise UnusableKey(f"no active key is named {name[:80]!r}; see routescope keys list")
        latest = present[-1]
        values = _row(latest, minted) | {"created": now, "created_by": by}
        _end(connection, [key.key_id for key in present], now + grace)
        connection.execute(sa.insert(API_KEY), [values])
    return minted


def _active(connection: sa.Connection, name: str, now: datetime) -> list[Key]:
    rows = connection.execute(sa.select(API_KEY).where(API_KEY.c.name == clean(name)).order_by(API_KEY.c.created))
    return [key for key in map(_key, rows) if key.state(now) == "active"]


def _end(connection: sa.Connection, key_ids: Collection[str], moment: datetime) -> None:
    sooner = sa.or_(API_KEY.c.revoked.is_(None), API_KEY.c.revoked > sa.literal(moment, API_KEY.c.revoked.type))
    connection.execute(sa.update(API_KEY).where(API_KEY.c.key_id.in_(key_ids), sooner).values(revoked=moment))


def _row(key: Key, minted: Minted) -> dict[str, Any]:
    return {
        "key_id": minted.key_id,
        "name": key.name,
        "digest": digest_of(minted.text),
        "tenant": key.tenant,
        "role": key.role,
        "routes": None if key.routes is None else json.dumps(sorted(key.routes)),
        "requests_per_minute": key.requests_per_minute,
        "created": key.created,
        "created_by": clean(key.created_by),
        "expires": key.expires,
        "revoked": None,
    }


def _key(row: sa.Row[Any]) -> Key:
    return Key(
        key_id=row.key_id,
        name=row.name,
        tenant=row.tenant,
        role=row.role,
        routes=None if row.routes is None else frozenset(json.loads(row.routes)),
        requests_per_minute=row.requests_per_minute,
        created=row.created,
        created_by=row.created_by,
        expires=row.expires,
        revoked=row.revoked,
    )


def _check_name(what: str, text: str) -> None:
    if not 0 < len(text) <= LONGEST_NAME or not text.isprintable() or text != text.strip():
        raise UnusableKey(f"the {what} {text[:80]!r} cannot be used; give 1 to {LONGEST_NAME} printable characters")
