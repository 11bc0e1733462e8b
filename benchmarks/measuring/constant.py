"""The peer of the dashboard's pages: a Streamlit application of charts and tables over numbers that nobody is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Final

MOST: Final = 12
"""Charts of any page of ours, and tables."""

_APP: Final = """
import plotly.graph_objects as go
import streamlit as st

def drawn(charts, tables):
    def draw():
        st.markdown(f"# {charts} charts, {tables} tables")
        chosen = st.segmented_control("Range", ["half", "whole"], default="whole")
        st.query_params["range"] = chosen
        days = 45 if chosen == "half" else 90
        for number in range(charts):
            figure = go.Figure()
            for name in "abc":
                figure.add_bar(x=list(range(days)), y=[(day * 7 + number) % 11 for day in range(days)], name=name)
            st.plotly_chart(figure, key=f"chart-{number}")
        for number in range(tables):
            st.dataframe([{"name": f"row {row}", "value": row * number + days} for row in range(10)], key=f"t-{number}")
    return draw

st.set_page_config(layout="wide")
pages = [(charts, 0) for charts in range(MOST + 1)] + [(0, tables) for tables in range(1, MOST + 1)]
st.navigation([
    st.Page(drawn(*held), title="{} charts, {} tables".format(*held), url_path="c{}t{}".format(*held)) for held in pages
], expanded=True).run()
"""


def write(script: Path) -> list[str]:
    """Write the application; what to give Python to serve it."""
    script.write_text(f"MOST = {MOST}\n{_APP}", encoding="utf-8")
    return ["-m", "streamlit", "run", str(script), "--server.headless", "true", "--browser.gatherUsageStats", "false"]


def title(charts: int, tables: int) -> str:
    """Of the page with so many."""
    return f"{charts} charts, {tables} tables"


def path(charts: int, tables: int) -> str:
    """Of the page with so many."""
    return f"/c{charts}t{tables}"
