"""Lists as files over the API: all pages of a list, as CSV and XLSX. Each file leaves a line in the audit."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import Schema

from api.auth import current_actor
from ledger.core import clock, ids
from ledger.core.db import snapshot
from ledger.core.spreadsheets import CSV_TYPE, XLSX_TYPE, Cell, as_csv, as_xlsx
from ledger.people import list_exports
from ledger.people.errors import ListTooLong

ReadList = Callable[[dict[str, Any]], dict[str, Any]]
"""What a list answers to its questions: one page."""

FORMATS = {"csv": (CSV_TYPE, as_csv), "xlsx": (XLSX_TYPE, as_xlsx)}


def as_files(blp: Blueprint, kind: str, query: type[Schema], pages: Schema) -> Callable[[ReadList], ReadList]:
    """The list `/kind` is also `/kind.csv` and `/kind.xlsx`: same filters, same rows, same masks, no pages.

    Written next to the function that reads one page, below its own decorators.
    """

    def register(read: ReadList) -> ReadList:
        for ending, (media_type, _) in FORMATS.items():
            _add(blp, kind, ending, query(exclude=("limit", "cursor")), media_type, _answers(read, kind, ending, pages))
        return read

    return register


def _add(blp: Blueprint, kind: str, ending: str, query: Schema, media_type: str, view: ReadList) -> None:
    view.__name__ = f"list_{kind.replace('-', '_')}_{ending}"
    view.__doc__ = f"The list of {kind} as a file ({ending}): what I may see, at most {list_exports.MOST_ROWS} rows."
    told = {"description": "The rows under the names of the list's fields.", "content_type": media_type}
    described = blp.arguments(query, location="query")(blp.response(200, **told)(view))
    blp.get(f"/{kind}.{ending}")(described)


def _answers(read: ReadList, kind: str, ending: str, pages: Schema) -> Any:
    media_type, write = FORMATS[ending]

    def answer(asked: dict[str, Any]) -> Response:
        with snapshot():
            items = _whole(read, asked, pages)
        names = list(pages.fields["items"].inner.schema.fields)  # type: ignore[attr-defined]
        content = write(names, [[_cell(item.get(name)) for name in names] for item in items])
        list_exports.record_export(current_actor(), kind, count=len(items), file_format=ending)
        headers = {
            "Content-Disposition": f'attachment; filename="{kind}-{clock.today()}.{ending}"',
            "Cache-Control": "no-store",
        }
        return Response(content, content_type=media_type, headers=headers)

    return answer


def _whole(read: ReadList, asked: dict[str, Any], pages: Schema) -> list[dict[str, Any]]:
    """The items of every page. Raises ListTooLong, and what the list refuses."""
    items: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = pages.dump(read(asked | {"limit": list_exports.AT_ONCE, "cursor": cursor}))
        items += page["items"]
        if len(items) > list_exports.MOST_ROWS:
            raise ListTooLong(most=list_exports.MOST_ROWS)
        if page["next_cursor"] is None:
            return items
        cursor = ids.parse(page["next_cursor"])


def _cell(value: Any) -> Cell:
    """What is no text and no number is written as JSON."""
    is_plain = value is None or (isinstance(value, int | str) and not isinstance(value, bool))
    return value if is_plain else json.dumps(value, ensure_ascii=False, sort_keys=True)
