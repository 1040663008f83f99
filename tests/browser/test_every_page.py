"""Every page in Chromium, opened once in each light: axe finds nothing, and it keeps the house's own rules."""

from __future__ import annotations

import html
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import JSON, MetaData, String, Table, inspect, select

from ledger.core import clock
from ledger.core.db import db
from ledger.core.ids import parse
from ledger.service.models import Activity
from tests import crawling
from tests.api.test_guards import Town, build
from tests.browser.looking import OWN_RULES, faults_of_axe, faults_of_ours, faults_of_weight, faults_of_width
from tests.browser.people import Person
from tests.crawling import read
from tests.stories import Neighbour

pytestmark = [pytest.mark.browser, pytest.mark.long]

Take = Callable[..., Person]
Pages = dict[str, list[tuple[str, str]]]
People = dict[str, Neighbour | None]

MOST_LOADING_MS = 60_000
"""What a page takes is measured elsewhere; here the machine may be busy with others."""

TALL = 4000
"""Pixels of a screen as high as a page, so that nothing that sticks to its edge covers a target."""

OTHER_KINDS_OF_READERS = ("helper", "stranger")
"""They see what others see: their rights are the business of tests/test_crawl.py."""


@dataclass(frozen=True)
class Light:
    """One way in which people see the house."""

    language: str
    is_dark: bool = False
    is_large: bool = False
    is_narrow: bool = False
    is_desk: bool = False

    def __str__(self) -> str:
        where = "desk" if self.is_desk else "narrow" if self.is_narrow else "phone"
        return "-".join([where, self.language, *["large"] * self.is_large, *["dark"] * self.is_dark])


NARROW = Light("zh", is_narrow=True)
NIGHT = Light("en", is_dark=True, is_desk=True)
LARGE = Light("zh", is_large=True)
ALL = [
    Light(language, is_dark, is_large, is_narrow=not is_desk, is_desk=is_desk)
    for language in ("zh", "en")
    for is_dark in (False, True)
    for is_large in (False, True)
    for is_desk in (False, True)
]

LAYOUTS = {
    "web.welcome.show", "web.sign_in.show", "web.scanner.show", "web.board.show", "web.docs.show_api",
    "web.home.show", "web.offers.list_usable", "web.redemptions.show", "web.my_data.show", "web.statements.show_mine",
    "web.summaries.show", "web.cards.show_mine", "web.calendar.show", "web.account.list_tokens",
    "web.helping.show_mine",
    "web.office.show", "web.activities.show_poster", "web.cards.show_sheet", "web.stamps.list_queue",
    "web.members.list_all",
    "web.settlements.show", "web.settlements.show_paper", "web.funds.show", "web.flags.show", "web.reversals.show",
    "web.tills.show_visit", "web.stalls.show_member", "web.street.show", "web.honours.print_all", "web.merchants.show",
}  # fmt: skip
"""One page of each layout: what every light is tried on by day; all pages in all lights take a night."""

OF_NO_THING = {
    *("web.identities.begin", "web.identities.come_back"),
    "web.my_data.get_file", "web.feedback.show_photo", "web.offers.show_picture", "web.complaints.show_photo",
    "web.disputes.show_photo", "web.scanner.load_own", "web.scanner.load_decoder", "web.summaries.download",
    "web.tills.find_counter", "web.scanner.open_scanner", "web.cards.find_place",
    "web.vouchers.show_purchase", "web.pools.show_shop", "web.slips.show_paper", "web.helping.act",
    "web.summary_rows.show", "web.certificates.show",
}  # fmt: skip
"""Files and ways on to another page; and pages of things that the town has not."""

ALBUM = os.environ.get("ALBUM")
"""A folder that keeps a picture of every page in every light (`make screenshots`)."""

PAGES = tuple(filter(None, os.environ.get("PAGES", "").split(",")))
"""How the names of the pages begin that the night looks at; all of them where none is said."""

SEALED = "麦香面包店"
"""The holder of a bank account: typed, but not readable in the database."""


@pytest.fixture
def town(context: Flask, address: str) -> Iterator[Town]:
    try:
        yield build()
    finally:
        clock.move_to(None)


def pages_of(app: Flask, client: FlaskClient, town: Town, people: People) -> Pages:
    """For each reader the pages (name, address) that nobody before them could open; `nobody` comes first."""
    town.things |= {"site_code": poster_code_of(town), "branch_code": town.street.poster.code, "who": "shop"}
    found: Pages = {}
    left = {rule.endpoint: rule for rule in crawling.places(app) if rule.endpoint.startswith("web.")}
    for who, reader in people.items():
        for endpoint, rule in list(left.items()):
            path = crawling.address(app, rule, town, who)
            answer = read(client, path, reader)
            if answer.status_code == 200:
                del left[endpoint]
                if answer.mimetype == "text/html":
                    found.setdefault(who, []).append((endpoint, path))
    assert set(left) <= OF_NO_THING
    return found


