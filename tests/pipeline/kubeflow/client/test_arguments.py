"""Wrong use of the commands: status 2 and one message, before anyone is asked."""

import json
import pathlib
import subprocess
import sys

import pytest

from pipeline.kubeflow.kubeflow_cli import main
from tests.pipeline.kubeflow.client.conftest import PACKAGE
from tests.shared_data import shared_data


def error_of(capsys, *argv: str) -> str:
    assert main(argv) == 2
    return str(capsys.readouterr().err).removeprefix("runner_kubeflow.py: error: ").rstrip("\n")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("train_epochs", "--set must be NAME=VALUE. Received: 'train_epochs'. Names: data, "
         "train_epochs, evaluate_min_accuracy, settings, dry."),
        ("train_epoch=3", "--set must name a parameter of the pipeline: data, train_epochs, "
         "evaluate_min_accuracy, settings, dry. Received: 'train_epoch'. Did you mean "
         "'train_epochs'? Every other setting goes into settings: --set "
         "'settings={\"train.seed\": 7}'."),
        *(
            (f"{name}={value}", f"The parameter {name} must be {kind}. Received: '{value}'. Write "
             f"it as in --set '{name}={example}'.")
            for name, kind, example, values in (
                ("train_epochs", "a whole number", "3", ["3.5"]),
                ("evaluate_min_accuracy", "a number", "0.5", ["high", "nan", "inf"]),
                ("settings", "a JSON object", '{"a": 1}', ["[1]", "{"]),
                ("dry", "true or false", "true", ["1"]),
            )
            for value in values
        ),
    ],
)  # fmt: skip
def test_parameters(state, host, package, capsys, given, message):
    assert error_of(capsys, "submit", package, "--set", given) == message
    assert state.requests == []


class TestDecisionsOfOneRun:
    """Fault A8: a push that is forced, or a baseline that is reset, by each run of a schedule."""

    @pytest.mark.parametrize("name", ["force_push", "reset_baseline"])
    @pytest.mark.parametrize("form", ["{}=broken", 'settings={{"{}": "broken"}}'])
    @pytest.mark.parametrize("preview", [[], ["--preview"]])
    def test_no_schedule_sets_them(self, state, host, package, capsys, name, form, preview):
        with_both = PACKAGE.replace("dry:", f"{name}: {{parameterType: STRING}}\n      dry:")
        pathlib.Path(package).write_text(with_both)
        given = ["schedule", package, "--cron", "0 3 * * 1", "--set", form.format(name), *preview]
        assert error_of(capsys, *given) == (
            f"{name} must be decided for one run at a time, by `runner_kubeflow.py submit --set "
            f"{name}=REASON`. Received: a schedule with {name}, for all runs. Leave it out there."
        )
        assert state.requests == []

    @pytest.mark.parametrize("command", [["submit"], ["schedule", "--cron", "0 3 * * 1"]])
    def test_no_version_of_a_pipeline_has_them(self, state, host, package, capsys, command):
        default = "force_push: {parameterType: STRING, defaultValue: broken}"
        pathlib.Path(package).write_text(PACKAGE.replace("dry:", f"{default}\n      dry:"))
        assert error_of(capsys, command[0], package, *command[1:]) == (
            "force_push must be decided for one run at a time, by `runner_kubeflow.py submit --set "
            f"force_push=REASON`. Received: {package} with force_push, for all runs. Leave it out "
            "there."
        )
        assert state.requests == []


@pytest.mark.parametrize("name", ["p", "p.txt"])
def test_a_name_that_kubeflow_refuses(tmp_path, state, host, package, capsys, name):
    """Fault A6: the names that the API server of Kubeflow 2.16 refused."""
    calls = (shared_data("kubeflow") / "api.jsonl").read_text().splitlines()
    [answer] = [
        call for call in map(json.loads, calls) if call["what"] == f"upload of a file called {name}"
    ]
    assert answer["status"] == 400
    path = pathlib.Path(package).rename(tmp_path / name)
    assert error_of(capsys, "submit", str(path)) == (
        "The pipeline must be a file that `runner_kubeflow.py compile` wrote. Received: "
        f"{path}: a name without .yaml, .yml, .json, which Kubeflow refuses. Compile it, and name "
        "the file."
    )
    assert state.requests == []


