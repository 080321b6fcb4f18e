import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import ml_metadata as mlmd
import pytest
from ml_metadata.proto import metadata_store_pb2

from components.errors import PipelineError
from pipeline.config import PipelineConfig, to_dict
from pipeline.kubeflow.prepare_run import connection_to, load_run, prepare_run
from pipeline.kubeflow.settings import KubeflowConfig, MetadataSettings

MYSQL = MetadataSettings(store="mysql", host="127.0.0.1", port=1, database="flowers")


@pytest.fixture
def config(tmp_path, monkeypatch) -> PipelineConfig:
    monkeypatch.chdir(tmp_path)
    for name in ("span-1/cat", "span-2/cat", "span-3/dog"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        (tmp_path / "photos" / name / "1.png").touch()
    return PipelineConfig("photos")


def compiled(config: PipelineConfig, kubeflow: KubeflowConfig | None = None) -> str:
    kubeflow = kubeflow or KubeflowConfig()
    return json.dumps({"config": to_dict(config), "kubeflow": dataclasses.asdict(kubeflow)})


def test_what_the_tasks_of_a_run_have_in_common(config, tmp_path):
    run = prepare_run("run-7", compiled(config), {"ingest_window": 2.0, "train_epochs": 3.0})
    assert run.folder == "output/photos/runs/run-7"
    assert run.config.train.epochs == 3
    assert [span.name for span in run.spans] == ["span-2", "span-3"]
    # One that arrives meanwhile is for the next run.
    (tmp_path / "photos" / "span-4" / "cat").mkdir(parents=True)
    loaded = load_run(run.folder)
    assert loaded == dataclasses.replace(run, spans=list(run.spans))


class TestRunId:
    """Fault A1: under an id that is no run's own, TFX does nothing and the run looks well."""

    @pytest.mark.parametrize("run", ["{{$.pipeline_job_uuid}}", "", "a/b", "..", "a b"])
    def test_it_was_not_filled_in(self, config, run):
        with pytest.raises(PipelineError) as refused:
            prepare_run(run, compiled(config), {})
        assert str(refused.value) == (
            "Kubeflow must fill in the id of each run, as the input run_id of PrepareRun. "
            f"Received: {run!r}. Compile the pipeline with the code of its image, and submit it "
            "again."
        )
        assert not os.path.exists("output")

    @pytest.mark.parametrize("outcome", ["pushed", "refused"])
    def test_it_is_that_of_a_run_that_ended(self, config, outcome):
        folder = prepare_run("run-7", compiled(config), {}).folder
        left = {"time": "2026-11-25T17:02:38", "outcome": outcome}
        with open(f"{folder}/outcome.json", "w") as file:
            json.dump(left, file)
        before = {name: os.stat(f"{folder}/{name}").st_mtime_ns for name in os.listdir(folder)}
        with pytest.raises(PipelineError) as refused:
            prepare_run("run-7", compiled(config), {"train_epochs": 9})
        assert str(refused.value) == (
            "Each run must have an id of its own: under one that was used, TFX would do nothing, "
            "and the run would look well. Received: run-7, and output/photos/runs/run-7 has the "
            "verdict of a run that ended. Submit the pipeline as a new run."
        )
        after = {name: os.stat(f"{folder}/{name}").st_mtime_ns for name in os.listdir(folder)}
        assert after == before

    def test_it_is_that_of_a_run_whose_steps_ml_metadata_has(self, config):
        prepare_run("run-7", compiled(config), {})
        put_execution("output/photos/metadata.sqlite", run="run-7")
        with pytest.raises(PipelineError, match="run-7, and ML Metadata has steps of it"):
            prepare_run("run-7", compiled(config), {})
        assert prepare_run("run-8", compiled(config), {}).id == "run-8"

    def test_the_pods_of_one_run_may_be_tried_again(self, config):
        first = prepare_run("run-7", compiled(config), {})
        # A step that failed says so; the run goes on if its retry does not.
        with open(f"{first.folder}/outcome.json", "w") as file:
            json.dump({"time": "2026-11-25T17:02:38", "outcome": "failed"}, file)
        assert prepare_run("run-7", compiled(config), {}) == first
        assert os.listdir("output/photos/runs") == ["run-7"]


class TestDecisionsOfOneRun:
    """Fault A8: a schedule that others made, or a clone, would force each push."""

    @pytest.fixture
    def forced(self, config):
        """A run that was forced, and ended; then one that failed."""
        for run, outcome, reason in [("a", "pushed", "broken"), ("b", "failed", "blurred")]:
            folder = prepare_run(run, compiled(config), {"force_push": reason}).folder
            with open(f"{folder}/outcome.json", "w") as file:
                json.dump({"time": "2026-11-25T17:02:38", "outcome": outcome}, file)

    @pytest.mark.parametrize(
        "parameters", [{"force_push": "broken"}, {"settings": {"force_push": "broken"}}]
    )
    def test_a_decision_that_was_carried_out_is_no_decision_on_another_run(
        self, config, forced, parameters
    ):
        with pytest.raises(PipelineError) as refused:
            prepare_run("c", compiled(config), parameters)
        assert str(refused.value) == (
            "force_push must be decided for each run again. Received: force_push='broken', as run "
            "a had it. Give this run a reason of its own; if a schedule has it, take it out there."
        )
        assert sorted(os.listdir("output/photos/runs")) == ["a", "b"]

    @pytest.mark.parametrize("reason", ["blurred", "another", ""])
    def test_one_that_was_not_may_be_given_again(self, config, forced, reason):
        run = prepare_run("c", compiled(config), {"force_push": reason, "reset_baseline": "broken"})
        assert (run.config.force_push, run.config.reset_baseline) == (reason, "broken")


def put_execution(path: str, run: str) -> None:
    """What TFX's launcher leaves of a step, by ML Metadata's own client."""
    connection = metadata_store_pb2.ConnectionConfig()
    connection.sqlite.filename_uri = path
    store = mlmd.MetadataStore(connection)
    kind = store.put_execution_type(metadata_store_pb2.ExecutionType(name="Trainer"))
    runs = store.put_context_type(metadata_store_pb2.ContextType(name="pipeline_run"))
    store.put_execution(
        metadata_store_pb2.Execution(type_id=kind),
        [],
        [metadata_store_pb2.Context(type_id=runs, name=run)],
    )


def test_a_parameter_that_kubeflow_did_not_fill_in(config):
    """Fault A1, its sibling: a placeholder as the value of a parameter stays as it is."""
    with pytest.raises(PipelineError) as refused:
        prepare_run("run-7", compiled(config), {"data": "/images/{{$.pipeline_job_uuid}}"})
    assert str(refused.value) == (
        "The parameters of a run must be values. Received: "
        "data='/images/{{$.pipeline_job_uuid}}', whose {{ begins a placeholder that Kubeflow did "
        "not fill in. Give its value."
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [("train.warm_start", "serving"), ("tune.trials", 3), ("export.formats", "onnx")],
)
def test_a_setting_that_changes_the_steps(config, name, value):
    settings = {name: value}
    if name == "tune.trials":
        settings["tune.space"] = {"learning_rate": [0.001, 0.01]}
    with pytest.raises(PipelineError) as refused:
        prepare_run("run-7", compiled(config), {"settings": settings})
    assert str(refused.value) == (
        f"A run must have the steps that were compiled. Received: another {name}, which adds a "
        "step or leaves one out. Compile the pipeline with it instead of setting it for one run."
    )


def test_a_volume_that_cannot_be_written(config, tmp_path):
    (tmp_path / "output").write_text("in the way")
    with pytest.raises(PipelineError) as refused:
        prepare_run("run-7", compiled(config), {})
    assert str(refused.value).startswith(
        "The folders of --output, --serving and --schema must be writable. Received: "
        "output/photos/runs/run-7: "
    )


class TestAVolumeOfAnotherUser:
    """Fault A4: nobody sets an fsGroup, so that a volume is as its administrator left it."""

    @pytest.fixture
    def prepare(self, tmp_path):
        """PrepareRun as a pod has it: user 1000 without rights, on a volume of root's."""
        if os.geteuid():
            pytest.skip("needs root, to be two users")
        volume = tmp_path / "volume"
        (volume / "images" / "cat").mkdir(parents=True)
        (volume / "images" / "cat" / "1.png").touch()
        volume.chmod(0o755)
        # What pytest makes is for one user.
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            shutil.move(volume, folder)
            volume = pathlib.Path(folder, "volume")
            config = PipelineConfig(
                data=str(volume / "images"),
                name="flowers",
                output=str(volume / "output"),
                serving=str(volume / "serving"),
                schema=str(volume / "schemas" / "flowers.pbtxt"),
            )
            program = (
                "import sys; from pipeline.kubeflow.prepare_run import prepare_run; "
                "prepare_run('r', sys.argv[1], {})"
            )

            def prepare(group: int = 1000) -> str:
                """What is wrong; empty if nothing is."""
                finished = subprocess.run(
                    [sys.executable, "-c", program, compiled(config)],
                    cwd=pathlib.Path(__file__).parents[3],
                    env={"PATH": os.environ["PATH"], "HOME": folder},
                    user=1000,
                    group=group,
                    extra_groups=[],
                    capture_output=True,
                    text=True,
                    check=False,
                )
                *_, last = finished.stderr.strip().splitlines() or [""]
                return last.partition("PipelineError: ")[2] if finished.returncode else ""

            yield prepare, volume

    @pytest.mark.parametrize("group", [1000, 0])
    def test_what_is_said_is_the_remedy(self, prepare, group):
        """The command is run as it stands, once, by root; then the run is prepared."""
        prepare, volume = prepare
        said = prepare(group)
        assert f"{volume}/serving/flowers: Permission denied ({volume} has the user 0" in said
        assert "the mode 755)" in said
        assert f"This process is the user 1000 with the group {group}." in said
        command = said.partition("run: ")[2].removesuffix(".")
        subprocess.run(["sh", "-c", command], check=True)
        assert prepare(group) == ""
        assert (volume / "output" / "flowers" / "runs" / "r" / "run.json").stat().st_uid == 1000
        assert volume.stat().st_uid == 0

    def test_a_folder_of_an_earlier_run_of_another_user(self, prepare):
        prepare, volume = prepare
        (volume / "output" / "flowers" / "artifacts").mkdir(parents=True)
        for folder in ("output", "output/flowers", "serving", "schemas"):
            (volume / folder).mkdir(exist_ok=True)
            os.chown(volume / folder, 1000, 1000)
        said = prepare()
        assert f"Received: {volume}/output/flowers/artifacts: Permission denied (it has" in said
        subprocess.run(["sh", "-c", said.partition("run: ")[2].removesuffix(".")], check=True)
        assert prepare() == ""


def test_a_database_without_a_password(config, monkeypatch):
    monkeypatch.delenv("MLMD_USER", raising=False)
    with pytest.raises(PipelineError) as refused:
        connection_to(MYSQL, config)
    assert str(refused.value) == (
        "The environment variable MLMD_USER must be set, for ML Metadata's database. Received: "
        "none. Fill it from a secret of the pipeline's own: kubeflow.pods.secret_environment: "
        '{MLMD_USER: "flowers-metadata/username"}.'
    )


def test_a_database_that_is_not_there(config, monkeypatch):
    monkeypatch.setenv("MLMD_USER", "u")
    monkeypatch.setenv("MLMD_PASSWORD", "secret")
    with pytest.raises(PipelineError) as refused:
        prepare_run("run-7", compiled(config, KubeflowConfig(metadata=MYSQL)), {})
    message = str(refused.value)
    assert message.startswith(
        "ML Metadata must be reachable from the pods, with a user who may make tables. Received: "
        "mysql at 127.0.0.1:1: "
    )
    assert message.endswith(
        "Check kubeflow.metadata, the secret, and that the service runs; its name is "
        "SERVICE.NAMESPACE.svc where pods are in another namespace."
    )
    assert "secret'" not in message
    # Fault A13: the log of a pod goes with the pod, so that it is on the volume as well.
    outcome = json.loads(pathlib.Path("output/photos/runs/run-7/outcome.json").read_text())
    assert (outcome["outcome"], outcome["text"]) == ("failed", f"In PrepareRun: {message}")


def test_a_server_of_metadata(config):
    settings = MetadataSettings(store="grpc", host="metadata", port=8080)
    connection = connection_to(settings, config)
    assert (connection.host, connection.port) == ("metadata", 8080)
