"""Saved views: sets of filters that a reader has given a name. A view is the query of an address, and no more.

They lie in ``views.json`` in RouteScope's home, since the dashboard only reads the database. The file is replaced
whole, so that a reader finds the old one or the new one. What it holds is looked at as if a stranger had written it.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlencode

from app import plain

FILE: Final = "views.json"
FORMAT: Final = 1
LONGEST_NAME: Final = 60
LONGEST_QUERY: Final = 4_000
MOST: Final = 100
MOST_BYTES: Final = 2 * 1024 * 1024

_writing = threading.Lock()


class SavedViewError(Exception):
    """A view cannot be read, saved or renamed. ``str(error)`` is one sentence to show."""


@dataclass(frozen=True, slots=True)
class SavedView:
    """A name, and the query of the address that it stands for, as ``range=7d&status=failed``."""

    name: str
    query: str

    @property
    def params(self) -> dict[str, list[str]]:
        """The query's parameters."""
        return parse_qs(self.query, keep_blank_values=True)


def query_of(params: dict[str, list[str]]) -> str:
    """Parameters as a query, in an order of their own, so that equal views are equal text."""
    return urlencode([(name, value) for name in sorted(params) for value in params[name]])


def views(home: Path) -> list[SavedView]:
    """All views, by name.

    Raises:
        SavedViewError: the file is there and cannot be used.
    """
    file = home / FILE
    try:
        with file.open("rb") as opened:
            raw = opened.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise SavedViewError(f"{file} cannot be read ({error.strerror}); mend its permissions") from None
    try:
        document = json.loads(raw) if len(raw) <= MOST_BYTES else None
        listed = document["views"] if isinstance(document, dict) and document.get("format") == FORMAT else None
        if not isinstance(listed, list):
            raise ValueError
        found = [SavedView(str(one["name"]), str(one["query"])) for one in listed[:MOST]]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise SavedViewError(f"{file} holds no saved views that can be read; move it away to begin anew") from None
    return sorted(found, key=lambda view: (view.name.casefold(), view.name))


def save(home: Path, name: str, query: str) -> SavedView:
    """Keep a view, in the place of one of the same name.

    Raises:
        SavedViewError
    """
    view = SavedView(_name(name), query)
    if len(query) > LONGEST_QUERY:
        raise SavedViewError(f"these filters take {len(query):,} characters; at most {LONGEST_QUERY:,} can be saved")
    with _writing:
        others = [one for one in views(home) if one.name != view.name]
        if len(others) >= MOST:
            raise SavedViewError(f"there are {MOST} views already; delete one first")
        _write(home, [*others, view])
    return view


def rename(home: Path, old: str, new: str) -> None:
    """Give a view another name.

    Raises:
        SavedViewError
    """
    wanted = _name(new)
    with _writing:
        known = views(home)
        found = next((view for view in known if view.name == old), None)
        if found is None:
            raise SavedViewError("this view is not there any more")
        if wanted != old and any(view.name == wanted for view in known):
            raise SavedViewError(f"there is a view {wanted!r} already; take another name")
        _write(home, [*(view for view in known if view.name != old), SavedView(wanted, found.query)])


def delete(home: Path, name: str) -> None:
    """Forget a view; nothing happens when it is not there.

    Raises:
        SavedViewError
    """
    with _writing:
        _write(home, [view for view in views(home) if view.name != name])


def _name(text: str) -> str:
    """One line without anything invisible: what looks alike is alike."""
    name = plain.visible(" ".join(text.split()))
    if not 0 < len(name) <= LONGEST_NAME:
        raise SavedViewError(f"a view's name has 1 to {LONGEST_NAME} characters")
    return name


def _write(home: Path, all_views: Sequence[SavedView]) -> None:
    document = {"format": FORMAT, "views": [asdict(view) for view in all_views]}
    file = home / FILE
    try:
        home.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=f".{FILE}.", dir=home)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as out:
                json.dump(document, out, indent=1)
                out.flush()
                os.fsync(out.fileno())
            Path(temporary).replace(file)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise SavedViewError(f"{file} cannot be written ({error.strerror}); mend its folder") from None
