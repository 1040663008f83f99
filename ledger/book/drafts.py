"""What is asked of the one writer: a transfer as it is to be written, and what led to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from ledger.book.accounts import AccountKey
from ledger.book.codes import Code
from ledger.book.models import Hold


class Source(NamedTuple):
    """What led to a transfer: its kind, its id, and the SHA-256 of the canonical evidence."""

    type: str
    id: UUID
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A transfer to be written. `amount` is in the accounts' unit, 1 … 2^53 - 1; `hold` is posted by it.

    `expires_on` is the last day of the credited points; None for an award leaves it to the community's policy, for a
    refund to the points that it gives back. `draws_first` names cohorts of the debited wallet that are drawn from
    before those that expire first; None in it stands for what never expires.
    """

    code: Code
    debit: AccountKey
    credit: AccountKey
    amount: int
    source: Source
    part: int = 0
    effective_at: datetime | None = None
    expires_on: date | None = None
    draws_first: tuple[date | None, ...] = ()
    reverses_id: UUID | None = None
    on_behalf_of: UUID | None = None
    hold: Hold | None = None
