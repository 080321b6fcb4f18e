import pathlib

import pytest

from components.errors import PipelineError
from components.serving.directory.log import Event, append_event, read_events
from components.serving.directory.release import read_release
from tests.components.serving.directory.saved_models import make_origin

EVENTS = [
    Event("2026-01-01T00:00:00+00:00", 1, "a" * 64, make_origin(reason="<script>\n\u202e")),
    Event("2026-01-02T00:00:00+00:00", 2, "b" * 64, make_origin(withdraws=(1,))),
]


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
    (tmp_path / "releases.jsonl").write_bytes(b'\xff\n{}\n[1]\n"text"\n\n')
    append_event(str(tmp_path), EVENTS[0])
    assert read_events(str(tmp_path)) == EVENTS[:1]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"origin": {"withdraws": []}}'])
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
