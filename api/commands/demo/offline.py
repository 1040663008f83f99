"""Numbered slips of an afternoon without network: confirmed, accepted by the community, cancelled, waiting, blank."""

from __future__ import annotations

from api.commands.demo.town import Resident, Town
from ledger.core import clock
from ledger.core.errors import Refused
from ledger.people import card_codes, cards
from ledger.rewards import redemptions, slips
from ledger.rewards.models import Redemption


def enter_slips(town: Town) -> None:
    """The first shop's clerk enters what those with a paper card took; whoever has too few flowers is refused."""
    counter = town.counters[0]
    slips.print_pad(counter.clerk, counter.branch_id)
    numbers = [slip.number for slip, _ in slips.list_pads(counter.clerk, counter.branch_id)[0][1]]
    holders = [one for one in town.residents if cards.live_card(town.community.id, one.member_id) is not None]
    entered = [
        (resident, taken)
        for number, resident in zip(numbers, [*holders, *holders], strict=False)
        if (taken := _enter(town, number, resident)) is not None
    ]
    for step, (resident, taken) in zip((_confirm, _accept, _cancel), entered, strict=False):
        step(town, resident, taken)


def _enter(town: Town, number: str, resident: Resident) -> Redemption | None:
    counter = town.counters[0]
    card = cards.live_card(town.community.id, resident.member_id)
    assert card is not None
    offer_id, _ = min(counter.offers, key=lambda offer: offer[1])
    try:
        return slips.enter_slip(
            counter.clerk, number, card_code=card_codes.open_code(card), offer_id=offer_id, filled_on=clock.today()
        )
    except Refused:
        return None


def _confirm(town: Town, resident: Resident, taken: Redemption) -> None:
    redemptions.confirm(resident.actor, taken.id)


def _accept(town: Town, resident: Resident, taken: Redemption) -> None:
    slip = slips.slip_of(town.community.id, taken.id)
    assert slip is not None
    slips.accept_slip(town.cast["treasurer"], slip.id)


def _cancel(town: Town, resident: Resident, taken: Redemption) -> None:
    redemptions.cancel(resident.actor, taken.id)
