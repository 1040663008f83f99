"""Service record certificates: asked for, issued, revoked, verified by anybody, and neither forged nor altered."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import update

from ledger.book.checking import run_checks
from ledger.core import clock
from ledger.core.audit import LineFilter, list_lines
from ledger.core.commitments import Commitment
from ledger.core.db import atomic, db
from ledger.core.errors import AlreadyExists, Forbidden, NotFound, TooManyRequests, WrongState
from ledger.core.ids import new_id
from ledger.core.numbers import is_public_number, public_number
from ledger.core.registry import erasers, exporters
from ledger.people import helping
from ledger.recognition import certificates
from ledger.recognition.certificates import ask_certificate, issue_certificate, revoke_certificate
from ledger.recognition.errors import NothingServed, PeriodInFuture
from ledger.recognition.models import Certificate, CertificateState
from ledger.recognition.verifying import MOST, Verdict, verify
from ledger.service.undoing import undo_stamp
from tests.ledger.recognition.month import Month
from tests.stories import Neighbour, open_neighbourhood

YEAR = {"starts_on": date(2026, 1, 1), "ends_on": date(2026, 11, 20), "purpose": "入学申请"}
HOME = "203.0.113.9"


def asked(november: Month, person: Neighbour) -> Certificate:
    return ask_certificate(person.actor, member_id=person.member_id, **YEAR)


def issued(november: Month, person: Neighbour) -> Certificate:
    november.serve(person)
    return issue_certificate(november.admin.actor, asked(november, person).id)


def judged(certificate: Certificate) -> Verdict:
    assert certificate.number is not None
    return verify(certificate.number, address=HOME).status


def test_a_member_asks_and_the_admin_issues_what_the_books_say(november):
    [lin] = november.volunteers("林秀芳")
    with pytest.raises(NothingServed):
        asked(november, lin)
    november.serve(lin)
    with pytest.raises(PeriodInFuture):
        ask_certificate(lin.actor, member_id=lin.member_id, **(YEAR | {"ends_on": date(2026, 11, 21)}))
    row = asked(november, lin)
    with pytest.raises(AlreadyExists):
        asked(november, lin)
    with pytest.raises(Forbidden):
        issue_certificate(lin.actor, row.id)
    certificate = issue_certificate(november.admin.actor, row.id)
    with pytest.raises(WrongState):
        issue_certificate(november.admin.actor, row.id)
    assert certificate.number.startswith("NH-")
    assert is_public_number(certificate.number)
    found = verify(f" {certificate.number.lower()}", address=HOME)
    assert found.status is Verdict.VALID
    shown = found.certificate
    assert (shown["name"], shown["purpose"], shown["minutes"], shown["visits"]) == ("林秀芳", "入学申请", 120, 1)
    assert shown["programmes"] == [{"programme": "巡逻", "visits": 1, "minutes": 120}]
    assert shown["digest"] == certificate.digest.hex()


def test_only_the_member_and_who_helps_asks_and_only_they_and_the_staff_see_it(november):
    lin, other, daughter = november.volunteers("林秀芳", "陈刚", "林小燕")
    november.serve(lin)
    with pytest.raises(Forbidden):
        ask_certificate(other.actor, member_id=lin.member_id, **YEAR)
    helping.agree(daughter.actor, november.street.place.helper_link(lin, daughter).id)
    row = ask_certificate(daughter.actor, member_id=lin.member_id, **YEAR)
    for person in (lin, daughter, november.admin, november.supervisor):
        assert certificates.see_certificate(person.actor, row.id).member_name == "林秀芳"
        assert [view.certificate.id for view in certificates.list_certificates(person.actor)] == [row.id]
    read = list_lines(november.admin.actor, wanted=LineFilter(action="recognition.read_certificate"))
    assert lin.person_id not in {line.actor_id for line in read}, "one's own reading leaves no line"
    assert {line.on_behalf_of for line in read} == {lin.person_id}
    assert certificates.list_certificates(daughter.actor, is_mine=True) == []
    assert certificates.list_certificates(other.actor) == []
    with pytest.raises(Forbidden):
        certificates.see_certificate(other.actor, row.id)
    elsewhere = open_neighbourhood("北塔社区")
    with pytest.raises(NotFound):
        certificates.see_certificate(elsewhere.admin.actor, row.id)
    assert certificates.count_waiting(november.admin.actor) == 1
    assert certificates.count_waiting(november.supervisor.actor) == 0


def test_a_revoked_certificate_verifies_as_revoked_and_shows_nothing_more(november):
    lin, other = november.volunteers("林秀芳", "陈刚")
    certificate = issued(november, lin)
    with pytest.raises(Forbidden):
        revoke_certificate(november.supervisor.actor, certificate.id, reason="不行")
    revoke_certificate(november.admin.actor, certificate.id, reason="记错了时长")
    found = verify(certificate.number, address=HOME)
    assert (found.status, found.certificate, found.revoked_on) == (Verdict.REVOKED, None, date(2026, 11, 20))
    with pytest.raises(WrongState):
        revoke_certificate(november.admin.actor, certificate.id, reason="再一次")
    november.serve(other)
    declined = revoke_certificate(november.admin.actor, asked(november, other).id, reason="请先补签")
    assert (declined.state, declined.number) == (CertificateState.DECLINED, None)


def test_what_is_undone_between_is_not_certified(november):
    [lin] = november.volunteers("林秀芳")
    [stamp_id] = november.serve(lin)
    row = asked(november, lin)
    undo_stamp(november.street.place.stamper.actor, stamp_id)
    with pytest.raises(NothingServed):
        issue_certificate(november.admin.actor, row.id)


def test_a_forged_number_is_unknown_and_a_slip_of_the_pen_counts_as_no_try(november):
    [lin] = november.volunteers("林秀芳")
    certificate = issued(november, lin)
    number = certificate.number
    altered = number[:-3] + ("2" if number[-3] != "2" else "3") + number[-2:]
    for wrong in (altered, "NH-0000-0000-0000-0", "", "鬼画符" * 40):
        for _ in range(MOST + 2):
            assert verify(wrong, address=HOME).status is Verdict.UNKNOWN
    for _ in range(MOST):
        assert verify(public_number("NH", new_id()), address=HOME).status is Verdict.UNKNOWN
    for any_number in (public_number("NH", new_id()), public_number("ZZ", new_id()), number):
        with pytest.raises(TooManyRequests):
            verify(any_number, address=HOME)
    assert verify(number, address="203.0.113.77").status is Verdict.VALID
    clock.advance(minutes=11)
    assert judged(certificate) is Verdict.VALID


@pytest.mark.breaks_books
def test_an_altered_certificate_verifies_as_changed(november):
    first, second, third = november.volunteers("林秀芳", "陈刚", "王桂兰")
    found = [issued(november, person) for person in (first, second, third)]

    @atomic
    def alter() -> None:
        more = found[0].document.replace(b'"minutes":120', b'"minutes":999')
        mine = update(Certificate).where(Certificate.id == found[0].id)
        db.session.execute(mine.values(document=more))
        theirs = update(Certificate).where(Certificate.id == found[1].id)
        db.session.execute(theirs.values(document=found[2].document, digest=found[2].digest))
        name = update(Commitment).where(Commitment.thing_id == found[2].id, Commitment.field == "name")
        db.session.execute(name.values(digest=b"x" * 32))

    alter()
    assert [judged(one) for one in found] == [Verdict.CHANGED] * 3
    assert verify(found[0].number, address=HOME).certificate is None
    assert {finding.check for finding in run_checks()} == {"certificates_match", "commitments_match"}


def test_an_erased_name_is_forgotten_and_the_certificate_still_proves(november):
    [lin] = november.volunteers("林秀芳")
    certificate = issued(november, lin)
    exported = exporters["certificates"](lin.person_id)["certificates"]
    assert [one["number"] for one in exported] == [certificate.number]
    for name in ("commitments", "certificates"):
        erasers[name](lin.person_id)
    found = verify(certificate.number, address=HOME)
    assert (found.status, found.certificate["name"], found.certificate["purpose"]) == (Verdict.VALID, None, None)
    assert found.certificate["minutes"] == 120
