"""Set-up in a folder of its own, with stand-ins for every step that reaches the network."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

# Stands in for uv: notes its arguments, makes the interpreter that `uv venv` makes, writes the
# file that `uv pip compile` is asked for, and fails where a test wants that.
FAKE_UV = """#!/bin/bash
echo "$1 $2" | sed 's/ -.*//' >>"$FAKE_FOLDER/calls"
if [[ "$1 $2" == "${FAKE_FAILS_AT:-}" ]]; then echo "uv: no network"; exit 7; fi
if [[ $1 == venv ]]; then
  mkdir -p "${@: -1}/bin" && touch "${@: -1}/pyvenv.cfg"
  printf '#!/bin/bash\\necho "first import" >>"$FAKE_FOLDER/calls"\\n' >"${@: -1}/bin/python"
  chmod +x "${@: -1}/bin/python"
fi
if [[ "$1 $2" == "pip compile" ]]; then
  while [[ $1 != --output-file ]]; do shift; done
  cp "$FAKE_FOLDER/compiled" "$2"
fi
"""
FAKE_INSTALL_UV = '#!/bin/bash\necho "$FAKE_FOLDER/uv"\n'
FAKE_PRIVATE_RUNTIME = '#!/bin/bash\necho "private $*" >>"$FAKE_FOLDER/calls"\n'


@dataclass(frozen=True)
class Project:
    """A copy of the project's set-up in which no step reaches the network.

    Attributes:
      root: the copied repository.
      fakes: the folder of the stand-ins and of what they note.
    """

    root: Path
    fakes: Path

    def run(
        self, script: str, *arguments: str, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Runs a script of the copy with further environment variables."""
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHON": sys.executable,
            "FAKE_FOLDER": str(self.fakes),
            **variables,
        }
        return subprocess.run(
            [str(self.root / "scripts" / script), *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def calls(self) -> list[str]:
        """Lists what the stand-ins were asked for since the last time, and forgets it."""
        file = self.fakes / "calls"
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return lines

    def write_script(self, name: str, text: str) -> None:
        """Replaces a script of the copy."""
        write_executable(self.root / "scripts" / name, text)


def write_executable(path: Path, text: str) -> None:
    """Writes a program."""
    path.write_text(text)
    path.chmod(0o755)
