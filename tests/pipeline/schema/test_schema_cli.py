import shlex
import subprocess
import sys

import pytest
from ml_metadata.proto import metadata_store_pb2 as pb

from components.errors import command
from components.validation.schema import parse_schema, pin_schema
from pipeline.config import PipelineConfig
from pipeline.schema.schema_cli import FREEZE, freeze_arguments, main, parse_request
from tests.pipeline.schema.small_runs import record_execution, write_statistics


@pytest.fixture
def review(tmp_path, monkeypatch, capsys):
    """Calls the command in a folder of its own; returns status, output and errors."""
    monkeypatch.chdir(tmp_path)

    def run(command, *arguments, answer=None):
        monkeypatch.setattr(sys.stdin, "isatty", lambda: answer is not None)
        questions = []

        def ask(question):
            questions.append(question)
            if isinstance(answer, BaseException):
                raise answer
            return answer

        status = main([command, "--data", "photos", *arguments], ask)
        shown = capsys.readouterr()
        run.questions = questions
        return status, shown.out, shown.err

    run.schema = tmp_path / "schemas" / "photos.pbtxt"
    run.statistics = write_statistics(tmp_path / "statistics")
    run.statistics_of = lambda **changes: write_statistics(tmp_path / "other", **changes)
    return run


@pytest.fixture
def frozen(review):
    """With a schema of the statistics."""
    assert review("freeze", "--statistics", "statistics", "--yes")[0] == 0
    return review


def test_the_first_schema_is_all_new(review):
    status, out, err = review("diff", "--statistics", "statistics")
    assert (status, err) == (1, "")
    assert out.startswith(
        "There is no schemas/photos.pbtxt yet.\nclasses: 0 -> 2\n  + 'cat'\n  + 'dog'\n"
    )
    assert '+    value: "cat"\n' in out
    assert not review.schema.exists()


def test_freezing_writes_a_schema_that_the_pipeline_takes(frozen, tmp_path):
    pinned = pin_schema(str(frozen.schema), str(tmp_path / "pins"))
    assert pinned.class_names == ("cat", "dog")


def test_no_difference(frozen):
    same = (0, "schemas/photos.pbtxt is what the images propose.\n", "")
    assert frozen("diff", "--statistics", "statistics") == same
    assert frozen("freeze", "--statistics", "statistics") == same


def test_the_last_run_of_the_pipeline_is_asked(frozen, tmp_path):
    path = tmp_path / "output" / "photos" / "metadata.sqlite"
    record_execution(path, "photos.StatisticsGen", pb.Execution.COMPLETE, tmp_path / "statistics")
    assert frozen("diff")[0] == 0
    other = frozen.statistics_of(counts={"image/class/text": {"cat": 2, "eel": 2}})
    record_execution(path, "photos.StatisticsGen", pb.Execution.COMPLETE, other)
    status, out, _ = frozen("diff")
    assert status == 1
    assert out.startswith("classes: 2 -> 2\n  + 'eel'\n  - 'dog': no images\n\n--- schemas")


def test_comments_and_ranges_of_people_are_kept_or_shown(frozen):
    text = frozen.schema.read_text()
    # The upper end of the brightness.
    edited = text.replace("max: 0.6\n", "max: 0.95\n").replace(
        "feature {", "# Approved by the clinic.\nfeature {", 1
    )
    assert edited.count("0.95") == 1
    frozen.schema.write_text(edited)
    assert frozen("diff", "--statistics", "statistics")[0] == 0
    frozen.statistics_of(counts={"image/class/text": {"cat": 2, "eel": 2}})
    status, out, _ = frozen("freeze", "--statistics", "other", answer="y")
    assert status == 0
    assert "-# Approved by the clinic.\n" in out
    assert "max: 0.95\n" in frozen.schema.read_text()
    status, out, _ = frozen("diff", "--statistics", "other", "--fresh")
    assert status == 1
    assert "image/brightness: 0.4 to 0.95 -> 0.4 to 0.6\n" in out


@pytest.mark.parametrize(
    ("answer", "status", "message"),
    [
        ("y", 0, "Frozen into schemas/photos.pbtxt. Commit it: the next run is held to it.\n"),
        (" YES ", 0, "Frozen into schemas/photos.pbtxt. Commit it: the next run is held "),
        ("", 1, "Nothing was written.\n"),
        ("no", 1, "Nothing was written.\n"),
    ],
)
def test_freeze_asks(review, answer, status, message):
    found, out, _ = review("freeze", "--statistics", "statistics", answer=answer)
    assert found == status
    assert message in out
    assert review.questions == ["Write this to schemas/photos.pbtxt? [y/N] "]
    assert review.schema.exists() == (status == 0)


@pytest.mark.parametrize("interruption", [KeyboardInterrupt(), EOFError()])
def test_an_interruption_writes_nothing(review, interruption):
    status, _, err = review("freeze", "--statistics", "statistics", answer=interruption)
    assert (status, err) == (130, "Interrupted. Nothing was written.\n")
    assert not review.schema.exists()


def test_freeze_writes_nothing_where_nobody_can_answer(review):
    status, _, err = review("freeze", "--statistics", "statistics")
    assert status == 2
    assert err == (
        "error: freeze asks before it writes. Received: a standard input that is no terminal. "
        "Review the difference and give --yes.\n"
    )
    assert not review.schema.exists()


def test_an_earlier_schema_gets_the_features_it_lacks(frozen):
    text = frozen.schema.read_text()
    frozen.schema.write_text(text.replace("image/sharpness", "image/blur"))
    status, out, _ = frozen("freeze", "--statistics", "statistics", "--yes")
    assert status == 0
    assert '+  name: "image/sharpness"\n' in out
    schema = parse_schema(frozen.schema.read_bytes(), "")
    assert {"image/blur", "image/sharpness"} < {feature.name for feature in schema.feature}


