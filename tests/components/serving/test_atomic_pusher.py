"""What is pushed, and what TFX is told."""

import copy
import os
import pathlib
from collections.abc import Callable

import pytest
from tfx import types
from tfx.orchestration import metadata
from tfx.orchestration.portable import cache_utils, data_types
from tfx.proto.orchestration import pipeline_pb2
from tfx.types import standard_artifacts

from components.artifact_types import ModelReport, ReleaseVerdict
from components.errors import PipelineError
from components.serving import atomic_pusher as pusher
from components.serving.directory.layout import list_versions
from components.serving.directory.log import read_events
from components.serving.directory.publishing import publish
from components.serving.directory.release import FORCED_PUSH, PUSH, ReleaseOrigin
from tests.components.serving.directory.saved_models import (
    FILES,
    NOW,
    read_tree,
    write_saved_model,
)

Do = Callable[..., types.Artifact]


@pytest.fixture
def do(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Do:
    """Runs the executor on verdicts, and returns the pushed model."""
    monkeypatch.setattr(pusher.time, "time", lambda: NOW)
    monkeypatch.setattr(pusher, "find_actor", lambda: "ann@host")
    report = tmp_path / "report"
    report.mkdir()
    for name in ("report.html", "model_card.md", "metrics.json"):
        (report / name).write_text(name)

    def run(
        is_blessed: bool = True,
        is_servable: bool = True,
        is_released: bool = True,
        force_push: str = "",
        reset_baseline: str = "",
        expected: str = "nothing",
    ) -> types.Artifact:
        inputs = {
            "model": standard_artifacts.Model(),
            "model_blessing": standard_artifacts.ModelBlessing(),
            "infra_blessing": standard_artifacts.InfraBlessing(),
            "release_verdict": ReleaseVerdict(),
            "model_report": ModelReport(),
        }
        inputs["model"].uri = str(tmp_path / "model")
        write_saved_model(tmp_path / "model/Format-Serving")
        inputs["model_blessing"].set_int_custom_property("blessed", int(is_blessed))
        inputs["infra_blessing"].set_int_custom_property("blessed", int(is_servable))
        inputs["release_verdict"].released = int(is_released)
        inputs["release_verdict"].sentence = "Said the gate."
        inputs["model_report"].uri = str(report)
        pushed = standard_artifacts.PushedModel()
        pushed.uri = str(tmp_path / "pushed" / f"over-{expected}")
        pusher.AtomicPusherExecutor().Do(
            {key: [artifact] for key, artifact in inputs.items()},
            {"pushed_model": [pushed]},
            {
                "model_folder": str(tmp_path / "serving/photos"),
                "keep_versions": 2,
                "force_push": force_push,
                "reset_baseline": reset_baseline,
            },
        )
        return pushed

    return run


def test_pushes_a_released_model(do: Do, tmp_path: pathlib.Path) -> None:
    pushed = do(reset_baseline="new camera")
    folder = tmp_path / "serving/photos"
    version = read_tree(folder / "1700000000")
    assert {name: version[name] for name in FILES} == FILES
    assert version["assets.extra/report.html"] == b"report.html"
    assert version["assets.extra/model_card.md"] == b"model_card.md"
    assert version["assets.extra/metrics.json"] == b"metrics.json"
    assert read_tree(tmp_path / "pushed/over-nothing") == FILES
    assert pushed.get_int_custom_property("pushed") == 1
    assert pushed.get_string_custom_property("pushed_destination") == str(folder / "1700000000")
    assert pushed.get_string_custom_property("pushed_version") == "1700000000"
    assert pushed.get_string_custom_property("reset_baseline") == "new camera"
    [event] = read_events(str(folder))
    assert (event.origin.action, event.origin.reason) == (PUSH, "")
    assert (event.origin.actor, event.origin.sentence) == ("ann@host", "Said the gate.")
    assert event.origin.reset_baseline == "new camera"


@pytest.mark.parametrize("verdict", ["is_blessed", "is_servable", "is_released"])
def test_all_three_must_agree(do: Do, tmp_path: pathlib.Path, verdict: str) -> None:
    pushed = do(**{verdict: False})
    assert not (tmp_path / "serving").exists()
    assert not (tmp_path / "pushed").exists()
    assert pushed.get_int_custom_property("pushed") == 0
    assert pushed.get_string_custom_property("pushed_destination") == ""


@pytest.mark.parametrize(("is_blessed", "is_released"), [(0, 0), (0, 1), (1, 0)])
def test_force_overrules_verdicts_and_is_recorded(
    do: Do, tmp_path: pathlib.Path, is_blessed: int, is_released: int
) -> None:
    pushed = do(is_blessed=is_blessed, is_released=is_released, force_push="demo")
    assert pushed.get_string_custom_property("force_push") == "demo"
    [event] = read_events(str(tmp_path / "serving/photos"))
    assert (event.origin.action, event.origin.reason) == (FORCED_PUSH, "demo")


def test_force_does_not_push_what_cannot_be_served(do: Do, tmp_path: pathlib.Path) -> None:
    assert do(is_servable=False, force_push="demo").get_int_custom_property("pushed") == 0
    assert not (tmp_path / "serving").exists()


def test_force_that_was_not_needed_is_a_plain_push(do: Do, tmp_path: pathlib.Path) -> None:
    do(force_push="demo")
    [event] = read_events(str(tmp_path / "serving/photos"))
    assert (event.origin.action, event.origin.reason) == (PUSH, "")


def test_a_model_that_serves_already_keeps_its_version(do: Do, tmp_path: pathlib.Path) -> None:
    """Fault D10: a run that published nothing was told like one that did."""
    assert do().get_int_custom_property("served_already") == 0
    again = do()
    assert again.get_string_custom_property("pushed_version") == "1700000000"
    assert again.get_int_custom_property("served_already") == 1
    assert list_versions(str(tmp_path / "serving/photos")) == [1700000000]


@pytest.fixture
def driver(tmp_path: pathlib.Path) -> pusher.AtomicPusherDriver:
    """A driver with an ML Metadata that is empty."""
    config = metadata.sqlite_metadata_connection_config(str(tmp_path / "metadata.sqlite"))
    return pusher.AtomicPusherDriver(metadata.Metadata(config))


def execution(folder: pathlib.Path) -> data_types.ExecutionInfo:
    properties = {"model_folder": str(folder), "baseline_step": "BaselineResolver"}
    model = standard_artifacts.Model()
    model.id = 1
    return data_types.ExecutionInfo(
        input_dict={"model": [model]},
        output_dict={"pushed_model": [standard_artifacts.PushedModel()]},
        exec_properties=properties,
        pipeline_info=pipeline_pb2.PipelineInfo(id="photos"),
        pipeline_run_id="run-1",
    )


def cache_key(tmp_path: pathlib.Path, info: data_types.ExecutionInfo) -> str:
    """TFX's own."""
    config = metadata.sqlite_metadata_connection_config(str(tmp_path / "metadata.sqlite"))
    with metadata.Metadata(config) as handle:
        context = cache_utils.get_cache_context(
            handle,
            pipeline_pb2.PipelineNode(),
            info.pipeline_info,
            input_artifacts=info.input_dict,
            output_artifacts=info.output_dict,
        )
    return str(context.name)


class TestDriver:
    def test_a_removed_folder_is_another_one(
        self, driver: pusher.AtomicPusherDriver, tmp_path: pathlib.Path
    ) -> None:
        info = execution(tmp_path / "photos")
        seen = driver.observe(info)
        assert seen == {"serving_directory_id": seen["serving_directory_id"], "lost_versions": ""}
        assert driver.observe(info) == seen
        os.remove(tmp_path / "photos/.directory_id")
        assert driver.observe(info) != seen

    def test_a_lost_version_is_a_reason_to_push(
        self,
        driver: pusher.AtomicPusherDriver,
        tmp_path: pathlib.Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Fault D1: the cache key changes with each version of the model that is gone."""
        monkeypatch.setattr(pusher, "lost_versions", lambda *_: [5, 7])
        assert driver.observe(execution(tmp_path / "photos"))["lost_versions"] == "5, 7"

    @pytest.mark.parametrize(("expected", "text"), [(7, "over-7"), (None, "over-nothing")])
    def test_the_executor_learns_what_to_expect_and_the_cache_does_not(
        self,
        driver: pusher.AtomicPusherDriver,
        tmp_path: pathlib.Path,
        monkeypatch: pytest.MonkeyPatch,
        expected: int | None,
        text: str,
    ) -> None:
        """Fault D3: a run looks up another version each time, and is cached all the same."""
        asked = []
        monkeypatch.setattr(
            pusher, "looked_up_version", lambda _, *names: asked.append(names) or expected
        )
        info = execution(tmp_path / "photos")
        info.output_dict["pushed_model"][0].uri = "pushed_model/17"
        unseen = copy.deepcopy(info)
        output = driver.run(info)
        assert asked == [("photos.BaselineResolver", "run-1")]
        assert {key: value.string_value for key, value in output.exec_properties.items()} == {
            **info.exec_properties,
            **driver.observe(info),
        }
        assert cache_key(tmp_path, info) == cache_key(tmp_path, unseen)
        [pushed] = output.output_artifacts["pushed_model"].artifacts
        assert pushed.uri == f"pushed_model/17/{text}"
        assert not pushed.custom_properties


@pytest.mark.parametrize("years", [-1, 1])
def test_clocks_do_not_matter(do: Do, tmp_path: pathlib.Path, years: int) -> None:
    """Fault D3: the other run's clock was a year wrong; its push counts, and holds up nobody."""
    serving = str(tmp_path / "serving/photos")
    write_saved_model(tmp_path / "other")
    (tmp_path / "other/saved_model.pb").write_bytes(b"other")
    wrong = NOW + years * 365 * 86400
    version = publish(str(tmp_path / "other"), serving, ReleaseOrigin(PUSH, "ann@host"), wrong)
    with pytest.raises(PipelineError) as refused:
        do()
    assert str(refused.value) == (
        f"A model must be pushed over the one that it was compared with. Received: {serving}, "
        f"where version {version}, a push by ann@host, serves now; when this run looked, no "
        "version did. Run again, which compares with what serves now; what is done is cached."
    )
    assert list_versions(serving) == [version]
    pushed = do(expected=str(version))
    newest = int(pushed.get_string_custom_property("pushed_version"))
    assert newest == max(int(NOW), version + 1)
    assert list_versions(serving) == [version, newest]
