"""A server of MariaDB, which ML Metadata takes for MySQL."""

import dataclasses
import secrets
import socket
import subprocess
import time
from pathlib import Path

DATABASE = "metadb"


@dataclasses.dataclass
class Database:
    """A server that can be stopped and started again.

    Attributes:
        folder: Of its files.
        port: On this machine.
        user: Who may do everything in its database.
        password: The user's.
    """

    folder: Path
    port: int
    user: str
    password: str
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts the server and waits until it answers."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    "mariadbd",
                    "--no-defaults",
                    "--user=mysql",
                    f"--datadir={self.folder / 'data'}",
                    f"--socket={self.folder / 'socket'}",
                    f"--port={self.port}",
                    "--bind-address=127.0.0.1",
                ],
                stdout=log,
                stderr=log,
            )
        for _ in range(200):
            if self.query("select 1", check=False):
                return
            time.sleep(0.1)
        raise RuntimeError((self.folder / "log").read_text()[-2000:])

    def stop(self) -> None:
        """Ends the server as a crash would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def query(self, statement: str, check: bool = True) -> str:
        """What the server answers to its administrator."""
        finished = subprocess.run(
            ["mariadb", "--no-defaults", f"--socket={self.folder / 'socket'}", "--user=root",
             "--batch", "--skip-column-names", "--execute", statement],
            capture_output=True,
            text=True,
            check=check,
        )  # fmt: skip
        return finished.stdout.strip()


def make_database(folder: Path) -> Database:
    """Makes and starts a server with a database for ML Metadata.

    Args:
        folder: A new one, which other users can get into: the server runs as one of its own.
    """
    data = folder / "data"
    subprocess.run(
        ["mariadb-install-db", "--no-defaults", "--user=mysql", f"--datadir={data}",
         "--auth-root-authentication-method=socket",
         # With it come users without names, who would be asked before ours.
         "--skip-test-db"],
        check=True,
        capture_output=True,
    )  # fmt: skip
    subprocess.run(["chown", "mysql", str(folder)], check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    database = Database(folder, port, "metadata", secrets.token_hex(16))
    database.start()
    database.query(
        f"create database {DATABASE}; "
        f"create user '{database.user}'@'%' identified by '{database.password}'; "
        f"grant all on {DATABASE}.* to '{database.user}'@'%';"
    )
    return database
