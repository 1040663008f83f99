"""Tables for people who open them in a spreadsheet: CSV and XLSX in which no text is ever taken for a formula."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from openpyxl import Workbook  # type: ignore[import-untyped]
from openpyxl.cell import WriteOnlyCell  # type: ignore[import-untyped]
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE  # type: ignore[import-untyped]

from ledger.core import clock

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

BOM = b"\xef\xbb\xbf"
"""Begins a UTF-8 file, else a spreadsheet on Windows reads Chinese as something else."""

FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
"""How a formula begins; with a Chinese input method the signs are full-width, and spreadsheets take those too."""

LONGEST_TEXT = 32_767
"""Characters that a cell of an XLSX file holds."""

Cell = str | int | Decimal | date | datetime | None
"""What a table holds. Moments have an offset and are written as the clock in Asia/Shanghai showed them."""

_WHEN = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")


class Sheet(NamedTuple):
    """One sheet of a workbook; without a title it is called as workbooks call their first."""

    title: str | None
    rows: Sequence[Sequence[Cell]]


def safe(words: str) -> str:
    """Text that a spreadsheet would take for a formula is quoted."""
    return "'" + words if words.startswith(FORMULA) else words


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """UTF-8 with BOM and CRLF: the headings, then the rows."""
    file = io.StringIO(newline="")
    table = csv.writer(file, lineterminator="\r\n")
    table.writerow([safe(heading) for heading in columns])
    table.writerows([_said(value) for value in row] for row in rows)
    return BOM + file.getvalue().encode()


def as_xlsx(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """A workbook of one sheet: the headings stay in sight above the rows; numbers and dates can be reckoned with."""
    return as_workbook([Sheet(None, [columns, *rows])])


def as_workbook(sheets: Sequence[Sheet]) -> bytes:
    """A workbook of these sheets, whose first rows stay in sight: the same bytes for the same cells, whenever made."""
    book = Workbook(write_only=True)
    for one in sheets:
        sheet = book.create_sheet(one.title)
        sheet.freeze_panes = "A2"
        for row in one.rows:
            sheet.append([_cell(sheet, value) for value in row])
    file = io.BytesIO()
    book.save(file)
    return _without_clock(file.getvalue())


def _without_clock(packed: bytes) -> bytes:
    """The same archive, saying of no part when it was written."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as made, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as still:
        for name in made.namelist():
            content = made.read(name)
            if name == "docProps/core.xml":
                content = _WHEN.sub(rb"\g<1>1980-01-01T00:00:00Z", content)
            still.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def _said(value: Cell) -> str | int | Decimal | None:
    if isinstance(value, datetime):
        return value.astimezone(clock.SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    return safe(value) if isinstance(value, str) else value


def _cell(sheet: Any, value: Cell) -> Any:
    """The value with its type. Text is stored as text whatever it begins with, also once somebody edits the cell."""
    if isinstance(value, datetime):
        cell = WriteOnlyCell(sheet, value.astimezone(clock.SHANGHAI).replace(tzinfo=None, microsecond=0))
        cell.number_format = "yyyy-mm-dd hh:mm:ss"
    elif isinstance(value, date):
        cell = WriteOnlyCell(sheet, value)
        cell.number_format = "yyyy-mm-dd"
    elif isinstance(value, str):
        cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value)[:LONGEST_TEXT])
        cell.data_type = "s"
        cell.quotePrefix = value.startswith(FORMULA)
    else:
        cell = WriteOnlyCell(sheet, value)
        if isinstance(value, Decimal):
            cell.number_format = "0.00"
    return cell
