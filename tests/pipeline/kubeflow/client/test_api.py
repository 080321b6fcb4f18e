"""What is said of each failure."""

import json
import pathlib
import socket
import ssl
import subprocess

import kfp
import pytest

from components.config_checks import ConfigurationError
from pipeline.kubeflow.client import api
from pipeline.kubeflow.client.api import connect
from pipeline.kubeflow.client.errors import ServerError
from pipeline.kubeflow.kubeflow_cli import main
from tests.pipeline.kubeflow.client.fake_server import Failure, serve


def error_of(capsys) -> str:
    assert main(["list"]) == 1
    return str(capsys.readouterr().err).removeprefix("runner_kubeflow.py: error: ").rstrip("\n")


@pytest.mark.parametrize(
    ("status", "reason", "advice"),
    [
        (401, "Unauthorized", "Give a valid token in KFP_TOKEN or KFP_TOKEN_FILE."),
        (403, "Forbidden", "Give a token in KFP_TOKEN or KFP_TOKEN_FILE whose owner may do this in "
         "the namespace."),
        (404, "Not Found", "Check --host, which must be the address of the API, and that what you "
         "name still exists."),
        (409, "Conflict", "Something of that name exists already; choose another name or delete "
         "it."),
        (500, "Internal Server Error", "Try again, or look at the log of the API server."),
    ],
)  # fmt: skip
def test_a_refusal(host, state, capsys, status, reason, advice):
    state.failures = {0: Failure(status, "<html>not JSON</html>")}
    assert error_of(capsys) == (
        f"{host} must accept the request. Received: {status} {reason}. {advice}"
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (json.dumps({"message": "the database\nis gone\x1b[0m."}), "the database is gone\\x1b[0m"),
        # Of an upload.
        (json.dumps({"error_message": "not a pipeline"}), "not a pipeline"),
        (b"\xff\xfe", "Internal Server Error"),
    ],
)
def test_what_the_server_says_itself(host, state, capsys, body, said):
    state.failures = {0: Failure(500, body)}
    assert f"Received: 500 {said}. Try again" in error_of(capsys)


def test_an_answer_that_is_cut_off(host, state, capsys):
    state.failures = {0: Failure(200, '{"recurring_runs": [', cut=True)}
    error = error_of(capsys)
    assert error.startswith(f"{host} must be reachable and answer in full within 30 seconds. ")
    assert error.endswith("Check --host, the network, and that the API server runs.")


TOKEN_ADVICE = (
    "Give a token in KFP_TOKEN or KFP_TOKEN_FILE; check that --host is the API's address."
)
NO_JSON = (
    "characters that are no JSON, or not all of it. Try again; check that --host is the address"
)


@pytest.mark.parametrize(
    ("body", "received"),
    [
        ("<html>Log in</html>", f"a page in HTML, such as one to log in on. {TOKEN_ADVICE}"),
        (' <!doctype html>"', f"a page in HTML, such as one to log in on. {TOKEN_ADVICE}"),
        ('{"recurring_runs": [{"recurring', f"31 {NO_JSON} of the API."),
        ("", f"0 {NO_JSON} of the API."),
        *(
            (
                body,
                "JSON of another form. Check --host, which must be the address of the API; if the "
                "server is newer than this client, tell us.",
            )
            for body in ('"text"', '[{"a": 1}]')
        ),
    ],
)
def test_an_answer_of_another_form(host, state, capsys, body, received):
    state.failures = {0: Failure(200, body)}
    assert error_of(capsys) == (
        f"{host} must answer as Kubeflow Pipelines does. Received: {received}"
    )


def test_a_redirection_is_not_followed_with_the_token(host, state, capsys, monkeypatch):
    monkeypatch.setenv("KFP_TOKEN", "s3cret")
    state.failures = {0: Failure(302, headers={"Location": f"{host}/login"})}
    assert error_of(capsys) == (
        f"{host} must accept the request. Received: 302 Found. It sends elsewhere, as to log in: "
        "give a token in KFP_TOKEN or KFP_TOKEN_FILE, and the address of the API itself in --host."
    )
    assert len(state.requests) == 1


def test_a_token_is_not_shown_though_the_server_says_it(host, state, capsys, monkeypatch):
    monkeypatch.setenv("KFP_TOKEN", "s3cret")
    state.failures = {0: Failure(401, json.dumps({"message": "bad token Bearer s3cret"}))}
    assert "Received: 401 bad token Bearer ***. Give a valid token" in error_of(capsys)
    assert "s3cret" not in repr(connect(host))


