"""Each path to a redemption carries what the agreement lets it carry: a paper card less than a phone."""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest
from flask import Flask

from ledger.core import clock
from ledger.core.errors import Refused
from ledger.rewards import agreements, offers, receipts, redemptions, refunds, slips, tills
from ledger.rewards.models import Path
from ledger.rewards.path_caps import PathCap, caps_in
from ledger.rewards.ways import ByCard, Way
from tests.ledger.rewards.street import Street, at_once, terms_of
from tests.ledger.rewards.test_card_redemptions import PIN, card_of
from tests.ledger.rewards.test_helped import helper_of
from tests.stories import Neighbour


def refusal(street: Street, who: Neighbour, quantity: int, *, way: Way, by: Neighbour | None = None) -> str:
    """The code with which so many loaves are refused by this way; "" when they are reserved."""
    helped = who.member_id if by not in (None, street.clerk) else None
    try:
        redemptions.reserve((by or who).actor, street.loaf.id, way=way, quantity=quantity, on_behalf_of=helped)
    except Refused as refused:
        return refused.code
    return ""


def test_a_paper_card_carries_less_unless_the_agreement_says_otherwise(street: Street):
    """A loaf costs 20: a card carries five at a time and ten a day; a phone what is in the wallet."""
    lin = street.volunteer(2000)
    way = ByCard(card_of(street, lin), PIN)
    clerk = street.clerk
    assert refusal(street, lin, 6, way=way, by=clerk) == "path_cap_reached"
    assert refusal(street, lin, 5, way=way, by=clerk) == ""
    assert refusal(street, lin, 4, way=way, by=clerk) == ""
    assert refusal(street, lin, 2, way=way, by=clerk) == "path_cap_today"
    assert refusal(street, lin, 1, way=way, by=clerk) == ""
    till = tills.open_till(clerk.actor, card_code=way.code)
    assert [reason.code for reason in till.offers[0].reasons] == ["path_cap_today"]
    assert refusal(street, lin, 30, way=street.poster) == ""
    assert refusal(street, lin, 6, way=street.code_of(lin), by=clerk) == ""

    paid = [one.redemption for one in receipts.list_redemptions(lin.actor)]
    last = next(one for one in paid if one.via == "card")
    refunds.refund(street.place.treasurer.actor, last.id, reason="退一个")
    assert refusal(street, lin, 1, way=way, by=clerk) == ""
    clock.advance(days=1)
    assert refusal(street, lin, 5, way=way, by=clerk) == ""

    street.agree(path_caps={})
    assert refusal(street, lin, 9, way=way, by=clerk) == ""


@pytest.mark.parametrize("path", list(Path))
def test_each_path_has_its_own_cap_and_leaves_the_others_alone(street: Street, path: Path):
    street.agree(path_caps={path: PathCap(each=60, per_day=80)}, slip_points=100)
    lin = street.volunteer(3000)
    daughter = street.volunteer(0, "林小燕")
    helper_of(street, lin, daughter)
    card = ByCard(card_of(street, lin), PIN)
    slips.print_pad(street.clerk.actor)
    numbers = iter([slip.number for slip, _ in slips.list_pads(street.clerk.actor)[0][1]])

    def by_slip(quantity: int) -> str:
        asked = {"card_code": card.code, "offer_id": street.loaf.id, "filled_on": clock.today()}
        try:
            slips.enter_slip(street.clerk.actor, next(numbers), quantity=quantity, **asked)
        except Refused as refused:
            return refused.code
        return ""

    ways = {
        Path.MEMBER_CODE: lambda: {"way": street.code_of(lin), "by": street.clerk},
        Path.MERCHANT_CODE: lambda: {"way": street.poster},
        Path.CARD: lambda: {"way": card, "by": street.clerk},
        Path.HELPER: lambda: {"way": street.poster, "by": daughter},
    }
    found = {way: [refusal(street, lin, quantity, **asked()) for quantity in (4, 3, 2)] for way, asked in ways.items()}
    found[Path.SLIP] = [by_slip(quantity) for quantity in (4, 3, 2)]
    assert found.pop(path) == ["path_cap_reached", "", "path_cap_today"]
    assert set(map(tuple, found.values())) == {("", "", "")}


def test_the_caps_are_terms_like_any_other(street: Street):
    usual = {Path.CARD: PathCap(100, 200), Path.SLIP: PathCap(per_day=100)}
    assert terms_of(street.fund).path_caps == usual
    _, [version] = agreements.see_agreement(street.place.admin.actor, street.agreement.id)
    assert caps_in(version.path_caps) == usual
    assert caps_in(None) == {}, "an agreement older than these caps has none"


def test_two_tills_with_one_card_carry_together_what_it_carries(app: Flask, street: Street):
    street.agree(path_caps={Path.CARD: PathCap(per_day=60)})
    lin, clerk = street.volunteer(1000), street.clerk.actor
    way = ByCard(card_of(street, lin), PIN)
    answers = at_once(app, [partial(redemptions.reserve, clerk, street.loaf.id, way=way)] * 8)
    assert Counter(answer if isinstance(answer, str) else "confirmed" for answer in answers) == {
        "confirmed": 3,
        "path_cap_today": 5,
    }


def test_an_offer_that_is_only_looked_at_has_no_path(street: Street):
    lin = street.volunteer(1000)
    dear = street.offer(points=101)
    assert offers.see_offer(lin.actor, dear.id).reasons == ()
