"""One real gateway a test process, attacked by every test of this folder; each has to leave it whole."""

from collections.abc import Iterator

import pytest

from tests.attacks.target import Target, assert_secret
from tests.servers import serving


@pytest.fixture(scope="session")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder = tmp_path_factory.mktemp("attacks")
    database = folder / "store.sqlite"
    with serving(folder, f"sqlite:///{database}", DURABILITY="normal", LOG_LEVEL="debug") as running:
        yield Target(running, database)


@pytest.fixture
def target(attacked: Target) -> Iterator[Target]:
    """Return the gateway; whatever the test did, it answers afterwards, did not fail, and told nobody."""
    before = len(attacked.log())
    yield attacked
    attacked.answers()
    said = attacked.log()[before:]
    assert_secret(said)
    assert '"level": "error"' not in said
