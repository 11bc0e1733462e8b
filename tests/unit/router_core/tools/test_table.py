"""Rows become a bounded table in which nothing is markup."""

from datetime import date
from decimal import Decimal

from router_core.tools.database import Rows
from router_core.tools.table import MAX_COLUMNS, cell, table


def test_rows_become_a_table():
    rows = Rows(("order", "arrives"), [(17, date(2026, 11, 24)), (18, None)], more=False)
    assert table(rows) == "| order | arrives |\n|---|---|\n| 17 | 2026-11-24 |\n| 18 | unknown |"


def test_what_is_left_out_is_said():
    rows = Rows(tuple(f"c{n}" for n in range(MAX_COLUMNS + 3)), [tuple(range(MAX_COLUMNS + 3))], more=True)
    assert table(rows).endswith("(only the first 1 row and only the first 12 of 15 columns are shown)")
    assert "c12" not in table(rows)


def test_a_cell_is_one_line_of_plain_text():
    assert cell("a|b\n<i>") == "a\\|b &lt;i&gt;"
    assert cell(b"\0\1") == "(2 bytes)"
    assert cell(True) == "yes"
    assert cell(Decimal("1.50")) == "1.50"
    assert cell("") == ""
