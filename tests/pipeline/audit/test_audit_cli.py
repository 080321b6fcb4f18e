import json
import pathlib

import pytest

from components.audit import Audit, Finding
from components.errors import PipelineError
from components.ingestion.image_record import Rejection
from components.progress import Progress
from pipeline.audit import audit_cli
from pipeline.audit.audit_cli import parse_request
from tests.components.ingestion.made_up import make_audit, make_images

COUNTS = {(split, name): 30 for split in ("train", "eval", "test") for name in ("cat", "dog")}
REPOSITORY = pathlib.Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    pathlib.Path("there").mkdir()


def pair(kind: str) -> Finding:
    return Finding(kind, ("cat/a", "cat/b"), ("cat", "cat"), ("", ""), "same bytes", 0.0)


def audit(capsys, *argv: str, found: Audit | None = None) -> tuple[int, str, str]:
    """Exit status, standard output and standard error."""
    result = found or make_audit(make_images(COUNTS))
    status = audit_cli.main(argv, lambda root, rules: result)
    return status, *capsys.readouterr()


def test_a_table_is_the_answer(capsys):
    status, out, err = audit(capsys, "photos")
    assert (status, err) == (0, "")
    assert "180 files found = 180 used + 0 rejected + 0 duplicates" in out
    assert "Nothing stands out." in out


def test_json_in_place_of_the_table(capsys):
    status, out, _ = audit(capsys, "photos", "--json")
    assert status == 0
    assert Audit.from_dict(json.loads(out)) == make_audit(make_images(COUNTS))


def test_files_beside_the_table(capsys):
    status, out, err = audit(capsys, "photos", "--json", "a.json", "--report", "r.html")
    assert status == 0
    assert "180 files found" in out
    assert err == "JSON: a.json\nReport with pictures: r.html\n"
    assert Audit.read("a.json").found == 180
    assert "180 files found" in pathlib.Path("r.html").read_text()


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("duplicate", 0), ("near_duplicate", 0), ("look_alike", 0), ("conflict", 3), ("leak", 3)],
)
def test_the_exit_status_tells_what_is_critical(capsys, kind, expected):
    found = make_audit(make_images(COUNTS), (), (pair(kind),))
    status, _, err = audit(capsys, "photos", found=found)
    assert (status, err) == (expected, "To see the images: --report FILE\n")


def test_what_would_stop_a_run_is_said(capsys):
    rejections = tuple(Rejection(f"cat/{n}", "cat", "empty file") for n in range(5))
    found = make_audit(make_images(COUNTS), rejections)
    status, _, err = audit(capsys, "photos", found=found)
    assert status == 3
    assert "A run would stop: At most 1.0% of the images may be rejected" in err


def test_the_rules_are_those_of_the_configuration(capsys):
    pathlib.Path("run.yaml").write_text("data: photos\ningest: {group_pattern: 'p[0-9]+'}\n")
    asked = []

    def audit_folder(root, rules):
        asked.append((root, rules.group_pattern))
        return make_audit(make_images(COUNTS))

    assert audit_cli.main(["--config", "run.yaml"], audit_folder) == 0
    assert asked == [("photos", "p[0-9]+")]


def test_of_a_folder_with_spans_the_newest(capsys):
    for name in ("span-9", "span-10"):
        pathlib.Path("photos", name).mkdir(parents=True)
    asked = []

    def audit_folder(root, rules):
        asked.append(root)
        # Of two classes, one is missing in a split, as it may be in a span.
        return make_audit(make_images({**COUNTS, ("test", "cat"): 0}))

    assert audit_cli.main(["photos"], audit_folder) == 0
    assert asked == ["photos/span-10"]
    err = capsys.readouterr().err
    assert err.startswith(
        "photos has spans: span-9, span-10. This is about photos/span-10 alone; give another "
        "FOLDER to look at that. A run compares each span with those before it, too.\n"
    )
    assert audit_cli.main(["photos/span-9"], audit_folder) == 0
    assert asked[1:] == ["photos/span-9"]


def test_a_folder_that_cannot_be_used(capsys):
    def refuse(root, rules):
        raise PipelineError(f"The data folder must exist. Received: {root}.")

    assert audit_cli.main(["[b]photos"], refuse) == 1
    assert capsys.readouterr().err == "error: The data folder must exist. Received: [b]photos.\n"


def test_an_interruption(capsys):
    def interrupt(root, rules):
        raise KeyboardInterrupt

    assert audit_cli.main(["photos"], interrupt) == 130
    assert capsys.readouterr().err == "Interrupted.\n"


def test_a_file_that_cannot_be_written(capsys):
    if not pathlib.Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    status, _, err = audit(capsys, "photos", "--json", "/dev/full")
    assert status == 1
    assert "error: The files to write must be in a folder where you may write. Received: " in err


def test_progress_does_not_get_into_a_file(capsys):
    def count(root, rules):
        progress = Progress("images read", 2)
        progress.advance()
        progress.advance()
        return make_audit(make_images(COUNTS))

    assert audit_cli.main(["photos"], count) == 0
    assert capsys.readouterr().err == ""


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
