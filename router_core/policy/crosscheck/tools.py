"""Tools against themselves: patterns that compile, templates whose gaps are filled, statements that only read."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from typing import Any

from router_core.patterns import InvalidPattern, compile_pattern
from router_core.policy.crosscheck.lookup import (
    Finding,
    Key,
    check_installed,
    check_names,
    check_repeated,
    names_in,
    table,
)
from router_core.policy.entry_points import TOOLS
from router_core.tools.statement import CALLER, InvalidStatement, parse_statement
from router_core.tools.template import InvalidTemplate, Template


def tool_faults(data: Mapping[str, Any]) -> Iterator[Finding]:
    """Faults of rules and queries that the types of a policy cannot tell."""
    for name, tool in table(data, "tools").items():
        here: Key = ("tools", name)
        match tool.get("kind"):
            case "rules":
                for number, rule in _entries(tool, "answers"):
                    yield from _answer((*here, "answers", number), rule)
                yield from check_repeated((*here, "answers"), "answer", tool.get("answers"))
            case "custom":
                yield from check_installed((*here, "name"), "tool", TOOLS, tool.get("name"))
            case "sql":
                yield from _database(here, tool)
                for number, query in _entries(tool, "queries"):
                    yield from _query((*here, "queries", number), query)
                yield from check_repeated((*here, "queries"), "query", tool.get("queries"))


def _entries(tool: Mapping[str, Any], name: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    found = tool.get(name)
    for number, entry in enumerate(found if isinstance(found, list) else []):
        if isinstance(entry, Mapping):
            yield number, entry


def _answer(here: Key, rule: Mapping[str, Any]) -> Iterator[Finding]:
    groups = yield from _trigger(here, rule, ("exact", "pattern", "keywords"))
    sometimes = bool(names_in(rule, "exact") or names_in(rule, "keywords"))
    texts = {(*here, "answer"): rule.get("answer")}
    translations = rule.get("translations")
    if isinstance(translations, Mapping):
        texts |= {(*here, "translations", language): text for language, text in translations.items()}
    for key, text in texts.items():
        gaps = yield from _gaps(key, text)
        if gaps and sometimes:
            remedy = "put phrases and keywords into a rule of their own, without gaps in its answer"
            yield key, f"{{{min(gaps)}}} is only known when the pattern matched", remedy
        yield from check_names(key, "named group", sorted(gaps), groups)


def _query(here: Key, query: Mapping[str, Any]) -> Iterator[Finding]:
    groups = yield from _trigger(here, query, ("pattern", "keywords"))
    declared = query.get("parameters")
    parameters = list(declared) if isinstance(declared, Mapping) else []
    yield from check_names((*here, "parameters"), "named group", parameters, groups)
    if CALLER in parameters:
        problem = "the caller's tenant comes from his key, not from the prompt"
        yield (*here, "parameters", CALLER), problem, "use :tenant without declaring it, or choose another name"
    if parameters and names_in(query, "keywords"):
        yield (*here, "keywords"), "keywords give no parameters", "use a pattern alone, with a named group a parameter"
    sql = query.get("sql")
    if isinstance(sql, str):
        try:
            used = parse_statement(sql).parameters
        except InvalidStatement as error:
            yield (*here, "sql"), str(error), error.remedy
        else:
            yield from check_names((*here, "sql"), "parameter", sorted(used - {CALLER}), parameters)
            for name in parameters:
                if name not in used:
                    yield (*here, "parameters", name), "the statement does not use it", f"write :{name}, or remove it"
    yield from _gaps((*here, "answer"), query.get("answer", ""))
    gaps = yield from _gaps((*here, "no_rows"), query.get("no_rows", ""))
    yield from check_names((*here, "no_rows"), "parameter", sorted(gaps), parameters)


def _database(here: Key, tool: Mapping[str, Any]) -> Iterator[Finding]:
    given = [name for name in ("database", "database_env") if isinstance(tool.get(name), str)]
    if len(given) != 1:
        problem = "it names no database" if not given else "it names two databases"
        remedy = "give either database, a SQLite file, or database_env, the variable that holds a URL"
        yield here, problem, remedy
    variable = tool.get("database_env")
    if isinstance(variable, str) and "location" not in tool:
        problem = "it does not say where its database is"
        yield here, problem, 'add location = "local", or "cloud" when asking it leaves this machine or network'
    if isinstance(variable, str) and "://" in variable:
        # The value is not repeated: it may hold a password.
        problem = "it is an address, not the name of a variable"
        yield (*here, "database_env"), problem, "put the address into an environment variable and name that"
    file = tool.get("database")
    if isinstance(file, str) and "://" in file:
        problem = "it is an address, not a file"
        yield (*here, "database"), problem, "put the address into an environment variable and name it in database_env"


def _trigger(here: Key, entry: Mapping[str, Any], ways: tuple[str, ...]) -> Generator[Finding, None, set[str]]:
    """Faults of what an entry matches; returns the pattern's named groups."""
    if not any(entry.get(way) for way in ways):
        yield here, "nothing can match it", f"give it {' or '.join(ways)}"
    for way in ("exact", "keywords"):
        for phrase in names_in(entry, way):
            if not any(map(str.isalnum, phrase)):
                yield (*here, way), f"{phrase!r} holds no word", "remove it, or write words"
    pattern = entry.get("pattern")
    if not isinstance(pattern, str):
        return set()
    try:
        return set(compile_pattern(pattern, ignore_case=True).groupindex)
    except InvalidPattern as error:
        remedy = "correct it (RE2 syntax: no look-around, no back-references)"
        yield (*here, "pattern"), f"it is no pattern: {error}", remedy
        return set()


def _gaps(key: Key, text: Any) -> Generator[Finding, None, set[str]]:
    """Faults of a template; returns the names of its gaps."""
    try:
        return set(Template(text).names) if isinstance(text, str) else set()
    except InvalidTemplate as error:
        yield key, str(error), "write {{ and }} for braces"
        return set()
