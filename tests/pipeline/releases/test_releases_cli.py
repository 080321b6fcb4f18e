"""The commands as their users call them, in this process."""

import json
import pathlib
import re
import shutil

import pytest

from components.serving.directory.layout import list_versions
from components.serving.directory.lock import locked
from components.serving.directory.log import read_lines
from components.serving.directory.publishing import publish
from pipeline.releases.releases_cli import main
from tests.components.serving.directory.saved_models import (
    NOW,
    make_origin,
    publish_models,
    write_saved_model,
)

REPOSITORY = pathlib.Path(__file__).parents[3]
FIRST, SECOND = 1700000000, 1700000010


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """A serving directory with two models."""
    folder = tmp_path / "serving/photos"
    for number, name in enumerate("ab"):
        metrics = tmp_path / "metrics.json"
        accuracy = {"value": 0.8 + number / 10, "low": 0.7, "high": 0.95}
        values = {
            "accuracy": accuracy,
            "data_fingerprint": f"{number}" * 64,
            "checks": [
                {"name": "accuracy", "bound": 0.7 + number / 10},
                {"name": "size", "bound": 9},
                1,
            ],
            "versions": {"keras": f"3.{number}", "tfx": "1.21"},
        }
        metrics.write_text(json.dumps(values))
        source = pathlib.Path(write_saved_model(tmp_path / f"source-{name}", name.encode() * 1000))
        names = ["<script>alert(1)</script>", f"cat {name}"]
        (source / "assets.extra/class_names.json").write_text(json.dumps(names))
        origin = make_origin(run=f"run {number}", sentence="Released: <b>all</b>\n.")
        extras = {"metrics.json": str(metrics)}
        publish(str(source), str(folder), origin, NOW + 10 * number, extras)
    return folder


@pytest.fixture
def call(folder, capsys):
    """Calls a command on the model; returns its exit status and what it wrote."""

    def call_command(command: str, *arguments: str) -> tuple[int, str]:
        status = main([command, "--model", str(folder), *arguments])
        captured = capsys.readouterr()
        return status, captured.out + captured.err

    return call_command


def test_list(folder, call):
    for name in ("7", "1800000000"):
        (folder / name).mkdir()
    write_saved_model(folder / "8")
    status, out = call("list")
    assert status == 0
    lines = [line.split(maxsplit=2) for line in out.splitlines()[2:]]
    assert [line[:2] for line in lines if line[0].isdigit() and len(line[0]) != 2][:5] == [
        ["1800000000", "incomplete"],
        [str(SECOND), "serving"],
        [str(FIRST), "2023-11-14"],
        ["8", "foreign"],
        ["7", "incomplete"],
    ]
    assert "0.9000 (0.7000 to 0.9500)" in out
    assert "push: Released: <b>all</b>\\n." in out
    assert (
        "1800000000 is the highest number, and no model: a server that takes the newest version "
        "fails on it. Remove that folder."
    ) in out


def test_list_says_what_is_wrong(folder, call):
    (folder / str(FIRST) / "assets.extra/release.json").write_text("{")
    shutil.copytree(folder / str(SECOND), folder / "1600000000")
    (folder / "1600000000/assets.extra/metrics.json").unlink()
    _, out = call("list")
    lines = [" ".join(line.split()) for line in out.splitlines()[3:]]
    # Its accuracy is in a file of its own.
    assert lines[0].startswith(f"{FIRST} damaged 0.8000 (0.7000 to 0.9500) ")
    assert lines[0].endswith(" assets.extra/release.json is damaged")
    assert lines[1].startswith("1600000000 foreign ")
    assert lines[1].endswith(f" a copy of {SECOND}, not published by us")
    status, out = call("verify")
    assert status == 1
    assert f"{FIRST}: assets.extra/release.json of a version must be readable" in out
    assert f"{SECOND}: every file is as it was published" in out


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        *(("", None), ("[]", None), ('{"accuracy": null}', None), ('{"accuracy": 1}', None)),
        *(('{"accuracy": {}}', None), ('{"accuracy": {"value": "x"}}', None)),
        ('{"accuracy": {"value": 0.5, "low": "x", "high": 1}}', (0.5, None)),
    ],
)
def test_metrics_of_another_form(folder, call, content, shown):
    (folder / str(FIRST) / "assets.extra/metrics.json").write_text(content)
    _, out = call("list", "--json")
    version = json.loads(out)[1]
    assert (version["accuracy"], version["accuracy_interval"]) == (shown or (None, None))
    assert call("list")[0] == 0
    assert call("diff", str(FIRST), str(SECOND))[0] == 0


def test_for_machines_and_show(folder, call):
    versions = json.loads(call("list", "--json")[1])
    assert [(each["number"], each["state"], each["accuracy"]) for each in versions] == [
        (SECOND, "serving", 0.9),
        (FIRST, "", 0.8),
    ]
    assert versions[1] == json.loads(call("show", "--json", str(FIRST))[1]) | {"model": str(folder)}
    status, out = call("show")
    assert status == 0
    assert all(part in out for part in (str(SECOND), "run 1", "file saved_model.pb"))


def test_diff(folder, call):
    status, out = call("diff", str(FIRST), str(SECOND))
    rows = dict(line.split("  ", maxsplit=1) for line in out.splitlines()[1:])
    assert status == 0
    assert rows["accuracy"].split() == ["0.8000", "0.9000"]
    assert re.split(r"\s{2,}", rows["classes only here"].strip()) == ["cat a", "cat b"]
    assert rows["images trained on"].split() == ["0" * 12, "1" * 12]
    assert "file saved_model.pb" not in rows
    assert len(rows["file variables/variables.data-00000-of-00001"].split()) == 2
    assert rows["bound of accuracy"].split() == ["0.7000", "0.8000"]
    assert rows["version of keras"].split() == ["3.0", "3.1"]
    assert not any("size" in row or "tfx" in row for row in rows)
    assert call("diff", str(FIRST), str(FIRST)) == (0, "No difference.\n")


