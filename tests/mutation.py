"""`python -m tests.mutation [MODULE…]`: does a test notice every small change of the books' code?

mutmut writes the changed functions (into mutants/); they are tried here, because mutmut's own run starts pytest and
the house anew for each, goes on with what an older code said about which test touches which function, and forks with
warm caches, so that a change in what an `lru_cache` has built is never run. Here one process collects the tests and
starts the house once; each mutant is a fork of it with empty caches, in which those tests are run that run the changed
line, nearest first, until one fails.

What was found is kept (as mutmut keeps it: `mutmut show NAME`), so a run that was broken off goes on where it was.
Ends with 1 where less than 90 % of the mutants that were tried were noticed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import re
import resource
import shutil
import signal
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any
from zlib import crc32

import pytest

from tests.mutants import (
    FOUND,
    MEANINGS,
    MUTANTS,
    NOTICED,
    OTHER,
    ROOT,
    TIMEOUT,
    changes_of,
    results,
    score,
    server_only,
    table,
)

HITS = MUTANTS / "hits.json"
AT_LEAST = 0.90

TESTS = (
    "tests/ledger/book",
    "tests/ledger/people/test_merges.py",
    "tests/ledger/people/test_leaving.py",
    "tests/test_verify_receipt.py",
    *(
        f"tests/{layer}/test_{of}.py"
        for layer in ("api", "web")
        for of in ("checks", "reversals", "seals", "statements")
    ),
    "tests/web/test_accounts.py",
    "tests/web/test_books.py",
)
ARGUMENTS = (
    *("-q", "-s", "-n", "0", "-p", "no:cacheprovider", "--rootdir=.", "--tb=native", "-o", "timeout=0"),
    *("-k", "not postgresql and not both_engines", "-m", "not long and not night"),
)


class Trials:
    """In pytest's place after it has collected: which test runs which line, then a fork for every mutant."""

    def __init__(
        self,
        modules: Sequence[str],
        chosen: Callable[[int | None], bool],
        *,
        workers: int,
        seconds: float,
        spread: bool,
    ) -> None:
        self.modules, self.chosen = modules, chosen
        self.workers, self.seconds, self.spread = workers, seconds, spread
        self.failed = ""
        self.cost: dict[str, float] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failed = self.failed or (report.longreprtext if report.failed else "")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.items = {item.nodeid: item for item in session.items}
        self._learn()
        self._try(list(self._functions()))
        return True

    def _learn(self) -> None:
        """HITS says what every test costs and which lines it runs, by file: all anew where the house has changed."""
        learnt = HITS.stat().st_mtime if HITS.exists() else 0.0
        hits: dict[str, tuple[float, dict[str, list[int]]]] = {}
        if learnt > max(path.stat().st_mtime for path in (ROOT / "ledger").rglob("*.py")):
            hits = json.loads(HITS.read_text())
        new = [[node] for node, item in self.items.items() if node not in hits or item.path.stat().st_mtime > learnt]
        for node, cost, lines, failed in self._shared(new, self._watch):
            hits[node] = cost, {} if failed else lines
            if failed:
                sys.stdout.write(f"asked nothing, for without any change it fails: {node}\n{failed}\n")
        HITS.write_text(json.dumps(hits))
        self.cost = {node: cost for node, (cost, _) in hits.items()}
        self.tests: dict[tuple[str, int], list[str]] = defaultdict(list)
        for node in self.items:
            for module, lines in hits[node][1].items():
                for line in lines:
                    self.tests[module, line].append(node)
        worth: Counter[str] = Counter()
        for nodes in self.tests.values():
            worth.update(dict.fromkeys(nodes, 1 / len(nodes)))
        self.price = {node: self.cost[node] / (worth[node] or 1) for node in self.items}
        files = {node.partition("::")[0]: item.path for node, item in self.items.items()}
        self.names = {file: _names_modules(path.read_text()) for file, path in files.items()}

    def _watch(self, node: str) -> tuple[str, float, dict[str, list[int]], str]:
        """What the test costs is measured without the watching, which costs more."""
        _empty_caches()
        begun = time.process_time()
        self.failed = ""
        self._run(node)
        cost = time.process_time() - begun
        _empty_caches()
        with _lines_run() as lines:
            self._run(node)
        return node, cost, {module: sorted(found) for module, found in lines.items()}, self.failed

    def _functions(self) -> Iterator[list[str]]:
        """The chosen mutants. Those of a function come together: what noticed one is asked first about the next.

        What survived the last time comes first. Spread: a 32nd of all modules, the same ones each time, then as many
        again, and so on.
        """
        by_function: dict[tuple[int, str], list[str]] = defaultdict(list)
        for module in self.modules:
            file = FOUND / f"{module}.py.meta"
            server = server_only(module)
            for name, code in json.loads(file.read_text())["exit_code_by_key"].items():
                if self.chosen(code) and name not in server:
                    turn = next(turn for turn in range(6) if crc32(name.encode()) % (32 >> turn) == 0)
                    turn = -1 if code is not None else turn if self.spread else 0
                    by_function[turn, name.partition("__mutmut_")[0]].append(name)
        for _, names in sorted(by_function.items(), key=lambda item: item[0][0]):
            yield names

    def _try(self, functions: list[list[str]]) -> None:
        """All of them are tried and what was found is kept, every few seconds."""
        files: dict[Path, dict[str, Any]] = {}
        begun = kept = time.monotonic()
        total = sum(map(len, functions))
        for count, (name, code, seconds) in enumerate(self._shared(functions, self._fork), start=1):
            path = FOUND / f"{name.split('.')[2]}.py.meta"
            file = files.setdefault(path, json.loads(path.read_text()) if path not in files else {})
            file["exit_code_by_key"][name], file["durations_by_key"][name] = code, seconds
            if time.monotonic() - kept > 5 or count == total:
                kept = time.monotonic()
                for path, file in files.items():
                    path.write_text(json.dumps(file, indent=4))
                sys.stdout.write(f"{count} of {total} in {kept - begun:.0f} s, now {name}\n")
                sys.stdout.flush()

    def _shared(self, tasks: Sequence[Sequence[str]], work: Callable[[str], Any]) -> Iterator[Any]:
        """What `work` finds for every task, done by so many workers, each a process with a house of its own."""
        fork = multiprocessing.get_context("fork")
        taken, answers = fork.Value("i", 0), fork.SimpleQueue()

        def serve() -> None:
            _look_nowhere()
            try:
                self._warm(fully=work == self._fork)
                while (number := _next(taken)) < len(tasks):
                    for task in tasks[number]:
                        answers.put(work(task))
                next(iter(self.items.values())).session._setupstate.teardown_exact(None)  # Its database is gone.
            except BaseException as broken:
                answers.put(RuntimeError(f"a worker broke off: {broken!r}"))
            os._exit(0)

        workers = [fork.Process(target=serve) for _ in range(self.workers)]
        for worker in workers:
            worker.start()
        for _ in range(sum(map(len, tasks))):
            answer = answers.get()
            if isinstance(answer, RuntimeError):
                raise answer
            yield answer
        for worker in workers:
            worker.join()

    def _warm(self, *, fully: bool) -> None:
        """The house of this process runs and is warm; nothing is known yet of what notices best.

        Fully: its statements are compiled. Else a first test has paid for the house, so that no other seems dear.
        """
        from mutmut.mutation.trampoline import set_mutant_under_test

        set_mutant_under_test("")
        self.best: dict[str, list[str]] = defaultdict(list)
        for node in {item.path: node for node, item in self.items.items()}.values():
            if "app" in getattr(self.items[node], "fixturenames", ()) and self.cost.get(node, 0) < 1:
                self._run(node)
                if not fully:
                    return

    def _run(self, node: str) -> None:
        """The test ran; fixtures of the session stay, those of its module are torn down."""
        item = self.items[node]
        other = next(other for other in self.items.values() if other.path != item.path)
        item.session._setupstate.teardown_exact(item)  # What is left of the one before and is not this one's.
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=other)

    def _fork(self, name: str) -> tuple[str, int, float]:
        """How the mutant ended (`MEANINGS`), and after how many seconds of work."""
        function = name.partition("__mutmut_")[0]
        tests = self._in_order(name)
        if not tests:
            return name, 33, 0.0
        said, to_say = os.pipe()
        child = os.fork()
        if child == 0:
            self._be(name, tests, to_say)
        os.close(to_say)
        _, status, used = os.wait4(child, 0)
        killer = os.read(said, 4000).decode()
        os.close(said)
        for place in (function, function.rpartition(".")[0]) if killer else ():
            self.best[place] = [killer, *(test for test in self.best[place] if test != killer)]
        code = os.waitstatus_to_exitcode(status)
        stopped = code in (-signal.SIGALRM, -signal.SIGXCPU, -signal.SIGKILL)
        return name, 36 if stopped else code, used.ru_utime + used.ru_stime

    def _be(self, name: str, tests: list[str], to_say: int) -> None:
        """This process is the mutant until a test fails (it ends with 1) or all have passed (with 0)."""
        from mutmut.mutation.trampoline import set_mutant_under_test

        try:
            resource.setrlimit(resource.RLIMIT_CPU, (int(2 * self.seconds) + 10 + int(time.process_time()),) * 2)
            resource.setrlimit(resource.RLIMIT_AS, (6 << 30,) * 2)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(int(60 * self.seconds) + 60)  # Waiting for ever is stopped, waiting for a busy machine is not.
            set_mutant_under_test(name)
            _empty_caches()
            for test in tests:
                self.failed = ""
                self._run(test)
                if self.failed:
                    os.write(to_say, test.encode())
                    os._exit(1)
            os._exit(0)
        except BaseException:
            os._exit(3)

    def _in_order(self, name: str) -> list[str]:
        """The tests of the changed line that fit into the seconds: what noticed before, then files that import its
        module, one case of each test before the second, what runs much that is seldom run before what costs much.
        """
        function = name.partition("__mutmut_")[0]
        module = function.split(".")[2]
        seen: set[str] = set()
        order: dict[str, tuple[bool, bool, float]] = {}
        for node in sorted(self._that_run(name), key=self.price.__getitem__):
            test = node.partition("[")[0]
            order[node] = module not in self.names[node.partition("::")[0]], test in seen, self.price[node]
            seen.add(test)
        of_module = self.best[function.rpartition(".")[0]][:5]
        best = [node for node in dict.fromkeys([*self.best[function], *of_module]) if node in order]
        left, chosen = self.seconds, list[str]()
        for node in [*best, *(node for node in sorted(order, key=order.__getitem__) if node not in best)]:
            if self.cost[node] <= left or not chosen:
                left -= self.cost[node]
                chosen.append(node)
        return chosen

    def _that_run(self, name: str) -> Collection[str]:
        """The tests that run a changed line, or its neighbour where that has no code of its own."""
        _, _, module, mutant = name.split(".")
        changed, span = changes_of(module)[mutant]
        for lines in (changed, {line + step for line in changed for step in (-1, 1)}, span):
            if found := {node for line in lines for node in self.tests.get((module, line), ())}:
                return found
        return ()