def test_nobody_there(capsys, monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv("KFP_HOST", address)
    error = error_of(capsys)
    assert error.startswith(
        f"{address} must be reachable and answer in full within 30 seconds. Received: "
    )
    assert "refused" in error


def make_certificate(folder: pathlib.Path) -> tuple[str, str]:
    """A key and a certificate for 127.0.0.1 that nobody trusts."""
    key, certificate = str(folder / "key.pem"), str(folder / "certificate.pem")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "1", "-subj", "/CN=kubeflow", "-keyout", key]
    command += ["-out", certificate, "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(command, capture_output=True, check=True)
    return key, certificate


def test_a_certificate_that_is_not_trusted(state, tmp_path, capsys, monkeypatch):
    key, certificate = make_certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    server, address = serve(state, tls)
    monkeypatch.setenv("KFP_HOST", address)
    error = error_of(capsys)
    assert error.startswith(
        f"{address} must have a certificate for its name that is trusted. Received: "
    )
    assert "certificate verify failed" in error
    assert error.endswith(
        "If the cluster has a certificate authority of its own, name its file in KFP_CA_FILE; if "
        "the server speaks no TLS, write http:// in --host."
    )
    assert state.requests == []
    monkeypatch.setenv("KFP_CA_FILE", certificate)
    assert main(["list"]) == 0
    assert state.requests == [("GET", "/recurringruns")]
    server.shutdown()
    server.server_close()


def test_nothing_else_counts_than_flags_and_our_own_variables(
    host, state, tmp_path, monkeypatch, capsys
):
    """What KFP's own client would take from the user's files, and whom it would ask."""
    (tmp_path / "context.json").write_text("no JSON")
    monkeypatch.setattr(kfp.Client, "_LOCAL_KFP_CONTEXT", str(tmp_path / "context.json"))
    monkeypatch.setenv("KF_PIPELINES_ENDPOINT", "http://elsewhere")
    for name in ("IAP_OAUTH2_CLIENT_ID", "APP_OAUTH2_CLIENT_ID", "APP_OAUTH2_CLIENT_SECRET"):
        monkeypatch.setenv(f"KF_PIPELINES_{name}", "somebody")
    server = connect(host)
    assert (server.namespace, state.requests, list(capsys.readouterr())) == (None, [], ["", ""])
    assert list(server.list_recurring_runs().recurring_runs or []) == []
    assert [headers.get("authorization") for headers in state.headers] == [None]


def test_no_answer_in_time(monkeypatch):
    monkeypatch.setattr(api, "SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = connect(f"http://127.0.0.1:{silent.getsockname()[1]}", environment={})
        with pytest.raises(ServerError, match=r"Received: .*[Tt]imed out") as refused:
            server.list_recurring_runs()
    assert refused.value.is_transient


ADDRESS = (
    "The address of Kubeflow Pipelines must be given, such as https://kubeflow.example.com/pipeline"
)
CERTIFICATES = "KFP_CA_FILE must name a file with certificates in PEM. Received: FOLDER"


@pytest.mark.parametrize(
    ("host", "environment", "message"),
    [
        ("", {}, f"{ADDRESS}. Received: none. Give --host or KFP_HOST."),
        ("x.com", {}, f"{ADDRESS}. Received: x.com. Give --host or KFP_HOST."),
        (
            "https://me:s3cret@kubeflow.example.com",
            {},
            "The address of Kubeflow Pipelines must be without a user and a password. Received: "
            "one with them, for kubeflow.example.com. Give a token in KFP_TOKEN or KFP_TOKEN_FILE.",
        ),
        (
            "http://localhost",
            {"KFP_TOKEN_FILE": "FOLDER/none"},
            "KFP_TOKEN_FILE must name a file with the token. Received: FOLDER/none: No such file "
            "or directory. Name another one.",
        ),
        (
            "http://localhost",
            {"KFP_TOKEN": "s3cret\r\nX-Evil: 1"},
            "The token in KFP_TOKEN or KFP_TOKEN_FILE must be one line of ASCII. Received: 17 "
            "characters that are not. Copy it again.",
        ),
        *(
            (
                "https://localhost",
                {"KFP_CA_FILE": f"FOLDER/{name}"},
                f"{CERTIFICATES}/{name}: {reason}. Name that of the cluster's certificate "
                "authority.",
            )
            for name, reason in (("none", "No such file or directory"), ("ca", "no certificates"))
        ),
    ],
)
def test_what_cannot_be_connected_to(tmp_path, host, environment, message):
    (tmp_path / "ca").write_text("no certificate")
    given = {name: value.replace("FOLDER", str(tmp_path)) for name, value in environment.items()}
    with pytest.raises(ConfigurationError) as refused:
        connect(host, environment=given)
    assert str(refused.value) == message.replace("FOLDER", str(tmp_path))
