"""How many files a gateway's process may have open: connections are files too, to clients and to upstreams."""

from __future__ import annotations

from typing import Final

MOST: Final = 65_536
"""More than one process can answer, and few enough for systems that keep a table of them."""


def allow_connections() -> None:
    """Take as many as the system lets this process have. Most systems begin with 1,024, which a thousand requests for
    models with a connection on either side go beyond."""
    try:
        import resource
    except ImportError:  # Windows, where there is no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST if hard == resource.RLIM_INFINITY else min(MOST, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