def test_no_statistics(review):
    status, _, err = review("diff")
    assert status == 2
    assert err.startswith("error: The pipeline must have been run. Received: output/photos/")


def test_a_schema_that_is_none(frozen):
    frozen.schema.write_text("classes: 3")
    status, _, err = frozen("diff", "--statistics", "statistics")
    assert status == 2
    assert err.startswith("error: A schema file must be a TFDV schema in text form. Received: sch")


def test_a_schema_that_cannot_be_read(review):
    review.schema.mkdir(parents=True)
    status, _, err = review("diff", "--statistics", "statistics")
    assert status == 2
    assert err == (
        "error: The schema must be a file that can be read. Received: schemas/photos.pbtxt: "
        "Is a directory. Change its permissions, or give another with --schema.\n"
    )


def test_a_schema_that_cannot_be_written(review, tmp_path):
    (tmp_path / "schemas").write_text("in the way")
    status, _, err = review("freeze", "--statistics", "statistics", "--yes")
    assert status == 2
    assert err == (
        "error: The schema must be a file that can be written. Received: schemas/photos.pbtxt:"
        " File exists. Change its permissions, or give another with --schema.\n"
    )


def test_one_class_is_not_frozen(review):
    review.statistics_of(counts={"image/class/text": {"cat": 4}})
    status, _, err = review("freeze", "--statistics", "other", "--yes")
    assert status == 2
    assert err.startswith("error: The domain of image/class/text in a schema file must name at ")
    assert not review.schema.exists()


def test_statistics_of_an_earlier_version(review):
    review.statistics_of(counts={"image/channels": {}})
    status, _, err = review("diff", "--statistics", "other")
    assert status == 2
    assert err.startswith(
        "error: Statistics must be of this version's records. Received: other: Statistics must "
        "include image/channels. Run the pipeline first"
    )


def test_runs_as_a_module_without_tensorflow(review, tmp_path):
    code = (
        "import sys\nfrom pipeline.schema.schema_cli import main\n"
        "status = main(['diff', '--data', 'photos', '--statistics', 'statistics'])\n"
        "heavy = {'tensorflow', 'tfx', 'keras', 'tensorflow_data_validation'}\n"
        "print(status, heavy & set(sys.modules))"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert finished.stderr == ""
    assert finished.stdout.endswith("1 set()\n")


def test_the_places_of_a_pipeline():
    request = parse_request(["diff", "--data", "some/flowers", "--output", "elsewhere"])
    assert (request.command, request.statistics) == ("diff", ())
    assert (request.is_fresh, request.is_confirmed) == (False, False)
    config = request.config
    assert (config.name, config.output) == ("flowers", "elsewhere")
    assert config.schema == "schemas/flowers.pbtxt"


def test_the_sample_without_any():
    assert parse_request(["diff"]).config.name == "fashion_mnist_sample"


def test_a_configuration_file_and_flags_over_it(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text("data: some/flowers\nname: roses\nschema: roses.pbtxt\n")
    config = parse_request(["diff", "--config", str(file), "--name", "tulips"]).config
    assert (config.name, config.schema) == ("tulips", "roses.pbtxt")


def test_all_that_freeze_takes():
    request = parse_request(["freeze", "--data", "x", "--statistics", "y", "--fresh", "--yes"])
    assert (request.command, request.statistics) == ("freeze", ("y",))
    assert (request.is_fresh, request.is_confirmed) == (True, True)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "the following arguments are required: command"),
        (["thaw"], "invalid choice: 'thaw' (choose from"),
        (["diff", "--yes"], "--yes belongs to freeze. Received: diff. Leave it out."),
        (["diff", "--dat", "x"], "unrecognized arguments: --dat x"),
        (["diff", "--data", "x", "--name", "Ä"], "name must begin with a lower-case letter"),
        (["diff", "--data", ""], "data must be a folder. Received: data=''"),
    ],
)
def test_wrong_use_is_answered_on_standard_error(argv, message, capsys):
    with pytest.raises(SystemExit) as caught:
        parse_request(argv)
    assert caught.value.code == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert shown.out == ""


def test_help_tells_the_exit_status(capsys):
    with pytest.raises(SystemExit) as caught:
        parse_request(["--help"])
    assert caught.value.code == 0
    assert "Exit status: 0 no difference, or frozen" in " ".join(capsys.readouterr().out.split())


def test_the_advice_of_a_run_is_a_command_that_reads_back_to_that_run():
    """Fault D12: as typed, the advice froze the schema of the sample."""
    config = PipelineConfig("-my photos/it's", name="pets", schema="a b/$(rm).pbtxt")
    typed = command("pipeline.schema", FREEZE, *freeze_arguments(config), "--statistics=s p")
    _, safe, _, module, *argv = shlex.split(typed)
    assert (safe, module) == ("-P", "pipeline.schema")
    request = parse_request(argv)
    read = (request.config.data, request.config.name, request.config.schema)
    assert read == ("-my photos/it's", "pets", "a b/$(rm).pbtxt")
    assert (request.command, request.statistics) == (FREEZE, ("s p",))


def test_the_home_folder(tmp_path, monkeypatch):
    """Fault D6: a shell leaves the ~ of `--statistics=~/s`."""
    monkeypatch.setenv("HOME", str(tmp_path))
    request = parse_request(["diff", "--data=~/photos", "--statistics=~/s"])
    assert (request.config.data, request.statistics) == (f"{tmp_path}/photos", (f"{tmp_path}/s",))
