"""Complaints about goods: raised by the member, answered in seven working days, closed by the community."""

from __future__ import annotations

import io
from datetime import datetime, timedelta

import pytest
from flask import Flask
from PIL import Image

from ledger.core import clock, jobs
from ledger.core.db import db
from ledger.core.errors import AlreadyExists, Forbidden, NotFound, WrongState
from ledger.core.registry import erasers, exporters
from ledger.core.second_person import OwnStep
from ledger.core.sent_photos import PhotoLimit
from ledger.core.tenancy import scoped
from ledger.people import helping
from ledger.people.models import Notice
from ledger.rewards import complaint_photos, complaint_reading, complaints
from ledger.rewards.complaint_models import Complaint, ComplaintPhoto, ComplaintState, Remedy
from ledger.rewards.errors import NotRefunded
from ledger.rewards.models import Redemption
from ledger.rewards.refunds import refund
from tests.ledger.rewards.street import Street, at_once
from tests.stories import Neighbour, open_neighbourhood, street_officer


@pytest.fixture
def lin(street: Street) -> Neighbour:
    return street.volunteer()


@pytest.fixture
def loaf(street: Street, lin: Neighbour) -> Redemption:
    return street.buy(lin)


@pytest.fixture
def complaint(lin: Neighbour, loaf: Redemption) -> Complaint:
    return complaints.complain(lin.actor, loaf.id, words="面包发霉了")


def photo(person: Neighbour) -> ComplaintPhoto:
    picture = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(picture, "PNG")
    return complaint_photos.send_photo(person.actor, picture.getvalue())


def kinds_of(street: Street, person: Neighbour) -> list[str]:
    query = scoped(street.id, Notice.kind).where(Notice.person_id == person.person_id, Notice.read_at.is_(None))
    return [kind for kind in db.session.scalars(query.order_by(Notice.id)) if "complaint" in kind]


def test_raised_answered_and_closed_with_everybody_told(street: Street, lin: Neighbour, complaint: Complaint) -> None:
    assert (complaint.state, complaint.outcome) == ("open", None)
    assert complaint.due_at == datetime(2026, 12, 2, tzinfo=clock.SHANGHAI), "the end of the seventh working day"
    assert kinds_of(street, street.owner) == kinds_of(street, street.place.admin) == ["rewards.complaint_raised"]
    [seen] = complaint_reading.list_complaints(street.owner.actor, status=ComplaintState.OPEN)
    assert (seen.words, seen.offer_name, seen.steps) == ("面包发霉了", "全麦面包", ["answer"])
    complaints.answer_complaint(street.owner.actor, complaint.id, answer="请来换一个")
    with pytest.raises(WrongState):
        complaints.answer_complaint(street.place.admin.actor, complaint.id, answer="再答")
    with pytest.raises(NotRefunded):
        complaints.close_complaint(street.place.admin.actor, complaint.id, outcome=Remedy.REFUNDED)
    refund(street.owner.actor, complaint.redemption_id, reason="发霉")
    row = complaints.close_complaint(street.place.admin.actor, complaint.id, outcome=Remedy.REFUNDED, note="已退")
    assert (row.state, row.outcome) == ("closed", "refunded")
    assert kinds_of(street, lin) == ["rewards.complaint_answered", "rewards.complaint_closed"]
    assert complaint_reading.public_counts(street.id) == (0, 0)
    again = complaints.complain(lin.actor, complaint.redemption_id, words="还没退够")
    assert again.id != complaint.id, "what is closed is no bar"


def test_what_is_refused_and_to_whom(street: Street, lin: Neighbour, loaf: Redemption) -> None:
    other = street.volunteer(name="别人")
    for person in (other, street.clerk, street.owner, street.place.treasurer):
        with pytest.raises(Forbidden):
            complaints.complain(person.actor, loaf.id, words="不是我的")
    with pytest.raises(WrongState):
        complaints.complain(lin.actor, street.reserve(lin).id, words="还没拿到")
    stranger = photo(other)
    with pytest.raises(NotFound):
        complaints.complain(lin.actor, loaf.id, words="坏了", file_ids=[stranger.id])
    four = [photo(lin).id for _ in range(4)]
    with pytest.raises(PhotoLimit):
        complaints.complain(lin.actor, loaf.id, words="坏了", file_ids=four)
    row = complaints.complain(lin.actor, loaf.id, words="坏了", file_ids=four[:3])
    with pytest.raises(AlreadyExists):
        complaints.complain(lin.actor, loaf.id, words="又坏了")
    for person in (lin, other, street.clerk, street.place.stamper):
        with pytest.raises(Forbidden):
            complaints.answer_complaint(person.actor, row.id, answer="好")
    for person in (street.owner, street.place.treasurer, street.place.supervisor):
        with pytest.raises(Forbidden):
            complaints.close_complaint(person.actor, row.id, outcome=Remedy.EXPLAINED)
    for stranger_admin in (open_neighbourhood("别处").admin,):
        with pytest.raises(NotFound):
            complaints.answer_complaint(stranger_admin.actor, row.id, answer="好")


