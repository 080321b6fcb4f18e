"""How training is distributed; with real trainings in processes of their own."""

import json
import os
import pathlib
import socket
import subprocess
import sys
from typing import Any

import pytest
import tensorflow as tf

from components.errors import PipelineError
from components.training.strategy import Cluster, is_chief, make_strategy, read_cluster

PROGRAM = pathlib.Path(__file__).with_name("distributed_fit.py")
REPOSITORY = pathlib.Path(__file__).parents[3]
WORKERS = {"worker": ["a:1", "b:1"]}
WITH_CHIEF = {"chief": ["a:1"], "worker": ["b:1"]}


def tf_config(cluster: Any, kind: Any = "worker", index: Any = 0) -> dict[str, str]:
    return {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})}


def start(kind: str, environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), kind],
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1", **environment},
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> dict[str, Any]:
    try:
        printed, errors = process.communicate(timeout=240)
    finally:
        process.kill()
    assert process.returncode == 0, errors[-3000:]
    return json.loads(printed.splitlines()[-1])


def assert_same_training(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert found["history"].keys() == expected["history"].keys()
    for name, values in expected["history"].items():
        assert found["history"][name] == pytest.approx(values, abs=1e-4), name


@pytest.fixture(scope="module")
def on_one_device() -> dict[str, Any]:
    return finish(start("one", {}))


@pytest.mark.e2e
def test_two_devices_train_as_one_does(on_one_device: dict[str, Any]) -> None:
    found = finish(start("devices", {}))
    assert (on_one_device["strategy"], on_one_device["replicas"]) == (
        "_DefaultDistributionStrategy",
        1,
    )
    assert (found["strategy"], found["replicas"]) == ("MirroredStrategy", 2)
    assert_same_training(found, on_one_device)


@pytest.mark.e2e
def test_two_machines_train_as_one_does(on_one_device: dict[str, Any]) -> None:
    sockets = [socket.create_server(("localhost", 0)) for _ in range(2)]
    addresses = [f"localhost:{one.getsockname()[1]}" for one in sockets]
    for one in sockets:
        one.close()
    processes = [
        start("machines", tf_config({"worker": addresses}, index=index)) for index in range(2)
    ]
    try:
        first, second = (finish(process) for process in processes)
    finally:
        for process in processes:
            process.kill()
    assert (first["strategy"], first["replicas"]) == ("MultiWorkerStrategy", 2)
    assert (first["is_chief"], second["is_chief"]) == (True, False)
    assert_same_training(first, on_one_device)
    assert_same_training(second, on_one_device)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, Cluster(1, True)),
        ({"TF_CONFIG": ""}, Cluster(1, True)),
        ({"TF_CONFIG": "{}"}, Cluster(1, True)),
        (tf_config({}), Cluster(1, True)),
        (tf_config({"worker": []}), Cluster(1, True)),
        (tf_config({"worker": ["a:1"]}), Cluster(1, True)),
        (tf_config(WORKERS), Cluster(2, True)),
        (tf_config(WORKERS, index=1), Cluster(2, False)),
        (tf_config(WITH_CHIEF), Cluster(2, False)),
        (tf_config(WITH_CHIEF, "chief"), Cluster(2, True)),
    ],
)
def test_reads_the_cluster(environment: dict[str, str], expected: Cluster) -> None:
    assert read_cluster(environment) == expected
    assert is_chief(environment) == expected.is_chief


@pytest.mark.parametrize(
    ("environment", "received"),
    [
        ({"TF_CONFIG": "{"}, "what is not JSON: Expecting property name"),
        ({"TF_CONFIG": "[1]"}, "no JSON object with the cluster as one"),
        ({"TF_CONFIG": '{"cluster": 3}'}, "no JSON object with the cluster as one"),
        ({"TF_CONFIG": json.dumps({"cluster": WORKERS})}, "a cluster without this machine's task"),
        (tf_config({"ps": ["a:1"]}), "tasks of the kind 'ps', which this pipeline does not use"),
        (tf_config({"worker": "a:1"}), "'a:1' as the addresses of 'worker'"),
        (tf_config({"worker": [1]}), r"\[1\] as the addresses of 'worker'"),
        (tf_config({"worker": ["a"]}), r"\['a'\] as the addresses of 'worker'"),
        (tf_config({"chief": ["a:1", "b:1"]}, "chief"), "more than one chief"),
        (tf_config(WORKERS, index=2), "the task {'type': 'worker', 'index': 2}, which the cluster"),
        (tf_config(WORKERS, index=-1), "the task {'type': 'worker', 'index': -1}, which the"),
        (tf_config(WORKERS, index="0"), "the task {'type': 'worker', 'index': '0'}, which the"),
        (tf_config(WORKERS, index=True), "the task {'type': 'worker', 'index': True}, which the"),
        (tf_config(WORKERS, "evaluator"), "the task {'type': 'evaluator', 'index': 0}, which"),
        (tf_config(WORKERS, kind=[]), r"the task {'type': \[\], 'index': 0}, which the cluster"),
    ],
)
def test_refuses_a_wrong_cluster(environment: dict[str, str], received: str) -> None:
    with pytest.raises(PipelineError, match=received) as caught:
        make_strategy(environment)
    message = str(caught.value)
    assert message.startswith("TF_CONFIG must describe the machines that train together, as in {")
    assert message.endswith("or unset it to train on this machine alone.")


@pytest.mark.parametrize("devices", [None, [], ["CPU:0"]])
def test_one_device_needs_no_strategy(devices: list[str] | None) -> None:
    if devices is None and len(tf.config.list_physical_devices("GPU")) > 1:
        pytest.skip("this machine has several GPUs")
    strategy = make_strategy({}, devices)
    assert strategy is tf.distribute.get_strategy()
