"""``python -m router_core.providers.hub_download REPOSITORY FILE FOLDER``: fetch one file of the model hub.

A process of its own, because a download that hangs can then be ended, and because the hub's client reads its
settings from the environment while it is imported.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main(repository: str, file: str, folder: str) -> int:
    """Fetch, or go on fetching, and print where the file lies."""
    os.environ |= {
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_XET": "1",  # the plain transfer resumes where it stopped
        "HF_HUB_ETAG_TIMEOUT": "3",
        "HF_HUB_DOWNLOAD_TIMEOUT": "15",
    }
    from huggingface_hub import hf_hub_download

    try:
        path = hf_hub_download(repository, file, local_dir=folder, token=False)
    except Exception as error:  # noqa: BLE001 - the edge of this process: any failure is one line for the parent
        print(f"{type(error).__name__}: {error}".splitlines()[0], file=sys.stderr)
        return 1
    print(Path(path))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
