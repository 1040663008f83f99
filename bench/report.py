"""What the bench prints: a table for people and one JSON document for programs, ratios only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from bench.rounds import Found, Row

NOT_YET = "not measured yet"

ROWS = (
    Row("R1", "HTTP confirm of a redemption, c=8", "SQL: one function, same rows (pgbench, c=8)", 0.30),
    Row("R2", "HTTP check-in, c=8", "SQL: one function, same rows (pgbench, c=8)", 0.35),
    Row("R3", "HTTP batch stamp of 100, c=4", "SQL batch of 100", 0.80),
    Row("R4", "HTTP confirm, all at one shop", "the same, spread over all shops", 0.95),
    Row("R7", "check-in page, signed in, c=8", "a bare Flask answer, served the same way", 0.25),
    Row("R8", "SQLite: confirm by the verb, 8 threads", "one thread, raw SQL, same rows, FULL", 0.50),
    Row("R9", "HTTP confirm, c=8", "django-hordak in process, with lock and balance check", 3.0),
)
"""The rows of `make bench`, in the order of the report; a row that nobody measured is printed as such."""

LONG_ROWS = (
    *ROWS,
    Row("R5", "visits written a second, 8 threads, at 5 M transfers", "at 10,000", 0.90),
    Row("R6", "past balance and statement page at 1 M", "at 10,000", 0.83),
    Row("R10", "HTTP confirm, c=8", "pgledger by pgbench", 0.40),
    Row("R11", "books check, full", "sequential read of the same rows by COPY", 0.10),
    Row("R13", "one write (p50) at 1 M transfers", "at 10,000", 0.87),
    Row("R14", "books check, full, one core", "50,000 transfers a second", 1.0),
    Row("R15", "books check --new, 20 awards at 1 M transfers", "at 10,000", 0.85),
    Row("R16", "import of 5,000 rows: read, checked, taken", "250 rows a second", 1.0),
    Row("R17", "close of a week of 10,000 lines", "2,000 lines a second", 1.0),
    Row("R18", "summary of a month of 100,000 visits", "20,000 visits a second", 1.0),
    Row("R19", "check-in page (p95) with 100,000 visits behind it", "the same with one visit behind it", 0.87),
    Row("R20", "file of my data, 10,000 rows", "one file in 60 seconds", 1.0),
    Row("R21", "HTTP check-in behind walls, c=8", "the same without walls", 0.95),
    Row("R12", "memory after ten minutes of a mixed day", "after its first minute", 1.03),
)
"""The rows of `make bench-long`."""


def complete(found: Sequence[Found], rows: Sequence[Row]) -> list[Found]:
    """What was found, and a line for every row that was not measured, in the order of the rows."""
    missing = [Found(row, instead=NOT_YET) for row in rows if row.number not in {one.row.number for one in found}]
    return sorted([*found, *missing], key=lambda one: int(one.row.number.removeprefix("R")))


def as_table(found: Sequence[Found]) -> str:
    """One line a row: the median ratio, its range over the rounds, the target."""
    lines: list[tuple[str, ...]] = [("", "path", "against", "ratio", "range", "target", "")]
    lines += [_line(one) for one in found]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def _line(found: Found) -> tuple[str, ...]:
    row, ratios = found.row, found.ratios
    told = (f"{found.median:.2f}", f"{min(ratios):.2f} – {max(ratios):.2f}") if ratios else ("–", "–")
    return (row.number, row.path, row.limit, *told, f"{row.target:.2f}", _remark(found))


def _remark(found: Found) -> str:
    remarks = [found.instead] if found.instead else []
    if found.voided:
        remarks.append(f"{len(found.voided)} void: {found.voided[0][:120]}")
    if found.row.number == "R8" and found.longest:
        remarks.append(f"longest wait {max(found.longest) * 1000:.0f} ms (target 500)")
    return "; ".join(remarks)


def as_document(found: Sequence[Found], *, rounds: int) -> str:
    """The same as JSON."""
    return json.dumps({"rounds": rounds, "rows": [_entry(one) for one in found]}, ensure_ascii=False)


def _entry(found: Found) -> dict[str, Any]:
    row = found.row
    entry: dict[str, Any] = {"row": row.number, "path": row.path, "against": row.limit, "target": row.target}
    entry |= {"ratios": [round(ratio, 3) for ratio in found.ratios], "void": found.voided}
    if found.median is not None:
        entry["median"] = round(found.median, 3)
    if found.instead:
        entry["instead"] = found.instead
    if row.number == "R8" and found.longest:
        entry["longest_wait_ms"] = round(max(found.longest) * 1000)
    return entry
