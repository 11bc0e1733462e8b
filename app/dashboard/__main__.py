"""``python -P -m app.dashboard``: Streamlit over our pages, as a child that ends with its parent.

``-P`` keeps a foreign ``app`` package in the working directory off the path; arguments go to ``streamlit run``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from app.parent import end_with_parent


def main() -> None:
    """Run Streamlit until SIGTERM."""
    from streamlit.runtime.pages_manager import PagesManager
    from streamlit.web.cli import main as streamlit

    # Streamlit takes a folder named pages for pages of its old kind until st.navigation has run once: the first visitor
    # of a deep link then got that page's file alone, without main.py's style, sidebar and error card.
    PagesManager.uses_pages_directory = False
    end_with_parent()
    sys.argv = ["streamlit", "run", str(Path(__file__).parent.with_name("main.py")), *sys.argv[1:]]
    streamlit()


if __name__ == "__main__":
    main()
