"""What happens to accounts, one in every state: merged and taken apart, left, moved, died, a new number."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from api.commands.demo.town import Town
from ledger.book.merging import holding_of
from ledger.core import clock
from ledger.people import deaths, leaving, members, merges, numbers
from ledger.people.life_models import Merge
from ledger.people.models import LeftReason, Member

TWINS = 6
REASON = "换过手机号，登记了两次；身份证当面核对过"


def tell_all(town: Town) -> None:
    """On the last day: six pairs of accounts of one person, five deaths, three numbers, two who left."""
    _tell_merges(town)
    _tell_deaths(town)
    _tell_numbers(town)
    for name, reason in (("纳学礼", LeftReason.MOVED), ("贺玉梅", LeftReason.LEFT)):
        leaving.leave(town.cast["admin"], _newcomer(town, name), reason=reason)


def _newcomer(town: Town, name: str) -> UUID:
    return members.add_member(town.cast["admin"], name, unit_id=town.entrances[0].id).id


def _tell_numbers(town: Town) -> None:
    """A lost phone, a number that is said to be a stranger's now, and one that was looked at and is right."""
    admin, unit_id = town.cast["admin"], town.entrances[0].id
    lost, strange, seen = (
        members.add_member(admin, name, unit_id=unit_id, phone=phone).id
        for name, phone in (("杨玉芬", "13900080001"), ("高志平", "13900080002"), ("梁淑兰", "13900080003"))
    )
    numbers.replace_number(admin, lost, "13900080004")
    for member_id in (strange, seen):
        numbers.report_number(admin, member_id)
    numbers.confirm_number(admin, seen)


def _twins(town: Town) -> list[tuple[Member, Member]]:
    """Residents without a part in the story, each with a second account of the same name."""
    cast = {actor.member_id for actor in town.cast.values()}
    behind = {counter.owner.member_id for counter in town.counters} | {
        counter.clerk.member_id for counter in town.counters
    }
    free = [one.member_id for one in town.residents if one.member_id not in cast | behind]
    found = []
    for member_id in free[-TWINS:]:
        resident = members.load_member(town.community.id, member_id)
        twin = members.load_member(town.community.id, _newcomer(town, resident.name))
        found.append((resident, twin))
    return found


def _tell_merges(town: Town) -> None:
    admin, second = town.cast["admin"], town.cast["treasurer"]
    asked = []
    for resident, twin in _twins(town):
        # The old account goes into the new one, unless something of it is being redeemed at this very moment.
        is_free = holding_of(town.community.id, resident.id).held == 0
        goes, stays = (resident, twin) if is_free else (twin, resident)
        asked.append(merges.ask_merge(admin, goes.id, stays.id, reason=REASON))
    if len(asked) < TWINS:
        return
    _, done, declined, withdrawn, awaiting_undo, undone = asked
    for merge in (done, awaiting_undo, undone):
        merges.approve_merge(second, merge.id)
    merges.decline_merge(second, declined.id, note="问过邻居，是同名的两个人")
    merges.withdraw_merge(admin, withdrawn.id, note="看错了")
    for merge in (awaiting_undo, undone):
        _ask_undo(town, merge)
    merges.approve_undo(second, undone.id)


def _ask_undo(town: Town, merge: Merge) -> None:
    merges.ask_undo(town.cast["admin"], merge.id, reason="家里来人说是姐妹两个")


def _tell_deaths(town: Town) -> None:
    admin, second = town.cast["admin"], town.cast["treasurer"]
    died_on = clock.today() - timedelta(days=3)
    heir_id = town.residents[0].member_id
    dead = (("赵德福", None), ("田桂芳", heir_id), ("孙长林", heir_id), ("郭秀珍", None), ("何文才", None))
    recorded = [deaths.record_death(admin, _newcomer(town, name), died_on=died_on, heir_id=heir) for name, heir in dead]
    _, confirmed, closed, declined, withdrawn = recorded
    for death in (confirmed, closed):
        deaths.confirm_death(second, death.id)
    deaths.hand_to_heir(second, closed.id)
    deaths.refuse_death(second, declined.id, note="人还健在，同名")
    deaths.refuse_death(admin, withdrawn.id, note="登记错了人")
