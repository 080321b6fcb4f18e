import pathlib
from collections.abc import Iterator

import pytest

from tests.pipeline.kubeflow.server.fake_server import FakeServer, serve

PACKAGE = """\
pipelineInfo:
  name: photos
root:
  inputDefinitions:
    parameters:
      data: {parameterType: STRING}
      train_epochs: {parameterType: NUMBER_INTEGER}
      evaluate_min_accuracy: {parameterType: NUMBER_DOUBLE}
      settings: {parameterType: STRUCT}
---
platforms: {}
"""


@pytest.fixture
def state() -> FakeServer:
    """What the server has, and is to do wrong."""
    return FakeServer()


@pytest.fixture
def host(state: FakeServer, monkeypatch) -> Iterator[str]:
    """Its address, which the environment has too."""
    server, address = serve(state)
    for name in ("KFP_NAMESPACE", "KFP_TOKEN", "KFP_TOKEN_FILE", "KFP_CA_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KFP_HOST", address)
    yield address
    server.shutdown()
    server.server_close()


@pytest.fixture
def package(tmp_path: pathlib.Path) -> str:
    """The file of a compiled pipeline."""
    path = tmp_path / "photos.yaml"
    path.write_text(PACKAGE)
    return str(path)
