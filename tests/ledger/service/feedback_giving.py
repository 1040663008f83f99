"""What tests of feedback share: a holder of a post, and a photo as a phone takes it."""

from __future__ import annotations

import io
from uuid import UUID

from PIL import Image

from ledger.core import clock
from ledger.people import grants
from ledger.people.models import PlaceUnit, PostKind
from ledger.service.feedback import Given, give_feedback
from ledger.service.feedback_models import Category, Feedback
from tests.stories import Neighbour, Neighbourhood

LAMP = Given(Category.SAFETY, "3 号楼路灯坏了")


def leader(place: Neighbourhood, name: str = "丁大姐", *, unit: PlaceUnit | None = None) -> Neighbour:
    """A volunteer who leads the micro-grid, or another unit."""
    person = place.volunteer(name)
    assert person.member_id is not None
    unit_id = (unit or place.micro_grid).id
    grants.give_post(place.admin.actor, person.member_id, kind=PostKind.MICRO_GRID_LEADER, unit_id=unit_id)
    return person


def give(place: Neighbourhood, who: Neighbour, given: Given = LAMP, file_ids: list[UUID] | None = None) -> Feedback:
    """Today's feedback of the micro-grid."""
    today = clock.today()
    return give_feedback(who.actor, place.micro_grid.id, today, given, file_ids=file_ids)


def photo(*, width: int = 40, height: int = 30, kind: str = "JPEG") -> bytes:
    """A picture with the words of a place in its EXIF."""
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "taken at the east gate"
    Image.new("RGB", (width, height), "green").save(buffer, kind, exif=exif)
    return buffer.getvalue()
