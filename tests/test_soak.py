"""An hour of a mixed day without pause (bench/soak.py): nothing is lost, nothing doubled, no memory leaks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.night
@pytest.mark.timeout(2 * 3600)
def test_an_hour_of_a_mixed_day_loses_nothing_and_takes_no_more_memory() -> None:
    command = [sys.executable, "-m", "bench.soak", "--seconds", "3600"]
    ended = subprocess.run(command, cwd=Path(__file__).parent.parent, capture_output=True, text=True, check=False)
    sys.stdout.write(ended.stdout)
    assert ended.returncode == 0, ended.stdout + ended.stderr
