import os
import re
from pathlib import Path

import pytest
import yaml

from pipeline import command_line
from pipeline.command_line import parse_arguments
from pipeline.config import PipelineConfig, from_dict, to_dict, to_yaml
from pipeline.setting_names import setting_fields

REPOSITORY = Path(__file__).resolve().parents[2]
SETTINGS = (
    "data, name, output, serving, schema, splits, ingest, validate, image, train, fine_tune, "
    "augment, tune, export, evaluate, push, reset_baseline, force_push"
)
TRAIN_SETTINGS = (
    "trainer, options, epochs, batch_size, optimizer, learning_rate, schedule, warmup_epochs, "
    "weight_decay, label_smoothing, class_weights, early_stopping, precision, "
    "checkpoint_every, warm_start, memory_budget, seed"
)

CONFIG = PipelineConfig("photos")
UNKNOWN_FLAG = "A flag must be one of those of --help. Received:"
REFUSED_FLAGS = [
    (["--train.epoch", "5"],
     f"{UNKNOWN_FLAG} --train.epoch. Did you mean '--train.epochs'?"),
    (["--batch_size=5"],
     f"{UNKNOWN_FLAG} --batch-size. Did you mean '--train.batch-size'?"),
    (["--qqq"], f"{UNKNOWN_FLAG} --qqq."),
    (["photos"], "Every argument must be a flag or belong to one. Received: photos. "
                 "A data folder is given as --data FOLDER."),
    (["--train.epochs"], "argument --train.epochs: expected one argument"),
    (["--train.epochs", "five"],
     "train.epochs must be a whole number, such as 5. Received: train.epochs='five'."),
    (["--config", "none.yaml"], "--config must be a file that can be read. "
                                "Received: none.yaml: No such file or directory."),
]  # fmt: skip

REFUSED_FILES = [
    ("", "--config must be a file of settings, such as 'data: FOLDER'. "
         "Received: a.yaml, which is empty."),
    ("- photos\n", "--config must be a file of settings, such as 'data: FOLDER'. "
                   "Received: a.yaml, with ['photos']."),
    ("data: [photos\n",
     "--config must be valid YAML. Received: a.yaml: while parsing a flow sequence at line 1, "
     "column 7 did not find expected ',' or ']' at line 2, column 1."),
    ("data: photos\nbatch_sise: 3\n", f"a.yaml: The settings are {SETTINGS}. "
                                      "Received: 'batch_sise'. "
                                      "Did you mean 'batch_size' below 'train'?"),
    ("data: photos\ntrain: 3\n",
     f"a.yaml: train must be a group of settings: {TRAIN_SETTINGS}. Received: train=3."),
    ("data: photos\ntrain:\n  epochs: five\n",
     "train.epochs must be a whole number, such as 5. Received: train.epochs='five'."),
]  # fmt: skip


def refused(capsys, argv):
    """The message of a refused command line, which is one line and a hint."""
    with pytest.raises(SystemExit) as caught:
        parse_arguments(argv)
    captured = capsys.readouterr()
    message, hint, end = captured.err.split("\n")
    assert (caught.value.code, captured.out, hint, end) == (
        2,
        "",
        "See runner_local.py --help.",
        "",
    )
    return message.removeprefix("runner_local.py: error: ")


