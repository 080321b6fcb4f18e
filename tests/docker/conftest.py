import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

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
def open_folder() -> Iterator[Path]:
    """A folder for all users: pytest's own are for one, and each new session sees to that."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


@pytest.fixture(scope="session")
def database(open_folder) -> Iterator[Database]:
    """A database for ML Metadata."""
    engine.require("mariadbd", "mariadb", "mariadb-install-db")
    folder = open_folder / "mariadb"
    folder.mkdir()
    made = make_database(folder)
    yield made
    made.stop()
