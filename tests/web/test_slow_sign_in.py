"""A scan loses nothing by a slow sign-in: what it proved counts at the scan's own time, for ten minutes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger.core import clock
from ledger.people import phones, sessions
from ledger.people.models import SessionKind
from ledger.service import queue
from tests.ledger.service.day import NINE, Day
from tests.stories import next_phone
from tests.web.browser import Browser
from tests.web.messages import code_for


def send(browser: Browser, day: Day, **fields: str) -> int:
    """The form of the page behind the poster, with what it already holds."""
    held = {name: browser.value(name) for name in ("grant", "kind")}
    return browser.post(f"/q/{day.activity.poster_code}", **held, **fields).status_code


def arrived(day: Day, phone: str) -> object:
    person_id = phones.person_with(phone)
    assert person_id is not None
    token, _ = sessions.open_session(person_id, kind=SessionKind.API)
    actor = sessions.enter(sessions.actor_of(token), day.place.id)
    return [view.checkin.arrived_at for view in queue.list_checkins(actor, member_id=actor.member_id)]


def test_nine_minutes_and_two_wrong_codes_later_the_check_in_counts_at_the_scans_time(day, visit):
    browser, phone = visit(), next_phone()
    clock.move_to(NINE)
    browser.get(f"/q/{day.activity.poster_code}")
    clock.advance(minutes=1)
    assert send(browser, day, phone=phone) == 200
    clock.advance(minutes=2)
    wrong = "000000" if code_for(phone) != "000000" else "111111"
    assert send(browser, day, phone=phone, code=wrong) == 409
    late = code_for(phone)
    clock.advance(minutes=4)
    assert send(browser, day, phone=phone, code=late) == 409, "the first code has expired meanwhile"
    assert send(browser, day, phone=phone, code="", again="1") == 200
    clock.advance(minutes=2)
    assert send(browser, day, phone=phone, code=code_for(phone), consents="service") == 303
    assert arrived(day, phone) == [NINE]


@pytest.mark.parametrize(("seconds", "status"), [(599, 303), (600, 409)])
def test_the_scan_is_good_for_ten_minutes(day, visit, seconds, status):
    browser, phone = visit(), next_phone()
    clock.move_to(NINE)
    browser.get(f"/q/{day.activity.poster_code}")
    clock.advance(minutes=8)
    assert send(browser, day, phone=phone) == 200
    clock.move_to(NINE + timedelta(seconds=seconds))
    assert send(browser, day, phone=phone, code=code_for(phone), consents="service") == status
