"""Reading a file of rows: CSV in UTF-8 or GBK, or an XLSX sheet; as text, within bounds, whoever made the file."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any

from openpyxl import load_workbook  # type: ignore[import-untyped]
from openpyxl.utils.exceptions import InvalidFileException  # type: ignore[import-untyped]

from ledger.core.files import MAX_BYTES, FileTooLarge
from ledger.people.errors import ImportTooLong, ImportUnreadable

MOST_ROWS = 5_000
MOST_COLUMNS = 30
MOST_UNPACKED = 60 * 1024 * 1024
"""An XLSX file is a ZIP: a small one may hold a mountain."""

Rows = list[list[str]]


def read_rows(content: bytes) -> Rows:
    """The rows of the file as text, blanks around each cell taken away and empty rows left out; the headings first.

    An XLSX file's first sheet; formulas are read as the text they are. Raises FileTooLarge, ImportUnreadable,
    ImportTooLong.
    """
    if len(content) > MAX_BYTES:
        raise FileTooLarge
    found = list(_cut(_of_sheet(content) if content[:2] == b"PK" else _of_text(content)))
    if len(found) > MOST_ROWS + 1:
        raise ImportTooLong(most=MOST_ROWS)
    return found


def _cut(rows: Iterable[list[str]]) -> Iterator[list[str]]:
    for number, row in enumerate(rows):
        if number > 2 * MOST_ROWS:
            raise ImportTooLong(most=MOST_ROWS)
        cells = [cell.strip() for cell in row[:MOST_COLUMNS]]
        if any(cells):
            yield cells


def _of_text(content: bytes) -> Iterator[list[str]]:
    if b"\0" in content:
        raise ImportUnreadable
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise ImportUnreadable
    first = text.partition("\n")[0]
    delimiter = max(",;\t，", key=first.count)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:
        raise ImportUnreadable from error


def _of_sheet(content: bytes) -> Iterator[list[str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(one.file_size for one in packed.infolist()) > MOST_UNPACKED:
                raise ImportTooLong(most=MOST_ROWS)
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        sheet = book.worksheets[0]
        for row in sheet.iter_rows(values_only=True, max_col=MOST_COLUMNS):
            yield [_said(cell) for cell in row]
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, IndexError, OSError, SyntaxError) as error:
        raise ImportUnreadable from error


def _said(cell: Any) -> str:
    """A cell as a person reads it: a whole number without a fraction, so that a phone stays one."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
