"""Whose name stands beside what is said or changed through the gateway: opinions, silences.

The dashboard acts for whoever has logged in to it, and names them in a header. Only what was started together with the
gateway is believed about that. An operator's key may name somebody too, as a dashboard of its own does, and then both
names stand there; a client's key speaks for nobody else.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote

from starlette.requests import Request

from app.gateway.admission import known_caller
from app.gateway.messages import InvalidBody
from app.keys.ring import OWN
from app.login.acting import HEADER, LONGEST

AUTHOR: Final = "local"
"""Who says it where nobody is asked who they are: whoever is on this machine."""


def author_of(request: Request) -> str:
    """The name that is kept.

    Raises:
        InvalidBody: the header names nobody that could be kept.
    """
    caller = known_caller(request)
    own = AUTHOR if caller.key_id is None else f"key:{caller.name}"
    said = request.headers.get(HEADER)
    if said is None or caller.role != "operator" or (caller.key_id is None and caller is not OWN):
        return own
    name = unquote(said, errors="replace").strip()
    if not name or len(name) > LONGEST or not name.isprintable():
        raise InvalidBody(f"{HEADER}: it is not a name of 1 to {LONGEST} printable characters")
    return f"operator:{name}" if caller is OWN else f"{own} for {name}"
