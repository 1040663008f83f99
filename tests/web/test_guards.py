"""Every page has its guard: nobody who has not signed in, and no stranger to the community, gets anywhere."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask
from werkzeug.routing import Rule

from tests.stories import open_neighbourhood

PUBLIC = {
    "web.welcome.show", "web.sign_in.show", "web.sign_in.send_code", "web.sign_in.enter",
    "web.identities.begin", "web.identities.come_back", "web.identities.enter",
    "web.sign_in.show_password", "web.sign_in.enter_with_password",
    "web.preferences.choose_language", "web.preferences.choose_size", "web.checkins.show_site", "web.checkins.record",
    "web.offers.show_shop", "web.privacy.show", "web.seals.list_days", "web.seals.download_verifier",
    "web.design.show", "web.help.list_all", "web.help.show",
    "web.scanner.show", "web.scanner.load_own", "web.scanner.load_decoder", "web.scanner.tell_who",
    "web.summaries.list_all", "web.summaries.show", "web.summaries.download", "web.board.show", "web.board.show_donors",
    "web.offers.show_picture",
    "web.verify.ask_number", "web.verify.show",
    "web.commendations.list_all", "web.commendations.show", "web.commendations.object_to",
}  # fmt: skip
"""What anybody may open: the front door, the way in, what a poster leads to, and the manual of the API."""


OPEN = {
    "web.seals.list_days", "web.summaries.list_all", "web.board.show", "web.board.show_donors",
    "web.offers.show_picture", "web.commendations.list_all", "web.commendations.object_to",
}  # fmt: skip
"""Public pages of every community, and the form that anybody may send to one."""


def pages(app: Flask) -> Iterator[tuple[Rule, str]]:
    """Every page with one of its methods."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("web.") and not rule.endpoint.startswith("web.docs."):
            yield from ((rule, method) for method in sorted(rule.methods & {"GET", "POST"}))


def address(rule: Rule, community_id: str) -> str:
    """An address of the page in this community, of a thing that is not there."""
    values = dict.fromkeys(rule.arguments, "0" * 32) | {"community_id": community_id}
    _, path = rule.build({name: values[name] for name in rule.arguments}, append_unknown=False)
    return path


def test_who_has_not_signed_in_is_asked_to_everywhere_but_on_public_pages(app, context, client):
    place = open_neighbourhood()
    answers = {
        (rule.endpoint, method): client.open(address(rule, place.id.hex), method=method).status_code
        for rule, method in pages(app)
    }
    assert {endpoint for (endpoint, _), status in answers.items() if status != 401} == PUBLIC


def test_a_stranger_finds_nothing_of_a_community(app, context, visit):
    place, stranger = open_neighbourhood(), open_neighbourhood("北塔社区").volunteer()
    client = visit(stranger).client
    inside = [
        (rule, method) for rule, method in pages(app) if "community_id" in rule.arguments and rule.endpoint not in OPEN
    ]
    answers = {
        (rule.endpoint, method): client.open(address(rule, place.id.hex), method=method).status_code
        for rule, method in inside
    }
    assert {page: status for page, status in answers.items() if status != 404} == {}
