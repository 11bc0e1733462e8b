"""Who may come in: the gateway's keys, the dashboard's login."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Final

from app import units
from app.doctor.check import Check
from app.keys.store import active
from app.login.file import LoginFileError, read_login
from telemetry.errors import OlderSchema, StorageError
from telemetry.storage.engine import database_path, open_reader

PATIENCE_S: Final = 5.0
"""How long a provider may take to say what it is."""
_SECRET_FOR: Final = 0o077
"""Rights that nobody but its owner needs on a file with secrets."""


def gateway_keys(url: str, login: Path | None) -> list[Check]:
    """Whether applications need a key. Without a login nobody but this machine is expected, and they need none."""
    path = database_path(url)
    try:
        keys = [] if path is not None and not path.exists() else active(open_reader(url))
    except (OlderSchema, StorageError):
        return []  # said by the look at the database
    if keys:
        return [Check("gateway keys", "ok", units.plural(len(keys), "active key"))]
    if login is None:
        return [Check("gateway keys", "ok", "none: the gateway serves this machine alone")]
    remedy = "run `routescope keys create NAME` before a proxy passes anything on to the gateway"
    return [Check("gateway keys", "warn", "none: whoever reaches the gateway may do everything", remedy)]


def login(file: Path | None) -> list[Check]:
    """Whether the login file is sound and nobody else's to read, and whether its provider answers."""
    if file is None:
        return [Check("login", "ok", "none: the dashboard serves this machine alone")]
    try:
        provider = read_login(file).auth
    except LoginFileError as error:
        return [Check("login", "fail", str(error))]
    checks = [provider_answers(provider.server_metadata_url)]
    if file.stat().st_mode & _SECRET_FOR:
        checks.append(Check("login", "warn", f"others can read {file}, which holds secrets", f"run `chmod 600 {file}`"))
    return checks


def provider_answers(url: str) -> Check:
    """Whether an OpenID Connect provider says at this address what it is."""
    remedy = "mend auth.server_metadata_url, or let this machine reach the provider"
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE_S) as response:  # noqa: S310 (checked when the file was read)
            said = json.loads(response.read(1_000_000))
    except (OSError, ValueError) as error:
        return Check("login", "warn", f"{url} does not answer as a provider ({type(error).__name__})", remedy)
    if not isinstance(said, dict) or not {"issuer", "authorization_endpoint", "token_endpoint"} <= said.keys():
        return Check("login", "warn", f"{url} is no provider's description of itself", remedy)
    return Check("login", "ok", f"visitors are known by {str(said['issuer'])[:200]}")
