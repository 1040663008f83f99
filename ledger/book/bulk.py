"""Many items in one call, each for itself: what can be written is written set-based, what cannot says why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from ledger.book.balances import lock_in_order
from ledger.book.drafts import Draft
from ledger.book.transfers import post_transfers
from ledger.core.errors import Refused
from ledger.core.tenancy import Actor

MOST_AT_ONCE = 1000
"""Transfers in one call, here and all-or-nothing alike."""

Item = Sequence[Draft]
"""Transfers that belong together: written together or not at all."""


class Outcome(NamedTuple):
    """What became of an item: the ids of its transfers, or why it was refused."""

    transfer_ids: list[UUID]
    refusal: Refused | None


def post_each(actor: Actor, items: Sequence[Item]) -> list[Outcome]:
    """Every item that can be written is written, the others are refused for themselves; outcomes in the items' order.

    At most 1,000 transfers. All balances are locked first, in the order of the house, so that two such calls never wait
    for each other. `post_transfers` is tried with all items; what it refuses is halved until the refused item is found,
    so k refusals among n items cost about k · log n calls. Where items compete for the same points, the earlier one
    wins. Runs inside the caller's transaction. Raises nothing of its own.
    """
    assert sum(map(len, items)) <= MOST_AT_ONCE, "the outer layer bounds a call"
    if not items:
        return []
    lock_in_order(actor.tenant, {key for item in items for draft in item for key in (draft.debit, draft.credit)})
    return _post_each(actor, items)


def _post_each(actor: Actor, items: Sequence[Item]) -> list[Outcome]:
    try:
        ids = iter(post_transfers(actor, [draft for item in items for draft in item]))
    except Refused as refusal:
        if len(items) == 1:
            return [Outcome([], refusal)]
        half = len(items) // 2
        return _post_each(actor, items[:half]) + _post_each(actor, items[half:])
    return [Outcome([next(ids) for _ in item], None) for item in items]
