"""`python -m tests.mutation`: what mutmut found, by module of the books, as the table of docs/mutation.md.

Ends with 1 where less than 90 % of the mutants that were tried were noticed.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

FOUND = Path("mutants/ledger/book")
AT_LEAST = 0.90

NOTICED, SURVIVED, TIMEOUT, UNTESTED = "killed", "survived", "timeout", "no test"
MEANINGS = {0: SURVIVED, 1: NOTICED, 3: NOTICED, 5: UNTESTED, 33: UNTESTED, 24: TIMEOUT, -24: TIMEOUT, 36: TIMEOUT}
"""mutmut keeps pytest's exit code of each mutant, or its own."""

COLUMNS = (NOTICED, TIMEOUT, SURVIVED, UNTESTED)


def results() -> dict[str, Counter[str]]:
    """By module: how many mutants had which end; those that were not tried are left out."""
    found = {}
    for file in sorted(FOUND.glob("*.py.meta")):
        codes = json.loads(file.read_text())["exit_code_by_key"].values()
        ends = Counter(MEANINGS.get(code, "other") for code in codes if code is not None)
        if ends:
            found[file.name.removesuffix(".py.meta")] = ends
    return found


def score(ends: Counter[str]) -> float:
    return (ends[NOTICED] + ends[TIMEOUT]) / ends.total()


def main() -> int:
    found = results()
    together = sum(found.values(), Counter[str]())
    if not together:
        sys.exit("no mutant was tried: run `make mutation`")
    lines = [f"| module | {' | '.join(COLUMNS)} | score |", "|---" * (len(COLUMNS) + 2) + "|"]
    for name, ends in [*found.items(), ("**together**", together)]:
        figures = " | ".join(str(ends[column]) for column in COLUMNS)
        lines.append(f"| {name} | {figures} | {score(ends):.1%} |")
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if score(together) >= AT_LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