def test_verify(folder, call):
    write_saved_model(folder / "8")
    status, out = call("verify")
    assert status == 0
    assert f"{FIRST}: every file is as it was published" in out
    assert call("verify", "8")[0] == 1
    (folder / str(FIRST) / "variables/variables.index").write_bytes(b"?")
    status, out = call("verify")
    assert status == 1
    assert f"{FIRST}: variables/variables.index was changed." in out
    assert call("verify", str(SECOND))[0] == 0


def test_rollback(folder, call):
    status, out = call("rollback", "--reason", "takes <b> for d")
    third = list_versions(str(folder))[-1]
    assert (status, out) == (
        0,
        f"Version {third} serves: it is version {FIRST} again. Rolled back: {SECOND}. Servers "
        "that take the newest version load it when they look next.\n",
    )
    _, out = call("list")
    assert f"{SECOND}  rolled back" in out
    _, out = call("log")
    assert f"rollback to {FIRST}" in out
    assert "takes <b> for d" in out
    _, out = call("log", "--json")
    assert [event["origin"]["action"] for event in json.loads(out)] == ["push", "push", "rollback"]
    status, out = call("rollback", "--reason", "again")
    assert status == 1
    assert "A rollback must have an older version to go back to" in out


def test_gc(folder, call):
    third, *_ = publish_models(folder, "c")
    (folder / ".unfinished-5").mkdir()
    kept = f"Kept: {third} (serves), {SECOND} (a rollback can go back to it).\n"
    assert call("gc", "--keep", "2") == (0, f"Removed: {FIRST}.\n{kept}")
    assert list_versions(str(folder)) == [SECOND, third]
    assert not (folder / ".unfinished-5").exists()
    assert call("gc", "--keep", "2") == (0, f"Removed: nothing.\n{kept}")


def test_gc_after_a_rollback(folder, call):
    """Fault D11: what was rolled back goes; what serves and what one can go back to stay."""
    [third] = publish_models(folder, "c")
    assert call("rollback", "--reason", "blurry")[0] == 0
    fourth = list_versions(str(folder))[-1]
    assert call("gc", "--keep", "3") == (
        0,
        f"Removed: {third}.\n"
        f"Kept: {fourth} (serves), {FIRST} (a rollback can go back to it), "
        f"{SECOND} (the same model as a newer version).\n",
    )
    removals = [event for event in read_lines(str(folder)) if event.origin.action == "removal"]
    assert [(each.version, each.origin.reason) for each in removals] == [(third, "rolled back")]
    assert call("gc", "--keep", "2")[1].startswith(f"Removed: {SECOND}.\n")


@pytest.mark.parametrize("argv", [("show", "7"), ("diff", "7", str(FIRST)), ("verify", "7")])
def test_unknown_versions(folder, call, argv):
    status, out = call(*argv)
    assert status == 1
    known = f"{SECOND}, {FIRST}"
    assert f"A version must be one of those in {folder}: {known}. Received: 7." in out


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("rollback",), "the following arguments are required: --reason"),
        (("rollback", "--reason", " "), "rollback must have a reason, for the log."),
        (("gc", "--keep", "1"), "--keep must be 2 or more, so that one can go back."),
        (("gc",), "the following arguments are required: --keep"),
        (("lst",), "invalid choice: 'lst'"),
        (("list", "--model=missing"), "--model must be the folder of a pushed model"),
    ],
)
def test_wrong_use(call, capsys, argv, message):
    with pytest.raises(SystemExit) as caught:
        call(*argv)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_a_directory_that_cannot_be_changed(folder, call, monkeypatch):
    def refuse(*places: str) -> None:
        raise PermissionError(13, "Permission denied", places[0])

    monkeypatch.setattr("components.serving.directory.publishing.os.rename", refuse)
    status, out = call("rollback", "--reason", "bad")
    assert status == 1
    assert "A push must be able to read a model and its report, and to write the serving " in out
    assert "Permission denied" in out
    assert list_versions(str(folder)) == [FIRST, SECOND]


def test_a_directory_that_cannot_be_read(folder, call, monkeypatch):
    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("pipeline.releases.versions.os.path.getsize", refuse)
    status, out = call("list")
    assert status == 1
    assert "error: The serving directory must be readable and writable. Received: " in out
    assert out.endswith(": Permission denied. Change its permissions.\n")


def test_looking_needs_no_lock(folder, call):
    with locked(str(folder)):
        assert call("list")[0] == 0


def test_list_shows_all_models_and_others_ask_for_one(folder, capsys, monkeypatch):
    """Fault D9: the model that was pushed last was taken, and the others could not be seen."""
    monkeypatch.chdir(folder.parents[1])
    write_saved_model(folder.parent / "bags/5")
    assert main(["list"]) == 0
    out = capsys.readouterr().out
    assert [line for line in out.splitlines() if line.startswith("serving/")] == [
        "serving/bags",
        "serving/photos",
    ]
    assert main(["list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [each["model"] for each in listed] == ["serving/bags"] + 2 * ["serving/photos"]
    with pytest.raises(SystemExit) as caught:
        main(["log"])
    assert caught.value.code == 2
    assert "--model serving/bags\n  --model serving/photos" in capsys.readouterr().err


def test_the_home_folder(folder, capsys, monkeypatch):
    """Fault D6: a shell leaves the ~ of `--model=~/serving/photos`."""
    monkeypatch.setenv("HOME", str(folder.parents[1]))
    assert main(["list", "--model=~/serving/photos"]) == 0
    assert str(SECOND) in capsys.readouterr().out
