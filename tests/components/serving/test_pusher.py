"""Whole or not at all: copies, copies that fail, and what TFX is told."""

import errno
import os
import pathlib
import re
import subprocess
from collections.abc import Callable, Iterator

import pytest
import tensorflow as tf
from tfx import types
from tfx.orchestration.portable import data_types
from tfx.proto import pusher_pb2
from tfx.types import standard_artifacts
from tfx.utils import io_utils, proto_utils

from components.errors import PipelineError
from components.serving import pusher
from components.serving.directory.layout import list_versions

NOW = 1_700_000_000.5
FILES = {
    "saved_model.pb": b"graph",
    "assets/class_names": "Größe\n".encode(),
    "variables/variables.data-00000-of-00001": b"w" * 100_000,
    "variables/variables.index": b"",
}


def read_tree(folder: pathlib.Path) -> dict[str, bytes]:
    """All files below a folder, by path."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def write_saved_model(folder: pathlib.Path) -> str:
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return str(folder)


def copy_until(error: BaseException) -> Callable[[str, str], None]:
    """A copy that breaks off after its first file."""

    def copy(source: str, destination: str) -> None:
        os.makedirs(destination)
        pathlib.Path(destination, "saved_model.pb").write_bytes(
            pathlib.Path(source, "saved_model.pb").read_bytes()
        )
        raise error

    return copy


@pytest.fixture
def source(tmp_path: pathlib.Path) -> str:
    return write_saved_model(tmp_path / "source")


class TestPush:
    def test_makes_a_complete_copy(self, source: str, tmp_path: pathlib.Path) -> None:
        folder = tmp_path / "serving/photos"
        assert pusher.push(source, str(folder), NOW) == str(folder / "1700000000")
        assert read_tree(folder / "1700000000") == FILES
        assert os.listdir(folder) == ["1700000000"]

    def test_makes_a_new_version_each_time(self, source: str, tmp_path: pathlib.Path) -> None:
        for _ in range(3):
            pusher.push(source, str(tmp_path / "photos"), NOW)
        assert list_versions(str(tmp_path / "photos")) == [1700000000, 1700000001, 1700000002]

    def test_shows_the_version_when_it_is_complete(
        self, source: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen = []
        rename = tf.io.gfile.rename

        def look_and_rename(unfinished: str, final: str) -> None:
            seen.extend([list_versions(str(tmp_path / "photos")), os.path.exists(final)])
            seen.append(read_tree(pathlib.Path(unfinished)) == FILES)
            rename(unfinished, final)

        monkeypatch.setattr(tf.io.gfile, "rename", look_and_rename)
        pusher.push(source, str(tmp_path / "photos"), NOW)
        assert seen == [[], False, True]

    @pytest.mark.parametrize(
        "error",
        [
            OSError(errno.ENOSPC, "No space left on device"),
            tf.errors.ResourceExhaustedError(None, None, "No space left on device"),
            KeyboardInterrupt(),
        ],
        ids=lambda error: type(error).__name__,
    )
    def test_a_copy_that_fails_leaves_nothing(
        self,
        error: BaseException,
        source: str,
        tmp_path: pathlib.Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        folder = tmp_path / "photos"
        pusher.push(source, str(folder), NOW - 100)
        with monkeypatch.context() as patched:
            patched.setattr(io_utils, "copy_dir", copy_until(error))
            with pytest.raises(type(error)) as caught:
                pusher.push(source, str(folder), NOW)
        assert caught.value is error
        assert os.listdir(folder) == ["1699999900"]
        assert read_tree(folder / "1699999900") == FILES
        pusher.push(source, str(folder), NOW)
        assert list_versions(str(folder)) == [1699999900, 1700000000]

    def test_a_source_without_a_model_leaves_nothing(self, tmp_path: pathlib.Path) -> None:
        folder, missing = tmp_path / "photos", tmp_path / "missing"
        folder.mkdir()
        message = (
            f"A model that is pushed must have a file saved_model.pb. Received: {missing} without "
            "it. If its artifacts were removed, remove the whole output folder and run again."
        )
        with pytest.raises(PipelineError, match=f"^{re.escape(message)}$"):
            pusher.push(str(missing), str(folder), NOW)
        assert os.listdir(folder) == []

    def test_a_disk_that_is_full(self, source: str, small_disk: pathlib.Path) -> None:
        with pytest.raises((OSError, tf.errors.OpError), match="No space left on device"):
            pusher.push(source, str(small_disk / "photos"), NOW)
        assert os.listdir(small_disk / "photos") == []


@pytest.fixture
def small_disk(tmp_path: pathlib.Path) -> Iterator[pathlib.Path]:
    """A file system of 64 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("a disk that fills up needs mount, which is not installed")
    if mounted.returncode:
        pytest.skip(f"a disk that fills up needs the right to mount: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def exec_properties(folder: pathlib.Path) -> dict[str, str]:
    destination = pusher_pb2.PushDestination(
        filesystem=pusher_pb2.PushDestination.Filesystem(base_directory=str(folder))
    )
    return {"push_destination": proto_utils.proto_to_json(destination)}


class TestExecutor:
    @pytest.fixture
    def do(self, tmp_path: pathlib.Path) -> Callable[[bool], types.Artifact]:
        """Runs the executor; says whether the model is blessed, and returns the pushed model."""

        def run(is_blessed: bool) -> types.Artifact:
            model, blessing = standard_artifacts.Model(), standard_artifacts.ModelBlessing()
            model.uri = str(tmp_path / "model")
            write_saved_model(tmp_path / "model/Format-Serving")
            blessing.set_int_custom_property("blessed", int(is_blessed))
            pushed = standard_artifacts.PushedModel()
            pushed.uri = str(tmp_path / "pushed")
            pusher.WholePusherExecutor().Do(
                {"model": [model], "model_blessing": [blessing]},
                {"pushed_model": [pushed]},
                exec_properties(tmp_path / "serving/photos"),
            )
            return pushed

        return run

    def test_pushes_a_blessed_model(
        self,
        do: Callable[[bool], types.Artifact],
        tmp_path: pathlib.Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(pusher.time, "time", lambda: NOW)
        pushed = do(True)
        version = tmp_path / "serving/photos/1700000000"
        assert read_tree(version) == FILES
        assert read_tree(tmp_path / "pushed") == FILES
        assert pushed.get_int_custom_property("pushed") == 1
        assert pushed.get_string_custom_property("pushed_destination") == str(version)
        assert pushed.get_string_custom_property("pushed_version") == "1700000000"

    def test_does_not_push_a_refused_model(
        self, do: Callable[[bool], types.Artifact], tmp_path: pathlib.Path
    ) -> None:
        pushed = do(False)
        assert not (tmp_path / "serving").exists()
        assert not (tmp_path / "pushed").exists()
        assert pushed.get_int_custom_property("pushed") == 0
        assert pushed.get_string_custom_property("pushed_destination") == ""


class TestDriver:
    @staticmethod
    def observe(folder: pathlib.Path) -> str:
        driver = pusher.WholePusherDriver(metadata_handle=None)
        info = data_types.ExecutionInfo(exec_properties=exec_properties(folder))
        observed = driver.observe(info)
        assert list(observed) == ["serving_directory_id"]
        return observed["serving_directory_id"]

    def test_the_identity_stays(self, source: str, tmp_path: pathlib.Path) -> None:
        folder = tmp_path / "serving/photos"
        identity = self.observe(folder)
        assert len(identity) == 32
        pusher.push(source, str(folder), NOW)
        assert self.observe(folder) == identity

    def test_a_new_folder_has_a_new_identity(self, tmp_path: pathlib.Path) -> None:
        folder = tmp_path / "photos"
        identity = self.observe(folder)
        tf.io.gfile.rmtree(str(folder))
        assert self.observe(folder) != identity
        assert self.observe(tmp_path / "other") not in (identity, self.observe(folder))

    def test_the_identity_is_not_taken_for_a_version(self, tmp_path: pathlib.Path) -> None:
        self.observe(tmp_path)
        assert os.listdir(tmp_path) == [".directory_id"]
        assert list_versions(str(tmp_path)) == []

    def test_the_cache_sees_it(self, tmp_path: pathlib.Path) -> None:
        driver = pusher.WholePusherDriver(metadata_handle=None)
        properties = exec_properties(tmp_path)
        output = driver.run(data_types.ExecutionInfo(exec_properties=properties))
        assert {key: value.string_value for key, value in output.exec_properties.items()} == {
            **properties,
            "serving_directory_id": self.observe(tmp_path),
        }


def test_the_step_uses_both() -> None:
    assert pusher.WholePusher.EXECUTOR_SPEC.executor_class is pusher.WholePusherExecutor
    assert pusher.WholePusher.DRIVER_CLASS is pusher.WholePusherDriver