def poster_code_of(town: Town) -> str:
    activity_id = parse(town.things["activity_id"])
    return db.session.scalars(select(Activity.poster_code).where(Activity.id == activity_id)).one()


def _in_order(town: Town) -> People:
    found = crawling.readers(town)
    return {"nobody": None, "member": crawling.the_member(town)} | {
        who: reader for who, reader in found.items() if who not in OTHER_KINDS_OF_READERS
    }


def look_at(person: Person, path: str, light: Light, *, typed: str) -> list[str]:
    """What is wrong with the page in this light."""
    answer = person.page.goto(path, timeout=MOST_LOADING_MS)
    assert answer is not None
    seen = person.page.evaluate(OWN_RULES)
    faults = [*faults_of_ours(seen, language=light.language, typed=typed), *faults_of_weight(seen, answer)]
    faults += faults_of_width(person) if light.is_narrow else []
    return [*faults, *faults_of_axe(person)]


def typed_into(_town: Town) -> str:
    """All that anybody ever wrote into the house: on an English page it may stand in Chinese."""
    names = inspect(db.engine).get_table_names()
    tables = (Table(name, MetaData(), autoload_with=db.engine) for name in names)
    columns = [column for table in tables for column in table.columns if isinstance(column.type, String | JSON)]
    return SEALED + "\n".join(
        str(value) for column in columns for value in db.session.scalars(select(column).distinct())
    )


def look_at_all(town: Town, take: Take, light: Light, pages: Pages, people: People) -> Iterator[str]:
    typed = typed_into(town)
    for who, own in pages.items():
        person = take(people[who], desk=light.is_desk, language=light.language)
        person.page.emulate_media(color_scheme="dark" if light.is_dark else "light")
        person.choose("size", "large" if light.is_large else "")
        width = 320 if light.is_narrow else person.page.viewport_size["width"]
        person.page.set_viewport_size({"width": width, "height": TALL})
        for endpoint, path in own:
            yield from (f"{light}, {endpoint}: {fault}" for fault in look_at(person, path, light, typed=typed))
            if ALBUM:
                keep_picture(person, Path(ALBUM) / str(light) / f"{endpoint}.png")


def keep_picture(person: Person, file: Path) -> None:
    """As the reader's own screen shows it, down to the end of the page."""
    width = person.page.viewport_size["width"]
    person.page.set_viewport_size({"width": width, "height": 800})
    person.page.screenshot(path=file, full_page=True)
    person.page.set_viewport_size({"width": width, "height": TALL})


def dead_links(client: FlaskClient, pages: Pages, people: People) -> Iterator[str]:
    """Links of the pages that lead their reader to a refusal; of those that differ in a question, the first."""
    for who, own in pages.items():
        links: dict[str, tuple[str, str]] = {}
        for endpoint, path in own:
            for link in re.findall(
                r'href="(/(?!static/)[^"#]*)', read(client, path, people[who]).get_data(as_text=True)
            ):
                links.setdefault(link.partition("?")[0], (endpoint, html.unescape(link)))
        for endpoint, link in links.values():
            with read(client, link, people[who]) as answer:
                if answer.status_code >= 400:
                    yield f"{endpoint}: {who} is led to {link}"


@pytest.mark.timeout(900)
def test_axe_and_the_rules_of_the_house_find_nothing_on_any_page_nor_in_any_light(app, client, town, take):
    people = _in_order(town)
    pages = pages_of(app, client, town, people)
    faults = [*look_at_all(town, take, NARROW, pages, people), *dead_links(client, pages, people)]
    some = {who: [one for one in own if one[0] in LAYOUTS] for who, own in pages.items()}
    for light in (NIGHT, LARGE):
        faults += look_at_all(town, take, light, some, people)
    assert {endpoint for own in some.values() for endpoint, _ in own} == LAYOUTS
    assert faults == []


@pytest.mark.night
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("light", ALL, ids=str)
def test_axe_finds_nothing_on_any_page_in_this_light(app, client, town, take, light):
    people = _in_order(town)
    found = pages_of(app, client, town, people)
    pages = {who: [one for one in own if one[0].startswith(PAGES or "")] for who, own in found.items()}
    assert list(look_at_all(town, take, light, pages, people)) == []
