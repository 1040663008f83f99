"""Every page and every answer, asked for by everybody: no name or phone where it must not be, and no fault (F13)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ledger.core import clock
from ledger.people.phones import number_of
from tests.api.test_guards import Town, build
from tests.crawling import NEVER_BY_NAME, address, places, read, readers

NAME = "欧阳翠花"
"""A member who never agreed to be named in public."""


@pytest.fixture
def town(context: Flask) -> Iterator[Town]:
    try:
        yield build(NAME)
    finally:
        clock.move_to(None)


@pytest.mark.long
def test_nobody_reads_a_name_or_a_phone_that_is_not_for_them(app: Flask, client: FlaskClient, town: Town) -> None:
    from ledger.core.ids import parse
    from ledger.people.members import load_member

    member_id = parse(town.things["member_id"])
    assert member_id is not None
    phone = number_of(load_member(town.street.id, member_id).person_id)
    assert phone is not None
    named, called, faulty, helped = set(), set(), set(), set()
    for who, reader in readers(town).items():
        for rule in places(app):
            answer = read(client, address(app, rule, town, who), reader)
            body = answer.get_data().decode("utf-8", "ignore")
            if answer.status_code >= 500 and rule.endpoint != "health.readyz":
                faulty.add((who, rule.endpoint))
            if phone in body:
                called.add((who, rule.endpoint))
            if who in NEVER_BY_NAME and NAME in body:
                named.add((who, rule.endpoint))
            if who == "helper" and f"您正在替 {town.people['volunteer'].name} 办事" in body:
                helped.add(rule.endpoint)
    assert (faulty, called, named) == (set(), set(), set())
    assert {"web.helping.act", "web.statements.show_member", "web.certificates.list_mine", "web.years.show"} <= helped


def test_staff_do_read_the_name_so_the_crawl_is_known_to_look(app: Flask, client: FlaskClient, town: Town) -> None:
    found = read(client, f"/c/{town.street.id.hex}/members", town.people["admin"])
    assert NAME in found.get_data(as_text=True)
