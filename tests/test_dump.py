"""What a thief of the database would find: no code, token, phone, PIN or password that opens anything."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Any

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from ledger.core import clock
from ledger.core.db import db
from ledger.people import cards, deliveries, imports, passwords, second_factor, tokens
from ledger.people.phones import number_of
from ledger.people.tokens import Scope
from ledger.rewards.member_codes import create_member_code
from ledger.service import calendars
from tests.ledger.rewards.street import Street, open_street
from tests.schema import every_table
from tests.stories import Neighbour, next_phone

PASSWORD = "绿水青山 7391 就是"


@pytest.fixture
def street(context: Flask) -> Iterator[Street]:
    try:
        yield open_street()
    finally:
        clock.move_to(None)


def phone_of(person: Neighbour) -> str:
    number = number_of(person.person_id)
    assert number is not None
    return number


def hand_everything_out(street: Street, client: FlaskClient) -> dict[str, str]:
    """Every kind of secret that the house gives to somebody, by what it is."""
    lin, admin = street.volunteer(), street.place.admin
    asked, imported = next_phone(), next_phone()
    client.post("/api/v1/sign-in/codes", json={"phone": asked})
    words = deliveries.last_message_to(asked)
    assert words is not None
    [code] = re.findall(r"[0-9]{6}", words)
    card = cards.hand_out(admin.actor, lin.member_id)
    passwords.set_password(admin.actor, PASSWORD)
    enrolment = second_factor.enrol(street.place.treasurer.actor)
    recovery = second_factor.confirm(street.place.treasurer.actor, pyotp.TOTP(enrolment.secret).at(clock.now()))
    token, _ = tokens.create_token(admin.actor, "脚本", scopes=[Scope.READ], days=30)
    device, _ = tokens.grant_device(admin.actor, "门口的手机")
    feed, _ = calendars.open_feed(lin.actor, "我的手机")
    member_code = create_member_code(lin.actor).code
    imports.check_file(admin.actor, "members", f"姓名,手机\n赵一,{imported}\n".encode(), file_name="a.csv")
    return {
        "phone of a member": phone_of(lin),
        "phone of the admin": phone_of(admin),
        "phone that asked for a code": asked,
        "phone in an imported file": imported,
        "sign-in code": code,
        "session token": lin.token,
        "API token": token,
        "device's grant": device,
        "calendar's address": feed,
        "card code": card.code,
        "card PIN": card.pin,
        "password": PASSWORD,
        "authenticator's secret": enrolment.secret,
        "recovery code": recovery[0],
        "member code": member_code,
    }


def cells() -> Iterator[tuple[str, Any]]:
    """Every value of every row, with the column that it stands in."""
    for table in every_table().sorted_tables:
        for row in db.session.execute(select(table)).mappings():
            yield from ((f"{table.name}.{column}", value) for column, value in row.items() if value is not None)


def spellings(secret: str) -> list[str]:
    """The secret as it is, without its signs, in hexadecimal and in base 64."""
    raw = secret.encode()
    plain = re.sub(r"[\s-]", "", secret)
    return [secret, plain, raw.hex(), plain.encode().hex(), base64.b64encode(raw).decode().rstrip("=")]


def is_inside(spelling: str, value: Any) -> bool:
    """Does the value hold the secret, standing for itself (not six digits in the middle of an id)?"""
    text = value.decode("utf-8", "ignore") if isinstance(value, bytes) else str(value)
    found = re.search(rf"(?<![0-9A-Za-z.]){re.escape(spelling)}(?![0-9A-Za-z])", text)
    return found is not None


def test_the_database_holds_nothing_that_opens_anything(street: Street, client: FlaskClient) -> None:
    handed_out = hand_everything_out(street, client)
    wanted = [(what, spelling) for what, secret in handed_out.items() for spelling in spellings(secret)]
    found = {
        (what, column)
        for column, value in cells()
        for what, spelling in wanted
        if not isinstance(value, int) and is_inside(spelling, value)
    }
    assert found == set()


def test_the_search_would_find_a_secret_that_lies_open(street: Street) -> None:
    """A name does lie open, so that the test above is known to look."""
    street.volunteer(name="翠花花")
    assert {column for column, value in cells() if is_inside("翠花花", value)} == {"members.name"}
