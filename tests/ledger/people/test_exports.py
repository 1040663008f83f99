"""All my data as one file: complete, mine alone, gone after a week."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator

import pytest
from flask import Flask

from ledger.core import clock, jobs
from ledger.core.db import db
from ledger.core.errors import NotFound
from ledger.people import exports, phones
from ledger.people.data_models import DataExport
from ledger.people.errors import ExportGone, ExportLimit
from ledger.rewards import refunds
from tests.ledger.rewards.street import Street, open_street


@pytest.fixture
def street(context: Flask) -> Iterator[Street]:
    try:
        yield open_street()
    finally:
        clock.move_to(None)


def opened(content: bytes) -> dict[str, list[dict[str, object]]]:
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        found: dict[str, list[dict[str, object]]] = json.loads(file.read("my-data.json"))
        assert {f"{name}.csv" for name in found} <= set(file.namelist())
        return found


def test_the_file_holds_what_every_room_knows(street: Street) -> None:
    lin = street.volunteer(200)
    redemption = street.buy(lin)
    refunds.refund(street.place.treasurer.actor, redemption.id, reason="面包坏了")
    made = exports.make_export(lin.actor)
    found = opened(exports.read_export(lin.actor, made.id))
    assert found["phones"][0]["number"] == phones.number_of(lin.person_id)
    assert found["memberships"][0]["name"] == "林秀芳"
    assert "service" in [row["purpose"] for row in found["consents"]]
    assert {row["code"] for row in found["transfers"]} >= {"award", "redeem", "refund"}
    assert found["refunds"][0]["reason"] == "面包坏了"
    assert [row["value"] for row in found["words"]] == ["面包坏了"]
    assert found["redemptions"][0]["receipt_number"] == redemption.receipt_number
    assert set(found) >= {
        "sessions",
        "checkins",
        "stamps",
        "notices",
        "audit",
        "helpers",
        "posts",
        "roles",
        "teams",
        "passwords",
    }


def test_nothing_of_somebody_else_is_in_the_file(street: Street) -> None:
    lin, other = street.volunteer(200), street.volunteer(200, "王奶奶")
    street.buy(other)
    made = exports.make_export(lin.actor)
    words = json.dumps(opened(exports.read_export(lin.actor, made.id)), ensure_ascii=False)
    assert "王奶奶" not in words
    assert str(phones.number_of(other.person_id)) not in words


def test_the_file_is_encrypted_where_it_is_kept(street: Street) -> None:
    lin = street.volunteer()
    made = exports.make_export(lin.actor)
    db.session.remove()
    kept = db.session.get_one(DataExport, made.id).content
    assert kept is not None
    assert b"my-data.json" not in kept


def test_nobody_else_finds_the_file(street: Street) -> None:
    made = exports.make_export(street.volunteer().actor)
    for other in (street.volunteer(), street.place.admin):
        with pytest.raises(NotFound):
            exports.read_export(other.actor, made.id)


def test_after_seven_days_the_file_is_gone(street: Street) -> None:
    lin = street.volunteer()
    made = exports.make_export(lin.actor)
    clock.advance(days=7)
    with pytest.raises(ExportGone):
        exports.read_export(lin.actor, made.id)
    jobs.tick([street.id])
    db.session.remove()
    row = db.session.get_one(DataExport, made.id)
    assert (row.content, row.erased_at is not None) == (None, True)


def test_five_files_a_day_are_enough(street: Street) -> None:
    lin = street.volunteer()
    for _ in range(exports.MOST_A_DAY):
        exports.make_export(lin.actor)
    with pytest.raises(ExportLimit):
        exports.make_export(lin.actor)
    clock.advance(days=1, seconds=1)
    exports.make_export(lin.actor)


def test_a_cell_that_looks_like_a_formula_is_words() -> None:
    with zipfile.ZipFile(io.BytesIO(exports.as_zip({"memberships": [{"name": "=1+1"}]}))) as file:
        assert b"'=1+1" in file.read("memberships.csv")