@pytest.mark.parametrize(("argv", "message"), REFUSED_FLAGS)
def test_refuses_flags(argv, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert refused(capsys, argv) == message


@pytest.mark.parametrize(("content", "message"), REFUSED_FILES)
def test_refuses_files(content, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text(content, encoding="utf-8")
    assert refused(capsys, ["--config", "a.yaml"]) == message


def test_refuses_a_file_that_is_not_text(capsys, tmp_path):
    file = tmp_path / "a.yaml"
    file.write_bytes(b"data: \xff\xfe\n")
    assert refused(capsys, ["--config", str(file)]) == (
        f"--config must be valid YAML. Received: {file}: "
        "'utf-8' codec can't decode byte 0xff in position 6: invalid start byte."
    )


def test_says_that_the_sample_is_absent(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(command_line, "REPOSITORY", tmp_path)
    assert refused(capsys, []) == (
        "Without --data and --config, the sample configuration must be there. Received: "
        f"{tmp_path}/configs/fashion_mnist_sample.yaml, which is not. Give --data FOLDER or "
        "--config FILE, or run from a clone of the repository."
    )


def test_a_flag_wins_over_the_file_and_the_file_over_the_default(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text("data: photos\ntrain: {epochs: 9, batch_size: 8, learning_rate: 1e-4}\n")
    for argv in (
        ["--train.epochs", "7", "--config", str(file)],
        [f"--config={file}", "--train.epochs=7"],
    ):
        arguments = parse_arguments(argv)
        train = arguments.config.train
        assert (train.epochs, train.batch_size, train.learning_rate) == (7, 8, 0.0001)
        assert (train.seed, arguments.config.data) == (42, "photos")
        assert (arguments.config_file, arguments.is_sample) == (str(file), False)


@pytest.mark.parametrize("name", setting_fields(PipelineConfig))
def test_every_setting_has_a_flag(name, monkeypatch):
    """A flag sets its own setting and no other, as text or as a number."""
    received = []
    monkeypatch.setattr(command_line, "from_dict", lambda given: received.append(given) or CONFIG)
    parse_arguments(["--data=photos", "--name=n", f"--{name}", "1e5"])
    group, _, last = name.rpartition(".")
    expected = {"data": "photos", "name": "n"}
    kind = setting_fields(PipelineConfig)[name].type
    (expected.setdefault(group, {}) if group else expected)[last] = "1e5" if kind is str else 1e5
    settings = {key: value for key, value in received[0].items() if value != {}}
    assert settings == expected


def test_values_of_every_kind():
    flags = {
        "--train.trainer": "dense",
        "--train.options": '{"dropout": 0.5}',
        "--train.options.hidden_units": "[64, 32]",
        "--train.learning_rate": "1e-5",
        "--ingest.max_seconds": "3",
        "--tune.space": '{"learning_rate": [0.001, 0.01]}',
        "--evaluate.min_recall_of": '{"cat": 1}',
        "--data": "2024",
        "--reset-baseline": "12",
    }
    config = parse_arguments([part for flag in flags.items() for part in flag]).config
    assert config.train.options == {"dropout": 0.5, "hidden_units": [64, 32]}
    assert (config.train.learning_rate, config.ingest.max_seconds) == (1e-5, 3.0)
    assert config.tune.space == {"learning_rate": [0.001, 0.01]}
    assert config.evaluate.min_recall_of == {"cat": 1.0}
    assert (config.data, config.reset_baseline) == ("2024", "12")


def test_what_is_for_kubeflow_is_set_aside(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text("data: photos\nkubeflow: {pods: {image: 'a:1'}}\n")
    arguments = parse_arguments(["--config", str(file)])
    assert arguments.config == PipelineConfig("photos")
    assert arguments.kubeflow == {"pods": {"image": "a:1"}}


def test_a_flag_changes_one_option_of_the_file(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text(
        "data: photos\ntrain: {trainer: dense, options: {hidden_units: [8], dropout: 0.1}}\n"
    )
    arguments = parse_arguments(["--config", str(file), "--train.options.dropout", "0.3"])
    assert arguments.config.train.options == {"hidden_units": [8], "dropout": 0.3}


@pytest.mark.parametrize(
    ("flag", "name"), [("--reset-baseline", "reset_baseline"), ("--force-push", "force_push")]
)
def test_decisions_about_one_run_are_no_matter_of_a_file(tmp_path, capsys, flag, name):
    assert getattr(parse_arguments(["--data", "a", f"{flag}=because"]).config, name) == "because"
    file = tmp_path / "a.yaml"
    file.write_text(f"data: photos\n{name}: because\n")
    with pytest.raises(SystemExit) as caught:
        parse_arguments(["--config", str(file)])
    assert caught.value.code == 2
    assert (
        f"{name} must be decided for one run at a time, with {flag} REASON. Received: {file} with "
        f"{name}, for all runs. Remove it there.\n"
    ) in capsys.readouterr().err


def test_uses_the_sample_without_data_and_config(monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    arguments = parse_arguments(["--train.epochs", "1"])
    assert (arguments.is_sample, arguments.config_file) == (
        True,
        "configs/fashion_mnist_sample.yaml",
    )
    config = arguments.config
    assert (config.data, config.name) == ("data/fashion_mnist_sample", "fashion_mnist_sample")
    assert config.schema == "data/schemas/fashion_mnist_sample.pbtxt"
    assert (config.image.height, config.image.width, config.image.channels) == (28, 28, 1)
    assert (config.train.trainer, config.train.epochs) == ("cnn", 1)


def test_finds_the_sample_from_another_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = parse_arguments([]).config
    assert os.path.abspath(config.data) == str(REPOSITORY / "data/fashion_mnist_sample")
    assert os.path.abspath(config.schema) == str(
        REPOSITORY / "data/schemas/fashion_mnist_sample.pbtxt"
    )
    assert (config.output, config.serving) == ("output", "serving")
    assert parse_arguments(["--schema", "mine.pbtxt"]).config.schema == "mine.pbtxt"


def test_prints_the_effective_configuration(capsys):
    with pytest.raises(SystemExit) as caught:
        parse_arguments(["--print-config", "--data", "My Photos", "--image.channels", "1"])
    captured = capsys.readouterr()
    assert (caught.value.code, captured.err) == (0, "")
    assert captured.out.startswith("data: My Photos\nname: my_photos\noutput: output\n")
    assert "\nimage:\n  height: 96\n  width: 96\n  channels: 1\n" in captured.out
    expected = from_dict({"data": "My Photos", "image": {"channels": 1}})
    assert yaml.safe_load(captured.out) == to_dict(expected)


@pytest.mark.parametrize("flag", ["--train.batch-size", "--train.batch_size"])
def test_hyphens_and_underscores_are_one(flag):
    """Fault D14: --help showed underscores and the README hyphens."""
    assert parse_arguments(["--data", "x", flag, "7"]).config.train.batch_size == 7
    option = flag.replace("batch", "options.hidden").replace("size", "units")
    config = parse_arguments(["--data", "x", "--train.trainer=dense", f"{option}=[7]"]).config
    assert config.train.options == {"hidden_units": [7]}


def test_a_mistyped_flag_is_answered_in_two_lines(capsys):
    """Fault D14: it was answered with all eighty flags."""
    with pytest.raises(SystemExit):
        parse_arguments(["--trian.epochs", "3"], program="runner.py")
    said = capsys.readouterr().err
    assert said.count("--") == 4
    assert "'--train.epochs'" in said
    assert said.endswith("\nSee runner.py --help.\n")


def test_help_names_every_flag_with_its_docstring(capsys):
    with pytest.raises(SystemExit) as caught:
        parse_arguments(["--help"], program="runner.py")
    text = " ".join(capsys.readouterr().out.split())
    assert caught.value.code == 0
    assert text.startswith("usage: runner.py [--data FOLDER] [--config FILE] [flags] ")
    names = ["config", "print-config", "help", *setting_fields(PipelineConfig)]
    flags = [f"--{name}".replace("_", "-") for name in names]
    assert [flag for flag in flags if f"{flag} " not in text] == []
    assert not re.search(r"--[a-z.-]+_", text)
    assert "Images in one step of the training, at least 1. (type: int, default: 32)" in text


AWKWARD = (
    "1e5", "12e3", "1e-3", "no", "on", "y", "null", "true", "~x", "010", "0x1f", "0b1", "1_000",
    "2024-01-01", "1:30", "1.", ".5", "5.e", "inf", ".inf", ".nan", "a: b", "a #b", "#a", "{a}",
    "[a]", "- a", "a:", "'", '"', "é", "a\\b", " a", "a ", "%a", "@a", "`a", "!a", "&a", "*a", "=",
    "<<", "a,b", "a\tb", "|", ">", "?", "? a", "-", "---", "...", "a" * 200 + " b" * 200,
)  # fmt: skip


class TestPrintedConfiguration:
    """Fault D6: `--print-config` is read back to the same configuration."""

    def read_back(self, config, tmp_path):
        file = tmp_path / "printed.yaml"
        file.write_text(to_yaml(config), encoding="utf-8")
        return parse_arguments(["--config", str(file)]).config

    @pytest.mark.parametrize("text", AWKWARD)
    def test_of_awkward_texts(self, text, tmp_path):
        path = f"./{text}" if text.startswith("~") else text
        patterns = re.escape(text)
        settings = {
            "data": path,
            "name": "photos",
            "output": path,
            "serving": path,
            "schema": path,
            "ingest": {"group_pattern": patterns},
            "evaluate": {"min_recall_of": {text: 0.5}},
        }
        config = from_dict(settings)
        assert self.read_back(config, tmp_path) == config

    @pytest.mark.parametrize(
        "name", [name for name in AWKWARD if re.fullmatch("[a-z0-9]\\w*", name, re.ASCII)]
    )
    def test_of_awkward_names(self, name, tmp_path):
        config = from_dict({"data": name, "name": name})
        assert self.read_back(config, tmp_path) == config

    @pytest.mark.parametrize("value", [1e5, 1e-7, 3.0, 0.1, 12e3, 1e22])
    def test_of_numbers(self, value, tmp_path):
        config = from_dict({"data": "x", "ingest": {"max_seconds": value}})
        assert self.read_back(config, tmp_path) == config

    @pytest.mark.parametrize("text", AWKWARD)
    def test_of_awkward_options(self, text, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        if text.strip("."):
            (tmp_path / text[:99]).touch()
            options = {"weights": text[:99] if not text.startswith("~") else f"./{text}"}
            config = from_dict(
                {"data": "x", "train": {"trainer": "mobilenet_v2", "options": options}}
            )
            assert self.read_back(config, tmp_path) == config

    def test_of_a_decision_for_one_run(self, tmp_path):
        """No file can make it: it is a comment, and all the rest is read."""
        decided = from_dict({"data": "x", "force_push": "because: #1\nand"})
        assert self.read_back(decided, tmp_path) == from_dict({"data": "x"})
        assert '# For this run alone, --force-push: "because: #1\\nand"' in to_yaml(decided)


class TestHomeFolder:
    """Fault D6: a shell leaves the ~ of `--data=~/photos`, which made a folder named ~."""

    @pytest.fixture(autouse=True)
    def home(self, tmp_path, monkeypatch):
        monkeypatch.setenv("HOME", str(tmp_path))
        return tmp_path

    def test_in_flags(self, home):
        (home / "w.h5").touch()
        flags = [f"--{name}=~/{name}" for name in ("data", "output", "serving", "schema")]
        weights = ["--train.trainer", "mobilenet_v2", "--train.options.weights=~/w.h5"]
        config = parse_arguments([*flags, *weights]).config
        assert (config.data, config.output) == (f"{home}/data", f"{home}/output")
        assert (config.serving, config.schema) == (f"{home}/serving", f"{home}/schema")
        assert config.train.options == {"weights": f"{home}/w.h5"}

    def test_in_files(self, home):
        (home / "c.yaml").write_text("data: ~/photos\noutput: ~/o\n")
        config = parse_arguments(["--config=~/c.yaml"]).config
        assert (config.data, config.output) == (f"{home}/photos", f"{home}/o")
        assert config.schema == f"{home}/schemas/photos.pbtxt"

    def test_of_nobody(self, capsys):
        with pytest.raises(SystemExit):
            parse_arguments(["--data=~nobody-of-this-name/x"])
        assert "Received: data='~nobody-of-this-name/x'." in capsys.readouterr().err

    def test_a_folder_of_that_name(self):
        assert parse_arguments(["--data", "./~", "--name", "x"]).config.data == "./~"


def test_the_old_word_for_the_serving_model_still_works(capsys):
    arguments = parse_arguments(["--data", "photos", "--train.warm_start", "blessed"])
    assert arguments.config.train.warm_start == "serving"
    assert capsys.readouterr().err == "train.warm_start blessed is called serving now.\n"
