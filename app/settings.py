"""Where things are and which addresses are used: the only module that reads RouteScope's environment variables.

A flag beats the environment, the environment beats the policy file, the policy file beats the default.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import platformdirs

APP_NAME = "routescope"
DEFAULT_HOST = "127.0.0.1"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""The names of this machine; whoever listens beyond them must know who comes."""
DEFAULT_PORT = 8501
DEFAULT_GATEWAY_PORT = 4000
DEFAULT_GATEWAY_URL = f"http://{DEFAULT_HOST}:{DEFAULT_GATEWAY_PORT}"

POLICY_VARIABLE = "ROUTESCOPE_POLICY"
DATABASE_VARIABLE = "ROUTESCOPE_DATABASE_URL"
HOME_VARIABLE = "ROUTESCOPE_HOME"
GATEWAY_VARIABLE = "ROUTESCOPE_GATEWAY_URL"
"""Set by the launcher for the dashboard, so that its pages know where to act."""

LOGIN_VARIABLE = "ROUTESCOPE_LOGIN"
"""The login file of the dashboard: who its visitors are and what each may do."""

KEY_VARIABLE = "ROUTESCOPE_GATEWAY_KEY"
"""What the dashboard and the jobs show to the gateway; the launcher makes one up for the processes that it starts."""

_PACKAGE = Path(__file__).resolve().parent


@cache
def shipped(name: str) -> Path:
    """A file or folder that comes with the product: ``policies`` or ``.streamlit``.

    In a wheel they lie inside the package, in a checkout beside it.
    """
    inside = _PACKAGE / "shipped" / name
    return inside if inside.exists() else _PACKAGE.parent / name


@dataclass(frozen=True, slots=True)
class Settings:
    """One process's settings, read once at its start."""

    home: Path
    """Database, runtime files, spool."""
    models: Path
    """Fetched model files."""
    policy: Path
    database_url: str = field(repr=False)
    """It may hold a password."""
    gateway_url: str = DEFAULT_GATEWAY_URL
    gateway_key: str | None = field(default=None, repr=False)
    login: Path | None = None
    """None: whoever reaches the dashboard may do everything there, so it stays on this machine."""

    @property
    def run(self) -> Path:
        """Runtime files of running processes: addresses, locks."""
        return self.home / "run"

    @classmethod
    def read(
        cls,
        *,
        policy: str | Path | None = None,
        database_url: str | None = None,
        environ: Mapping[str, str] = os.environ,
        policy_database_url: str | None = None,
    ) -> Settings:
        """Combine flags, environment, policy file and defaults, in this order of precedence."""
        home_text = environ.get(HOME_VARIABLE)
        home = Path(home_text).expanduser() if home_text else Path(platformdirs.user_data_dir(APP_NAME))
        models = home / "models" if home_text else Path(platformdirs.user_cache_dir(APP_NAME)) / "models"
        chosen = policy or environ.get(POLICY_VARIABLE) or shipped("policies") / "local.toml"
        url = database_url or environ.get(DATABASE_VARIABLE) or policy_database_url
        return cls(
            home=home,
            models=models,
            policy=Path(chosen).expanduser(),
            database_url=url or f"sqlite:///{home / 'routescope.db'}",
            gateway_url=environ.get(GATEWAY_VARIABLE) or DEFAULT_GATEWAY_URL,
            gateway_key=gateway_key(environ),
            login=Path(environ[LOGIN_VARIABLE]).expanduser() if environ.get(LOGIN_VARIABLE) else None,
        )


def gateway_key(environ: Mapping[str, str] = os.environ) -> str | None:
    """What to show to the gateway; None: nothing."""
    return environ.get(KEY_VARIABLE) or None
