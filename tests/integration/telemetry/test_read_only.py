"""The database's disk becomes read-only under a running process, and writable again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CHILD = Path(__file__).with_name("read_only_child.py")
NOBODY = 65534


@pytest.mark.skipif(sys.platform != "linux", reason="what a process has open is seen in /proc")
def test_decisions_go_to_the_spool_while_the_disk_is_read_only_and_are_in_the_database_once_afterwards(tmp_path: Path):
    folder = tmp_path / "store"
    folder.mkdir()
    user = []
    if os.geteuid() == 0:
        user = [str(NOBODY)]
        os.chown(folder, NOBODY, NOBODY)
        for above in (tmp_path, *tmp_path.parents[:3]):
            if above.stat().st_uid == 0 and "pytest" in str(above):
                above.chmod(0o755)
    command = [sys.executable, str(CHILD), str(folder), *user]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    during = [f"during{number}" for number in range(len(told["during"]))]
    assert (told["before"], told["after"]) == (["committed"], ["committed"])
    assert during and set(told["during"]) == {"spooled"}, "no answer fails, and none is unkept"
    first, later = told["errors"]
    assert any(words in first for words in ("check the disk", "cannot be written here")), first
    assert "cannot be written here" in later, "what was open takes no more, and is not opened again"
    assert told["seen_during"] == ["before"], "pages go on reading"
    assert told["seen"] == sorted(["before", *during, "after"]), "each of them once"
    assert told["left"] == [0, 0, None]
    (empty, _), (in_use, sentence) = told["incidents"]
    assert (in_use, empty) == ("spool_in_use", "spool_empty")
    assert first in sentence
