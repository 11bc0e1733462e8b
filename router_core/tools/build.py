"""Tools made from a policy's entries. Each kind is imported with the first entry that names it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from router_core.errors import Fault, PolicyError
from router_core.policy.entry_points import UnusableEntryPoint
from router_core.policy.schema import CalculatorTool, CustomTool, RulesTool, SearchTool, SqlTool, ToolEntry
from router_core.tools.base import Tool
from router_core.tools.limited import Limited

if TYPE_CHECKING:
    from router_core.tools.database import Database


def build_tools(entries: Mapping[str, ToolEntry], base: Path) -> dict[str, Tool]:
    """The tools by their names in the policy.

    Args:
        entries: the policy's ``tools``.
        base: the folder of the policy file, from which relative folders are read.

    Raises:
        PolicyError: with the faults of all tools that cannot be made.
    """
    tools: dict[str, Tool] = {}
    faults: list[Fault] = []
    for name, entry in entries.items():
        try:
            tool = _build(name, entry, base)
        except PolicyError as error:
            faults.extend(error.faults)
            continue
        tools[name] = tool if entry.intents is None and entry.languages is None else Limited(tool, entry)
    if faults:
        raise PolicyError(faults)
    return tools


def _build(name: str, entry: ToolEntry, base: Path) -> Tool:
    match entry:
        case CalculatorTool():
            from router_core.tools.calculator import Calculator

            return Calculator(name, entry.threshold, entry.timeout_s)
        case SearchTool():
            from router_core.tools.search import Search

            return Search(name, base / entry.folder, entry.threshold, entry.timeout_s)
        case RulesTool():
            from router_core.tools.rules import Rules

            return Rules(name, entry)
        case SqlTool():
            return _sql(name, entry, base)
        case CustomTool():
            from router_core.tools.custom import Custom

            try:
                return Custom(name, entry)
            except UnusableEntryPoint as error:
                raise _fault("policy", f"tools.{name}.name", str(error), error.remedy) from error


def _sql(name: str, entry: SqlTool, base: Path) -> Tool:
    from router_core.tools.sql import RESERVED, Sql
    from router_core.tools.statement import InvalidStatement, parse_statement
    from router_core.tools.template import Template

    place, database = _database(name, entry, base)
    faults = []
    for number, query in enumerate(entry.queries):
        key = f"tools.{name}.queries.{number}"
        try:
            columns = database.check(parse_statement(query.sql))
        except InvalidStatement as error:
            faults.append(Fault(place, f"{key}.sql", str(error), error.remedy))
            continue
        gaps = Template(query.answer).names - RESERVED - query.parameters.keys()
        if columns is not None and not gaps <= set(columns):
            problem = f"the query has no column or parameter {min(gaps - set(columns))!r}"
            faults.append(Fault(place, f"{key}.answer", problem, f"its columns: {', '.join(columns)}"))
    if faults:
        raise PolicyError(faults)
    return Sql(name, entry, database)


def _database(name: str, entry: SqlTool, base: Path) -> tuple[str, Database]:
    """What names the database in faults, and the database; an address with a password is never shown."""
    if entry.database is not None:
        path = base / entry.database
        if not path.is_file():
            remedy = "create it, or correct the path (it is relative to the policy file)"
            raise _fault(str(path), f"tools.{name}.database", "there is no such file", remedy)
        from router_core.tools.sqlite import SqliteDatabase

        database = SqliteDatabase(path)
        if (why := database.fault()) is not None:
            remedy = "name a SQLite file that this user may read"
            raise _fault(str(path), f"tools.{name}.database", f"it cannot be read ({why})", remedy)
        return str(path), database
    variable = entry.database_env or ""
    key, url = f"tools.{name}.database_env", os.environ.get(variable, "")
    if not url:
        raise _fault("environment", key, f"{variable} is not set", "set it to postgresql://user:password@host/database")
    from router_core.tools.statement import is_postgresql

    if not is_postgresql(url):
        remedy = "set it to postgresql://...; a SQLite file is named by the key database"
        raise _fault("environment", key, f"{variable} holds no PostgreSQL address", remedy)
    from router_core.tools.postgresql import PostgresqlDatabase

    try:
        return variable, PostgresqlDatabase(url)
    except ModuleNotFoundError:
        remedy = "install it with: pip install 'routescope[postgres]'"
        raise _fault("environment", key, "PostgreSQL needs the extra postgres", remedy) from None
    except ValueError as error:
        raise _fault("environment", key, f"{variable} holds {error}", "correct the variable") from None


def _fault(place: str, key: str, problem: str, remedy: str) -> PolicyError:
    return PolicyError([Fault(place, key, problem, remedy)])
