"""A policy's statement is one SELECT, and its parameters are known before it runs."""

import pytest

from router_core.tools.statement import InvalidStatement, is_postgresql, parse_statement


def test_parameters_are_found_and_nothing_else_is_taken_for_one():
    found = parse_statement(
        """SELECT ':a', "b:c", d::text, '10%' FROM t WHERE x = :order AND y = :day -1 AND z = ':order';"""
    )
    assert found.parameters == {"order", "day"}
    assert not found.text.endswith(";")
    assert found.formatted == (
        """SELECT ':a', "b:c", d::text, '10%%' FROM t WHERE x = %(order)s AND y = %(day)s -1 AND z = ':order'"""
    )


@pytest.mark.parametrize(
    ("sql", "problem"),
    [
        ("", "no SELECT"),
        ("DELETE FROM t", "no SELECT"),
        ("PRAGMA writable_schema = 1", "no SELECT"),
        ("EXPLAIN ANALYZE SELECT 1", "no SELECT"),
        ("SELECT 1; DROP TABLE t", "more than one"),
        ("SELECT 1;;", "more than one"),
        ("WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x", "DELETE"),
        ("WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x", "INSERT"),
        ("SELECT * INTO copy FROM t", "INTO"),
        ("SELECT * FROM t FOR UPDATE", "UPDATE"),
        ("SELECT 1 -- ; DROP TABLE t", "comment"),
        ("SELECT /* x */ 1", "comment"),
        (r"SELECT E'\'; DROP TABLE t; --'", "escapes"),
        ("SELECT U&'\\0041'", "escapes"),
        ("SELECT $$ ; $$", "sign $"),
        ("SELECT ?", "sign ?"),
        ("SELECT @x", "sign @"),
        ("SELECT 'open", "not closed"),
    ],
)
def test_what_is_more_or_less_than_a_select_is_refused(sql, problem):
    with pytest.raises(InvalidStatement, match=problem.replace("?", r"\?").replace("$", r"\$")) as raised:
        parse_statement(sql)
    assert raised.value.remedy


@pytest.mark.parametrize(
    "sql",
    [
        "select replace(a, 'x', 'y') from t",
        'SELECT "update", "into" FROM t',
        "SELECT 'delete; -- it''s text'",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :most) SELECT i FROM n",
        "SELECT a FROM t WHERE updated_at > :day ORDER BY a LIMIT 5;",
    ],
)
def test_what_only_reads_is_taken(sql):
    assert parse_statement(sql).text == sql.removesuffix(";")


@pytest.mark.parametrize(
    ("url", "is_one"),
    [
        ("postgresql://u:p@h/d", True),
        ("postgres://h/d", True),
        ("postgresql+psycopg://h/d", True),
        ("sqlite:///x.db", False),
        ("mysql://h/d", False),
        ("host=h dbname=d", False),
    ],
)
def test_a_postgresql_address_is_known_by_its_scheme(url, is_one):
    assert is_postgresql(url) is is_one
