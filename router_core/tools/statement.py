"""One SQL statement of a policy: that it is a single SELECT, and where its parameters stand.

A first check, made when a policy is loaded, so that its author hears of a slip at once. What really keeps a database
unchanged is the connection, which can only read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Dialect: TypeAlias = Literal["sqlite", "postgresql"]

CALLER: Final = "tenant"
"""Parameter that is bound to the caller's tenant, which comes from his key and never from what he writes."""

_TOKEN: Final = re.compile(
    r"""(?P<quoted>'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`)
    |(?P<comment>--|/\*)
    |(?P<cast>::)
    |:(?P<parameter>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<word>[^\W\d]\w*)
    |(?P<number>\d\w*)
    |(?P<space>\s+)
    |(?P<sign>.)""",
    re.VERBOSE | re.DOTALL,
)
_WRITING: Final = frozenset({"insert", "update", "delete", "merge", "into"})
"""What could write within a statement that begins with SELECT or WITH. Columns so named go into double quotes."""


class InvalidStatement(ValueError):
    """The text is no single SELECT; ``str(error)`` says why, ``remedy`` what to do."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Statement:
    """A SELECT with named parameters."""

    text: str
    """As it stands in the policy, without a last semicolon; ``:name`` is a parameter."""
    parameters: frozenset[str]

    @property
    def formatted(self) -> str:
        """The same for drivers that write a parameter ``%(name)s``."""
        return "".join(
            f"%({token['parameter']})s" if token["parameter"] else token[0].replace("%", "%%")
            for token in _TOKEN.finditer(self.text)
        )


def parse_statement(text: str) -> Statement:
    """Read a statement.

    Raises:
        InvalidStatement: it is no SELECT, more than one, or holds what could hide something else.
    """
    text = text.strip().removesuffix(";").rstrip()
    tokens = [token for token in _TOKEN.finditer(text) if not token["space"]]
    if not tokens or tokens[0][0].lower() not in ("select", "with"):
        raise InvalidStatement("it is no SELECT", "begin with SELECT or WITH; other statements are not run")
    previous = ""
    for token in tokens:
        _check(token, previous)
        previous = token[0]
    return Statement(text, frozenset(token["parameter"] for token in tokens if token["parameter"]))


def _check(token: re.Match[str], previous: str) -> None:
    sign, word = token["sign"], (token["word"] or "").lower()
    if token["comment"]:
        raise InvalidStatement("it holds a comment", "write the comment into the policy file, beside the statement")
    if sign == ";":
        raise InvalidStatement("it is more than one statement", "write one SELECT a query")
    if word in _WRITING:
        raise InvalidStatement(
            f"{word.upper()} is no part of a SELECT that only reads",
            "remove it; put a column of that name into double quotes",
        )
    if sign in ("'", '"', "`"):
        raise InvalidStatement("a quote is not closed", "close it")
    if token["quoted"] and previous.lower() in ("e", "&") and token["quoted"][0] == "'":
        raise InvalidStatement("it holds a string with escapes", "write a plain string: 'it''s'")
    if sign in ("?", "$", "@") or sign == "\\":
        raise InvalidStatement(f"the sign {sign} stands outside a string", "name parameters as :name")


def is_postgresql(url: str) -> bool:
    """Whether a URL names a PostgreSQL database, with or without the name of a driver."""
    return re.match(r"postgres(?:ql)?(?:\+\w+)?://", url) is not None
