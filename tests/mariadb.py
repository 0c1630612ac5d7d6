"""A MariaDB of the tests' own: a private server in a folder, reached by a socket, gone with the test."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.counterparts import lacking

_DEADLINE_S = 60.0
_SERVER = "mariadbd"
_INSTALLER = "mariadb-install-db"
_CLIENT = "mariadb"


def _program(name: str) -> str:
    # Debian keeps servers in /usr/sbin, which is on root's PATH only.
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    return found or lacking(f"needs {name}: apt install mariadb-server")


@dataclass(frozen=True, slots=True)
class MariaDb:
    """A running server.

    Attributes:
        socket: The path of its socket; it listens nowhere else.
        user: Who may do anything, without password.
    """

    socket: Path
    user: str = "root"

    def run(self, sql: str, database: str = "") -> str:
        """Run statements.

        Returns:
            The rows, a line each, with tabs between columns.

        Raises:
            AssertionError: MariaDB refuses one.
        """
        words = [_program(_CLIENT), "--no-defaults", f"--socket={self.socket}", f"--user={self.user}"]
        words += [
            "--batch",
            "--skip-column-names",
            "--default-character-set=utf8mb4",
            *filter(None, [database]),
        ]
        done = subprocess.run(words, input=sql, capture_output=True, check=False, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def mariadb() -> Iterator[MariaDb]:
    """Start a server with empty databases; stop it and remove its folder at the end.

    The test is skipped, or fails in CI, where MariaDB is not installed.
    """
    server, installer = _program(_SERVER), _program(_INSTALLER)
    # A short path: that of a socket may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="mdb") as folder:
        home = Path(folder)
        owner = _owner(home)
        common = ["--no-defaults", f"--datadir={home / 'data'}", *([f"--user={owner}"] if owner else [])]
        made = subprocess.run(
            [installer, *common, "--auth-root-authentication-method=normal", "--skip-test-db"],
            capture_output=True,
            check=False,
            text=True,
        )
        assert made.returncode == 0, made.stdout + made.stderr
        running = MariaDb(home / "socket")
        words = [
            *(server, *common, f"--socket={running.socket}", f"--pid-file={home / 'pid'}", f"--tmpdir={home}"),
            *("--skip-networking", "--character-set-server=utf8mb4", "--collation-server=utf8mb4_general_ci"),
            *("--innodb-buffer-pool-size=16M", "--innodb-log-file-size=8M", "--skip-log-bin"),
        ]
        with (home / "log").open("wb") as log, subprocess.Popen(words, stdout=log, stderr=log) as process:
            try:
                _wait(running, process, home / "log")
                yield running
            finally:
                process.terminate()
                process.wait(_DEADLINE_S)


def _owner(home: Path) -> str:
    """Whom the server must run as: it refuses root."""
    if os.getuid() != 0:
        return ""
    owner = pwd.getpwnam("mysql")
    os.chown(home, owner.pw_uid, owner.pw_gid)
    return owner.pw_name


def _wait(running: MariaDb, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _DEADLINE_S
    while not _connects(running.socket):
        assert process.poll() is None, log.read_text(encoding="utf-8", errors="replace")
        assert time.monotonic() < until, "MariaDB does not answer"
        time.sleep(0.05)


def _connects(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as one:
        return one.connect_ex(str(path)) == 0
