"""The page of the checks: who may open it, what each check holds, what it found and what to do then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import update

from ledger import rooms  # noqa: F401  All checks and jobs are registered.
from ledger.book.checking import check_books
from ledger.book.models import Balance
from ledger.core import clock, registry
from ledger.core.db import atomic, db
from ledger.core.jobs import tick
from ledger.core.tenancy import within
from tests.ledger.rewards.street import Street
from tests.stories import street_officer
from tests.web.browser import Browser
from web.check_words import CHECKS, JOBS

Visit = Callable[..., Browser]


@atomic
def spoil_holds(street: Street) -> None:
    """One more is called held of everything that something is left of, than the holds say."""
    wrong = update(Balance).where(within(street.id, Balance), Balance.balance > Balance.held)
    db.session.execute(wrong.values(held=Balance.held + 1))


@atomic
def mend_holds(street: Street) -> None:
    """As they were, so that the books are in order again at the end of the test."""
    wrong = update(Balance).where(within(street.id, Balance), Balance.held > 0)
    db.session.execute(wrong.values(held=Balance.held - 1))


def test_the_checks_are_for_those_who_see_the_whole_books(street: Street, visit: Visit) -> None:
    place = street.place
    readers = (place.admin, place.treasurer, place.supervisor, street_officer(place.community))
    others = (street.volunteer(0), place.coordinator, place.stamper, street.owner, street.clerk)
    assert [visit(person).get("./books/checks").status_code for person in readers] == [200] * 4
    assert [visit(person).get("./books/checks").status_code for person in others] == [403] * 5


def test_the_room_of_the_books_leads_to_the_checks(street: Street, visit: Visit) -> None:
    browser = visit(street.place.treasurer)
    browser.get("./books")
    assert f'href="{browser.root}/books/checks"' in browser.page


@pytest.mark.parametrize("page", ["./books", "./books/transfers", "./reversals", "./books/checks"])
def test_the_rail_marks_the_room_of_the_books_on_each_of_its_pages(street: Street, visit: Visit, page: str) -> None:
    browser = visit(street.place.treasurer)
    browser.get(page)
    assert f'<li><a href="{browser.root}/books" aria-current="page">' in browser.page


def test_every_check_and_every_job_has_a_sentence() -> None:
    assert set(CHECKS) == set(registry.checks)
    assert set(JOBS) == set(registry.jobs)


@contextmanager
def broken_job(name: str) -> Iterator[None]:
    """The job fails as long as the block lasts."""

    def fail(_community_id: UUID, _period: str) -> None:
        raise RuntimeError

    whole = registry.jobs[name]
    registry.jobs[name] = replace(whole, work=fail)
    yield
    registry.jobs[name] = whole


def test_what_the_clock_did_is_told_what_failed_first(street: Street, visit: Visit) -> None:
    browser = visit(street.place.supervisor)
    browser.get("./books/checks")
    assert (browser.words.count("还没有到时间"), "没有做成" in browser.words) == (2 * len(JOBS), False)
    with broken_job("send_notices"):
        tick([street.place.id])
    browser.get("./books/checks")
    assert browser.words.count("没有做成") == 2
    assert browser.words.index(str(JOBS["send_notices"])) < browser.words.index(str(JOBS["close_week"]))
    tick([street.place.id])
    browser.get("./books/checks")
    assert "没有做成" not in browser.words


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", ("账本都对得上", "没有凭空多出或少掉的", "全部账")),
        ("en", ("in order", "nothing appeared or vanished", "All of")),
    ],
)
def test_books_in_order_say_so_with_what_was_checked_and_when(
    street: Street, visit: Visit, language: str, words: tuple[str, ...]
) -> None:
    street.buy(street.volunteer(30))
    check_books()
    browser = visit(street.place.supervisor, language=language)
    browser.get("./books/checks")
    assert [word for word in (*words, *CHECKS) if word not in browser.words] == []
    assert "12:00" in browser.words


def test_a_finding_stands_first_with_its_number_and_what_to_do(street: Street, visit: Visit) -> None:
    street.volunteer(30)
    spoil_holds(street)
    try:
        check_books()
    finally:
        mend_holds(street)
    browser = visit(street.place.admin)
    browser.get("./books/checks")
    assert "1 项核对发现了问题" in browser.words
    assert "先不要改账" in browser.words
    assert browser.words.index("holds_match") < browser.words.index("balances_match")
    assert "账本都对得上" not in browser.words


def test_what_a_full_run_found_stands_beside_a_clean_run_of_what_is_new(street: Street, visit: Visit) -> None:
    street.volunteer(30)
    spoil_holds(street)
    try:
        check_books()
    finally:
        mend_holds(street)
    clock.move_to(clock.now() + timedelta(hours=1))
    check_books(new=True)
    browser = visit(street.place.admin)
    browser.get("./books/checks")
    assert "1 项核对发现了问题" in browser.words
    assert "新入账的 · 今天 13:00" in browser.words
