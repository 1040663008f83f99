"""Lists as files for a spreadsheet: the rows of the page as CSV and XLSX. Each file leaves a line in the audit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, update_wrapper
from typing import Any, NamedTuple

from flask import Blueprint, Response, g

from api.auth import current_actor
from ledger.core import clock
from ledger.core.db import snapshot
from ledger.core.spreadsheets import CSV_TYPE, XLSX_TYPE, Cell, as_csv, as_xlsx
from ledger.people.list_exports import record_export


class Sheet(NamedTuple):
    """A list as a table: its headings in the reader's language, and its rows."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]


MakeSheet = Callable[[], Sheet]

FORMATS = {
    "csv": (CSV_TYPE, as_csv),
    "xlsx": (XLSX_TYPE, as_xlsx),
}
"""The ending of a file, its media type, and what writes it."""


def as_files(page: Blueprint, address: str) -> Callable[[MakeSheet], MakeSheet]:
    """The list at the address is also a file there, `.csv` and `.xlsx`, under the rights of the function that makes it.

    The endpoints are `download_csv` and `download_xlsx`.
    """
    kind = address.rpartition("/")[2]

    def register(make: MakeSheet) -> MakeSheet:
        for ending in FORMATS:
            # With the name of a function, by which the shield against floods looks for limits of its own.
            download = update_wrapper(partial(_answer, make, kind, ending), make)
            page.add_url_rule(f"{address}.{ending}", f"download_{ending}", download)
        return make

    return register


def within_month(asked: dict[str, Any]) -> dict[str, Any]:
    """The same questions with the month as the moments that it lies between."""
    rest, month = {name: value for name, value in asked.items() if name != "month"}, asked["month"]
    since, until = clock.month_bounds(month) if month else (None, None)
    return rest | {"since": since, "until": until}


def _answer(make: MakeSheet, kind: str, ending: str) -> Response:
    with snapshot():
        sheet = make()
    media_type, write = FORMATS[ending]
    content = write(sheet.columns, sheet.rows)
    record_export(current_actor(), kind, count=len(sheet.rows), file_format=ending)
    name = f"{g.community.short_code}-{kind}-{clock.today()}.{ending}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, content_type=media_type, headers=headers)
