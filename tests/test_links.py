"""The links of the demo's pages, a few of each kind, followed by each role: none leads nowhere or ends in a fault."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator

import pytest
from flask import Flask

from api.auth import COOKIE
from api.commands.demo.town import CAST
from ledger.people import phones, sessions
from ledger.people.models import SessionKind
from tests.test_demo import house, told

__all__ = ["house", "told"]

LINK = re.compile(r'(?:href|src)="(/[^"]*)"')
OF_ONE = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}|\d{4}-\d\d(?:-\d\d)?|(?<=/)[A-Z0-9]{5,}")
"""What tells the addresses of one kind of page apart."""

FILE = re.compile(r"\.(csv|xlsx)(\?|$)")

OF_A_KIND = 2
"""So many pages of a kind are looked at."""


def walk(app: Flask, role: str) -> Iterator[tuple[str, int]]:
    """Every address that the pages of a role lead to, a few of each kind, with the status of its answer."""
    client, kinds, todo, seen = app.test_client(), Counter[str](), ["/"], set[str]()
    person_id = phones.person_with(CAST[role][1])
    assert person_id is not None
    token, _ = sessions.open_session(person_id, kind=SessionKind.BROWSER, label="test", is_strong=True)
    client.set_cookie(COOKIE, token)
    while todo:
        path = html.unescape(todo.pop()).partition("#")[0]
        kind = OF_ONE.sub("…", path.partition("?")[0])
        if path in seen or kinds[kind] == OF_A_KIND or path.startswith("/static"):
            continue
        seen.add(path)
        kinds[kind] += 1
        answer = client.get(path)
        yield path, answer.status_code
        if answer.location:
            todo.append(answer.location)
        elif answer.mimetype == "text/html":
            todo += LINK.findall(answer.get_data(as_text=True))


@pytest.mark.long
@pytest.mark.parametrize("role", CAST)
def test_no_link_leads_nowhere(told: Flask, role: str) -> None:
    answers = dict(walk(told, role))
    # A file of more lines than a file may have says so, and what to ask for instead.
    refused = {
        path: status for path, status in answers.items() if status >= 400 and not (status == 409 and FILE.search(path))
    }
    assert refused == {}
    assert len(answers) > 10
