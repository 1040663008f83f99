"""Pictures of an offer: plain and few, approved with the version that names them, no person's afterwards."""

from __future__ import annotations

import io
from dataclasses import replace
from uuid import UUID

import pytest
from PIL import Image

from ledger.core.errors import Forbidden, NotFound
from ledger.core.files import File
from ledger.core.photos import SMALL_SIDE
from ledger.core.sent_photos import PhotoLimit
from ledger.core.tenancy import load
from ledger.rewards import offers
from ledger.rewards.offer_pictures import read_picture, send_picture
from tests.ledger.rewards.street import Street
from tests.ledger.service.feedback_giving import photo
from tests.stories import Neighbour


def sent(who: Neighbour, count: int = 1) -> tuple[UUID, ...]:
    return tuple(send_picture(who.actor, photo()).id for _ in range(count))


def show(street: Street, *picture_ids: UUID, by: Neighbour | None = None) -> None:
    """The owner drafts the loaf's next version with these pictures."""
    newest = offers.versions_of(street.owner.actor, street.loaf.id)[1][0]
    terms = replace(offers.terms_in(newest), picture_ids=picture_ids)
    who = by or street.owner
    offers.change_offer(who.actor, street.loaf.id, read_version=newest.version, terms=terms)


def seen(street: Street, picture_id: UUID, who: Neighbour | None = None, **more: bool) -> Image.Image:
    actor = who.actor if who else None
    content = read_picture(street.id, street.loaf.id, picture_id, actor=actor, **more)
    return Image.open(io.BytesIO(content))


def test_a_picture_is_shown_when_its_version_is_approved_and_small_in_lists(street: Street):
    lin, admin = street.volunteer(), street.place.admin
    [first] = sent(street.owner)
    show(street, first)
    assert offers.see_offer(lin.actor, street.loaf.id).terms.picture_ids is None
    for stranger in (None, lin, street.clerk):
        with pytest.raises(NotFound):
            seen(street, first, stranger)
    assert seen(street, first, admin).format == "JPEG"
    offers.approve_offer(admin.actor, street.loaf.id)
    assert offers.see_offer(lin.actor, street.loaf.id).terms.picture_ids == [first.hex]
    assert max(seen(street, first, is_small=True).size) <= SMALL_SIDE
    assert load(street.id, File, first).owner_id == street.bakery.id
    [second] = sent(admin)
    show(street, second, first, by=admin)
    assert seen(street, first).format == "JPEG"
    offers.approve_offer(street.place.treasurer.actor, street.loaf.id)
    assert offers.see_offer(lin.actor, street.loaf.id).terms.picture_ids == [second.hex, first.hex]
    show(street)
    offers.approve_offer(admin.actor, street.loaf.id)
    with pytest.raises(NotFound):
        seen(street, first, lin)
    assert seen(street, first, street.owner).format == "JPEG"


def test_three_at_most_of_ones_own_and_of_no_other_offer(street: Street):
    four = sent(street.owner, 4)
    with pytest.raises(PhotoLimit):
        show(street, *four)
    with pytest.raises(NotFound):
        show(street, sent(street.place.admin)[0])
    show(street, *four[:3])
    other = street.offer(name="蛋糕")
    with pytest.raises(NotFound):
        offers.change_offer(
            street.owner.actor,
            other.id,
            read_version=1,
            terms=offers.OfferTerms(name="蛋糕", points=5, picture_ids=four[:1]),
        )
    for person in (street.volunteer(), street.clerk, street.place.treasurer):
        with pytest.raises(Forbidden):
            send_picture(person.actor, photo())
