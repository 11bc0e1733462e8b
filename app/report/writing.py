"""The report as one HTML page and as Markdown. Both show hostile names as text.

The HTML needs no script, no network and no file beside it, and keeps to what mail programs draw: tables, and styles
that may be taken away without loss.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from app import plain
from app.report.sections import Document, Section, Table

_MARKS: Final = re.compile(r"[\\`*_{}\[\]<>#|~&$@!^]")
_LINKS: Final = re.compile(r"(?i)(https?|ftp|www)([:.])")
_UNITS: Final = re.compile(r"(?<=\d) (?=(?:%|ms|s|min|h|d|x|pp)(?:\W|$))|(?<=\bn) (?==)|(?<==) (?=\d)")
_BEGINS: Final = re.compile(r"^(\d*)([+\-=.)])")
_STYLE: Final = """
body { margin: 0 auto; padding: 24px 16px 48px; max-width: 820px; color: #1c1c22; background: #ffffff;
  font: 15px/1.5 -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }
h1 { font-size: 24px; margin: 0 0 4px; } h2 { font-size: 17px; margin: 32px 0 8px; }
p { margin: 0 0 8px; } .sub { color: #5b5b66; font-size: 13px; }
.warning { border: 1px solid #b26a00; border-left-width: 4px; border-radius: 4px; padding: 6px 12px; margin: 12px 0; }
ul { margin: 0 0 8px; padding-left: 20px; } li { margin: 0 0 6px; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; margin: 8px 0 20px; font-size: 13px; }
th { text-align: left; color: #5b5b66; font-weight: 500; border-bottom: 1px solid #c9c9d1; padding: 4px 10px 4px 0; }
td { border-bottom: 1px solid #e6e6ec; padding: 4px 10px 4px 0; vertical-align: top; overflow-wrap: anywhere; }
.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.bar { background: #4f53c8; height: 8px; margin-top: 6px; border-radius: 2px; min-width: 1px; }
@media (prefers-color-scheme: dark) {
  body { color: #e8e8ee; background: #141417; } .sub, th { color: #a0a0ac; }
  th { border-color: #45454f; } td { border-color: #2a2a31; } .bar { background: #8b8ff0; } }
"""


def html(document: Document) -> str:
    """One page, whole in itself."""
    title = plain.html(document.title)
    warning = f'<p class="warning">{plain.html(document.warning)}</p>' if document.warning else ""
    body = "\n".join(part for section in document.sections for part in _html_section(section))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
        f'<p class="sub">{plain.html(document.subtitle)}</p>\n{warning}\n{body}\n</body>\n</html>\n'
    )


def markdown(document: Document) -> str:
    """The same as Markdown, with the tables that most readers of it draw."""
    lines = [f"# {_text(document.title)}", "", _text(document.subtitle), ""]
    if document.warning:
        lines += [f"> {_text(document.warning)}", ""]
    for section in document.sections:
        lines += _markdown_section(section)
    return "\n".join(lines).rstrip() + "\n"


def _text(text: object) -> str:
    """One line in which Markdown finds nothing to obey, and a reader of the bare text few marks too many."""
    line = " ".join(plain.visible(text).split())
    return _LINKS.sub(r"\1\\\2", _MARKS.sub(r"\\\g<0>", line))


def _line(text: object) -> str:
    """The same where it begins a line, and could begin a list or a rule with it."""
    return _BEGINS.sub(r"\1\\\2", _text(text))


def _escaped(text: str) -> str:
    """For HTML; a number and its unit stay on one line."""
    return plain.html(_UNITS.sub("\u00a0", text))


def _html_section(section: Section) -> Iterator[str]:
    yield f"<h2>{_escaped(section.title)}</h2>"
    for sentence in section.sentences:
        yield f"<p>{_escaped(sentence)}</p>"
    if section.points:
        yield "<ul>" + "".join(f"<li>{_escaped(point)}</li>" for point in section.points) + "</ul>"
    for table in section.tables:
        yield _html_table(table)


def _html_table(table: Table) -> str:
    def cell(kind: str, place: int, text: str) -> str:
        style = ' class="n"' if place in table.numbers else ""
        return f"<{kind}{style}>{_escaped(text)}</{kind}>"

    bar = '<th style="width:30%"></th>' if table.bars else ""
    head = "".join(cell("th", place, text) for place, text in enumerate(table.headers)) + bar
    rows = []
    for number, row in enumerate(table.rows):
        drawn = "".join(cell("td", place, text) for place, text in enumerate(row))
        if table.bars:
            drawn += f'<td><div class="bar" style="width:{table.bars[number] * 100:.0f}%"></div></td>'
        rows.append(f"<tr>{drawn}</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _markdown_section(section: Section) -> list[str]:
    lines = [f"## {_text(section.title)}", ""]
    for sentence in section.sentences:
        lines += [_line(sentence), ""]
    lines += [f"- {_line(point)}" for point in section.points]
    if section.points:
        lines.append("")
    for table in section.tables:
        ruler = ["---:" if place in table.numbers else "---" for place in range(len(table.headers))]
        lines += [_markdown_row(table.headers), f"| {' | '.join(ruler)} |", *map(_markdown_row, table.rows), ""]
    return lines


def _markdown_row(cells: object) -> str:
    assert isinstance(cells, (list, tuple))
    return f"| {' | '.join(_text(cell) or ' ' for cell in cells)} |"
