"""A commendation told up to any of its states, for the tests of this room, of the API and of the pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from ledger.core import clock
from ledger.recognition import commendations, freezing
from ledger.recognition.announcing import answer_objection, object_publicly
from ledger.recognition.candidates import Terms
from ledger.recognition.commendation_models import CommendationState, SubjectKind
from ledger.recognition.commendations import announce, draft_commendation, nominate, nominations_of, review
from tests.ledger.recognition.month import Month, open_month
from tests.openings import told_once
from tests.stories import Neighbour, street_officer

ADDRESS = "203.0.113.9"


@dataclass
class Commended:
    """A month in which four people served, and the commendation of its year."""

    month: Month
    id: UUID
    officer: Neighbour
    people: dict[str, Neighbour]

    @property
    def admin(self) -> Neighbour:
        return self.month.admin

    @property
    def supervisor(self) -> Neighbour:
        return self.month.supervisor

    @property
    def coordinator(self) -> Neighbour:
        return self.month.street.place.coordinator

    @property
    def community_id(self) -> UUID:
        return self.month.id

    def name(self, *names: str) -> list[UUID]:
        """The coordinator names these; the ids of the nominations."""
        people = [self.people[name].member_id for name in names]
        assert all(people)
        return [nominate(self.coordinator.actor, self.id, one, reason="随叫随到").id for one in people if one]

    def judge(self, nomination_id: UUID, *, is_for: bool = True) -> None:
        """The supervisor and the street's officer say the same."""
        for person in (self.supervisor, self.officer):
            review(person.actor, self.id, nomination_id, is_for=is_for, note="看过记录")

    def wait(self) -> None:
        """The announcement is over: ten days have passed."""
        clock.advance(seconds=timedelta(days=10).total_seconds())

    def freeze(self) -> None:
        self.wait()
        freezing.freeze(self.admin.actor, self.id)

    def publish(self) -> None:
        self.freeze()
        freezing.publish(self.supervisor.actor, self.id)


@told_once
def open_commendation(up_to: CommendationState = CommendationState.NOMINATING) -> Commended:
    """Lin agreed to be published, Chen and Wang did not; Zhao is named and passed over. 50 points for each."""
    month = open_month()
    found = [*month.volunteers("林秀芳", published=True), *month.volunteers("陈刚", "王桂兰", "赵敏")]
    month.serve(*found)
    told = Commended(month, UUID(int=0), street_officer(month.street.place.community), {one.name: one for one in found})
    row = draft_commendation(
        month.admin.actor,
        year=2026,
        kind=SubjectKind.VOLUNTEER,
        title="年度优秀志愿者",
        terms=Terms(hours=2, visits=1, proven_percent=50),
        bonus_points=50,
    )
    told.id = row.id
    if up_to is CommendationState.DRAFT:
        return told
    commendations.open_commendation(month.admin.actor, row.id)
    if up_to is CommendationState.NOMINATING:
        return told
    for one in told.name("林秀芳", "陈刚", "王桂兰"):
        told.judge(one)
    [last] = told.name("赵敏")
    told.judge(last, is_for=False)
    announce(month.admin.actor, row.id)
    if up_to is CommendationState.ANNOUNCED:
        return told
    # Wang is struck by an objection that was upheld.
    about = nominations_of(month.id, row.id)[2].id
    objection = object_publicly(month.id, None, row.id, nomination_id=about, words="他常常不来", address=ADDRESS)
    answer_objection(month.admin.actor, row.id, objection.id, is_upheld=True, answer="查了记录，情况属实")
    if up_to is CommendationState.FROZEN:
        told.freeze()
    else:
        told.publish()
    return told