@contextmanager
def _lines_run() -> Iterator[dict[str, set[int]]]:
    """The lines of the books that run in the block, by module, in whichever thread."""
    found: dict[str, set[int]] = defaultdict(set)
    modules: dict[str, str] = {}

    def look(frame: FrameType, _event: str, _argument: object) -> Any:
        file = frame.f_code.co_filename
        if file not in modules:
            path = Path(file)
            modules[file] = path.stem if path.parts[-4:-1] == ("mutants", "ledger", "book") else ""
        if not modules[file]:
            return None
        lines = found[modules[file]]

        def note(frame: FrameType, _event: str, _argument: object) -> Any:
            lines.add(frame.f_lineno)
            return note

        return note(frame, "", None)

    before = sys.gettrace()
    threading.settrace(look)
    sys.settrace(look)
    try:
        yield found
    finally:
        sys.settrace(before)
        threading.settrace(None)


def _names_modules(text: str) -> set[str]:
    """The modules of the books that a test file imports, or speaks of by their path."""
    imported = ",".join(re.findall(r"^from ledger\.book import (.+)$", text, re.MULTILINE))
    return {*re.findall(r"ledger[./]book[./](\w+)", text), *re.findall(r"\w+", imported)}


def _next(taken: Any) -> int:
    """The number of the task that nobody has taken yet; it is taken afterwards."""
    with taken:
        number: int = taken.value
        taken.value += 1
    return number


