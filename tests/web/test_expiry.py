"""How long flowers last: the page on which it is decided, and what a volunteer sees of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ledger.core import clock
from tests.ledger.rewards.street import Street
from tests.web.browser import Browser


def decide(street: Street, visit: Callable[..., Browser], months: str) -> str:
    desk = visit(street.place.admin)
    desk.get("./expiry")
    desk.post("./expiry", months=months, follow=True)
    return desk.page


@pytest.mark.parametrize(("language", "words"), [("zh", "红花永不到期"), ("en", "flowers never expire")])
def test_nothing_expires_at_first(street: Street, visit, language: str, words: str) -> None:
    desk = visit(street.place.admin, language=language)
    desk.get("./expiry")
    assert words in desk.page


def test_an_admin_chooses_a_rule_and_sees_it_with_its_date(street: Street, visit) -> None:
    decide(street, visit, "12")
    street.volunteer(20)
    desk = visit(street.place.admin)
    desk.get("./expiry")
    assert "12 个月后的月底到期" in desk.words
    assert "2027年11月30日" in desk.page


def test_a_rule_is_taken_back_on_the_page(street: Street, visit) -> None:
    decide(street, visit, "12")
    assert "永不到期" in decide(street, visit, "")


def test_the_same_rule_again_is_refused_in_words(street: Street, visit) -> None:
    decide(street, visit, "12")
    assert "现在就是这样规定的" in decide(street, visit, "12")


def test_a_treasurer_sees_the_rule_but_no_form(street: Street, visit) -> None:
    desk = visit(street.place.treasurer)
    desk.get("./expiry")
    assert "现在的规定" in desk.page


def test_a_volunteer_sees_the_schedule_and_is_warned_in_time(street: Street, visit) -> None:
    decide(street, visit, "6")
    volunteer = street.volunteer(20)
    phone = visit(volunteer)
    phone.get("./")
    assert "到期安排" in phone.page
    assert "快到期了" not in phone.page
    clock.advance(days=170)
    later = visit(volunteer)
    later.get("./")
    assert "20 朵快到期了" in later.words
