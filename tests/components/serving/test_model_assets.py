import pathlib
import subprocess
import sys

import pytest

from components.errors import PipelineError
from components.serving.model_assets import CLASS_NAMES_FILE, read_class_names, write_class_names


def test_any_name_comes_back(tmp_path: pathlib.Path) -> None:
    names = ["<b>\n", "a,b", " ", "größe", "寿司", '"']
    write_class_names(names, str(tmp_path))
    assert read_class_names(str(tmp_path)) == tuple(names)


def test_they_are_read_without_tensorflow(tmp_path: pathlib.Path) -> None:
    write_class_names(["cat", "dog"], str(tmp_path))
    code = (
        "import sys; from components.serving.model_assets import read_class_names; "
        f"print(read_class_names({str(tmp_path)!r}), 'tensorflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "('cat', 'dog') False\n"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file or directory"),
        ("[", "Expecting value: line 1 column 2 (char 1)"),
        ('{"cat": 0}', "it is no list of names"),
        ('["cat", 0]', "it is no list of names"),
    ],
)
def test_what_is_missing_or_damaged(
    tmp_path: pathlib.Path, content: str | None, reason: str
) -> None:
    path = tmp_path / CLASS_NAMES_FILE
    path.parent.mkdir()
    if content is not None:
        path.write_text(content)
    with pytest.raises(PipelineError) as raised:
        read_class_names(str(tmp_path))
    assert str(raised.value) == (
        f"A model must hold the names of its classes, assets.extra/class_names.json. Received: "
        f"{path}: {reason}. Remove this model, or run the pipeline again."
    )
