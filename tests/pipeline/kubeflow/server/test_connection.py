"""What is said of each failure."""

import json
import socket

import kfp_server_api as kfp
import pytest

from pipeline.kubeflow.command_line import main
from pipeline.kubeflow.server.connection import ServerError, connect
from tests.pipeline.kubeflow.server.fake_server import Failure


def error_of(capsys) -> str:
    assert main(["list"]) == 1
    return str(capsys.readouterr().err).removeprefix("runner_kubeflow.py: error: ").rstrip("\n")


@pytest.mark.parametrize(
    ("status", "reason", "advice"),
    [
        (401, "Unauthorized", "Give a valid token in KFP_TOKEN or KFP_TOKEN_FILE."),
        (
            403,
            "Forbidden",
            "Give a token in KFP_TOKEN or KFP_TOKEN_FILE whose owner may do this in the namespace.",
        ),
        (
            404,
            "Not Found",
            "Check --host, which must be the address of the API, and that what you name still "
            "exists.",
        ),
        (
            409,
            "Conflict",
            "Something of that name exists already; choose another name or delete it.",
        ),
        (500, "Internal Server Error", "Try again, or look at the log of the API server."),
    ],
)
def test_a_refusal(host, state, capsys, status, reason, advice):
    state.failures = {0: Failure(status, "<html>not JSON</html>")}
    assert error_of(capsys) == (
        f"{host} must accept the request. Received: {status} {reason}. {advice}"
    )


def test_what_the_server_says_itself(host, state, capsys):
    said = json.dumps({"message": "the database\nis gone\x1b[0m."})
    state.failures = {0: Failure(500, said)}
    assert "Received: 500 the database is gone [0m. Try again" in error_of(capsys)


def test_an_answer_that_is_cut_off(host, state, capsys):
    state.failures = {0: Failure(200, '{"recurring_runs": [', cut=True)}
    error = error_of(capsys)
    assert error.startswith(f"{host} must be reachable and answer in full. Received: ")
    assert error.endswith("Check --host, the network, and that the API server runs.")


@pytest.mark.parametrize("body", ["<html>Log in</html>", '"text"', '[{"a": 1}]'])
def test_an_answer_of_another_form(host, state, capsys, body):
    state.failures = {0: Failure(200, body)}
    assert error_of(capsys) == (
        f"{host} must answer as Kubeflow Pipelines does. Received: an answer of another form. "
        "Check --host, which must be the address of the API; if the server is newer than this "
        "client, tell us."
    )


def test_nobody_there(capsys, monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv("KFP_HOST", address)
    error = error_of(capsys)
    assert error.startswith(f"{address} must be reachable and answer in full. Received: ")
    assert "refused" in error


def test_no_answer_in_time():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = connect(f"http://127.0.0.1:{silent.getsockname()[1]}", environment={})
        hasty = type(server)(server.host, "", server.client, seconds=0.05)
        service = kfp.RecurringRunServiceApi(server.client)
        with pytest.raises(ServerError, match=r"Received: .*[Tt]imed out") as refused:
            hasty.ask(service.recurring_run_service_list_recurring_runs)
    assert refused.value.is_transient


@pytest.mark.parametrize("host", ["", "kubeflow.example.com"])
def test_an_address_must_be_given(host, monkeypatch):
    with pytest.raises(ServerError) as refused:
        connect(host, environment={})
    assert str(refused.value) == (
        "The address of Kubeflow Pipelines must be given, such as "
        f"https://kubeflow.example.com/pipeline. Received: {host or 'none'}. Give --host or "
        "KFP_HOST."
    )


def test_a_file_without_a_token(tmp_path):
    path = str(tmp_path / "none")
    with pytest.raises(ServerError) as refused:
        connect("http://localhost", environment={"KFP_TOKEN_FILE": path})
    assert str(refused.value) == (
        f"KFP_TOKEN_FILE must name a file with the token. Received: {path}: No such file or "
        "directory."
    )
