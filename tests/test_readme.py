"""What the READMEs tell a stranger to type works, in both languages, in a fresh clone."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError

import pytest

from tests.logs import PERSONAL

HOUSE = Path(__file__).resolve().parent.parent
READMES = ("README.md", "README.zh-CN.md")
SERVES_WITHIN_SECONDS = 180
ROLES = (
    *("volunteer", "coordinator", "stamper", "admin", "treasurer", "supervisor", "secretary"),
    *("merchant", "clerk", "street", "operator"),
)


def commands(readme: str) -> list[str]:
    """Every line of the README's ```sh blocks."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (HOUSE / readme).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line]


def ordinary_commands() -> list[str]:
    """What can be run beside the served house; `make run` serves it and `make test` is what runs this."""
    return [command for command in commands("README.md") if not command.startswith("make ")]


def surroundings(**settings: str) -> dict[str, str]:
    """The environment of a stranger: nothing of this house, of make or of pytest is set."""
    ours = re.compile(
        r"DATABASE_URL|SECRET_KEY|PUBLIC_URL|SMS_|REDFLOWER|PYTEST|PYTHON|VIRTUAL_ENV|MAKE|MFLAGS|FLASK|PORT$"
    )
    return {name: value for name, value in os.environ.items() if not ours.match(name)} | settings


def test_both_languages_name_the_same_commands():
    assert commands("README.md") == commands("README.zh-CN.md")


def test_the_readme_begins_with_the_two_commands():
    assert commands("README.md")[:2] == ["make run", "make test"]


@pytest.mark.parametrize("readme", READMES)
def test_every_make_target_of_the_readme_exists(readme):
    targets = re.findall(r"`(?:[A-Z]+=\S+ )?make ([a-z-]+)`", (HOUSE / readme).read_text(encoding="utf-8"))
    targets += [command.removeprefix("make ") for command in commands(readme) if command.startswith("make ")]
    assert {"run", "test", "check", "help"} <= set(targets)
    for target in targets:
        subprocess.run(["make", "-n", target], cwd=HOUSE, env=surroundings(), capture_output=True, check=True)


@pytest.mark.parametrize("readme", READMES)
def test_every_file_that_the_readme_links_to_exists(readme):
    links = re.findall(r"\]\(([^)#:]+)\)", (HOUSE / readme).read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (HOUSE / link).exists()] == []


def test_every_place_and_test_that_the_security_page_names_exists():
    named = re.findall(
        r"`((?:api|ledger|tests|web)/[a-z_/]*(?:\.py)?)`", (HOUSE / "docs/security.md").read_text("utf-8")
    )
    assert len(named) > 40
    assert [path for path in named if not (HOUSE / path).exists()] == []


def test_every_setting_of_the_readme_is_in_the_example_or_belongs_to_the_tests():
    explained = re.findall(r"^([A-Z_]+)=", (HOUSE / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    for readme in READMES:
        listed = re.findall(r"^\| `([A-Z_]+)` \|", (HOUSE / readme).read_text(encoding="utf-8"), re.MULTILINE)
        assert sorted(listed) == sorted([*explained, "TEST_POSTGRES_URL"])


class Served:
    """`make run` in a fresh clone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.address = f"http://127.0.0.1:{_free_port()}"
        self._log = folder.with_name("make-run.log")
        with self._log.open("wb") as log:
            self._make = subprocess.Popen(
                ["make", "run"],
                cwd=folder,
                env=surroundings(PORT=self.address.rpartition(":")[2]),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def printed(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def wait(self, seconds: float) -> None:
        """It answers; fails with what it printed if it ends or if the time is over."""
        end = time.monotonic() + seconds
        while self._make.poll() is None and time.monotonic() < end:
            try:
                self.get("/healthz")
                return
            except URLError:
                time.sleep(0.2)
        pytest.fail(f"`make run` does not serve after {seconds} s:\n{self.printed}")

    def get(self, path: str) -> int:
        with urllib.request.urlopen(self.address + path, timeout=10) as answer:
            return int(answer.status)

    def stop(self) -> None:
        """As ctrl-C does; the whole group, so that no worker stays behind."""
        if self._make.poll() is None:
            os.killpg(self._make.pid, signal.SIGINT)
        try:
            self._make.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(self._make.pid, signal.SIGKILL)
            self._make.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    clone = tmp_path_factory.mktemp("clone") / "redflower"
    subprocess.run(["git", "clone", "--quiet", str(HOUSE), str(clone)], check=True)
    running = Served(clone)
    try:
        running.wait(SERVES_WITHIN_SECONDS)
        yield running
    finally:
        running.stop()
    logged = [line for line in running.printed.splitlines() if line.startswith("{")]
    assert [line for line in logged if PERSONAL.search(line)] == []


@pytest.mark.long
@pytest.mark.xdist_group("fresh clone")
def test_a_fresh_clone_serves_its_first_page(served):
    assert served.get("/") == 200


@pytest.mark.long
@pytest.mark.xdist_group("fresh clone")
def test_make_run_says_how_to_sign_in(served):
    assert served.address in served.printed
    assert "demo code" in served.printed
    assert [role for role in ROLES if role not in served.printed] == []


@pytest.mark.long
@pytest.mark.xdist_group("fresh clone")
@pytest.mark.parametrize("command", ordinary_commands())
def test_every_command_of_the_readme_runs(served, command):
    ended = subprocess.run(
        command,
        shell=True,
        cwd=served.folder,
        env=surroundings(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.long
@pytest.mark.xdist_group("fresh clone")
def test_running_leaves_no_file_that_git_would_see(served):
    seen = subprocess.run(
        ["git", "status", "--porcelain"], cwd=served.folder, capture_output=True, text=True, check=True
    )
    assert seen.stdout == ""
