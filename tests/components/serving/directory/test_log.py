import dataclasses
import json
import pathlib

import pytest

from components.errors import PipelineError
from components.serving.directory.log import (
    Event,
    append_event,
    read_events,
    read_lines,
    rolled_back_versions,
)
from components.serving.directory.release import read_release
from components.serving.directory.rollback import roll_back
from tests.components.serving.directory.saved_models import NOW, make_origin, publish_models

EVENTS = [
    Event(
        "2026-01-01T00:00:00+00:00",
        1,
        "a" * 64,
        make_origin(reason="<script>\n\u202e\u2028\x85\udcff"),
    ),
    Event("2026-01-02T00:00:00+00:00", 2, "b" * 64, make_origin(withdraws=(1,))),
]

OF_OTHER_TYPES = b"".join(
    json.dumps(dataclasses.asdict(dataclasses.replace(EVENTS[0], **changes))).encode() + b"\n"
    for changes in (
        {"time": 1},
        {"version": "1"},
        {"model_digest": ["a"]},
        {"origin": make_origin(actor=None)},
        {"origin": make_origin(of_version="1")},
        {"origin": make_origin(withdraws=("1",))},
    )
)


def test_survives_its_file(tmp_path: pathlib.Path) -> None:
    assert read_events(str(tmp_path)) == []
    for event in EVENTS:
        append_event(str(tmp_path), event)
    assert read_events(str(tmp_path)) == EVENTS
    assert (tmp_path / "releases.jsonl").read_text().count("\n") == 2


@pytest.mark.parametrize("kept", [1, 30, -1])
def test_a_line_that_was_cut_off_costs_that_line(tmp_path: pathlib.Path, kept: int) -> None:
    for event in EVENTS:
        append_event(str(tmp_path), event)
    log = tmp_path / "releases.jsonl"
    first, second = log.read_bytes().splitlines()
    log.write_bytes(first + b"\n" + second[:kept])
    assert read_events(str(tmp_path)) == EVENTS[:1]
    append_event(str(tmp_path), EVENTS[1])
    assert read_events(str(tmp_path)) == EVENTS


def test_lines_of_somebody_else_are_passed_over(tmp_path: pathlib.Path) -> None:
    (tmp_path / "releases.jsonl").write_bytes(b'\xff\n{}\n[1]\n"text"\n\n' + OF_OTHER_TYPES)
    append_event(str(tmp_path), EVENTS[0])
    assert read_events(str(tmp_path)) == EVENTS[:1]


def test_a_rollback_that_was_cut_off_is_known_before_its_line_is_written(
    tmp_path: pathlib.Path,
) -> None:
    folder = tmp_path / "photos"
    first, second = publish_models(folder, "ab")
    log = (folder / "releases.jsonl").read_bytes()
    third = roll_back(str(folder), "bad", NOW + 100)
    (folder / "releases.jsonl").write_bytes(log)
    assert [event.version for event in read_lines(str(folder))] == [first, second]
    assert [event.version for event in read_events(str(folder))] == [first, second, third]
    assert rolled_back_versions(str(folder)) == {second}
    # Looking changes nothing.
    assert (folder / "releases.jsonl").read_bytes() == log


def test_a_lost_line_of_the_past_changes_nothing(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "photos"
    first, second = publish_models(folder, "ab")
    third = roll_back(str(folder), "bad", NOW + 100)
    log = folder / "releases.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(lines[0] + b"\0" * 100 + b"\n" + lines[2])
    assert [event.version for event in read_events(str(folder))] == [first, third, second]
    assert rolled_back_versions(str(folder)) == {second}


RELEASE = {
    "version": 1,
    "time": "2026-01-01T00:00:00+00:00",
    "origin": {"action": "push", "actor": "ann@host", "withdraws": []},
    "model_digest": "a",
    "files": {"saved_model.pb": "b"},
}


@pytest.mark.parametrize(
    "content",
    [
        *("", "[]", "{}", '{"origin": {"withdraws": []}}'),
        *(
            json.dumps(RELEASE | changes)
            for changes in (
                {"version": "1"},
                {"time": 1},
                {"model_digest": None},
                {"files": ["saved_model.pb"]},
                {"files": {"saved_model.pb": 1}},
                {"origin": "push"},
                {"more": 1},
            )
        ),
    ],
)
def test_a_damaged_release(tmp_path: pathlib.Path, content: str) -> None:
    path = tmp_path / "assets.extra/release.json"
    path.parent.mkdir()
    path.write_text(content)
    with pytest.raises(PipelineError) as raised:
        read_release(str(tmp_path))
    assert str(raised.value).startswith(
        "assets.extra/release.json of a version must be readable, and as it was written. "
        f"Received: {path}: "
    )
    assert str(raised.value).endswith("Remove this version, or restore it from a backup.")


def test_no_release(tmp_path: pathlib.Path) -> None:
    assert read_release(str(tmp_path)) is None
    assert read_release(str(tmp_path / "missing")) is None
    (tmp_path / "file").write_text("")
    assert read_release(str(tmp_path / "file")) is None
