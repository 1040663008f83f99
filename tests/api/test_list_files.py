"""Lists as files over the API: for each reader what the list answers, and nothing more; written down."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook  # type: ignore[import-untyped]

from ledger.core import audit, clock
from ledger.core.audit import LineFilter
from ledger.people import list_exports
from tests.api.test_guards import Town, build
from tests.stories import Neighbour, street_officer

KINDS = ("members", "checkins", "redemptions", "audit")
NAME = "欧阳翠花"


@pytest.fixture
def town(context: object) -> Iterator[Town]:
    try:
        yield build(NAME)
    finally:
        clock.move_to(None)


def get(client: FlaskClient, who: Neighbour, what: str) -> Any:
    return client.get(f"/api/v1/communities/{who.community_id.hex}/{what}", headers=who.headers)


def rows_of(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.json
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))


def as_said(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)


def test_a_file_holds_what_the_list_answers_the_same_reader(
    client: FlaskClient, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_exports, "AT_ONCE", 3)
    readers = {**town.people, "street": street_officer(town.street.place.community)}
    for role in ("volunteer", "coordinator", "admin", "treasurer", "owner", "clerk", "street"):
        for kind in KINDS:
            answer = get(client, readers[role], f"{kind}?limit=200")
            file = get(client, readers[role], f"{kind}.csv")
            assert file.status_code == answer.status_code, (role, kind)
            if answer.status_code == 200:
                said = [{name: as_said(value) for name, value in one.items()} for one in answer.json["items"]]
                found = [{name: cell.removeprefix("'") for name, cell in row.items()} for row in rows_of(file)]
                assert found[:200] == said, (role, kind)
                assert role != "street" or NAME not in file.data.decode()


def test_a_workbook_is_the_same_table_and_filters_hold(client: FlaskClient, town: Town) -> None:
    admin = town.people["admin"]
    [lin] = rows_of(get(client, admin, f"members.csv?search={NAME}"))
    heads, *rows = load_workbook(io.BytesIO(get(client, admin, f"members.xlsx?search={NAME}").data)).active.values
    assert [dict(zip(heads, row, strict=True))["id"] for row in rows] == [lin["id"]]
    assert get(client, admin, "checkins.csv?status=nonsense").status_code == 422
    lines = audit.list_lines(admin.actor, wanted=LineFilter(action="people.export_list"))
    assert [line.detail["format"] for line in lines] == ["xlsx", "csv"]
    assert NAME not in json.dumps([line.detail for line in lines], ensure_ascii=False)


def test_a_list_beyond_the_bound_is_refused(client: FlaskClient, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_exports, "MOST_ROWS", 0)
    refused = get(client, town.people["admin"], "members.csv")
    assert (refused.status_code, refused.json["code"]) == (409, "list_too_long")
