"""What is made public: months are signed off and published, the last only signed; certificates in every state."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import partial

from api.commands.demo.story import Story
from api.commands.demo.town import Resident, Town
from ledger.core import clock
from ledger.people import consents
from ledger.people.models import Purpose
from ledger.recognition import certificates, summaries
from ledger.recognition.models import Certificate
from ledger.service import queue
from ledger.service.models import CheckinState

AGREED = 12
"""So many residents agree to be named in public."""

LOOKED_AT = 200
"""Among so many of the newest stamped visits those are found who ask for a certificate."""


def tell_recognition(town: Town, story: Story) -> None:
    """On the second of a month the one before is signed off, on the fourth it is published."""
    for resident in town.residents[-AGREED:]:
        consents.give(resident.actor.person_id, [Purpose.PUBLICATION])
    month = clock.today().replace(day=1)
    while month < clock.local_day(town.until).replace(day=1):
        following = clock.month_bounds(month)[1]
        story.tell(following + timedelta(days=1, hours=10), partial(summaries.sign_off, town.cast["admin"], month))
        if not _is_last(month, town.until):
            publishing = partial(summaries.publish, town.cast["supervisor"], month)
            story.tell(following + timedelta(days=3, hours=10), publishing)
        month = clock.local_day(following)
    story.tell(town.until - timedelta(days=1, hours=12), partial(_tell_certificates, town))


def _is_last(month: date, until: datetime) -> bool:
    """Is it the month before the one in which the story ends?"""
    return clock.month_bounds(month)[1] == clock.month_bounds(clock.local_day(until))[0]


def _tell_certificates(town: Town) -> None:
    """Of four who served one waits, one has it (the demo volunteer, if they served), one was revoked, one declined."""
    admin, people = town.cast["admin"], _who_served(town)
    asked = [_ask(one, purpose) for one, purpose in zip(people, ("入学申请", "求职", "评优", "个人留存"), strict=False)]
    for number, certificate in enumerate(asked):
        if number in (0, 1):
            certificates.issue_certificate(admin, certificate.id)
        if number in (1, 2):
            certificates.revoke_certificate(admin, certificate.id, reason="服务时长要再核对，请稍后重新申请")


def _ask(resident: Resident, purpose: str) -> Certificate:
    today = clock.today()
    first = today - timedelta(days=300)
    return certificates.ask_certificate(
        resident.actor, member_id=resident.member_id, starts_on=first, ends_on=today, purpose=purpose
    )


def _who_served(town: Town) -> list[Resident]:
    """Residents with a stamped visit, the demo volunteer first."""
    by_member = {one.member_id: one for one in town.residents}
    newest = queue.list_checkins(town.cast["admin"], status=CheckinState.STAMPED, limit=LOOKED_AT)
    found = dict.fromkeys(view.checkin.member_id for view in newest if view.checkin.member_id in by_member)
    volunteer = town.cast["volunteer"].member_id
    return [by_member[one] for one in sorted(found, key=lambda member_id: member_id != volunteer)]
