"""Receipts: what one person keeps to prove one transfer, without asking the house again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from ledger.book import checkpoints, encoding, merkle, reading
from ledger.book.models import Checkpoint, Leaf, Transfer
from ledger.book.tree import StoredTree
from ledger.core import clock
from ledger.core.db import db
from ledger.core.tenancy import Actor, scoped

VERSION = "redflower.receipt/v1"


class Proof(StrEnum):
    """How far the proof of a transfer has come."""

    WAITING = "waiting"  # written, and in a minute in the tree
    SEALED = "sealed"  # in the tree, which no checkpoint has fixed yet
    PROVEN = "proven"  # inside a published checkpoint


@dataclass(frozen=True, slots=True)
class Receipt:
    """A transfer with its place in the tree and what leads from it to the root of a day.

    `provable_from` is the end of the day whose checkpoint it will be inside, None once there is one. It may have just
    passed: the first sealing after midnight makes the checkpoint.
    """

    transfer: Transfer
    leaf_hash: bytes
    position: int | None
    checkpoint: Checkpoint | None
    path: list[bytes]
    provable_from: datetime | None

    @property
    def state(self) -> Proof:
        if self.checkpoint is not None:
            return Proof.PROVEN
        return Proof.WAITING if self.position is None else Proof.SEALED


def see_receipt(actor: Actor, transfer_id: UUID) -> Receipt:
    """The receipt of one transfer, for whoever may see the transfer; its proof reads ≤ 8 blocks of 256 rows.

    Raises NotFound, Forbidden.
    """
    transfer = reading.see_transfer(actor, transfer_id)
    leaf = merkle.leaf_hash(encoding.encode(encoding.fields_of(transfer)))
    position = db.session.scalar(scoped(actor.tenant, Leaf.position).where(Leaf.transfer_id == transfer.id))
    checkpoint = None if position is None else checkpoints.covering(actor.tenant, position)
    if position is None or checkpoint is None:
        return Receipt(transfer, leaf, position, None, [], _provable_from(actor.tenant, transfer))
    path = merkle.inclusion_proof(position, checkpoint.size, StoredTree(actor.tenant).node)
    return Receipt(transfer, leaf, position, checkpoint, path, None)


def document_of(receipt: Receipt) -> dict[str, Any]:
    """The receipt as it is kept: JSON that docs/verify_receipt.py reads, byte strings in hexadecimal."""
    return {
        "format": VERSION,
        "status": receipt.state,
        "provable_from": _plain(receipt.provable_from),
        "transfer": {name: _plain(value) for name, value in encoding.fields_of(receipt.transfer).items()},
        "encoding": encoding.VERSION,
        "leaf_hash": receipt.leaf_hash.hex(),
        "position": receipt.position,
        "checkpoint": checkpoints.text_of(receipt.checkpoint) if receipt.checkpoint is not None else None,
        "proof": [step.hex() for step in receipt.path],
    }


def _plain(value: object) -> object:
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    return value


def _provable_from(community_id: UUID, transfer: Transfer) -> datetime:
    """The end of the day of its recording, or of the first open day if that one was closed before it was committed."""
    day, closed = clock.local_day(transfer.recorded_at), checkpoints.newest_checkpoint(community_id)
    if closed is not None:
        day = max(day, closed.day + checkpoints.A_DAY)
    return clock.start_of_day(day + checkpoints.A_DAY)
