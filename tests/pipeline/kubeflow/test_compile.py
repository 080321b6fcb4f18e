"""The compiled pipeline, against KFP's published specification and what its backend takes."""

import json
import pathlib
import re
import shlex
import subprocess
import sys
from typing import Any

import pytest
import yaml
from google.protobuf import json_format
from kfp.kubernetes import kubernetes_executor_config_pb2
from kfp.pipeline_spec import pipeline_spec_pb2

from components.config_checks import ConfigurationError
from components.errors import PipelineError
from pipeline.config import PipelineConfig, from_dict
from pipeline.kubeflow import compile as compiling
from pipeline.kubeflow.compile import compile_pipeline
from pipeline.kubeflow.kubeflow_cli import main
from pipeline.kubeflow.settings import kubeflow_from_dict
from tests.pipeline import compiled_steps
from tests.shared_data import shared_data

REPOSITORY = pathlib.Path(__file__).parents[3]
CONFIG = PipelineConfig("photos_of_pets", schema="schema.pbtxt")
TASKS = len(compiled_steps.STEPS) + 2
"""With PrepareRun and ModelRefused."""
OPTIONAL_STEPS = from_dict(
    {
        "data": "photos",
        "train": {"warm_start": "serving"},
        "tune": {"trials": 3, "space": {"learning_rate": [0.001, 0.01]}},
        "export": {"formats": "onnx"},
    }
)
SETTINGS: dict[str, Any] = {
    "metadata": {"store": "mysql", "host": "mysql.flowers.svc", "database": "flowers"},
    "pods": {
        "image": "registry.example.com/pipeline:1",
        "cpu": "2",
        "memory": "8Gi",
        "volumes": {"/data": "images"},
        "secret_environment": {"MLMD_PASSWORD": "mysql-secret/password"},
        "secret_files": {"/secrets/cloud": "cloud-key"},
        "environment": {"TF_CPP_MIN_LOG_LEVEL": 2},
        "attempt_timeout_seconds": 3600,
    },
    "steps": {
        "Trainer": {
            "accelerator": "nvidia.com/gpu",
            "accelerators": 1,
            "node_selector": {"pool": "gpu"},
            "tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}],
            "retries": 0,
        }
    },
}
# With SQLite, without time-outs.
PLAIN: dict[str, Any] = {"pods": {"image": "a:1"}}


def sample() -> tuple[PipelineConfig, dict[str, Any]]:
    """The file that users copy."""
    settings = yaml.safe_load((REPOSITORY / "configs" / "kubeflow.yaml").read_text())
    kubeflow = settings.pop("kubeflow")
    return from_dict(settings), kubeflow


def compile_to(path, config=CONFIG, settings=SETTINGS) -> list[dict[str, Any]]:
    compile_pipeline(config, kubeflow_from_dict(settings), str(path))
    return list(yaml.safe_load_all(path.read_text()))


@pytest.fixture(scope="module")
def documents(tmp_path_factory) -> list[dict[str, Any]]:
    return compile_to(tmp_path_factory.mktemp("compiled") / "pipeline.yaml")


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> dict[str, Any]:
    return compile_to(tmp_path_factory.mktemp("compiled") / "pipeline.yaml", settings=PLAIN)[0]


@pytest.fixture(scope="module")
def optional(tmp_path_factory) -> dict[str, Any]:
    return compile_to(tmp_path_factory.mktemp("compiled") / "p.yaml", OPTIONAL_STEPS)[0]


@pytest.fixture(scope="module")
def of_sample(tmp_path_factory) -> dict[str, Any]:
    return compile_to(tmp_path_factory.mktemp("compiled") / "p.yaml", *sample())[0]


@pytest.fixture(scope="module")
def tasks(documents) -> dict[str, Any]:
    """The tasks by TFX's name of their step."""
    return by_step(documents[0])


