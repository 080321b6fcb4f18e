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
from pipeline.kubeflow import compiling
from pipeline.kubeflow.command_line import main
from pipeline.kubeflow.compiling import compile_pipeline
from pipeline.kubeflow.settings import kubeflow_from_dict
from tests.shared_data import shared_data

REPOSITORY = pathlib.Path(__file__).parents[3]
CONFIG = PipelineConfig("photos_of_pets", schema="schema.pbtxt")
MYSQL = {"store": "mysql", "host": "mysql.flowers.svc", "database": "flowers"}
SETTINGS: dict[str, Any] = {
    "metadata": MYSQL,
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


def sample() -> tuple[PipelineConfig, dict[str, Any]]:
    """The file that users copy."""
    file = REPOSITORY / "configs" / "kubeflow.yaml"
    settings = yaml.safe_load(file.read_text())
    kubeflow = settings.pop("kubeflow")
    return from_dict(settings), kubeflow


def compile_to(path, config=CONFIG, settings=SETTINGS) -> list[dict[str, Any]]:
    compile_pipeline(config, kubeflow_from_dict(settings), str(path))
    return list(yaml.safe_load_all(path.read_text()))


@pytest.fixture(scope="module")
def documents(tmp_path_factory) -> list[dict[str, Any]]:
    return compile_to(tmp_path_factory.mktemp("compiled") / "pipeline.yaml")


@pytest.fixture(scope="module")
def tasks(documents) -> dict[str, Any]:
    """The tasks by TFX's name of their step."""
    return {
        task["taskInfo"]["name"]: task for task in documents[0]["root"]["dag"]["tasks"].values()
    }


def containers(documents) -> dict[str, Any]:
    executors = documents[0]["deploymentSpec"]["executors"]
    return {name.removeprefix("exec-"): each["container"] for name, each in executors.items()}


def pods(documents) -> dict[str, Any]:
    executors = documents[1]["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    return {name.removeprefix("exec-"): each for name, each in executors.items()}


def all_tasks(document) -> list[dict[str, Any]]:
    parts = (document["root"], *document["components"].values())
    return [task for part in parts for task in part.get("dag", {}).get("tasks", {}).values()]


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


def test_each_step_is_a_container_in_the_order_of_tfx(documents, tasks):
    before = {name: set(task.get("dependentTasks", ())) for name, task in tasks.items()}
    assert before["PrepareRun"] == set()
    assert before["ImageFolderExampleGen"] == {"preparerun"}
    assert before["BulkInferrer"] == {
        "preparerun",
        "baselineresolver",
        "imagefolderexamplegen",
        "importschemagen",
        "trainer",
    }
    # These two do not wait for each other.
    assert "evaluator" not in before["InfraValidator"]
    assert before["Evaluator"] == {
        "preparerun",
        "baselineresolver",
        "bulkinferrer",
        "importschemagen",
        "trainer",
    }
    # It decides on the schema, which all but these need.
    without_schema = ("PrepareRun", "ImageFolderExampleGen", "StatisticsGen", "ImportSchemaGen")
    for name in containers(documents):
        step = next((step for step in before if step.lower() == name), "condition-1")
        if step not in (*without_schema, "condition-1"):
            assert "importschemagen" in before[step], step
    assert before["Pusher"] >= {"releasegate", "infravalidator", "modelreport"}
    assert len(containers(documents)) == 17


def test_the_open_source_backend_runs_nothing_but_containers(documents):
    executors = documents[0]["deploymentSpec"]["executors"]
    assert {kind for executor in executors.values() for kind in executor} == {"container"}
    lifecycles = [each for each in containers(documents).values() if "lifecycle" in each]
    assert lifecycles == []
    # `type` of a parameter is of schema 2.0; 2.1 has parameterType.
    text = json.dumps(documents[0]["components"])
    assert '"parameterType"' in text
    assert '"type": ' not in text


def test_deprecated_fields_stand_beside_those_that_replaced_them(documents):
    successors = {
        "cpuLimit": "resourceCpuLimit",
        "cpuRequest": "resourceCpuRequest",
        "memoryLimit": "resourceMemoryLimit",
        "memoryRequest": "resourceMemoryRequest",
    }
    for container in containers(documents).values():
        resources = container["resources"]
        for old, new in successors.items():
            assert (old in resources) <= (new in resources)


class TestPlaceholders:
    """Fault A1: the launcher fills in a few placeholders of arguments, the driver those of inputs.

    Kubeflow Pipelines 2.16, backend/src/v2/component/launcher_v2.go (getPlaceholders) and
    backend/src/v2/driver/resolve.go (resolveInputParameter), written out here.
    """

    LAUNCHER = re.compile(
        r"\{\{\$(\.inputs\.artifacts\['[^']+'\]\.(uri|path)|\.outputs\.artifacts\['[^']+'\]\.(uri|path)"
        r"|\.inputs\.parameters\['[^']+'\]|\.outputs\.parameters\['[^']+'\]\.output_file)?\}\}"
    )
    DRIVER = (
        "{{$.pipeline_job_name}}",
        "{{$.pipeline_job_resource_name}}",
        "{{$.pipeline_job_uuid}}",
        "{{$.pipeline_task_name}}",
        "{{$.pipeline_task_uuid}}",
        "{{$.pipeline_job_create_time_utc}}",
        "{{$.pipeline_job_schedule_time_utc}}",
    )

    @pytest.mark.parametrize(
        ("config", "settings"),
        [
            (CONFIG, SETTINGS),
            (CONFIG, {"pods": {"image": "a:1"}}),
            (
                from_dict(
                    {
                        "data": "photos",
                        "train": {"warm_start": "blessed"},
                        "tune": {"trials": 3, "space": {"learning_rate": [0.001, 0.01]}},
                    }
                ),
                SETTINGS,
            ),
            sample(),
        ],
        ids=["mysql", "sqlite", "optional steps", "configs/kubeflow.yaml"],
    )
    def test_all_of_them_are_filled_in(self, tmp_path, config, settings):
        document, *_ = compile_to(tmp_path / "p.yaml", config, settings)
        for name, executor in containers([document]).items():
            for text in strings(executor):
                assert "{{" not in self.LAUNCHER.sub("", text), name
        constants = [
            value["runtimeValue"]["constant"]
            for task in all_tasks(document)
            for value in task.get("inputs", {}).get("parameters", {}).values()
            if "runtimeValue" in value
        ]
        with_placeholders = [each for each in constants if "{{" in each]
        assert with_placeholders == ["{{$.pipeline_job_uuid}}"]
        assert set(with_placeholders) <= set(self.DRIVER)

    def test_the_id_of_a_run_is_an_input_as_where_the_driver_filled_it_in(self, documents, tasks):
        file = shared_data("kubeflow") / "pods/run_id_as_input/pipeline.yaml"
        recorded = next(iter(yaml.safe_load_all(file.read_text())))
        right = recorded["root"]["dag"]["tasks"]["preparerun"]["inputs"]["parameters"]["run_id"]
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


def test_kubeflows_own_cache_is_off(documents, tasks):
    assert {
        json.dumps(task["cachingOptions"]) for task in tasks.values() if "cachingOptions" in task
    } == {"{}"}


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


def test_the_pages_show_the_report_the_metrics_and_the_confusions(documents):
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


def test_what_the_pods_get(documents):
    container, pod = containers(documents)["transform"], pods(documents)["transform"]
    assert container["image"] == "registry.example.com/pipeline:1"
    assert container["resources"]["resourceCpuLimit"] == "2"
    assert container["resources"]["resourceMemoryRequest"] == "8Gi"
    assert container["env"] == [{"name": "TF_CPP_MIN_LOG_LEVEL", "value": "2"}]
    assert pod["securityContext"] == {"runAsNonRoot": True, "runAsUser": "1000"}
    assert pod["pvcMount"][0]["mountPath"] == "/data"
    assert pod["pvcMount"][0]["constant"] == "images"
    [secret] = pod["secretAsEnv"]
    assert secret["keyToEnv"] == [{"envVar": "MLMD_PASSWORD", "secretKey": "password"}]
    assert pod["secretAsVolume"][0]["mountPath"] == "/secrets/cloud"
    assert pod["activeDeadlineSeconds"] == "3600"


def test_what_the_pod_of_one_step_gets(documents, tasks):
    trainer, pod = containers(documents)["trainer"], pods(documents)["trainer"]
    assert trainer["resources"]["accelerator"]["resourceType"] == "nvidia.com/gpu"
    assert trainer["resources"]["accelerator"]["resourceCount"] == "1"
    assert pod["nodeSelector"]["labels"] == {"pool": "gpu"}
    assert "tolerations" in pod
    assert "retryPolicy" not in tasks["Trainer"]
    assert (
        tasks["Transform"]["retryPolicy"].items()
        >= {
            "backoffDuration": "30s",
            "backoffFactor": 2.0,
            "maxRetryCount": 2,
        }.items()
    )
    assert "accelerator" not in containers(documents)["transform"]["resources"]


def seconds(duration: str) -> float:
    return float(duration.removesuffix("s"))


def later_attempts(policy: dict[str, Any], took: float) -> list[float]:
    """Argo's processNodeRetries (v3.7.8, workflow/controller/operator.go): attempts that fail.

    Args:
        policy: Of a task. Kubeflow hands its numbers to Argo as they are, and 0 for a missing one.
        took: How long each attempt takes until it fails.

    Returns:
        For how long each later attempt may run: what is left until Argo's maxDuration.
    """
    deadline, now, allowed = seconds(policy.get("backoffMaxDuration", "0s")), took, []
    for attempt in range(int(policy["maxRetryCount"])):
        wait = seconds(policy["backoffDuration"]) * policy["backoffFactor"] ** attempt
        if now + wait >= deadline:
            break
        allowed.append(deadline - now - wait)
        now += wait + min(took, allowed[-1])
    return allowed


class TestRetries:
    """Fault A3: nothing that ran longer than ten minutes was retried, and no retry ran longer."""

    def test_the_rule_is_what_argo_makes_of_the_recorded_pipeline(self):
        file = shared_data("kubeflow") / "pods/as_compiled/pipeline.yaml"
        recorded = next(iter(yaml.safe_load_all(file.read_text())))
        policy = recorded["root"]["dag"]["tasks"]["trainer"]["retryPolicy"]
        assert later_attempts(policy, took=700) == []
        assert later_attempts(policy, took=60) == [510, 390]

    def test_a_task_that_fails_after_hours_is_tried_again_for_as_long(self, tmp_path):
        settings = {"pods": {"image": "a:1", "attempt_timeout_seconds": 28800}}
        document, *_ = compile_to(tmp_path / "p.yaml", settings=settings)
        policies = [task["retryPolicy"] for task in all_tasks(document) if "retryPolicy" in task]
        assert len(policies) == len(containers([document])) == 17
        for policy in policies:
            attempts = later_attempts(policy, took=28800)
            assert len(attempts) == 2
            assert min(attempts) > 28800

    def test_without_a_time_out_too(self, documents, tmp_path):
        document, *_ = compile_to(tmp_path / "p.yaml", settings={"pods": {"image": "a:1"}})
        policy = document["root"]["dag"]["tasks"]["trainer"]["retryPolicy"]
        assert len(later_attempts(policy, took=48 * 3600)) == 2

    def test_the_window_is_that_of_the_step(self, tmp_path):
        own = {"retry_window_seconds": 7200, "retry_seconds": 0, "retries": 3}
        settings = {"pods": {"image": "a:1"}, "steps": {"Trainer": own, "ModelRefused": own}}
        document, *_ = compile_to(tmp_path / "p.yaml", settings=settings)
        tasks = {task["taskInfo"]["name"]: task for task in all_tasks(document)}
        for step in ("Trainer", "ModelRefused"):
            assert later_attempts(tasks[step]["retryPolicy"], took=3000) == [4200, 1200]

    def test_the_command_says_the_new_names(self, tmp_path, capsys):
        config = tmp_path / "config.yaml"
        section = {"pods": {"image": "a:1", "timeout_seconds": 3600}}
        config.write_text(yaml.safe_dump({"data": "photos", "kubeflow": section}))
        path = tmp_path / "p.yaml"
        assert main(["compile", "--config", str(config), "-o", str(path)]) == 0
        assert capsys.readouterr().out.splitlines()[0] == (
            "kubeflow.pods.timeout_seconds is called attempt_timeout_seconds now, which says what "
            "it does."
        )
        pod = pods(list(yaml.safe_load_all(path.read_text())))["trainer"]
        assert pod["activeDeadlineSeconds"] == "3600"


def test_with_sqlite_one_task_runs_after_the_other(tmp_path):
    documents = compile_to(tmp_path / "p.yaml", settings={"pods": {"image": "a:1"}})
    tasks = documents[0]["root"]["dag"]["tasks"]
    assert set(tasks["evaluator"]["dependentTasks"]) == {"preparerun", "bulkinferrer"}


def test_no_secret_is_in_the_file(tmp_path, monkeypatch):
    """What the secrets hold is nowhere, even where whoever compiles has it in the environment."""
    for name, value in (("MLMD_USER", "secret-name-5"), ("MLMD_PASSWORD", "secret-word-7")):
        monkeypatch.setenv(name, value)
    settings = {**SETTINGS, "steps": {}}
    documents = compile_to(tmp_path / "p.yaml", settings=settings)
    assert "secret-" not in (tmp_path / "p.yaml").read_text()
    made = containers(documents)
    assert len(made) == len(pods(documents)) == 17
    for name, container in made.items():
        given = {each["name"] for each in container["env"]}
        assert given == {"TF_CPP_MIN_LOG_LEVEL"}, name
        # Kubernetes fills the variables in, from the secret that the pod names.
        [secret] = pods(documents)[name]["secretAsEnv"]
        assert (secret["secretName"], secret["keyToEnv"]) == (
            "mysql-secret",
            [{"envVar": "MLMD_PASSWORD", "secretKey": "password"}],
        )


def test_optional_steps(tmp_path):
    config = from_dict(
        {
            "data": "photos",
            "train": {"warm_start": "blessed"},
            "tune": {"trials": 3, "space": {"learning_rate": [0.001, 0.01]}},
        }
    )
    documents = compile_to(tmp_path / "p.yaml", config)
    tasks = documents[0]["root"]["dag"]["tasks"]
    assert {"warmstart", "tuner"} <= set(tasks)


def test_a_configuration_that_is_too_long(tmp_path, monkeypatch):
    monkeypatch.setattr(compiling, "LONGEST_ARGUMENT", 100)
    with pytest.raises(ConfigurationError, match="must fit into 100 bytes, since containers"):
        compile_to(tmp_path / "p.yaml")
    assert list(tmp_path.iterdir()) == []


def test_a_step_without_an_image(tmp_path):
    with pytest.raises(ConfigurationError, match=r"^Every step must have an image\."):
        compile_to(tmp_path / "p.yaml", settings={})


def test_a_container_without_our_package_says_so(tmp_path):
    (tmp_path / "python").symlink_to("/usr/bin/python3")
    finished = subprocess.run(
        ["sh", "-c", compiling.COMMAND, "Trainer", "--step", "Trainer"],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
    )
    assert finished.returncode == 1
    assert finished.stderr == (
        "The image must have Python and the package image-classification-pipeline in it, as the "
        "Dockerfile of this project makes it. Received: an image without. Build it, and set "
        "kubeflow.pods.image.\n"
    )


def test_files_in_the_working_directory_of_the_image_are_no_modules(tmp_path):
    """Fault D5: `python -m` takes pipeline.py, random.py and their like from where it starts."""
    with_python, folder = tmp_path / "bin", tmp_path / "work"
    with_python.mkdir()
    folder.mkdir()
    python = with_python / "python"
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    python.chmod(0o755)
    for name in ("pipeline", "random", "components"):
        (folder / f"{name}.py").write_text("raise SystemExit(f'{__file__} was imported')\n")
    finished = subprocess.run(
        ["sh", "-c", compiling.COMMAND, "Trainer", "--help"],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={"PATH": f"{with_python}:/usr/bin:/bin", "PYTHONPATH": str(REPOSITORY)},
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.startswith("usage: python -m pipeline.kubeflow.task")


def test_there_is_one_kind_of_pipeline(tmp_path, capsys):
    """Fault A7: nothing is compiled for Vertex AI any more, nor taken for it in silence."""
    path = tmp_path / "p.yaml"
    with pytest.raises(SystemExit, match="2"):
        main(["compile", "-o", str(path), "--target", "vertex"])
    assert "--target" in capsys.readouterr().err
    assert not path.exists()


@pytest.mark.parametrize("name", ["flowers", "flowers.txt", "flowers.zip", "flowers.YAML"])
def test_a_name_that_kubeflow_refuses(tmp_path, capsys, name):
    """Fault A6: its server reads .yaml, .yml, .json, .zip and .tar.gz; the last two as archives."""
    assert main(["compile", "--data", "photos", "-o", f"{tmp_path}/{name}"]) == 2
    assert capsys.readouterr().err == (
        "runner_kubeflow.py: error: The file of the pipeline must end in .yaml, .yml, .json, since "
        f"Kubeflow takes no other. Received: {tmp_path}/{name}. Give -o {tmp_path}/flowers.yaml.\n"
    )
    assert list(tmp_path.iterdir()) == []


class TestDecisionsOfOneRun:
    """Fault A8: a push that is forced, or a baseline that is reset, for all runs to come."""

    @pytest.mark.parametrize("name", ["force_push", "reset_baseline"])
    def test_compile_takes_none(self, tmp_path, capsys, name):
        config, path = tmp_path / "config.yaml", tmp_path / "p.yaml"
        config.write_text(yaml.safe_dump({"data": "a", "kubeflow": {"pods": {"image": "a:1"}}}))
        command = ["compile", "--config", str(config), "-o", str(path)]
        assert main([*command, f"--{name.replace('_', '-')}", "the old one is broken"]) == 2
        assert capsys.readouterr().err == (
            f"runner_kubeflow.py: error: {name} must be decided for one run at a time, by "
            f"`runner_kubeflow.py submit --set {name}=REASON`. Received: a pipeline with {name}, "
            "for all runs. Leave it out there.\n"
        )
        assert not path.exists()

    def test_what_is_compiled_decides_nothing(self, documents):
        parameters = documents[0]["root"]["inputDefinitions"]["parameters"]
        for name in ("force_push", "reset_baseline"):
            assert parameters[name]["defaultValue"] == ""


def test_the_command(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump({"data": "photos", "kubeflow": {"pods": {"image": "a:1"}}}))
    path = tmp_path / "p.yaml"
    assert main(["compile", "--config", str(config), "-o", str(path), "--train.epochs", "3"]) == 0
    assert capsys.readouterr().out.startswith(f"{path}: photos, 17 tasks: PrepareRun, ImageFolder")
    [document] = list(yaml.safe_load_all(path.read_text()))[:1]
    parameters = document["root"]["inputDefinitions"]["parameters"]
    assert parameters["train_epochs"]["defaultValue"] == 3
    # Folders are for the pods to make, which are another user.
    assert sorted(file.name for file in tmp_path.iterdir()) == ["config.yaml", "p.yaml"]


def test_a_runner_of_beam_for_all_steps(tmp_path):
    config = tmp_path / "config.yaml"
    section = {
        "pods": {"image": "a:1", "beam_options": ["--parallelism=4"]},
        "steps": {"Transform": {"beam_runner": "SparkRunner"}},
    }
    config.write_text(yaml.safe_dump({"data": "photos", "kubeflow": section}))
    path = tmp_path / "p.yaml"
    beam = ["--beam-runner", "FlinkRunner", "--beam-option=--flink_master=jobmanager:8081"]
    assert main(["compile", "--config", str(config), "-o", str(path), *beam]) == 0
    document = next(iter(yaml.safe_load_all(path.read_text())))
    arguments = containers([document])["preparerun"]["args"]
    settings = json.loads(arguments[arguments.index("--configuration") + 1])["kubeflow"]
    kubeflow = kubeflow_from_dict(settings)
    options = ["--parallelism=4", "--flink_master=jobmanager:8081"]
    found = {
        step: (pods.beam_runner, pods.beam_options)
        for step in ("StatisticsGen", "Transform")
        if (pods := kubeflow.pods_of(step))
    }
    assert found == {
        "StatisticsGen": ("FlinkRunner", options),
        "Transform": ("SparkRunner", options),
    }
    wrong = ["compile", "--config", str(config), "-o", str(path), "--beam-runner", "FlinkRuner"]
    assert main(wrong) == 2


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"pods": {"imag": "a:1"}}, "Received: 'imag'. Did you mean 'image'?"),
        ({}, "Every step must have an image. Received: none."),
    ],
)
def test_a_wrong_section(tmp_path, capsys, section, message):
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump({"data": "photos", "kubeflow": section}))
    assert main(["compile", "--config", str(config), "-o", str(tmp_path / "p.yaml")]) == 2
    assert message in capsys.readouterr().err


def test_a_file_that_cannot_be_written(tmp_path):
    path = tmp_path / "none" / "p.yaml"
    with pytest.raises(PipelineError, match=r"must be writable\. Received: .*none/p\.yaml"):
        compile_pipeline(CONFIG, kubeflow_from_dict(SETTINGS), str(path))
