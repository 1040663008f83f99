"""Numbered slips of an afternoon without network: confirmed, accepted by the community, cancelled, waiting, blank."""

from __future__ import annotations

from uuid import UUID

from api.commands.demo.carding import PIN
from api.commands.demo.town import Resident, Town
from ledger.book.balances import member_balance
from ledger.core import clock
from ledger.people import cards
from ledger.rewards import redemptions, slips
from ledger.rewards.models import Redemption

STEPS = 4


def enter_slips(town: Town) -> None:
    """The first shop's clerk enters what four neighbours took by their new paper cards; the other slips stay blank."""
    counter = town.counters[0]
    slips.print_pad(counter.clerk, counter.branch_id)
    numbers = [slip.number for slip, _ in slips.list_pads(counter.clerk, counter.branch_id)[0][1]]
    offer_id, points = min(counter.offers, key=lambda offer: offer[1])
    able = {one.member_id: one for one in reversed(town.residents) if _can_pay(one, points)}
    takers = list(able.values())[:STEPS]
    taken = [_enter(town, number, one, offer_id) for number, one in zip(numbers, takers, strict=False)]
    for step, resident, redemption in zip((_confirm, _accept, _cancel), takers, taken, strict=False):
        step(town, resident, redemption)


def _can_pay(resident: Resident, points: int) -> bool:
    if cards.live_card(resident.actor.tenant, resident.member_id) is not None:
        return False
    return member_balance(resident.actor.tenant, resident.member_id).available >= points


def _enter(town: Town, number: str, resident: Resident, offer_id: UUID) -> Redemption:
    code = cards.hand_out(town.cast["admin"], resident.member_id, pin=PIN).code
    clerk = town.counters[0].clerk
    return slips.enter_slip(clerk, number, card_code=code, offer_id=offer_id, filled_on=clock.today())


def _confirm(town: Town, resident: Resident, taken: Redemption) -> None:
    redemptions.confirm(resident.actor, taken.id)


def _accept(town: Town, resident: Resident, taken: Redemption) -> None:
    slip = slips.slip_of(town.community.id, taken.id)
    assert slip is not None
    slips.accept_slip(town.cast["treasurer"], slip.id)


def _cancel(town: Town, resident: Resident, taken: Redemption) -> None:
    redemptions.cancel(resident.actor, taken.id)
