import shlex

import pytest

from components.errors import command
from pipeline.config import PipelineConfig
from pipeline.schema.command_line import FREEZE, freeze_arguments, parse_request


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
