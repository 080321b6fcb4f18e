import os
import tempfile

import pytest

from components.config_checks import ConfigurationError
from pipeline.command_line import parse_arguments
from pipeline.config import PipelineConfig
from pipeline.paths import check_outside, check_places
from pipeline.runs.folders import make_run_folder


class TestOutsideOfTheData:
    """Fault C1: nothing that a run writes may lie in the data folder."""

    @pytest.fixture(autouse=True)
    def place(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "data/cat").mkdir(parents=True)
        (tmp_path / "link").symlink_to("data")
        return tmp_path

    @pytest.mark.parametrize(
        "path",
        ["data", "data/", "./data/x/y", "link/x", "other/../data/x", "data/cat/../x", "{}/data/x"],
    )
    def test_inside(self, place, path):
        path = path.format(place)
        with pytest.raises(ConfigurationError) as refused:
            check_outside("data", {"--report": path})
        assert f"Received: --data data, and in it --report {path}." in str(refused.value)

    @pytest.mark.parametrize("path", ["data2", "x/data", "..", ".", "gs://bucket/data/x"])
    def test_outside(self, path):
        check_outside("data", {"--report": path})

    def test_by_a_link_as_the_data_folder(self):
        with pytest.raises(ConfigurationError):
            check_outside("link", {"--report": "data/x"})

    @pytest.mark.parametrize(
        ("path", "is_inside"), [("gs://b/images/x", True), ("gs://b/images2", False)]
    )
    def test_far_away(self, path, is_inside):
        if is_inside:
            with pytest.raises(ConfigurationError):
                check_outside("gs://b/images/", {"--output": path})
        else:
            check_outside("gs://b/images/", {"--output": path})

    def test_another_name_of_the_same_folder(self, place, monkeypatch):
        """As where case does not matter, or a folder is mounted twice: its inode tells."""
        (place / "DATA").mkdir()
        genuine = os.path.samefile
        same = {str(place / "DATA"), str(place / "data")}
        monkeypatch.setattr(
            os.path, "samefile", lambda a, b: {str(a), str(b)} == same or genuine(a, b)
        )
        with pytest.raises(ConfigurationError):
            check_outside("data", {"--output": "DATA/x"})

    def test_the_folder_for_temporary_files(self, place, monkeypatch):
        monkeypatch.setattr(tempfile, "tempdir", str(place / "data"))
        with pytest.raises(ConfigurationError, match="and in it TMPDIR"):
            check_places(PipelineConfig("data"))

    def test_the_defaults(self):
        check_places(PipelineConfig("data"))

    def test_a_schema_where_it_was_before_stays_in_use(self, place):
        (place / "data/schemas").mkdir()
        (place / "data/schemas/photos.pbtxt").touch()
        assert PipelineConfig("photos").schema == "data/schemas/photos.pbtxt"
        assert PipelineConfig("others").schema == "schemas/others.pbtxt"
        assert PipelineConfig("o", output="/volume/output/").schema == "/volume/schemas/o.pbtxt"


@pytest.mark.parametrize("setting", ["output", "serving", "schema"])
@pytest.mark.parametrize("path", ["a[1]", "a*b", "what?", "back\\slash"])
def test_a_pattern_of_names(setting, path):
    """Fault D6: TensorFlow and Beam looked for other files, hours later."""
    with pytest.raises(ConfigurationError) as refused:
        check_places(PipelineConfig("photos", **{setting: path}))
    assert f"Received: --{setting} {os.path.abspath(path)}." in str(refused.value)


class TestNamesOfTwoFolders:
    """Fault D8: a model of teamB/images was pushed over that of teamA/images."""

    @pytest.fixture(autouse=True)
    def place(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        for folder in ("teamA/images", "teamB/images"):
            (tmp_path / folder).mkdir(parents=True)
        return tmp_path

    @staticmethod
    def parse(*arguments):
        return parse_arguments([*arguments, "--schema=x"]).config

    def test_the_second_is_refused_until_it_is_named(self, place, capsys):
        make_run_folder(self.parse("--data=teamA/images"))
        make_run_folder(self.parse("--data=./teamA/../teamA/images/"))
        with pytest.raises(SystemExit) as refused:
            self.parse("--data=teamB/images")
        assert refused.value.code == 2
        said = " ".join(capsys.readouterr().err.split())
        assert f"whose output/images belongs to {place}/teamA/images." in said
        make_run_folder(self.parse("--data=teamB/images", "--name=images_b"))
        self.parse("--data=teamA/images")

    def test_by_the_serving_directory_alone(self):
        make_run_folder(self.parse("--data=teamA/images"))
        with pytest.raises(SystemExit):
            self.parse("--data=teamB/images", "--output=elsewhere")

    def test_a_folder_that_was_moved_is_confirmed_once(self, place):
        make_run_folder(self.parse("--data=teamA/images"))
        (place / "teamA").rename(place / "teamC")
        make_run_folder(self.parse("--data=teamC/images", "--name=images"))
        self.parse("--data=teamC/images")


def test_a_pattern_of_names_above_the_current_directory_and_in_tmpdir(tmp_path, monkeypatch):
    """Fault D6: Beam makes paths absolute; a run in such a folder failed in StatisticsGen."""
    (tmp_path / "run [x]").mkdir()
    monkeypatch.chdir(tmp_path / "run [x]")
    monkeypatch.setattr(tempfile, "tempdir", "/tmp/[x]")
    with pytest.raises(ConfigurationError) as refused:
        check_places(PipelineConfig("photos"))
    assert f"Received: --output {tmp_path}/run [x]/output, --serving " in str(refused.value)
    assert ", TMPDIR /tmp/[x]. Choose" in str(refused.value)
