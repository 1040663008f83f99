"""Mistakes put right: each week something is reversed and something is not, and some wait for a second person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from api.commands.demo.story import Story
from api.commands.demo.town import Town
from ledger.book import reading, reversal_requests
from ledger.book.accounts import wallet_of
from ledger.book.codes import Code
from ledger.book.models import ReversalRequest, Transfer
from ledger.book.reading import TransferFilter
from ledger.core.tenancy import Actor

LOOKED_AT = 60
"""Among so many of the newest awards the mistakes are found."""

Decide = Callable[[ReversalRequest], object]


def tell_week(town: Town, story: Story, monday: datetime, *, number: int) -> None:
    """On Thursday two mistakes are noticed; what becomes of them is decided on Friday."""
    thursday = monday + timedelta(days=3, hours=10)
    taken, kept = (_tell_part, _tell_declined) if number % 2 == 0 else (_tell_whole, _tell_withdrawn)
    story.tell(thursday, partial(taken, town, story, thursday))
    story.tell(thursday + timedelta(hours=1), partial(kept, town, story, thursday))
    if number == 0:
        story.tell(thursday + timedelta(hours=2), partial(_tell_grant, town, story, thursday))


def tell_last_days(town: Town, story: Story) -> None:
    """The demo volunteer reads a correction on their home; one waits for the admin, one for the treasurer.

    The admin's has waited so long already that the street may step in.
    """
    for role, before, reason in (("treasurer", 6 * 24, "记到了同名的人"), ("admin", 13, "同一次巡护记了两遍")):
        story.tell(town.until - timedelta(hours=before), partial(_ask, town, town.cast[role], reason))
    noticed = town.until - timedelta(hours=38)
    story.tell(noticed, partial(_tell_part, town, story, noticed, of_volunteer=True))


def _tell_part(town: Town, story: Story, at: datetime, *, of_volunteer: bool = False) -> None:
    request = _ask(town, town.cast["admin"], "早走了半小时，多记了", of_volunteer=of_volunteer, points=2)
    _decide(story, at, request, lambda made: reversal_requests.approve_reversal(town.cast["treasurer"], made.id))


def _tell_whole(town: Town, story: Story, at: datetime) -> None:
    request = _ask(town, town.cast["admin"], "记到了别人名下")
    _decide(story, at, request, lambda made: reversal_requests.approve_reversal(town.cast["treasurer"], made.id))


def _tell_declined(town: Town, story: Story, at: datetime) -> None:
    request = _ask(town, town.cast["admin"], "像是重复登记")
    note = "核对过照片，两次都在场"
    _decide(
        story, at, request, lambda made: reversal_requests.decline_reversal(town.cast["treasurer"], made.id, note=note)
    )


def _tell_withdrawn(town: Town, story: Story, at: datetime) -> None:
    request = _ask(town, town.cast["admin"], "日期不对")
    note = "看错了日期"
    _decide(
        story, at, request, lambda made: reversal_requests.withdraw_reversal(town.cast["admin"], made.id, note=note)
    )


def _tell_grant(town: Town, story: Story, at: datetime) -> None:
    """Money that was granted too much goes back to the bank."""
    [grant, *_] = reading.list_transfers(town.cast["admin"], wanted=TransferFilter(code=Code.FUND))
    request = reversal_requests.ask_reversal(town.cast["admin"], grant.id, amount=50_000, reason="多拨了 500 元")
    _decide(story, at, request, lambda made: reversal_requests.approve_reversal(town.cast["treasurer"], made.id))


def _decide(story: Story, at: datetime, request: ReversalRequest | None, decide: Decide) -> None:
    if request is not None:
        story.tell(at + timedelta(days=1), partial(decide, request))


def _ask(
    town: Town, actor: Actor, reason: str, *, of_volunteer: bool = False, points: int | None = None
) -> ReversalRequest | None:
    """A reversal of the newest award that is still whole; in the very first days there may be none."""
    found = _whole_award(town, of_volunteer=of_volunteer, above=points or 0)
    if found is None:
        return None
    return reversal_requests.ask_reversal(actor, found.id, amount=points, reason=reason)


def _whole_award(town: Town, *, of_volunteer: bool, above: int) -> Transfer | None:
    theirs = _wallet_of_volunteer(town)
    newest = reading.list_transfers(town.cast["admin"], wanted=TransferFilter(code=Code.AWARD), limit=LOOKED_AT)
    for award in newest:
        is_whole = reversal_requests.left_to_ask(town.community.id, award.id) == award.amount
        if is_whole and award.amount > above and (award.credit_account_id == theirs) is of_volunteer:
            return award
    return None


def _wallet_of_volunteer(town: Town) -> UUID:
    member_id = town.cast["volunteer"].member_id
    assert member_id is not None
    return wallet_of(member_id).id_in(town.community.id)