@pytest.mark.parametrize("content", ["", "[1, 2]", "root: {}", "a: [", None])
def test_what_is_no_pipeline(tmp_path, host, capsys, content):
    path = tmp_path / "x.yaml"
    if content is not None:
        path.write_text(content)
    reason = "No such file or directory" if content is None else "not a compiled pipeline"
    assert error_of(capsys, "submit", str(path)) == (
        "The pipeline must be a file that `runner_kubeflow.py compile` wrote. Received: "
        f"{path}: {reason}. Compile it, and name the file."
    )


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--show-in", "Mars/Olympus"], "--show-in must be a name of the IANA database, such as "
         "UTC or Europe/Berlin. Received: 'Mars/Olympus'. Take one of those, or install tzdata."),
        (["--time-zone", "Asia/Tokyo"], "--time-zone is no longer there: Kubeflow counts all "
         "schedules of a server in one zone, and --cron, --start and --end are meant in it. "
         "Received: 'Asia/Tokyo'. Give them in UTC, and see the runs in yours by --show-in "
         "Asia/Tokyo."),
        *(
            (["--max-concurrency", number], "--max-concurrency must be from 1 to 10. Received: "
             f"{number}. Leave it out for one run at a time.")
            for number in ("0", "11")
        ),
        (["--start", "tomorrow"], "--start must be a time of ISO 8601, such as 2026-12-01T03:00. "
         "Received: 'tomorrow'. One without a zone is meant in the server's."),
        (["--end", "2026-01-01"], "--end must be after now and --start. Received: '2026-01-01'. "
         "Give a later one."),
        (["--start", "2099-12-01T12:00", "--end", "2099-12-01T13:00"], "A schedule must run before "
         "its --end. Received: --cron '0 3 * * 1' and --end '2099-12-01T13:00'. Give a later end."),
    ],
)  # fmt: skip
def test_schedules(package, host, capsys, flags, message):
    assert error_of(capsys, "schedule", package, "--cron", "0 3 * * 1", *flags) == message


@pytest.mark.parametrize("flags", [["--time-out", "5"], ["--wait", "--time-out", "-1"]])
def test_a_time_out(package, host, state, capsys, flags):
    assert error_of(capsys, "submit", package, *flags) == (
        "--time-out must be a number of seconds above 0, and stand with --wait. Received: "
        f"{float(flags[-1]):g}. Add --wait, or leave it out."
    )
    assert state.requests == []


def test_a_pipeline_that_cannot_tell_the_verdict(host, state, tmp_path, capsys):
    path = tmp_path / "old.yaml"
    # The task is there, but would run in any case.
    path.write_text(PACKAGE.replace("triggerPolicy", "triggers"))
    assert error_of(capsys, "submit", str(path), "--wait") == (
        "For --wait the pipeline must have the tasks that tell the verdict: Pusher, and "
        f"ModelRefused under a condition. Received: {path}, without them. Compile it again with "
        "this version, or submit it without --wait."
    )
    assert state.requests == []


def test_a_wrong_zone_of_the_server(package, host, capsys, monkeypatch):
    monkeypatch.setenv("KFP_CRON_TIME_ZONE", "Berlin")
    assert error_of(capsys, "schedule", package, "--cron", "0 3 * * 1").startswith(
        "KFP_CRON_TIME_ZONE must be a name of the IANA database"
    )


def test_neither_help_nor_preview_loads_anything_heavy(package):
    code = (
        "import sys\n"
        "from pipeline.kubeflow.kubeflow_cli import main\n"
        "for name in ('submit', 'schedule', 'list', 'pause', 'resume', 'delete'):\n"
        "    try: main([name, '--help'])\n"
        "    except SystemExit: pass\n"
        "main(['schedule', sys.argv[1], '--cron', '0 3 * * 1', '--preview'])\n"
        "print([name for name in ('kfp', 'kfp_server_api', 'tfx') if name in sys.modules])"
    )
    argv = [sys.executable, "-c", code, package]
    shown = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    assert shown.splitlines()[-1] == "[]"


def test_a_flag_that_does_not_exist(package, host, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["submit", package, "--wiat"])
    assert ended.value.code == 2
    assert "Every argument must belong to a flag. Received: --wiat." in capsys.readouterr().err
