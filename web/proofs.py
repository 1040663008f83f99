"""The way from what was done to the proof that it is in the books."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any
from uuid import UUID

from flask import url_for

from ledger.book import reading
from ledger.book.codes import Code
from ledger.book.models import Transfer
from ledger.core.tenancy import Actor


def proof_of(transfer: Transfer) -> dict[str, Any]:
    """A transfer's proof of entry as kit.proofs shows it."""
    href = url_for("web.receipts.show", transfer_id=transfer.id)
    return {"href": href, "amount": transfer.amount, "unit": transfer.unit}


def proofs_of(
    actor: Actor, source_type: str, source_ids: Collection[UUID], *, codes: Collection[Code]
) -> dict[UUID, list[dict[str, Any]]]:
    """The proofs of what each source moved, as far as the actor may see it; none for whoever sees no books."""
    found: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for transfer in reading.list_transfers_of(actor, source_type, source_ids, codes=codes):
        found[transfer.source_id].append(proof_of(transfer))
    return found
