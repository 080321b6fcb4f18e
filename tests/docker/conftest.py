from collections.abc import Iterator

import pytest

from tests.docker import engine
from tests.docker.database import Database, make_database


@pytest.fixture(scope="session")
def image(tmp_path_factory) -> Iterator[str]:
    """The project's image, in an engine that runs."""
    engine.require("docker", "dockerd", "debootstrap")
    started = engine.start_engine(tmp_path_factory.mktemp("docker") / "engine.log")
    engine.make_base()
    engine.build_image()
    yield engine.IMAGE
    if started is not None:
        started.terminate()
        started.wait()


@pytest.fixture(scope="session")
def database(tmp_path_factory) -> Iterator[Database]:
    """A database for ML Metadata."""
    engine.require("mariadbd", "mariadb", "mariadb-install-db")
    made = make_database(tmp_path_factory.mktemp("mariadb") / "server")
    yield made
    made.stop()
