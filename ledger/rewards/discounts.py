"""Cards that take something off a bill (减免卡): how much, and who bears it. See docs/adr/0034.

A waiver takes a fixed amount, a discount a percentage of the bill up to an amount. The shop gives it to the customer;
what it bears itself is taken off what it is owed, so a statement's line has gross, deduction and net.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple, Protocol

from ledger.core import money
from ledger.rewards.errors import NotACard
from ledger.rewards.models import OfferKind

CARDS = (OfferKind.DISCOUNT_CARD, OfferKind.WAIVER_CARD)


class Card(Protocol):
    """What the terms of an offer say of a bill; `discount_fen` None: it takes nothing off."""

    @property
    def discount_fen(self) -> int | None: ...
    @property
    def discount_percent(self) -> int | None: ...
    @property
    def shop_bears_percent(self) -> int: ...


class Relief(NamedTuple):
    """So much is off the bill, and so much of it the shop is owed by the fund."""

    discount_fen: int
    owed_fen: int


def relief(card: Card, bill_fen: int | None) -> Relief | None:
    """What the card takes off this bill; off one that is not known yet the most that it can. None: it is no card.

    Fractions of a fen are rounded half up, the shop's own part first.
    """
    if card.discount_fen is None:
        return None
    off = card.discount_fen
    if card.discount_percent is not None and bill_fen is not None:
        off = min(off, money.round_half_up(Fraction(bill_fen * card.discount_percent, 100)))
    borne = money.round_half_up(Fraction(off * card.shop_bears_percent, 100))
    return Relief(off, off - borne)


def require_card(kind: OfferKind | str, discount_fen: int | None) -> None:
    """NotACard where something is taken off a bill by what is no discount or waiver card."""
    if discount_fen is not None and kind not in CARDS:
        raise NotACard
