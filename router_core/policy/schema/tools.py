"""Tools: structured resolvers that are tried before any model."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from router_core.policy.schema.values import Location, Seconds, Share, Strict

ParameterType: TypeAlias = Literal["text", "int", "number", "date"]


class LimitedTool(Strict):
    """What every tool may be limited to."""

    intents: frozenset[str] | None = None
    """Only asked for prompts of one of these intents."""
    languages: frozenset[str] | None = None
    """Only asked for prompts in one of these languages, by ISO 639-1; `und` when too short to tell."""


class CalculatorTool(LimitedTool):
    """Exact arithmetic, for prompts that are nothing but a calculation."""

    kind: Literal["calculator"]
    threshold: Share = 0.9
    """Lowest confidence at which its answer ends the request."""
    timeout_s: Seconds = 1.0
    """Longest time it may take; then the next tool or a model is asked."""


class SearchTool(LimitedTool):
    """Full-text search over a folder of Markdown and text files; answers with the passage and its source."""

    kind: Literal["search"]
    folder: str
    """Folder of .md and .txt files, relative to the policy file."""
    threshold: Share = 0.75
    """Lowest confidence (share of the question's weight that the passage covers) that ends the request."""
    timeout_s: Seconds = 2.0
    """Longest time it may take; then the next tool or a model is asked."""


class AnswerRule(Strict):
    """An answer that is known beforehand, and the prompts that it answers; one of the three ways must match."""

    name: str
    """Stands in the decision."""
    exact: tuple[str, ...] = ()
    """Whole prompts; case, accents, spaces and the marks around them do not count."""
    pattern: str | None = None
    """Regular expression (RE2 syntax, case ignored) found in the prompt; its named groups may stand in the answer."""
    keywords: tuple[str, ...] = ()
    """Each one or several words that must all be in the prompt, in any order; `cancel*` is any word so beginning."""
    answer: str
    """The answer; `{group}` is what a named group matched, `{{` and `}}` are braces."""
    translations: dict[str, str] = {}
    """The answer for prompts in other languages, by ISO 639-1."""
    source: str | None = None
    """Where the answer comes from, shown with it: a page, a document."""


class RulesTool(LimitedTool):
    """Canned and templated answers to prompts that patterns or keywords recognise."""

    kind: Literal["rules"]
    answers: Annotated[tuple[AnswerRule, ...], Field(min_length=1)]
    """The surest match answers; of equally sure ones the first."""
    format: Literal["markdown", "plain"] = "markdown"
    """`markdown` escapes what comes from the prompt, so that it cannot become markup; `plain` puts it in as it is."""
    threshold: Share = 0.85
    """Lowest confidence that ends the request: 1 for a whole prompt, else half and half the share of words matched."""
    timeout_s: Seconds = 1.0
    """Longest time it may take; then the next tool or a model is asked."""


class SqlQuery(Strict):
    """One allowed query, and the prompts that it answers."""

    name: str
    """Stands in the decision and in the answer's source."""
    pattern: str | None = None
    """Regular expression (RE2 syntax, case ignored) found in the prompt; its named groups give the parameters."""
    keywords: tuple[str, ...] = ()
    """Each one or several words that must all be in the prompt; for queries without parameters."""
    sql: str
    """One SELECT; `:name` is a parameter, which is bound and never becomes part of the text; `:tenant` is the caller's
    tenant, from his key."""
    parameters: dict[str, ParameterType] = {}
    """Type of each parameter; a prompt whose value does not fit is not for this query."""
    answer: str = "{table}"
    """`{table}`, `{rows}` (their number), `{parameter}`, and `{column}` for queries that give a single row."""
    no_rows: str | None = None
    """The answer when the query finds nothing; without it the next tool or a model is asked."""
    max_rows: Annotated[int, Field(ge=1, le=200)] = 20
    """Rows shown; that there are more is said."""


class SqlTool(LimitedTool):
    """Answers from a database, read only, by a list of allowed queries."""

    kind: Literal["sql"]
    database: str | None = None
    """SQLite file, relative to the policy file."""
    database_env: str | None = None
    """Environment variable that holds a URL instead: `postgresql://...`, for which the extra `postgres` is needed."""
    location: Location | None = None
    """Where a database named by `database_env` is: `cloud` when what a prompt asks of it leaves this machine or
    network. A file is local."""
    queries: Annotated[tuple[SqlQuery, ...], Field(min_length=1)]
    """The surest match is run; of equally sure ones the first."""
    threshold: Share = 0.75
    """Lowest confidence that ends the request: 1 for a whole prompt, else half and half the share of words matched."""
    timeout_s: Seconds = 2.0
    """Longest time for a query; it is then interrupted, and the next tool or a model is asked."""


class CustomTool(LimitedTool):
    """A tool of an installed package, found by entry point (group `routescope.tools`)."""

    kind: Literal["custom"]
    name: str
    """The entry point's name."""
    settings: dict[str, Any] = {}
    """Given to it by keyword."""
    location: Location
    """`cloud` when it sends anything of a prompt away from this machine or network."""
    threshold: Share = 0.8
    """Lowest confidence at which its answer ends the request."""
    timeout_s: Seconds = 2.0
    """Longest time it may take; then the next tool or a model is asked."""


ToolEntry: TypeAlias = Annotated[
    CalculatorTool | SearchTool | RulesTool | SqlTool | CustomTool, Field(discriminator="kind")
]
