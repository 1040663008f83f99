"""What is over is forgotten after the days that docs/data.md names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from ledger.core import clock, jobs
from ledger.core.db import db
from ledger.people import deliveries, sessions, sign_in
from ledger.people.models import Delivery, Session, SessionKind, SignInCode
from ledger.people.retention import RETENTION
from tests.ledger.service.day import Day, open_day
from tests.stories import next_phone

DOCUMENT = Path(__file__).parents[3] / "docs" / "data.md"


@pytest.fixture
def day(context: Flask) -> Iterator[Day]:
    try:
        yield open_day()
    finally:
        clock.move_to(None)


def count(model: type) -> int:
    db.session.remove()
    return int(db.session.scalar(select(func.count()).select_from(model)) or 0)


def test_the_document_says_what_the_code_does() -> None:
    rows = re.findall(r"^\| (\w+) \| (.+?) \| (.+?) \| (\d+) \| (.+?) \|$", DOCUMENT.read_text(), flags=re.MULTILINE)
    assert rows == [(one.what, one.purpose, one.fields, str(one.days), one.ground) for one in RETENTION]


def test_codes_and_messages_are_forgotten_a_week_after_they_are_over(day):
    number = next_phone()
    sign_in.send_code(number, "10.0.0.1")
    codes, messages = count(SignInCode), count(Delivery)
    assert codes > 0
    assert messages > 0
    clock.advance(days=6)
    jobs.tick([day.place.id])
    assert (count(SignInCode), count(Delivery)) == (codes, messages)
    clock.advance(days=2)
    jobs.tick([day.place.id])
    assert (count(SignInCode), count(Delivery)) == (0, 0)
    assert deliveries.last_message_to(number) is None


def test_an_ended_session_is_forgotten_after_180_days_and_a_live_one_never(day):
    person = day.place.volunteer()
    _, ended = sessions.open_session(person.person_id, kind=SessionKind.API)
    _, live = sessions.open_session(person.person_id, kind=SessionKind.API)
    sessions.revoke(person.actor, ended.id)
    ended_id, live_id = ended.id, live.id
    clock.advance(days=179)
    jobs.tick([day.place.id])
    db.session.remove()
    assert db.session.get(Session, ended_id) is not None
    clock.advance(days=2)
    jobs.tick([day.place.id])
    db.session.remove()
    assert db.session.get(Session, ended_id) is None
    assert db.session.get(Session, live_id) is not None
