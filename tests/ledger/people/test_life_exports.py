"""What one's own file says of merges, leaving and numbers."""

from __future__ import annotations

from ledger.core import registry
from ledger.people import leaving, merges
from tests.stories import open_neighbourhood


def test_the_file_says_how_memberships_ended_and_what_was_merged(context: object) -> None:
    place = open_neighbourhood()
    old, new = place.volunteer(), place.volunteer()
    assert old.member_id is not None
    assert new.member_id is not None
    merge = merges.ask_merge(place.admin.actor, old.member_id, new.member_id, reason="同一个人")
    merges.approve_merge(place.treasurer.actor, merge.id)
    leaving.leave(new.actor, new.member_id)
    assert [one["left_reason"] for one in registry.exporters["memberships"](new.person_id)["memberships"]] == ["left"]
    assert [one["left_reason"] for one in registry.exporters["memberships"](old.person_id)["memberships"]] == ["merged"]
    assert [one["state"] for one in registry.exporters["life"](new.person_id)["merges"]] == ["done"]
