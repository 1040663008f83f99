"""The table of pictures of offers."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped

from ledger.core.db import Base
from ledger.core.sent_photos import SentPhoto


class OfferPicture(SentPhoto, Base):
    """A picture of what is offered; the id is its file's. Without an offer it was sent ahead, gone in a day.

    What a version names stays, as the version does.
    """

    __tablename__ = "offer_pictures"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "id"], ["files.community_id", "files.id"]),
        ForeignKeyConstraint(["community_id", "offer_id"], ["offers.community_id", "offers.id"]),
        Index("ix_offer_pictures_offer", "community_id", "offer_id"),
    )
    offer_id: Mapped[UUID | None]
