"""The audit over HTTP: filters, and whose lines one sees."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from ledger.core import audit, clock
from ledger.core.audit import LineFilter
from ledger.core.db import atomic
from ledger.core.ids import new_id
from ledger.core.tenancy import Role
from ledger.people import members
from tests.ledger.book.test_past import explain
from tests.stories import Neighbourhood, open_neighbourhood


@pytest.fixture
def place(context: object) -> Neighbourhood:
    return open_neighbourhood()


def lines(client: FlaskClient, place: Neighbourhood, who: object, **asked: object) -> list[dict[str, object]]:
    answer = client.get(f"{place.url}/audit", query_string=asked, headers=who.headers)  # type: ignore[attr-defined]
    assert answer.status_code == 200, answer.json
    found: list[dict[str, object]] = answer.json["items"]
    return found


def test_lines_are_found_by_actor_act_thing_and_outcome(client: FlaskClient, place: Neighbourhood) -> None:
    lin = place.volunteer()
    client.post(f"{place.url}/members", json={"name": "新人"}, headers=lin.headers)
    [refused] = lines(client, place, place.admin, refused="true")
    assert (refused["actor_id"], refused["outcome"]) == (lin.person_id.hex, "forbidden")
    assert refused["origin"]
    assert lines(client, place, place.admin, outcome="forbidden", actor_id=place.admin.person_id.hex) == []
    joined = lines(client, place, place.admin, action="people.join", thing_id=lin.member_id.hex)
    assert [line["on_behalf_of"] for line in joined] == [lin.person_id.hex]
    assert {str(line["action"]).partition(".")[0] for line in lines(client, place, place.admin, action="people.")} == {
        "people"
    }


def test_lines_are_found_by_time(client: FlaskClient, place: Neighbourhood) -> None:
    now = clock.now()
    assert lines(client, place, place.admin, since=(now + timedelta(hours=1)).isoformat()) == []
    assert lines(client, place, place.admin, until=(now - timedelta(hours=1)).isoformat()) == []
    assert lines(client, place, place.admin, since=(now - timedelta(hours=1)).isoformat())


def test_a_member_sees_what_they_did_and_what_was_done_for_them(client: FlaskClient, place: Neighbourhood) -> None:
    lin = place.volunteer()
    members.add_member(place.admin.actor, "别人")
    found = lines(client, place, lin)
    assert {line["on_behalf_of"] for line in found} == {lin.person_id.hex}
    assert lines(client, place, lin, actor_id=place.treasurer.person_id.hex) == []


def test_who_reads_what_is_anothers_by_its_id_leaves_lines_up_to_a_bound(
    client: FlaskClient, place: Neighbourhood, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "MISSES", 3)
    lin = place.volunteer()
    for _ in range(5):
        assert client.get(f"{place.url}/checkins/{new_id().hex}", headers=lin.headers).status_code == 404
    missed = lines(client, place, place.admin, outcome="not_found")
    assert {(one["actor_id"], one["action"]) for one in missed} == {(lin.person_id.hex, "checkins.get_checkin")}
    assert [one["detail"] for one in missed] == [{"further_ones_unrecorded": True}, {}, {}]
    clock.advance(minutes=audit.MISSES_MINUTES + 1)
    client.get(f"{place.url}/checkins/{new_id().hex}", headers=lin.headers)
    assert len(lines(client, place, place.admin, outcome="not_found")) == 4
    outside = client.get(f"{place.url}/members/{new_id().hex}", headers=open_neighbourhood("北塔社区").admin.headers)
    assert outside.status_code == 404
    assert len(lines(client, place, place.admin, outcome="not_found")) == 4, "a stranger's is no line of the community"


def test_a_line_says_which_device_to_its_person_and_to_whoever_sees_all_names(
    client: FlaskClient, place: Neighbourhood
) -> None:
    lin, supervisor = place.volunteer(), place.staff(Role.SUPERVISOR)
    client.post(f"{place.url}/members", json={"name": "新人"}, headers=place.treasurer.headers)
    client.post(f"{place.url}/members", json={"name": "新人"}, headers=lin.headers)
    named = {one["actor_id"]: one["device"] for one in lines(client, place, supervisor, outcome="forbidden")}
    assert named[lin.person_id.hex] == named[place.treasurer.person_id.hex] == "test"
    assert {one["device"] for one in lines(client, place, lin, outcome="forbidden")} == {"test"}
    entered = lines(client, place, lin, action="people.join")
    assert [one["device"] for one in entered] == [""], "the admin's device is the admin's"


FILTERS = {
    "ix_audit_lines_action": LineFilter(action="people.join"),
    "ix_audit_lines_thing": LineFilter(thing_id=new_id()),
    "ix_audit_lines_refused": LineFilter(outcome="forbidden"),
    "ix_audit_lines_actor": LineFilter(actor_id=new_id()),
    "ix_audit_lines_owner": LineFilter(on_behalf_of=new_id()),
}


def test_every_filter_has_its_index(place: Neighbourhood) -> None:

    def plan(wanted: LineFilter) -> str:
        query = audit.lines_of(place.id, wanted)
        return " ".join(atomic(lambda: explain(query.order_by(audit.AuditLine.id.desc()).limit(50)))())

    @atomic
    def work_a_while() -> None:
        """So that what is looked for is rare, and no planner prefers to read all."""
        for _ in range(300):
            audit.record(place.admin.actor, "service.check_in", new_id())

    place.volunteer()
    work_a_while()
    plans = {index: plan(wanted) for index, wanted in FILTERS.items()}
    assert {index: used for index, used in plans.items() if index not in used} == {}