def test_nobody_answers_or_closes_their_own(street: Street) -> None:
    admin = street.place.admin
    street.award(admin, 50)
    row = complaints.complain(admin.actor, street.buy(admin).id, words="不新鲜")
    with pytest.raises(OwnStep):
        complaints.answer_complaint(admin.actor, row.id, answer="我来答")
    with pytest.raises(OwnStep):
        complaints.close_complaint(admin.actor, row.id, outcome=Remedy.EXPLAINED)
    assert complaint_reading.see_complaint(admin.actor, row.id).steps == []


def test_a_helper_complains_and_the_member_is_told(street: Street, lin: Neighbour, loaf: Redemption) -> None:
    daughter = street.place.volunteer("林小燕")
    link = street.place.helper_link(lin, daughter)
    helping.agree(daughter.actor, link.id)
    row = complaints.complain(daughter.actor, loaf.id, words="妈妈的面包坏了", file_ids=[photo(daughter).id])
    assert "rewards.complaint_helped" in kinds_of(street, lin)
    view = complaint_reading.see_complaint(daughter.actor, row.id)
    assert (view.words, view.member_name) == ("妈妈的面包坏了", "林秀芳")
    assert complaint_reading.read_photo(lin.actor, row.id, view.photo_ids[0]).startswith(b"\xff\xd8")


def test_the_street_counts_but_reads_no_words(street: Street, complaint: Complaint) -> None:
    officer = street_officer(street.place.community)
    view = complaint_reading.see_complaint(officer.actor, complaint.id)
    assert (view.words, view.member_name, view.photo_ids, view.steps) == ("", "林*芳", [], [])
    for person in (street.clerk, street.place.coordinator):
        assert not complaint_reading.complaints_of(person.actor, complaint.redemption_id)


def test_the_overdue_are_counted_and_reminded_of_daily(street: Street, lin: Neighbour, complaint: Complaint) -> None:
    clock.move_to(complaint.due_at - timedelta(seconds=1))
    jobs.tick([street.id])
    assert complaint_reading.public_counts(street.id) == (1, 0)
    clock.move_to(complaint.due_at)
    jobs.tick([street.id])
    jobs.tick([street.id])
    assert complaint_reading.public_counts(street.id) == (1, 1)
    assert kinds_of(street, street.owner).count("rewards.complaint_overdue") == 1
    assert complaint_reading.count_waiting_for(street.place.admin.actor) == (1, 1)
    assert [one.complaint.id for one in complaint_reading.list_complaints(lin.actor, is_overdue=True)] == [complaint.id]
    complaints.answer_complaint(street.place.admin.actor, complaint.id, answer="已联系店主")
    clock.advance(days=1)
    jobs.tick([street.id])
    assert "rewards.complaint_overdue" not in kinds_of(street, street.place.admin)


def test_exported_and_erased_with_its_photos(street: Street, lin: Neighbour, loaf: Redemption) -> None:
    row = complaints.complain(lin.actor, loaf.id, words="发霉", file_ids=[photo(lin).id])
    [told] = exporters["complaints"](lin.person_id)["complaints"]
    assert (told["words"], told["state"]) == ("发霉", "open")
    erasers["complaints"](lin.person_id)
    db.session.expire_all()
    view = complaint_reading.see_complaint(street.place.admin.actor, row.id)
    assert (view.complaint.state, view.words, view.photo_ids) == ("erased", "", [])
    assert complaint_reading.public_counts(street.id) == (0, 0)


def test_of_two_at_once_one_complaint_stands(app: Flask, street: Street, lin: Neighbour, loaf: Redemption) -> None:
    actor = lin.actor
    came = at_once(app, [lambda: complaints.complain(actor, loaf.id, words="坏了").state] * 4)
    assert sorted(came) == ["already_exists"] * 3 + ["open"]


def test_photos_that_no_complaint_took_are_gone_after_a_day(street: Street, lin: Neighbour, loaf: Redemption) -> None:
    early = photo(lin)
    clock.advance(days=1, minutes=1)
    jobs.tick([street.id])
    with pytest.raises(NotFound):
        complaints.complain(lin.actor, loaf.id, words="坏了", file_ids=[early.id])
