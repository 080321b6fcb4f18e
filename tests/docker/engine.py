"""Docker's engine, a base image of Debian, and the image of this project built on it."""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
BASE = "image-classification-pipeline-test-base:trixie"
IMAGE = "image-classification-pipeline:test"
PACKAGES = "ca-certificates,python3"
# Without rights on the network of the machine; containers use it as it is.
ENGINE = ("dockerd", "--iptables=false", "--ip6tables=false", "--bridge=none")
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def require(*programs: str) -> None:
    """Skips the test where a program is missing; in CI it fails."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        reason = (
            f"needs {', '.join(missing)} (Debian: apt install docker.io debootstrap mariadb-server)"
        )
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)


def docker(*arguments: str, check: bool = True) -> str:
    """What the command-line client says."""
    finished = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    if check and finished.returncode:
        raise RuntimeError(f"docker {' '.join(arguments)}: {finished.stderr}")
    return finished.stdout.strip()


def start_engine(log: Path) -> subprocess.Popen[bytes] | None:
    """Starts Docker's engine, if none runs yet, and returns it."""
    if docker("info", "--format", "{{.ServerVersion}}", check=False):
        return None
    with log.open("wb") as file:
        engine = subprocess.Popen(ENGINE, stdout=file, stderr=file)
    for _ in range(100):
        if docker("info", "--format", "{{.ServerVersion}}", check=False):
            return engine
        time.sleep(0.3)
    raise RuntimeError(f"Docker's engine did not start: {log.read_text()[-2000:]}")


def make_base() -> None:
    """Debian 13 as an image, made by Debian's own tool: no registry is needed."""
    if docker("images", "--quiet", BASE):
        return
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [
                "debootstrap",
                "--variant=minbase",
                "--include=ca-certificates,python3",
                "trixie",
                folder,
            ],
            check=True,
            capture_output=True,
        )
        # Whom this machine trusts, the image's builder must trust too.
        if CERTIFICATES.exists():
            shutil.copy(CERTIFICATES, f"{folder}{CERTIFICATES}")
        with subprocess.Popen(["tar", "-C", folder, "-c", "."], stdout=subprocess.PIPE) as packed:
            subprocess.run(
                ["docker", "import", "-", BASE],
                stdin=packed.stdout,
                check=True,
                capture_output=True,
            )


def build_image() -> None:
    """Builds the image by the command that users have."""
    finished = subprocess.run(
        # Not the arguments that the tests themselves may have been given.
        ["make", "image", f"IMAGE={IMAGE}", f"BASE_IMAGE={BASE}", "ARGS="],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        raise RuntimeError(f"make image: {(finished.stdout + finished.stderr)[-4000:]}")
