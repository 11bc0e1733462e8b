"""Whatever a prompt says, a query stays the query of the policy, and an answer stays plain text."""

import asyncio
import re
import sqlite3
from collections.abc import Mapping
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from router_core.policy.schema import RulesTool, SqlTool
from router_core.request import RouteRequest
from router_core.result import Signals
from router_core.tools.database import Rows
from router_core.tools.rules import Rules
from router_core.tools.sql import Sql, read_value
from router_core.tools.statement import InvalidStatement, parse_statement
from router_core.tools.template import VALUE_CHARACTERS, Template, markdown, plain
from router_core.tools.trigger import Question, Trigger

SQL = "SELECT :who AS who, :count AS count"
SIGNALS = Signals("chat", 1.0, "en", 0, 0, 0, False, 0)
PIECES = st.sampled_from(
    [
        "'",
        '"',
        ";",
        "--",
        "/*",
        "*/",
        ":who",
        "%(who)s",
        "{who}",
        "{table}",
        "DROP TABLE x",
        "\\",
        "$$",
        "|",
        "\n",
        "<b>",
    ]
)
HOSTILE = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=12).map(" ".join))


class Witness:
    """A database that notes what it is asked, and gives it back by asking SQLite for real."""

    def __init__(self):
        self.seen = []

    def check(self, statement):
        return None

    def fetch(self, statement, values: Mapping, *, limit, seconds, interrupt):
        self.seen.append((statement.text, dict(values)))
        connection = sqlite3.connect(":memory:")
        cursor = connection.execute(statement.text, dict(values))
        rows = cursor.fetchall()
        connection.close()
        return Rows(tuple(column for column, *_ in cursor.description), rows, more=False)


QUERY = {
    "name": "q",
    "pattern": r"^find (?P<who>.*?) times (?P<count>\S+)$",
    "sql": SQL,
    "parameters": {"who": "text", "count": "int"},
}
ENTRY = SqlTool.model_validate({"kind": "sql", "database": "x", "queries": [QUERY], "threshold": 0})


@given(HOSTILE, st.one_of(st.integers(-(10**18) + 1, 10**18 - 1).map(str), HOSTILE))
@settings(deadline=None, max_examples=300)
def test_values_are_always_bound_and_never_become_part_of_a_statement(who, count):
    database = Witness()
    request = RouteRequest.from_prompt(f"find {who} times {count}")
    asyncio.run(Sql("db", ENTRY, database).resolve(request, SIGNALS))
    for text, values in database.seen:
        assert text == SQL
        assert isinstance(values["who"], str) and values["who"] in request.prompt
        assert isinstance(values["count"], int) and str(values["count"]).lstrip("-") in request.prompt


@given(HOSTILE)
@settings(deadline=None)
def test_a_value_of_a_type_is_of_that_type_or_nothing(text):
    assert isinstance(read_value(text, "int"), int | None)
    assert isinstance(read_value(text, "number"), float | None)
    found = read_value(text, "text")
    assert found is None or (found in text and len(found) <= VALUE_CHARACTERS)
    date = read_value(text, "date")
    assert date is None or str(date) in text


@given(HOSTILE)
def test_a_value_shown_as_markdown_is_one_line_without_markup(text):
    shown = markdown(text)
    assert "\n" not in shown and len(plain(text)) <= VALUE_CHARACTERS
    assert re.search(r"(?<!\\)(?:\\\\)*[`*_\[\]|~$#!<>]", shown) is None


@given(HOSTILE, HOSTILE)
def test_a_template_is_filled_once(first, second):
    assert Template("<{a}|{b}>").fill({"a": first, "b": second}) == f"<{first}|{second}>"


@given(st.text(alphabet="{}ab_.0[]!: ", max_size=20))
def test_any_template_is_read_or_refused_and_has_only_plain_gaps(text):
    with suppress(ValueError):
        assert all(re.fullmatch(r"[A-Za-z_]\w*", name) for name in Template(text).names)


@given(HOSTILE)
@settings(deadline=None, max_examples=200)
def test_an_answer_of_a_rule_holds_nothing_of_the_prompt_but_its_plain_value(text):
    entry = RulesTool.model_validate(
        {"kind": "rules", "answers": [{"name": "r", "pattern": "^echo (?P<x>.+)$", "answer": "Echo: {x}"}]}
    )
    request = RouteRequest.from_prompt(f"echo {text}")
    found = asyncio.run(Rules("faq", entry).resolve(request, SIGNALS))
    assert found is None or re.fullmatch(r"Echo: [^\n`*_\[\]|~$#!<>]*", re.sub(r"\\.", "", found.text))


@given(st.lists(st.one_of(PIECES, st.sampled_from(["SELECT", "1", "a", "::text", "WITH", "?", "E'x'"])), max_size=10))
def test_a_statement_that_is_taken_is_one_statement_for_sqlite_too(pieces):
    try:
        statement = parse_statement("SELECT " + " ".join(pieces))
    except InvalidStatement:
        return
    # SQLite's own reader: complete only with the semicolon that ends it, so none stands within.
    try:
        sqlite3.connect(":memory:").execute(statement.text, dict.fromkeys(statement.parameters))
    except sqlite3.ProgrammingError as error:
        raise AssertionError(statement.text) from error
    except sqlite3.Error:
        pass  # a syntax error, a missing column


@given(HOSTILE, st.lists(HOSTILE, max_size=3))
@settings(deadline=None, max_examples=200)
def test_any_prompt_matches_as_surely_as_one_can_be(prompt, keywords):
    found = Trigger(exact=["opening hours"], pattern="(?P<x>[a-z]+) who", keywords=keywords).match(Question(prompt))
    assert found is None or 0.5 <= found.confidence <= 1
