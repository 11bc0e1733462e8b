"""A database's URL as people may see it."""

from __future__ import annotations

import re
from typing import Final

_IN_AUTHORITY: Final = re.compile(r"^([A-Za-z0-9+.\-]+://[^/?#@:]*):[^/?#]*@")
_IN_QUERY: Final = re.compile(r"([?&](?:password|passfile|sslpassword)=)[^&#]*", re.IGNORECASE)


def shown(url: str) -> str:
    """The URL with every password in it replaced by ``***``."""
    return _IN_QUERY.sub(r"\1***", _IN_AUTHORITY.sub(r"\1:***@", url))
