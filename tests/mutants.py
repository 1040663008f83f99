"""What mutmut has written into mutants/: which lines each mutant changes, and how each ended (tests/mutation.py)."""

from __future__ import annotations

import ast
import difflib
import json
import textwrap
from collections import Counter
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
MUTANTS = ROOT / "mutants"
FOUND = MUTANTS / "ledger/book"

NOTICED, SURVIVED, TIMEOUT, UNTESTED, OTHER = "killed", "survived", "timeout", "no test", "other"
UNTRIED, SERVER = "not tried", "server only"
MEANINGS = {None: UNTRIED, 0: SURVIVED, 1: NOTICED, 3: NOTICED, 33: UNTESTED, 36: TIMEOUT}
"""How a mutant ended, by what is kept: mutmut's numbers."""

ON_SERVER = ("plain_posting", "roles", "transfers.x__post_plainly")
"""Modules and functions that only PostgreSQL runs, as a whole."""

COLUMNS = (NOTICED, TIMEOUT, SURVIVED, UNTESTED, OTHER, SERVER, UNTRIED)


@cache
def changes_of(module: str) -> dict[str, tuple[set[int], range]]:
    """By mutant: the lines of the sound function that it changes, by their numbers in the file, and all of them."""
    file = FOUND / f"{module}.py"
    lines = file.read_text().splitlines()
    spans = json.loads(file.with_suffix(".py.spans").read_text())["spans"]
    found = {}
    for name, (start, end) in spans.items():
        original = f"{name.partition('__mutmut_')[0]}__mutmut_orig"
        first, last = spans[original]
        was = lines[first - 1 : last]
        now = [line.replace(name, original) for line in lines[start - 1 : end]]
        steps = difflib.SequenceMatcher(None, was, now, autojunk=False).get_opcodes()
        changed = {
            first + number
            for step, begins, ends, *_ in steps
            if step != "equal"
            for number in range(begins, max(ends, begins + 1))
        }
        found[name] = changed, range(first, last + 1)
    return found


def server_only(module: str) -> set[str]:
    """The mutants of what runs only on PostgreSQL: on SQLite nobody can notice them."""
    code = (FOUND / f"{module}.py").read_text().splitlines()
    found = set()
    for name, (changed, span) in changes_of(module).items():
        there = {span.start - 1 + number for number in _server_lines(tuple(code[span.start - 1 : span.stop - 1]))}
        is_whole = module in ON_SERVER or f"{module}.{name.partition('__mutmut_')[0]}" in ON_SERVER
        if is_whole or (changed and changed <= there):
            found.add(f"ledger.book.{module}.{name}")
    return found


@cache
def _server_lines(function: tuple[str, ...]) -> set[int]:
    """The numbers of the function's lines that only PostgreSQL reaches."""
    tree = ast.parse(textwrap.dedent("\n".join(function)))
    found: set[int] = set()
    for node in ast.walk(tree):
        for block in (getattr(node, part, None) for part in ("body", "orelse")):
            for place, step in enumerate(block if isinstance(block, list) else ()):
                if isinstance(step, ast.If):
                    found |= _numbers(_server_part(step, block[place + 1 :]))
    return found


def _server_part(step: ast.If, after: list[ast.stmt]) -> list[ast.stmt]:
    test = ast.unparse(step.test)
    if test.startswith("not is_postgresql") or test.endswith(".name == 'sqlite'"):
        return step.orelse or (after if isinstance(step.body[-1], ast.Return) else [])
    return step.body if "is_postgresql()" in test or "== 'postgresql'" in test else []


def _numbers(steps: list[ast.stmt]) -> set[int]:
    return {number for step in steps for number in range(step.lineno, (step.end_lineno or step.lineno) + 1)}


def results() -> dict[str, Counter[str]]:
    """By module: how many mutants had which end, and how many were not tried; without those of which none was."""
    found = {}
    for file in sorted(FOUND.glob("*.py.meta")):
        module = file.name.removesuffix(".py.meta")
        server = server_only(module)
        codes = json.loads(file.read_text())["exit_code_by_key"]
        ends = Counter(SERVER if name in server else MEANINGS.get(code, OTHER) for name, code in codes.items())
        if score(ends) is not None:
            found[module] = ends
    return found


def score(ends: Counter[str]) -> float | None:
    """Which part of what was tried was noticed, None where nothing was tried."""
    tried = ends.total() - ends[SERVER] - ends[UNTRIED]
    return (ends[NOTICED] + ends[TIMEOUT]) / tried if tried else None


def table(found: dict[str, Counter[str]], together: Counter[str]) -> str:
    lines = [f"| module | {' | '.join(COLUMNS)} | score |", "|---" * (len(COLUMNS) + 2) + "|"]
    for name, ends in [*found.items(), ("**together**", together)]:
        figures = " | ".join(str(ends[column]) for column in COLUMNS)
        lines.append(f"| {name} | {figures} | {score(ends) or 0:.1%} |")
    return "\n".join(lines) + "\n"
