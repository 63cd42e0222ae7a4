from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.access.certificates import write_development


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a development authority, a server of it and its clients."""
    folder = tmp_path_factory.mktemp("certificates")
    write_development(folder, datetime.now(UTC))
    return folder
