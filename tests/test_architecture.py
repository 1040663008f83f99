"""The house keeps its form: who imports whom, what stands in one place only, how long things may get."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter import cli

HOUSE = Path(__file__).resolve().parent.parent
ROOMS = ("ledger", "api", "web")
"""What runs in production besides wsgi.py and the migrations."""

LONGEST_FUNCTION = 70
LONGEST_MODULE = 450

SINGLE_PLACES = {
    "commit": "ledger/core/db.py",
    "rollback": "ledger/core/db.py",
    "abort": "api/errors.py",
    "community_id ==": "ledger/core/tenancy.py",
}
"""What stands in one module only: the transaction, the refusal over HTTP, the tenant's filter."""


def modules(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in sorted((HOUSE / folder).rglob("*.py"))]
    return [*found, HOUSE / "wsgi.py"]


def name_of(path: Path) -> str:
    return path.relative_to(HOUSE).as_posix()


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def uses_of_single_places(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Each use of something that has one place only, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = last_name(node.func)
            if called in SINGLE_PLACES:
                yield called, node.lineno
        elif isinstance(node, ast.Compare) and compares_communities(node):
            yield "community_id ==", node.lineno


def compares_communities(node: ast.Compare) -> bool:
    """Does a `community_id` stand left of `==`?"""
    return isinstance(node.ops[0], ast.Eq) and last_name(node.left) == "community_id"


def last_name(expression: ast.expr) -> str:
    """`c` of `a.b.c`, and of `c`."""
    return str(getattr(expression, "attr", None) or getattr(expression, "id", ""))


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=HOUSE, capture_output=True, text=True, check=True)
    return [HOUSE / name for name in listed.stdout.split("\0") if name and (HOUSE / name).is_file()]


def test_imports_follow_the_directions_of_the_house():
    assert cli.lint_imports(config_filename=str(HOUSE / "pyproject.toml"), no_cache=True) == 0


def test_nobody_imports_the_entrance():
    importers = [
        name_of(path)
        for path in modules(*ROOMS)
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Import | ast.ImportFrom)
        and "wsgi" in [getattr(node, "module", None), *(alias.name for alias in node.names)]
    ]
    assert importers == []


@pytest.mark.parametrize("thing", SINGLE_PLACES)
def test_single_places_are_single(thing):
    elsewhere = [
        f"{name_of(path)}:{line}"
        for path in modules(*ROOMS)
        if name_of(path) != SINGLE_PLACES[thing]
        for used, line in uses_of_single_places(parse(path))
        if used == thing
    ]
    assert elsewhere == [], f"{thing} belongs into {SINGLE_PLACES[thing]}"


def test_a_use_outside_its_single_place_would_be_found():
    code = "db.session.commit()\nabort(404)\nselect(Member).where(Member.community_id == here)"
    assert [used for used, _ in uses_of_single_places(ast.parse(code))] == ["commit", "abort", "community_id =="]


def test_no_function_is_longer_than_a_screen():
    long = [
        f"{name_of(path)}:{node.lineno} {node.name}"
        for path in modules(*ROOMS, "tests", "bench")
        for node in ast.walk(parse(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert long == []


def test_no_module_is_a_house_of_its_own():
    long = [
        name_of(path)
        for path in modules(*ROOMS, "tests", "bench")
        if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST_MODULE
    ]
    assert long == []


def test_no_module_has_a_name_that_says_nothing():
    empty = re.compile(r"(^|_)(utils?|helpers?|managers?|misc|common)(_|$)")
    assert [name_of(path) for path in modules(*ROOMS, "tests", "bench") if empty.search(path.stem)] == []


def test_migrations_never_import_models():
    importers = [
        name_of(path)
        for path in (HOUSE / "migrations" / "versions").glob("*.py")
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Import | ast.ImportFrom)
        and any(
            name.split(".")[0] in ROOMS
            for name in [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
        )
    ]
    assert importers == []


def test_every_requirement_has_an_exact_version():
    lines = "".join((HOUSE / name).read_text() for name in ("requirements.txt", "requirements-dev.txt")).splitlines()
    named = [line.split("#")[0].strip() for line in lines if line and not line.startswith(("#", "-r"))]
    assert [line for line in named if not re.fullmatch(r"[a-z0-9-]+(\[[a-z,]+\])?==[0-9][0-9a-z.]*", line)] == []


def test_the_repository_names_no_registry_and_no_machine():
    # Assembled here, so that this file does not contain what it looks for.
    traces = re.compile(
        "|".join(["pypi" + r"\.org", "pythonhosted" + r"\.org", "npm" + "js", "/ro" + "ot/", "/home" + "/"])
    )
    marked = []
    for path in tracked_files():
        try:
            if traces.search(path.read_text(encoding="utf-8")):
                marked.append(name_of(path))
        except UnicodeDecodeError:
            continue  # A picture names no host.
    assert marked == []
