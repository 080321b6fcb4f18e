import pathlib

import pytest

from pipeline.audit.command_line import parse_request


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    pathlib.Path("there").mkdir()


def test_a_folder_is_enough():
    request = parse_request(["photos"])
    assert (request.config.data, request.json, request.report) == ("photos", None, None)


@pytest.mark.parametrize("folder", ["=", "-x", "a b/ä"])
def test_odd_names_of_folders(folder):
    assert parse_request(["--report=r.html", "--", folder]).config.data == folder


def test_settings_come_from_the_file_of_a_run():
    pathlib.Path("run.yaml").write_text(
        "data: photos\nname: x\nserving: s\ningest: {max_reject_fraction: 0.5}\n"
    )
    request = parse_request(["--config", "run.yaml"])
    assert (request.config.data, request.config.ingest.max_reject_fraction) == ("photos", 0.5)
    assert parse_request(["other", "--config", "run.yaml"]).config.data == "other"


@pytest.mark.parametrize(
    ("argv", "json", "report"),
    [
        (["photos", "--json"], "-", None),
        (["--json", "there/a.json", "photos"], "there/a.json", None),
        (["photos", "--json", "--report", "r.html"], "-", "r.html"),
    ],
)
def test_where_the_answers_go(argv, json, report):
    request = parse_request(argv)
    assert (request.json, request.report) == (json, report)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "Give the FOLDER to look through, or a --config FILE with data: FOLDER."),
        (["--json", "photos"], "Give the FOLDER to look through"),
        (["photos", "more"], "unrecognized arguments: more"),
        (["photos", "--reprot", "x"], "unrecognized arguments: --reprot"),
        (["photos", "--report", "no/x.html"], "--report must be a file in a folder that exists."),
        (["photos", "--report", "there"], "Received: 'there'. Give another."),
        (["photos", "--report", ""], "Received: ''. Give another."),
        (["photos", "--json", "no/x.json"], "--json must be a file in a folder that exists."),
        (["photos", "--config", "no.yaml"], "no.yaml: No such file or directory."),
        (
            ["there", "--report", "there/r.html"],
            "and in it --report there/r.html.",
        ),
        (
            ["there", "--json", "there/r.json"],
            "and in it --json there/r.json.",
        ),
        ([""], "data must be a folder. Received: data=''."),
    ],
)
def test_wrong_use(argv, message, capsys):
    with pytest.raises(SystemExit) as ended:
        parse_request(argv)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_help_tells_the_exit_status(capsys):
    with pytest.raises(SystemExit) as ended:
        parse_request(["--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert "Exit status: 0 a run would use the folder as it is" in told
    assert "3 there are conflicts of classes, leaks between splits" in told


def test_the_home_folder(tmp_path, monkeypatch):
    """Fault D6: a shell leaves the ~ of `--report=~/r.html`."""
    monkeypatch.setenv("HOME", str(tmp_path))
    request = parse_request(["~/photos", "--report=~/r.html", "--json=~/r.json"])
    assert (request.config.data, request.report) == (f"{tmp_path}/photos", f"{tmp_path}/r.html")
    assert request.json == f"{tmp_path}/r.json"
