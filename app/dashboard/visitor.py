"""Who looks at this page, and so what of it they may see and do."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import streamlit as st

from app.dashboard.gateway_client import Gateway
from app.dashboard.gateway_error import OperatorsOnly
from app.login.file import LoginFile, LoginFileError, read_login
from app.login.visitor import ANYBODY, Visitor, is_fresh, visitor_of
from app.settings import Settings

NOBODY: Final = Visitor(None, None)
OPERATORS_ONLY: Final = "only operators may; who runs RouteScope can name you one in its login file"

_log = logging.getLogger("routescope.dashboard")


def visitor() -> Visitor:
    """Whoever looks at this page; `ANYBODY` where nobody has to log in.

    The login file is followed as it changes: who is taken out of it is out at the next click.
    """
    file = Settings.read().login
    if file is None:
        return ANYBODY
    try:
        roles = _login(file).roles
    except LoginFileError as error:
        _log.error("nobody may come in: %s", error)
        return NOBODY
    if not st.user.is_logged_in:
        return NOBODY
    claims = st.user.to_dict()
    return visitor_of(claims, roles) if is_fresh(claims, roles, datetime.now(UTC)) else NOBODY


def acting_gateway() -> Gateway:
    """The gateway, to change something there or to send a prompt.

    Raises:
        OperatorsOnly
        GatewayError: its address is not one.
    """
    acting = visitor()
    if not acting.operates:
        raise OperatorsOnly(OPERATORS_ONLY)
    return Gateway(Settings.read().gateway_url, operator=acting.name)


def _login(file: Path) -> LoginFile:
    try:
        changed = file.stat().st_mtime_ns
    except OSError:
        changed = 0
    return _read(file, changed)


@st.cache_resource(show_spinner=False, max_entries=1)
def _read(file: Path, changed: int) -> LoginFile:
    return read_login(file)
