"""Pictures of what a shop offers: sent ahead, named by a version of the offer, and so approved with it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from ledger.core.db import db
from ledger.core.errors import NotFound
from ledger.core.files import File, read_file
from ledger.core.permissions import may, require_any
from ledger.core.photos import small_photo
from ledger.core.sent_photos import MOST_PHOTOS, PhotoLimit, SentPhotos
from ledger.core.tenancy import Actor, load, scoped
from ledger.rewards.models import Offer, OfferState, OfferVersion
from ledger.rewards.picture_models import OfferPicture

pictures = SentPhotos(OfferPicture, "offer_id", job="forget_unused_offer_pictures")


def send_picture(actor: Actor, content: bytes) -> OfferPicture:
    """The picture waits for an offer of its sender's. Raises Forbidden, PhotoLimit, FileTooLarge, NotAPhoto."""
    require_any(actor, "draft_offer")
    return pictures.send(actor, content)


def put_pictures(actor: Actor, offer: Offer, picture_ids: Sequence[UUID]) -> None:
    """These are the offer's from now on, whoever sent them, and no person's: those of older versions stay.

    Raises PhotoLimit, NotFound (anybody else's that wait, another offer's).
    """
    wanted = set(picture_ids)
    if len(wanted) > MOST_PHOTOS:
        raise PhotoLimit(most=MOST_PHOTOS)
    query = scoped(actor.tenant, OfferPicture).where(OfferPicture.id.in_(wanted)).order_by(OfferPicture.id)
    found = [one for one in db.session.scalars(query.with_for_update()) if _may_be(actor, offer, one)]
    if len(found) != len(wanted):
        raise NotFound
    for picture in found:
        picture.offer_id = offer.id
        picture.owner_id = load(actor.tenant, File, picture.id).owner_id = offer.merchant_id
    db.session.flush()


def _may_be(actor: Actor, offer: Offer, picture: OfferPicture) -> bool:
    return picture.offer_id == offer.id or (picture.offer_id is None and actor.is_person(picture.owner_id))


def read_picture(
    community_id: UUID, offer_id: UUID, picture_id: UUID, *, actor: Actor | None, is_small: bool = False
) -> bytes:
    """The JPEG. Of the version in force of an active offer for anybody; else for those who make and approve offers.

    Raises NotFound.
    """
    offer = load(community_id, Offer, offer_id)
    picture = load(community_id, OfferPicture, picture_id)
    if picture.offer_id != offer.id or not (_is_shown(offer, picture_id) or _makes(actor, offer)):
        raise NotFound
    content = read_file(community_id, picture_id)
    return small_photo(content) if is_small else content


def _is_shown(offer: Offer, picture_id: UUID) -> bool:
    if offer.state != OfferState.ACTIVE:
        return False
    terms = db.session.get_one(OfferVersion, (offer.community_id, offer.id, offer.version))
    return picture_id.hex in (terms.picture_ids or [])


def _makes(actor: Actor | None, offer: Offer) -> bool:
    return actor is not None and may(actor, "see_agreements", merchant_id=offer.merchant_id)
