import pathlib
from collections.abc import Iterator

import pytest

from pipeline.kubeflow.client import schedule
from tests.pipeline.kubeflow.client.fake_server import FakeServer, serve

PACKAGE = """\
pipelineInfo:
  name: photos
root:
  dag:
    tasks:
      trainer: {componentRef: {name: comp-trainer}, taskInfo: {name: Trainer}}
      releasegate: {componentRef: {name: comp-releasegate}, taskInfo: {name: ReleaseGate}}
      pusher: {componentRef: {name: comp-pusher}, taskInfo: {name: Pusher}}
      condition-1:
        componentRef: {name: comp-condition-1}
        taskInfo: {name: condition-1}
        triggerPolicy:
          condition: inputs.parameter_values['released'] == false
  inputDefinitions:
    parameters:
      data: {parameterType: STRING}
      train_epochs: {parameterType: NUMBER_INTEGER}
      evaluate_min_accuracy: {parameterType: NUMBER_DOUBLE}
      settings: {parameterType: STRUCT}
      dry: {parameterType: BOOLEAN}
components:
  comp-condition-1:
    dag:
      tasks:
        modelrefused: {componentRef: {name: comp-modelrefused}, taskInfo: {name: ModelRefused}}
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
    for name in ("NAMESPACE", "TOKEN", "TOKEN_FILE", "CA_FILE", "CRON_TIME_ZONE"):
        monkeypatch.delenv(f"KFP_{name}", raising=False)
    monkeypatch.setattr(schedule, "PAUSE", 0.0)
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