def by_step(document) -> dict[str, Any]:
    parts = (document["root"], *document["components"].values())
    return {
        task["taskInfo"]["name"]: task
        for part in parts
        for task in part.get("dag", {}).get("tasks", {}).values()
    }


def containers(document) -> dict[str, Any]:
    executors = document["deploymentSpec"]["executors"]
    return {name.removeprefix("exec-"): each["container"] for name, each in executors.items()}


def pods(documents) -> dict[str, Any]:
    executors = documents[1]["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    return {name.removeprefix("exec-"): each for name, each in executors.items()}


def recorded(pod: str) -> dict[str, Any]:
    """A pipeline of which KFP's driver made pods."""
    file = shared_data("kubeflow") / "pods" / pod / "pipeline.yaml"
    return next(iter(yaml.safe_load_all(file.read_text())))


def strings(value: Any) -> list[str]:
    """Every text within something of YAML."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        value = [*value, *value.values()]
    return [text for each in value for text in strings(each)] if isinstance(value, list) else []


def test_it_is_what_the_specification_describes(documents):
    specification = json_format.ParseDict(documents[0], pipeline_spec_pb2.PipelineSpec())
    assert specification.schema_version == "2.1.0"
    assert specification.pipeline_info.name == "photos-of-pets"
    for pod in pods(documents).values():
        json_format.ParseDict(pod, kubernetes_executor_config_pb2.KubernetesExecutorConfig())


def test_each_step_is_a_container_in_the_order_of_tfx(documents, tasks, plain, optional):
    before = {name: set(task.get("dependentTasks", ())) for name, task in tasks.items()}
    assert before["PrepareRun"] == set()
    assert before["ImageFolderExampleGen"] == {"preparerun"}
    of_model = {"preparerun", "baselineresolver", "importschemagen", "trainer"}
    assert before["BulkInferrer"] == {*of_model, "imagefolderexamplegen"}
    # InfraValidator does not wait for it.
    assert before["Evaluator"] == {*of_model, "bulkinferrer"}
    assert "evaluator" not in before["InfraValidator"]
    # It decides on the schema, which all but these need.
    others = {"PrepareRun", "ImageFolderExampleGen", "StatisticsGen", "ImportSchemaGen"}
    for step in before.keys() - others - {"condition-1", "ModelRefused"}:
        assert "importschemagen" in before[step], step
    assert before["Pusher"] >= {"releasegate", "infravalidator", "modelreport"}
    assert len(containers(documents[0])) == TASKS
    # With SQLite one task runs after the other.
    assert set(by_step(plain)["Evaluator"]["dependentTasks"]) == {"preparerun", "bulkinferrer"}
    assert {"WarmStart", "Tuner", "Exporter"} <= by_step(optional).keys()
    assert "exporter" in by_step(optional)["InfraValidator"]["dependentTasks"]


def test_the_open_source_backend_runs_nothing_but_containers(documents, tasks):
    executors = documents[0]["deploymentSpec"]["executors"]
    assert {kind for executor in executors.values() for kind in executor} == {"container"}
    assert not any("lifecycle" in each for each in containers(documents[0]).values())
    # `type` of a parameter is of schema 2.0; 2.1 has parameterType.
    text = json.dumps(documents[0]["components"])
    assert '"parameterType"' in text
    assert '"type": ' not in text
    # Its own cache is off: an empty group of options.
    assert [task["cachingOptions"] for task in tasks.values() if "cachingOptions" in task] == (
        [{}] * TASKS
    )


class TestPlaceholders:
    """Fault A1: the launcher fills in a few placeholders of arguments, the driver those of inputs.

    Kubeflow Pipelines 2.16, backend/src/v2/component/launcher_v2.go (getPlaceholders) and
    backend/src/v2/driver/resolve.go (resolveInputParameter), written out here.
    """

    LAUNCHER = re.compile(
        r"\{\{\$(\.inputs\.artifacts\['[^']+'\]\.(uri|path)|\.outputs\.artifacts\['[^']+'\]\.(uri|path)"
        r"|\.inputs\.parameters\['[^']+'\]|\.outputs\.parameters\['[^']+'\]\.output_file)?\}\}"
    )

    @pytest.mark.parametrize("document", ["documents", "plain", "optional", "of_sample"])
    def test_all_of_them_are_filled_in(self, request, document):
        document = request.getfixturevalue(document)
        document = document[0] if isinstance(document, list) else document
        for name, executor in containers(document).items():
            for text in strings(executor):
                assert "{{" not in self.LAUNCHER.sub("", text), name
        constants = [
            value["runtimeValue"]["constant"]
            for task in by_step(document).values()
            for value in task.get("inputs", {}).get("parameters", {}).values()
            if "runtimeValue" in value
        ]
        # The driver knows it, as the whole of an input.
        assert [each for each in constants if "{{" in each] == ["{{$.pipeline_job_uuid}}"]

    def test_the_id_of_a_run_is_an_input_as_where_the_driver_filled_it_in(self, documents, tasks):
        right = by_step(recorded("run_id_as_input"))["PrepareRun"]["inputs"]["parameters"]["run_id"]
        assert tasks["PrepareRun"]["inputs"]["parameters"]["run_id"] == right
        inputs = documents[0]["components"]["comp-preparerun"]["inputDefinitions"]["parameters"]
        assert inputs["run_id"] == {"parameterType": "STRING"}
        # Nobody sets it for a run.
        assert "run_id" not in documents[0]["root"]["inputDefinitions"]["parameters"]

    def test_what_users_write_is_taken_for_none(self, tmp_path):
        settings = {"pods": {"image": "a:1", "environment": {"RUN": "{{workflow.name}}"}}}
        with pytest.raises(ConfigurationError) as refused:
            compile_to(tmp_path / "p.yaml", settings=settings)
        assert str(refused.value).startswith("The configuration must not have {{ in it, since")
        assert '"RUN": "{{workflow.name}}"' in str(refused.value)
        assert list(tmp_path.iterdir()) == []


def test_the_parameters_and_the_outputs_of_a_run(documents):
    root = documents[0]["root"]
    parameters = root["inputDefinitions"]["parameters"]
    assert parameters["train_epochs"] == {
        "defaultValue": 5.0,
        "isOptional": True,
        "parameterType": "NUMBER_INTEGER",
    }
    assert parameters["settings"]["parameterType"] == "STRUCT"
    outputs = root["outputDefinitions"]["parameters"]
    assert {name: each["parameterType"] for name, each in outputs.items()} == {
        "released": "BOOLEAN",
        "verdict": "STRING",
        "accuracy": "NUMBER_DOUBLE",
        "model": "STRING",
    }
    # What the pages show.
    artifacts = documents[0]["components"]["comp-modelreport"]["outputDefinitions"]["artifacts"]
    assert {name: each["artifactType"]["schemaTitle"] for name, each in artifacts.items()} == {
        "report": "system.HTML",
        "metrics": "system.Metrics",
        "confusion_matrix": "system.ClassificationMetrics",
    }


def test_a_user_that_the_cluster_gives(tmp_path):
    """Fault A4: no id is asked for, but not to be root; the image's own user is 1000."""
    made = pods(compile_to(tmp_path / "p.yaml", settings={**SETTINGS, "run_as_user": None}))
    assert {json.dumps(each["securityContext"]) for each in made.values()} == {
        '{"runAsNonRoot": true}'
    }


def test_what_the_pods_get(documents, tasks):
    container, pod = containers(documents[0])["transform"], pods(documents)["transform"]
    assert container["image"] == "registry.example.com/pipeline:1"
    assert container["env"] == [{"name": "TF_CPP_MIN_LOG_LEVEL", "value": "2"}]
    resources = container["resources"]
    assert (resources["resourceCpuLimit"], resources["resourceMemoryRequest"]) == ("2", "8Gi")
    assert "accelerator" not in resources
    # Deprecated fields stand beside those that replaced them.
    for old in ("cpuLimit", "cpuRequest", "memoryLimit", "memoryRequest"):
        assert (old in resources) <= (f"resource{old[0].upper()}{old[1:]}" in resources)
    assert pod["securityContext"] == {"runAsNonRoot": True, "runAsUser": "1000"}
    [volume], [secret] = pod["pvcMount"], pod["secretAsVolume"]
    assert (volume["mountPath"], volume["constant"]) == ("/data", "images")
    assert secret["mountPath"] == "/secrets/cloud"
    assert pod["activeDeadlineSeconds"] == "3600"
    policy = tasks["Transform"]["retryPolicy"]
    assert (policy["backoffDuration"], policy["backoffFactor"]) == ("30s", 2.0)
    assert policy["maxRetryCount"] == 2
    # One step has some of its own.
    accelerator = containers(documents[0])["trainer"]["resources"]["accelerator"]
    assert (accelerator["resourceType"], accelerator["resourceCount"]) == ("nvidia.com/gpu", "1")
    assert pods(documents)["trainer"]["nodeSelector"]["labels"] == {"pool": "gpu"}
    assert "tolerations" in pods(documents)["trainer"]
    assert "retryPolicy" not in tasks["Trainer"]


def later_attempts(policy: dict[str, Any], took: float) -> list[float]:
    """Argo's processNodeRetries (v3.7.8, workflow/controller/operator.go): attempts that fail.

    Args:
        policy: Of a task. Kubeflow hands its numbers to Argo as they are, and 0 for a missing one.
        took: How long each attempt takes until it fails.

    Returns:
        For how long each later attempt may run: what is left until Argo's maxDuration.
    """
    wait, deadline = (
        float(policy.get(name, "0s").removesuffix("s"))
        for name in ("backoffDuration", "backoffMaxDuration")
    )
    now, allowed = took, []
    for attempt in range(int(policy["maxRetryCount"])):
        now += wait * policy["backoffFactor"] ** attempt
        if now >= deadline:
            break
        allowed.append(deadline - now)
        now += min(took, allowed[-1])
    return allowed


class TestRetries:
    """Fault A3: nothing that ran longer than ten minutes was retried, and no retry ran longer."""

    def test_the_rule_is_what_argo_makes_of_the_recorded_pipeline(self):
        policy = by_step(recorded("as_compiled"))["Trainer"]["retryPolicy"]
        assert later_attempts(policy, took=700) == []
        assert later_attempts(policy, took=60) == [510, 390]

    def test_a_task_that_fails_after_hours_is_tried_again_for_as_long(self, of_sample, plain):
        trainer = by_step(of_sample)["Trainer"]["retryPolicy"]
        timeout = kubeflow_from_dict(sample()[1]).pods_of("Trainer").attempt_timeout_seconds
        assert timeout >= 3600
        attempts = later_attempts(trainer, took=timeout)
        assert len(attempts) == trainer["maxRetryCount"]
        assert min(attempts) > timeout
        # Without a time-out, too, and each task: also the one in a group.
        policies = [
            task["retryPolicy"] for task in by_step(plain).values() if "retryPolicy" in task
        ]
        assert len(policies) == TASKS
        assert all(len(later_attempts(each, took=48 * 3600)) == 2 for each in policies)

    def test_the_window_is_that_of_the_step(self, tmp_path):
        own = {"retry_window_seconds": 7200, "retry_seconds": 0, "retries": 3}
        settings = {**PLAIN, "steps": {"Trainer": own, "ModelRefused": own}}
        document, *_ = compile_to(tmp_path / "p.yaml", settings=settings)
        for step in ("Trainer", "ModelRefused"):
            policy = by_step(document)[step]["retryPolicy"]
            assert later_attempts(policy, took=3000) == [4200, 1200]


def test_no_secret_is_in_the_file(tmp_path, monkeypatch):
    """What the secrets hold is nowhere, even where whoever compiles has it in the environment."""
    for name, value in (("MLMD_USER", "secret-name-5"), ("MLMD_PASSWORD", "secret-word-7")):
        monkeypatch.setenv(name, value)
    documents = compile_to(tmp_path / "p.yaml")
    assert "secret-" not in (tmp_path / "p.yaml").read_text().replace("mysql-secret", "")
    made = containers(documents[0])
    assert len(made) == len(pods(documents)) == TASKS
    for name, container in made.items():
        assert [each["name"] for each in container["env"]] == ["TF_CPP_MIN_LOG_LEVEL"], name
        # Kubernetes fills the variables in, from the secret that the pod names.
        [secret] = pods(documents)[name]["secretAsEnv"]
        assert (secret["secretName"], secret["keyToEnv"]) == (
            "mysql-secret",
            [{"envVar": "MLMD_PASSWORD", "secretKey": "password"}],
        )


def test_a_configuration_that_is_too_long(tmp_path, monkeypatch):
    monkeypatch.setattr(compiling, "LONGEST_ARGUMENT", 100)
    with pytest.raises(ConfigurationError, match="must fit into 100 bytes, since containers"):
        compile_to(tmp_path / "p.yaml")
    assert list(tmp_path.iterdir()) == []


def run_command(python: str, folder: pathlib.Path, *arguments: str) -> Any:
    """Runs the command of a container with some `python`."""
    (folder / "bin").mkdir()
    (folder / "bin" / "python").write_text(f'#!/bin/sh\nexec {shlex.quote(python)} "$@"\n')
    (folder / "bin" / "python").chmod(0o755)
    ours = {"PYTHONPATH": str(REPOSITORY)} if python == sys.executable else {}
    return subprocess.run(
        ["sh", "-c", compiling.COMMAND, "Trainer", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={"PATH": f"{folder}/bin:/usr/bin:/bin", **ours},
    )


def test_a_container_without_our_package_says_so(tmp_path):
    finished = run_command("/usr/bin/python3", tmp_path, "--step", "Trainer")
    assert finished.returncode == 1
    assert finished.stderr == (
        "The image must have Python and the package image-classification-pipeline in it, as the "
        "Dockerfile of this project makes it. Received: an image without. Build it, and set "
        "kubeflow.pods.image.\n"
    )


def test_files_in_the_working_directory_of_the_image_are_no_modules(tmp_path):
    """Fault D5: `python -m` takes pipeline.py, random.py and their like from where it starts."""
    for name in ("pipeline", "random", "components"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(f'{__file__} was imported')\n")
    finished = run_command(sys.executable, tmp_path, "--help")
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.startswith("usage: python -m pipeline.kubeflow.task")


class TestTheCommand:
    @pytest.fixture
    def compile_by(self, tmp_path, capsys):
        """Compiles by the command; returns its status, what it says, and the documents."""

        def compile_by(section, *flags: str) -> tuple[int, str, list[Any]]:
            config, path = tmp_path / "config.yaml", tmp_path / "p.yaml"
            config.write_text(yaml.safe_dump({"data": "photos", "kubeflow": section}))
            status = main(["compile", "--config", str(config), "-o", str(path), *flags])
            said = "".join(capsys.readouterr()).replace(str(tmp_path), "FOLDER")
            # Folders are for the pods to make, which are another user.
            assert {file.name for file in tmp_path.iterdir()} <= {"config.yaml", "p.yaml"}
            found = path.read_text() if path.exists() else ""
            return status, said, list(yaml.safe_load_all(found))

        return compile_by

    def test_settings_of_all_kinds(self, compile_by, tmp_path, monkeypatch):
        """Fault A3, too: the new name of a setting is said."""
        monkeypatch.chdir(tmp_path)
        section = {
            "pods": {"image": "a:1", "beam_options": ["--parallelism=4"], "timeout_seconds": 3600},
            "steps": {"Transform": {"beam_runner": "SparkRunner"}},
        }
        beam = ["--beam-runner", "FlinkRunner", "--beam-option=--flink_master=jobmanager:8081"]
        status, said, documents = compile_by(section, "--train.epochs", "3", *beam)
        assert status == 0
        assert said.splitlines()[0] == (
            "kubeflow.pods.timeout_seconds is called attempt_timeout_seconds now, which says what "
            "it does."
        )
        made = f"FOLDER/p.yaml: photos, {TASKS} tasks: PrepareRun, ImageFolderExampleGen, Stat"
        assert said.splitlines()[1].startswith(made)
        assert pods(documents)["trainer"]["activeDeadlineSeconds"] == "3600"
        parameters = documents[0]["root"]["inputDefinitions"]["parameters"]
        assert parameters["train_epochs"]["defaultValue"] == 3
        arguments = containers(documents[0])["preparerun"]["args"]
        settings = json.loads(arguments[arguments.index("--configuration") + 1])["kubeflow"]
        options = ["--parallelism=4", "--flink_master=jobmanager:8081"]
        for step, runner in (("StatisticsGen", "FlinkRunner"), ("Transform", "SparkRunner")):
            own = kubeflow_from_dict(settings).pods_of(step)
            assert (own.beam_runner, own.beam_options) == (runner, options)

    @pytest.mark.parametrize(
        ("section", "flags", "message"),
        [
            ({"pods": {"imag": "a:1"}}, [], "Received: 'imag'. Did you mean 'image'?"),
            ({}, [], "Every step must have an image. Received: none. Give kubeflow: {pods: {image"),
            (PLAIN, ["--beam-runner", "FlinkRuner"], "Did you mean 'FlinkRunner'?"),
        ],
    )
    def test_a_wrong_section(self, compile_by, section, flags, message):
        status, said, documents = compile_by(section, *flags)
        assert (status, documents) == (2, [])
        assert message in said

    @pytest.mark.parametrize("name", ["force_push", "reset_baseline"])
    def test_it_takes_no_decision_of_one_run(self, compile_by, documents, name):
        """Fault A8: a push that is forced, or a baseline that is reset, for all runs to come."""
        flag = f"--{name.replace('_', '-')}"
        status, said, made = compile_by(PLAIN, flag, "the old one is broken")
        assert (status, made) == (2, [])
        assert said == (
            f"runner_kubeflow.py: error: {name} must be decided for one run at a time, by "
            f"`runner_kubeflow.py submit --set {name}=REASON`. Received: a pipeline with {name}, "
            "for all runs. Leave it out there.\n"
        )
        # What is compiled decides nothing.
        parameters = documents[0]["root"]["inputDefinitions"]["parameters"]
        assert parameters[name]["defaultValue"] == ""

    def test_there_is_one_kind_of_pipeline(self, compile_by):
        """Fault A7: nothing is compiled for Vertex AI any more, nor taken for it in silence."""
        with pytest.raises(SystemExit, match="2"):
            compile_by(PLAIN, "--target", "vertex")

    @pytest.mark.parametrize("name", ["flowers", "flowers.txt", "flowers.zip", "flowers.YAML"])
    def test_a_name_that_kubeflow_refuses(self, tmp_path, capsys, name):
        """Fault A6: its server reads .yaml, .yml, .json, and .zip and .tar.gz as archives."""
        assert main(["compile", "--data", "photos", "-o", f"{tmp_path}/{name}"]) == 2
        assert capsys.readouterr().err == (
            "runner_kubeflow.py: error: The file of the pipeline must end in .yaml, .yml, .json, "
            f"since Kubeflow takes no other. Received: {tmp_path}/{name}. Give -o "
            f"{tmp_path}/flowers.yaml.\n"
        )
        assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written(tmp_path):
    path = tmp_path / "none" / "p.yaml"
    with pytest.raises(PipelineError, match=r"must be writable\. Received: .*none/p\.yaml"):
        compile_pipeline(CONFIG, kubeflow_from_dict(SETTINGS), str(path))
