import subprocess
import sys

import pytest

from components.audit import Audit
from tests.image_files import make_image_folder, write_image


@pytest.mark.e2e
def test_a_folder_is_looked_through_as_its_users_do_it(tmp_path):
    root = make_image_folder(tmp_path / "photos", {"cat": 60, "dog": 60}, size=(64, 64))
    write_image(root / "dog/again.png", size=(64, 64), seed=119)
    write_image(root / "dog/conflict.png", size=(64, 64), seed=0)
    (root / "dog/broken.jpg").write_bytes(b"\xff\xd8\xff")
    command = [sys.executable, "-m", "pipeline.audit", "photos"]
    run = subprocess.run(
        [*command, "--json", "audit.json", "--report", "report.html"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 3
    assert "123 files found = 119 used + 3 rejected + 1 duplicates" in run.stdout
    assert run.stderr.splitlines()[:2] == [
        "JSON: audit.json",
        "Report with pictures: report.html",
    ]
    audit = Audit.read(str(tmp_path / "audit.json"))
    assert audit.data_folder == "photos"
    assert {"rejected", "conflict", "duplicate"} <= set(audit.findings)
    assert (tmp_path / "report.html").read_text().count("<img ") >= 4
