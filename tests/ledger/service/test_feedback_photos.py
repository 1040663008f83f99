"""Photos of feedback: plain pixels, three at most, the sender's own, shown with the feedback and gone with it."""

from __future__ import annotations

import io
from uuid import UUID

import pytest
from flask import Flask
from PIL import Image

from ledger.core import clock
from ledger.core.db import db
from ledger.core.errors import Forbidden, NotFound
from ledger.core.files import MAX_BYTES, File, FileTooLarge
from ledger.core.jobs import tick
from ledger.core.photos import LONGEST_SIDE, NotAPhoto, clean_photo
from ledger.core.registry import erasers, exporters
from ledger.core.sent_photos import MOST_AHEAD, PhotoLimit
from ledger.core.tenancy import load
from ledger.service import feedback_reading as reading
from ledger.service.feedback import NOTHING
from ledger.service.feedback_photos import send_photo
from tests.ledger.service.feedback_giving import give, leader, photo
from tests.stories import Neighbour, Neighbourhood, open_neighbourhood


@pytest.fixture
def place(context: Flask) -> Neighbourhood:
    return open_neighbourhood()


@pytest.fixture
def ding(place: Neighbourhood) -> Neighbour:
    return leader(place)


def send(who: Neighbour) -> UUID:
    return send_photo(who.actor, photo()).id


def is_there(place: Neighbourhood, photo_id: UUID) -> bool:
    db.session.expire_all()
    return load(place.id, File, photo_id).content is not None


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_is_made_smaller_and_says_nothing_of_its_place(kind: str) -> None:
    sent = photo(width=2 * LONGEST_SIDE, height=LONGEST_SIDE, kind=kind)
    assert b"east gate" in sent
    kept = clean_photo(sent)
    assert b"east gate" not in kept
    with Image.open(io.BytesIO(kept)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (LONGEST_SIDE, LONGEST_SIDE // 2))
        assert not picture.getexif()


def test_a_photo_taken_sideways_stands_upright() -> None:
    buffer, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 20)).save(buffer, "JPEG", exif=exif)
    with Image.open(io.BytesIO(clean_photo(buffer.getvalue()))) as picture:
        assert picture.size == (20, 40)


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"<svg/>", photo()[:200], b"\x89PNG\r\n\x1a\n" + b"0" * 50])
def test_what_is_no_photo_is_refused_by_its_content(content: bytes) -> None:
    with pytest.raises(NotAPhoto):
        clean_photo(content)


def test_what_is_too_large_is_refused() -> None:
    with pytest.raises(FileTooLarge):
        clean_photo(b"x" * (MAX_BYTES + 1))
    buffer = io.BytesIO()
    Image.new("1", (10_000, 10_000)).save(buffer, "PNG")
    with pytest.raises(NotAPhoto):
        clean_photo(buffer.getvalue())


def test_photos_are_seen_by_whoever_sees_the_feedback(place: Neighbourhood, ding: Neighbour) -> None:
    ids = [send(ding), send(ding)]
    row = give(place, ding, file_ids=ids)
    assert reading.see_feedback(place.coordinator.actor, row.id).photo_ids == ids
    assert reading.read_photo(place.stamper.actor, row.id, ids[0]).startswith(b"\xff\xd8")
    with pytest.raises(Forbidden):
        reading.read_photo(place.volunteer().actor, row.id, ids[0])
    other = give(place, leader(place, "李大姐"))
    with pytest.raises(NotFound):
        reading.read_photo(place.admin.actor, other.id, ids[0])


def test_photos_left_out_or_not_needed_any_more_are_gone(place: Neighbourhood, ding: Neighbour) -> None:
    first, second = send(ding), send(ding)
    give(place, ding, file_ids=[first, second])
    give(place, ding)
    assert is_there(place, first), "nothing was said of photos"
    give(place, ding, file_ids=[second])
    assert (is_there(place, first), is_there(place, second)) == (False, True)
    give(place, ding, NOTHING)
    assert not is_there(place, second)


def test_three_photos_of_ones_own_are_the_most(place: Neighbourhood, ding: Neighbour) -> None:
    with pytest.raises(PhotoLimit):
        give(place, ding, file_ids=[send(ding) for _ in range(4)])
    with pytest.raises(NotFound):
        give(place, ding, file_ids=[send(leader(place, "李大姐"))])
    with pytest.raises(Forbidden):
        send(place.volunteer())
    for _ in range(MOST_AHEAD - 4):
        send(ding)
    with pytest.raises(PhotoLimit):
        send(ding)


def test_what_no_feedback_took_is_gone_after_a_day(place: Neighbourhood, ding: Neighbour) -> None:
    unused, used = send(ding), send(ding)
    give(place, ding, file_ids=[used])
    with clock.set_to(clock.now()):
        clock.advance(days=2)
        tick([place.id])
    assert (is_there(place, unused), is_there(place, used)) == (False, True)


def test_erasing_the_person_erases_the_photos(place: Neighbourhood, ding: Neighbour) -> None:
    sent = send(ding)
    give(place, ding, file_ids=[sent])
    for name in ("feedback", "files"):
        erasers[name](ding.person_id)
    assert not is_there(place, sent)
    assert exporters["feedback"](ding.person_id)["feedback"][0]["photos"] == 0
