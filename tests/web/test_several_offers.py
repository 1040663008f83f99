"""Several offers at once: ticked on the shop's page, previewed by name and points, approved or ended together."""

from __future__ import annotations

import re
from uuid import UUID

import pytest

from ledger.core.errors import Forbidden, NotFound, VersionChanged
from ledger.rewards import offers, several_offers
from ledger.rewards.models import Offer, OfferKind, OfferState
from ledger.rewards.offers import OfferTerms
from ledger.rewards.several_offers import Step
from tests.ledger.rewards.street import Street, open_street
from tests.web.browser import Browser


def draft(street: Street, name: str, points: int) -> Offer:
    terms = OfferTerms(name=name, points=points)
    return offers.draft_offer(street.place.admin.actor, street.agreement.id, kind=OfferKind.GOODS, terms=terms)


def state_of(street: Street, *found: Offer) -> list[str]:
    by_id = {row.offer.id: row.offer.state for row in offers.list_versions(street.place.admin.actor, street.bakery.id)}
    return [by_id[one.id] for one in found]


def seen_in(browser: Browser) -> list[str]:
    """What the preview would send on."""
    return re.findall(r'name="seen" value="([^"]+)"', browser.page)


def test_several_drafts_are_approved_after_a_preview_that_names_what_each_costs(street, visit):
    cake, bun = draft(street, "蛋糕", 50), draft(street, "馒头", 5)
    treasurer = visit(street.place.treasurer)
    path = f"./merchants/{street.bakery.id.hex}"
    treasurer.get(path)
    assert f'name="offer_ids" value="{cake.id.hex}" form="chosen"' in treasurer.page
    ids = [one.id.hex for one in (cake, bun, street.loaf)]
    assert treasurer.post(f"{path}/offers/preview", offer_ids=ids, step="approve").status_code == 200
    for words in ("将要批准", "蛋糕", "50", "馒头", "2 项可以办", "1 项不能办，已留出", "起草"):
        assert words in treasurer.words
    assert state_of(street, cake, bun) == ["draft", "draft"], "a preview stores nothing"
    done = treasurer.post(f"{path}/offers/decide", seen=seen_in(treasurer), step="approve")
    assert done.status_code == 303
    assert state_of(street, cake, bun) == ["active", "active"]


def test_several_offers_are_ended_and_what_is_reserved_stays(street, visit):
    bun = street.offer(name="馒头", points=5)
    reserved = street.reserve(street.volunteer(), bun)
    admin, path = visit(street.place.admin), f"./merchants/{street.bakery.id.hex}"
    admin.get(path)
    admin.post(f"{path}/offers/preview", offer_ids=[bun.id.hex, street.loaf.id.hex], step="end")
    assert "2 项可以办" in admin.words
    admin.post(f"{path}/offers/decide", seen=seen_in(admin), step="end")
    assert state_of(street, bun, street.loaf) == ["ended", "ended"]
    assert reserved.state == "reserved"
    admin.get(path)
    admin.post(f"{path}/offers/preview", offer_ids=[bun.id.hex], step="end")
    assert "这些都不能办" in admin.words


def test_who_ticked_nothing_is_told_so_and_what_was_not_made_here_is_no_form(street, visit):
    admin, path = visit(street.place.admin), f"./merchants/{street.bakery.id.hex}"
    admin.get(path)
    assert "先勾选商品。" in (admin.post(f"{path}/offers/preview", step="end", follow=True), admin.words)[1]
    assert admin.post(f"{path}/offers/preview", offer_ids=["x"], step="give").status_code == 422
    assert admin.post(f"{path}/offers/decide", seen=["x"], step="end").status_code == 422


def test_a_draft_that_changed_since_the_preview_stops_all_of_them(street, visit):
    cake, bun = draft(street, "蛋糕", 50), draft(street, "馒头", 5)
    treasurer, path = visit(street.place.treasurer), f"./merchants/{street.bakery.id.hex}"
    treasurer.get(path)
    treasurer.post(f"{path}/offers/preview", offer_ids=[cake.id.hex, bun.id.hex], step="approve")
    seen = seen_in(treasurer)
    newest = offers.newest_version(street.id, bun.id)
    offers.change_offer(
        street.place.admin.actor, bun.id, read_version=newest, terms=OfferTerms(name="馒头", points=500)
    )
    refused = treasurer.post(f"{path}/offers/decide", seen=seen, step="approve")
    assert (refused.status_code, "500" in treasurer.words) == (412, True)
    assert state_of(street, cake, bun) == ["draft", "draft"]


def test_only_who_may_do_it_to_one_may_do_it_to_several(street):
    ids: list[UUID] = [street.loaf.id]
    for person, step in (
        (street.volunteer(), Step.END), (street.clerk, Step.END), (street.owner, Step.APPROVE),
        (street.volunteer(), Step.APPROVE), (street.place.treasurer, Step.END),
    ):  # fmt: skip
        with pytest.raises(Forbidden):
            several_offers.foresee(person.actor, street.bakery.id, ids, step=step)
        with pytest.raises(Forbidden):
            several_offers.decide(person.actor, step, dict.fromkeys(ids))
    elsewhere = open_street()
    with pytest.raises(NotFound):
        several_offers.foresee(street.place.admin.actor, street.bakery.id, [elsewhere.loaf.id], step=Step.END)
    with pytest.raises(NotFound):
        several_offers.decide(street.place.admin.actor, Step.END, {elsewhere.loaf.id: None})
    waiting = draft(street, "蛋糕", 50)
    with pytest.raises(VersionChanged):
        several_offers.decide(street.place.treasurer.actor, Step.APPROVE, {waiting.id: 7})
    assert state_of(street, street.loaf, waiting) == [OfferState.ACTIVE, OfferState.DRAFT]
