"""The canonical bytes of a transfer: every column, fixed for ever by golden vectors."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from ledger.book import encoding
from ledger.book.models import Transfer
from ledger.core import clock
from ledger.core.db import db
from tests.ledger.book.town import Town

FULL: dict[str, Any] = {
    "community_id": UUID(int=1),
    "id": UUID("01890a5d-ac96-774b-bcce-b302099a8057"),
    "code": "refund",
    "unit": "points",
    "debit_account_id": UUID(int=3),
    "credit_account_id": UUID(int=2**128 - 1),
    "amount": 2**53 - 1,
    "effective_at": datetime(2026, 10, 12, 4, 5, 6, 789012, tzinfo=UTC),
    "recorded_at": datetime(2026, 10, 12, 4, 5, 7, tzinfo=UTC),
    "source_type": "refund",
    "source_id": UUID(int=4),
    "part": 1,
    "source_digest": bytes(range(32)),
    "reverses_id": UUID(int=5),
    "actor_id": UUID(int=6),
    "on_behalf_of": UUID(int=7),
    "expires_on": date(2027, 10, 31),
    "request_digest": bytes(range(32, 64)),
}

NULLS = {"reverses_id": None, "on_behalf_of": None, "expires_on": None, "request_digest": None}

GOLDEN: dict[str, tuple[dict[str, Any], str]] = {
    "every field has a value": (FULL, (
        "00000015 726564666c6f7765722e7472616e736665722f7631 00000010 00000000000000000000000000000001 "
        "00000010 01890a5dac96774bbcceb302099a8057 00000006 726566756e64 00000006 706f696e7473 "
        "00000010 00000000000000000000000000000003 00000010 ffffffffffffffffffffffffffffffff "
        "00000008 001fffffffffffff 00000008 00065d9ccda68a94 00000008 00065d9ccda9c2c0 "
        "00000006 726566756e64 00000010 00000000000000000000000000000004 00000008 0000000000000001 "
        "00000020 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f "
        "00000010 00000000000000000000000000000005 00000010 00000000000000000000000000000006 "
        "00000010 00000000000000000000000000000007 0000000a 323032372d31302d3331 "
        "00000020 202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
    )),
    "every field that may be None is None": (FULL | NULLS, (
        "00000015 726564666c6f7765722e7472616e736665722f7631 00000010 00000000000000000000000000000001 "
        "00000010 01890a5dac96774bbcceb302099a8057 00000006 726566756e64 00000006 706f696e7473 "
        "00000010 00000000000000000000000000000003 00000010 ffffffffffffffffffffffffffffffff "
        "00000008 001fffffffffffff 00000008 00065d9ccda68a94 00000008 00065d9ccda9c2c0 "
        "00000006 726566756e64 00000010 00000000000000000000000000000004 00000008 0000000000000001 "
        "00000020 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f ffffffff "
        "00000010 00000000000000000000000000000006 ffffffff ffffffff ffffffff"
    )),
    "an empty value is not None, and a part may be below zero": (
        FULL | NULLS | {"request_digest": b"", "source_type": "", "part": -1, "amount": 1},
        (
        "00000015 726564666c6f7765722e7472616e736665722f7631 00000010 00000000000000000000000000000001 "
        "00000010 01890a5dac96774bbcceb302099a8057 00000006 726566756e64 00000006 706f696e7473 "
        "00000010 00000000000000000000000000000003 00000010 ffffffffffffffffffffffffffffffff "
        "00000008 0000000000000001 00000008 00065d9ccda68a94 00000008 00065d9ccda9c2c0 00000000  "
        "00000010 00000000000000000000000000000004 00000008 ffffffffffffffff "
        "00000020 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f ffffffff "
        "00000010 00000000000000000000000000000006 ffffffff ffffffff 00000000"
    ),
    ),
    "before 1970, at the end of a microsecond": (
        FULL | NULLS | {"effective_at": datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)},
        (
        "00000015 726564666c6f7765722e7472616e736665722f7631 00000010 00000000000000000000000000000001 "
        "00000010 01890a5dac96774bbcceb302099a8057 00000006 726566756e64 00000006 706f696e7473 "
        "00000010 00000000000000000000000000000003 00000010 ffffffffffffffffffffffffffffffff "
        "00000008 001fffffffffffff 00000008 ffffffffffffffff 00000008 00065d9ccda9c2c0 "
        "00000006 726566756e64 00000010 00000000000000000000000000000004 00000008 0000000000000001 "
        "00000020 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f ffffffff "
        "00000010 00000000000000000000000000000006 ffffffff ffffffff ffffffff"
    ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", GOLDEN)
def test_the_bytes_of_version_1_never_change(name):
    fields, expected = GOLDEN[name]
    assert encoding.encode(fields).hex() == expected.replace(" ", "")


def test_every_column_of_a_transfer_is_sealed():
    assert set(encoding.FIELDS) == {column.key for column in Transfer.__table__.columns}


def test_the_document_of_the_format_names_every_field():
    document = (Path(__file__).parents[3] / "docs" / "seals.md").read_text(encoding="utf-8")
    assert [name for name in encoding.FIELDS if f"| `{name}` |" not in document] == []


def test_many_are_encoded_as_one_after_the_other():
    few = [FULL, FULL | NULLS, FULL | {"code": "spend", "amount": 7}]
    columns = [[one[column.key] for one in few] for column in encoding.COLUMNS]
    assert list(encoding.encode_columns(columns)) == [encoding.encode(one) for one in few]


@pytest.mark.parametrize("columns", [[[None]] * 17, [[None]] * 19, [*([[None] * 2] * 17), [None]]])
def test_columns_that_are_too_few_too_many_or_too_short_are_refused(columns: list[list[None]]) -> None:
    with pytest.raises(ValueError, match="zip"):
        list(encoding.encode_columns(columns))


def test_a_row_is_encoded_to_the_same_bytes_as_the_driver_gives_it(town: Town) -> None:
    """The sealer reads rows as the driver gives them, a receipt reads them through the model."""
    member = town.member_ids[0]
    town.post(town.award_of(member, 5, effective_at=clock.now(), expires_on=date(2030, 1, 31)))
    town.spend(member, 2)
    raw = set(encoding.encode_columns(list(zip(*db.session.execute(select(*encoding.COLUMNS)), strict=True))))
    assert raw == {encoding.encode(encoding.fields_of(one)) for one in db.session.scalars(select(Transfer))}
    assert len(raw) == 2


@pytest.mark.parametrize("name", encoding.FIELDS)
def test_another_value_of_any_field_gives_other_bytes(name):
    value = FULL[name]
    other: dict[type, Any] = {
        UUID: UUID(int=99), str: "other", int: 99, bytes: b"\0" * 32, date: date(2000, 1, 1), datetime: encoding.EPOCH,
    }  # fmt: skip
    assert encoding.encode(FULL | {name: other[type(value)]}) != encoding.encode(FULL)


def test_values_cannot_move_from_one_field_to_its_neighbour():
    one = encoding.encode(FULL | {"code": "ab", "unit": "c"})
    assert one != encoding.encode(FULL | {"code": "a", "unit": "bc"})


def test_a_moment_is_the_same_in_every_offset():
    there = FULL["recorded_at"].astimezone(timezone(timedelta(hours=8)))
    assert encoding.encode(FULL | {"recorded_at": there}) == encoding.encode(FULL)


def test_a_moment_without_offset_is_refused():
    with pytest.raises(ValueError, match="offset"):
        encoding.encode(FULL | {"recorded_at": datetime(2026, 1, 1)})  # noqa: DTZ001


def test_a_field_left_out_is_refused():
    with pytest.raises(KeyError):
        encoding.encode({name: value for name, value in FULL.items() if name != "expires_on"})


def test_the_format_can_be_read_back_by_its_lengths_alone():
    content = encoding.encode(FULL | NULLS)
    pieces: list[bytes | None] = []
    while content:
        length, content = int.from_bytes(content[:4], "big"), content[4:]
        if length == 0xFFFFFFFF:
            pieces.append(None)
        else:
            pieces.append(content[:length])
            content = content[length:]
    assert pieces[0] == b"redflower.transfer/v1"
    assert dict(zip(encoding.FIELDS, pieces[1:], strict=True))["amount"] == (2**53 - 1).to_bytes(8, "big")
    assert pieces.count(None) == len(NULLS)


def test_the_digest_of_the_first_vector_is_known():
    """What another program may compare before it trusts its own encoder."""
    assert (
        hashlib.sha256(encoding.encode(FULL)).hexdigest()
        == "1343324cbda289ae29d92f6b7b6e4f6a16801f2d519cbbb268670aca623b1f6b"
    )
