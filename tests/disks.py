"""A small file system, to see what happens when it is full; only root may make one."""

from __future__ import annotations

import errno
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import postgres


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """Its folder, where PostgreSQL may write; nothing of it is left. Skips the test where we may not make one."""
    made = Path(tempfile.mkdtemp(prefix="redflower-small-"))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", made]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        made.rmdir()
        pytest.skip("this machine does not let us make a file system")
    if account := postgres.own_account():
        os.chown(made, account["user"], account["group"])
    yield made
    subprocess.run(["umount", "--lazy", made], check=True)
    made.rmdir()


def fill(disk: Path, *, leaving: int = 0) -> Path:
    """A file that takes all room but so many bytes, whoever else writes meanwhile."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize > leaving:
                file.write(b"0" * 4096)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
    return filler
