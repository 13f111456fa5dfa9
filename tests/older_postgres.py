"""Runs tests on the PostgreSQL that the system has, beside the one of the default tests.

    python tests/older_postgres.py tests/contract/test_stores.py ...

The server is started for the tests alone, on a socket in a temporary folder, and removed with it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
OWNER = "postgres"


def as_owner(command: list[str]) -> list[str]:
    """Give a command as PostgreSQL takes it: it refuses to run as root."""
    return command if os.geteuid() else ["runuser", "-u", OWNER, "--", *command]


def main() -> int:
    """Start the server, run the tests, stop it."""
    if not PROGRAMS:
        print("skipped: the system has no PostgreSQL of its own (Debian's package postgresql-15)")
        return 0
    programs = PROGRAMS[0]
    # Short, as the path of a socket may have 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="nba-pg-", dir="/tmp"))
    data, log = folder / "data", folder / "log"
    if not os.geteuid():
        shutil.chown(folder, OWNER)
    try:
        initdb = [str(programs / "initdb"), "-D", str(data), "-U", OWNER, "-A", "trust"]
        subprocess.run(as_owner(initdb), check=True, stdout=subprocess.DEVNULL, cwd=folder)
        control = [str(programs / "pg_ctl"), "-D", str(data), "-l", str(log), "-w"]
        options = f"-c listen_addresses='' -k {folder}"
        started = as_owner([*control, "-o", options, "start"])
        subprocess.run(started, check=True, stdout=subprocess.DEVNULL, cwd=folder)
        try:
            version = subprocess.check_output([str(programs / "postgres"), "--version"], text=True)
            print(version.strip())
            url = f"postgresql://{OWNER}@/postgres?host={folder}"
            return subprocess.run(
                [sys.executable, "-m", "pytest", *sys.argv[1:]],
                check=False,
                env={**os.environ, "NBA_POSTGRES_URL": url},
            ).returncode
        finally:
            stopped = as_owner([*control, "-m", "immediate", "stop"])
            subprocess.run(stopped, check=False, stdout=subprocess.DEVNULL, cwd=folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
