"""Wrong use of the commands: status 2 and one message, before anyone is asked."""

import pytest

from pipeline.kubeflow.command_line import main


def error_of(capsys, *argv: str) -> str:
    assert main(argv) == 2
    return str(capsys.readouterr().err).removeprefix("runner_kubeflow.py: error: ").rstrip("\n")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("train_epochs", "--set must be NAME=VALUE. Received: 'train_epochs'."),
        (
            "train_epoch=3",
            "--set must name a parameter of the pipeline: data, train_epochs, "
            "evaluate_min_accuracy, settings. Received: 'train_epoch'. Did you mean "
            "'train_epochs'? Every other setting goes into settings: "
            "--set 'settings={\"train.seed\": 7}'.",
        ),
        ("train_epochs=3.5", "The parameter train_epochs must be a whole number. Received: '3.5'."),
        (
            "evaluate_min_accuracy=high",
            "The parameter evaluate_min_accuracy must be a number. Received: 'high'.",
        ),
        ("settings=[1]", "The parameter settings must be a JSON object. Received: '[1]'."),
        ("settings={", "The parameter settings must be a JSON object. Received: '{'."),
    ],
)
def test_parameters(state, host, package, capsys, given, message):
    assert error_of(capsys, "submit", package, "--set", given) == message
    assert state.requests == []


@pytest.mark.parametrize("content", ["", "[1, 2]", "root: {}", "a: [", None])
def test_what_is_no_pipeline(tmp_path, host, capsys, content):
    path = tmp_path / "x.yaml"
    if content is not None:
        path.write_text(content)
    reason = "No such file or directory" if content is None else "not a compiled pipeline"
    assert error_of(capsys, "submit", str(path)) == (
        "The pipeline must be a file that `runner_kubeflow.py compile` wrote. Received: "
        f"{path}: {reason}."
    )


FIELDS = (
    "--cron must have the six fields of Kubeflow, second minute hour day-of-month month "
    "day-of-week, with one number for the seconds, or the five of cron, without seconds. "
)


@pytest.mark.parametrize(
    ("cron", "message"),
    [
        ("@weekly", f"{FIELDS}Received: '@weekly', with 1 fields."),
        ("* 0 3 * * 1", f"{FIELDS}Received: '* 0 3 * * 1', with 6 fields."),
        ("60 0 3 * * 1", f"{FIELDS}Received: '60 0 3 * * 1', with 6 fields."),
        ("25 * * 1", f"{FIELDS}Received: '25 * * 1', with 4 fields."),
        ("0 25 * * *", "--cron must be a cron expression. Received: '0 0 25 * * *': Bad hour."),
    ],
)
def test_cron_expressions(package, host, state, capsys, cron, message):
    assert error_of(capsys, "schedule", package, "--cron", cron).startswith(message)
    assert state.requests == []


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (
            ["--time-zone", "Mars/Olympus"],
            "--time-zone must be a name of the IANA database, such as UTC or Europe/Berlin. "
            "Received: 'Mars/Olympus'.",
        ),
        (["--max-concurrency", "0"], "--max-concurrency must be at least 1. Received: 0."),
        (
            ["--start", "tomorrow"],
            "--start and --end must be times of ISO 8601, such as 2026-12-01T03:00. Received: "
            "'tomorrow'.",
        ),
    ],
)
def test_schedules(package, host, capsys, flags, message):
    assert error_of(capsys, "schedule", package, "--cron", "0 3 * * 1", *flags) == message


def test_a_flag_that_does_not_exist(package, host, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["submit", package, "--wiat"])
    assert ended.value.code == 2
    assert "Every argument must belong to a flag. Received: --wiat." in capsys.readouterr().err
