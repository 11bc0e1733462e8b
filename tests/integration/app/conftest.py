"""Pages are run as the dashboard's own start runs them."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.runtime.pages_manager import PagesManager


@pytest.fixture(autouse=True)
def pages_run_inside_main(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do before each run what `app.dashboard.__main__` does before Streamlit starts, and AppTest undoes.

    Else the first run of a page other than the overview is its file alone, without main.py, which reads the filters
    from the address.
    """
    begin = PagesManager.__init__

    def begin_without_folder(manager: PagesManager, *args: Any, **kwargs: Any) -> None:
        PagesManager.uses_pages_directory = False
        begin(manager, *args, **kwargs)

    monkeypatch.setattr(PagesManager, "__init__", begin_without_folder)
