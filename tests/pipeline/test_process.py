"""Commands as processes, called from anywhere and with whatever streams."""

import os
import pathlib
import subprocess
import sys

import pytest

from tests.image_files import make_image_folder

REPOSITORY = pathlib.Path(__file__).parents[2]
SECONDS = 300
HOSTILE = "import sys; sys.stderr.write('a file of the user was taken for a module'); sys.exit(9)"
RUNNER = f"{REPOSITORY / 'runner_local.py'}"
AUDIT = "-m pipeline.audit photos"
COMMANDS = {
    # Each with its exit status in a folder of photos and nothing else.
    AUDIT: 0,
    "-m pipeline.predict photos": 1,
    "-m pipeline.releases list": 2,
    "-m pipeline.schema diff --data photos": 2,
    f"{RUNNER} --data photos --print-config": 0,
    f"{RUNNER} --data photos/cat": 1,
    f"{RUNNER} --qqq": 2,
    f"{REPOSITORY / 'runner_kubeflow.py'} compile --help": 0,
}
PRINT = (
    "from pipeline.process import prepare, run_command\nimport sys\nprepare()\n"
    "def main(argv):\n    for _ in range(20_000): print('many lines')\n    return 5\n"
    "sys.exit(run_command(main, 'backslashreplace'))"
)


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> pathlib.Path:
    """A current folder with photos that an audit finds nothing wrong with."""
    folder = tmp_path_factory.mktemp("place")
    make_image_folder(folder / "photos", {"cat": 60, "dog": 60}, size=(64, 64))
    return folder


@pytest.fixture
def hostile(place):
    """The same, with files that bear the names of modules."""
    names = ("random", "components", "numpy", "json", "logging", "collections", "pickle", "rich")
    files = [place / f"{name}.py" for name in names]
    for file in files:
        file.write_text(HOSTILE)
    yield place
    for file in files:
        file.unlink()


def call(place: pathlib.Path, shell: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """What bash does with a line in which `python` is this interpreter."""
    function = f'python() {{ "{sys.executable}" "$@"; }}\nset -o pipefail\n'
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        ["bash", "-c", function + shell],
        cwd=place,
        env={**environment, **variables},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_files_of_the_user_are_not_taken_for_modules(hostile, command):
    """Fault D5: `random.py` or `components.py` in the current folder ended every command."""
    done = call(hostile, f"python {command}")
    assert "taken for a module" not in done.stdout + done.stderr
    assert done.returncode == COMMANDS[command]


def test_what_messages_tell_to_type_stands_a_pipeline_py(hostile):
    """Fault D5: whatever is first in the current folder was `pipeline`."""
    (hostile / "pipeline.py").write_text(HOSTILE)
    try:
        done = call(hostile, f"python -P {AUDIT}")
    finally:
        (hostile / "pipeline.py").unlink()
    assert (done.returncode, done.stderr) == (0, "")


def test_the_worker_of_a_run_takes_no_module_of_the_user(hostile):
    """Fault D5: the worker was started by -m, in the current folder."""
    (hostile / "pipeline.py").write_text(HOSTILE)
    code = (
        "import sys\n"
        f"sys.path.insert(0, {str(REPOSITORY)!r})\n"
        "from pipeline.local.parent import WORKER\n"
        "from pipeline.process import safe_environment\n"
        "import os, subprocess\n"
        "done = subprocess.run([*WORKER, '1'], input=b'no json', stderr=subprocess.PIPE,\n"
        "                      env={**os.environ, **safe_environment()})\n"
        "print('JSONDecodeError' in done.stderr.decode(), done.stderr.decode()[-300:])"
    )
    try:
        done = call(hostile, 'python -I -c "$CODE"', CODE=code)
    finally:
        (hostile / "pipeline.py").unlink()
    assert done.stdout.startswith("True"), done.stdout + done.stderr


@pytest.mark.parametrize("closing", ["<&- >&- 2>&-", "| head -n 0 >&2"])
@pytest.mark.parametrize("command", COMMANDS)
def test_streams_that_are_closed(place, command, closing):
    """Fault D7: commands died of a closed stream, or said 1 for what went well."""
    done = call(place, f"python {command} {closing}")
    assert "Traceback" not in done.stderr
    assert done.returncode == COMMANDS[command]


@pytest.mark.parametrize("stream", ["| head -n 1", "2>&1 >&- | head -n 1"])
def test_a_reader_that_has_enough(place, stream):
    """Fault D7: work goes on, and its status is that of the work."""
    done = call(place, f'python -P -c "$CODE" {stream}', CODE=PRINT, PYTHONPATH=str(REPOSITORY))
    assert "Traceback" not in done.stderr
    assert done.returncode == 5


@pytest.mark.parametrize(
    "variables",
    [
        {"PYTHONWARNINGS": "error"},
        {"PYTHONOPTIMIZE": "2"},
        {"LANG": "C", "LC_ALL": "C"},
        {"PYTHONIOENCODING": "ascii"},
    ],
    ids=str,
)
@pytest.mark.parametrize("command", [AUDIT, f"{RUNNER} --data photos/cat"])
def test_variables_of_the_user(place, command, variables):
    """Fault D7: with PYTHONWARNINGS=error, whatever a library warns of ended the command."""
    done = call(place, f"python {command}", **variables)
    assert "Traceback" not in done.stderr
    assert done.returncode == COMMANDS[command]


@pytest.mark.parametrize(
    "command",
    [f"{RUNNER} --data photos --print-config", "-m pipeline.releases list --model photos"],
)
def test_a_full_disk_behind_standard_output(place, command):
    """Fault D7: what could not be written was lost, with status 0 or a wrong reason."""
    version = place / "photos/7/saved_model.pb"
    version.parent.mkdir(exist_ok=True)
    version.touch()
    try:
        done = call(place, f"python {command} > /dev/full")
    finally:
        version.unlink()
        version.parent.rmdir()
    assert done.returncode == 1
    assert done.stderr == (
        "error: Standard output must be a place that can be written. Received: No space left on "
        "device. Make room, or write to another place.\n"
    )


def test_a_command_that_runs_out_of_memory(place):
    """Fault D15: a command ended with a traceback."""
    code = PRINT.replace("return 5", "raise MemoryError").replace("20_000", "1")
    done = call(place, 'python -P -c "$CODE"', CODE=code, PYTHONPATH=str(REPOSITORY))
    assert (done.returncode, "ran out of memory" in done.stderr) == (1, True)
    assert "Traceback" not in done.stderr


LIGHT = (
    "import pipeline.local.parent, pipeline.local.worker",
    "from pipeline.command_line import parse_arguments\n"
    "parse_arguments(['--data', 'photos', '--train.trainer', 'dense'])",
    "import pipeline.releases.releases_cli, pipeline.runs.records",
    "import pipeline.audit.audit_cli",
    "from pipeline.predict.predict_cli import main\n"
    "assert main(['--serving', 'none', 'photos']) == 1",
)


@pytest.mark.parametrize("code", LIGHT)
def test_what_answers_at_once_loads_nothing_slow(place, code):
    slow = "{'tensorflow', 'tfx', 'keras', 'apache_beam', 'numpy'}"
    code = f"import sys\n{code}\nprint(sorted({slow} & set(sys.modules)))"
    done = call(place, 'python -P -c "$CODE"', CODE=code, PYTHONPATH=str(REPOSITORY))
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