def _empty_caches() -> None:
    """Nothing that a cached function of the books built before is used again."""
    for name, module in list(sys.modules.items()):
        if name.startswith("ledger.book."):
            for thing in list(vars(module).values()):
                if hasattr(thing, "cache_clear"):
                    thing.cache_clear()


def _look_nowhere() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)


def write_mutants() -> None:
    """mutants/ holds the house with every changed function beside the sound one; what is as before keeps its result."""
    from mutmut.__main__ import create_mutants
    from mutmut.mutation.trampoline import set_mutant_under_test
    from mutmut.utils.file_utils import copy_also_copy_files, copy_src_dir, setup_source_paths

    set_mutant_under_test("mutant_generation")
    MUTANTS.mkdir(exist_ok=True)
    shutil.rmtree(MUTANTS / "tests", ignore_errors=True)
    copy_src_dir()
    copy_also_copy_files()
    setup_source_paths()
    create_mutants(multiprocessing.cpu_count())


def try_mutants(trials: Trials) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "tests"]:
        del sys.modules[name]  # They are imported from mutants/ again.
    os.environ["TEST_POSTGRES_URL"] = "none"
    os.chdir(MUTANTS)
    pytest.main([*ARGUMENTS, *TESTS], plugins=[trials])
    os.chdir(ROOT)


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    asked.add_argument("modules", nargs="*", help="of ledger/book, in this order; all of them without")
    asked.add_argument("--again", action="store_true", help="also those that no test noticed the last time")
    asked.add_argument("--spread", action="store_true", help="a sample of all modules first, which grows")
    asked.add_argument("--table", action="store_true", help="try none, only tell what was found")
    asked.add_argument("--workers", type=int, default=multiprocessing.cpu_count())
    asked.add_argument("--seconds", type=float, default=10, help="of tests that a mutant must outlive")
    given = asked.parse_args()

    def chosen(code: int | None) -> bool:
        return code is None or (given.again and MEANINGS.get(code, OTHER) not in (NOTICED, TIMEOUT))

    if not given.table:
        write_mutants()
        modules = given.modules or [file.name.removesuffix(".py.meta") for file in sorted(FOUND.glob("*.py.meta"))]
        try_mutants(Trials(modules, chosen, workers=given.workers, seconds=given.seconds, spread=given.spread))
    found = results()
    together = sum(found.values(), Counter[str]())
    reached = score(together)
    if reached is None:
        sys.exit("no mutant was tried")
    sys.stdout.write(table(found, together))
    return 0 if reached >= AT_LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
