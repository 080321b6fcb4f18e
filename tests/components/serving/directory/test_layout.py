import pathlib

import pytest

from components.serving.directory.layout import list_versions, next_version


def make_version(folder: pathlib.Path, name: str) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "saved_model.pb").write_bytes(b"")


def test_lists_in_the_order_of_numbers(tmp_path: pathlib.Path) -> None:
    for name in ("100", "20", "3", "0"):
        make_version(tmp_path, name)
    assert list_versions(str(tmp_path)) == [0, 3, 20, 100]


@pytest.mark.parametrize(
    "name",
    ["latest", "-1", "+1", "1.5", "1e3", "007", "²", "٣", ".unfinished-7", "tmp 7", "7~"],
)
def test_ignores_what_is_not_the_name_of_a_version(name: str, tmp_path: pathlib.Path) -> None:
    make_version(tmp_path, "5")
    make_version(tmp_path, name)
    assert list_versions(str(tmp_path)) == [5]


def test_ignores_what_is_not_a_complete_version(tmp_path: pathlib.Path) -> None:
    make_version(tmp_path, "5")
    (tmp_path / "6" / "variables").mkdir(parents=True)
    (tmp_path / "7").write_text("a file")
    (tmp_path / "README").write_text("a file")
    assert list_versions(str(tmp_path)) == [5]


def test_a_folder_without_versions(tmp_path: pathlib.Path) -> None:
    assert list_versions(str(tmp_path)) == []
    assert list_versions(str(tmp_path / "missing")) == []
    (tmp_path / "file").write_text("")
    assert list_versions(str(tmp_path / "file")) == []


@pytest.mark.parametrize(
    ("existing", "now", "expected"),
    [
        pytest.param([], 1_700_000_000.9, 1_700_000_000, id="first"),
        pytest.param(["1600000000"], 1_700_000_000.0, 1_700_000_000, id="the clock is ahead"),
        pytest.param(["1700000000"], 1_700_000_000.5, 1_700_000_001, id="the same second"),
        pytest.param(
            ["1700000000", "1700000001"], 1_700_000_000.5, 1_700_000_002, id="the third in it"
        ),
        pytest.param(["1700000000"], 1_600_000_000.0, 1_700_000_001, id="the clock jumped back"),
        pytest.param(["7", "latest"], 0.0, 8, id="versions of somebody else"),
    ],
)
def test_the_next_version_is_above_all_others(
    existing: list[str], now: float, expected: int, tmp_path: pathlib.Path
) -> None:
    for name in existing:
        make_version(tmp_path, name)
    assert next_version(str(tmp_path), now) == expected
