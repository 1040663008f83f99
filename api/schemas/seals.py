"""Checkpoints and receipts, over HTTP."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from marshmallow import fields, validate

from api.schemas.fields import Moment, Month, Schema
from ledger.book import checkpoints, encoding
from ledger.book.models import Checkpoint
from ledger.book.receipts import Proof


class Hash(fields.Field[bytes]):
    """A SHA-256 in base64, as the text of a checkpoint has it."""

    def _serialize(self, value: bytes | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return b64encode(value).decode() if value is not None else None


class Hexadecimal(fields.Field[bytes]):
    """A SHA-256 as 64 hexadecimal digits."""

    def _serialize(self, value: bytes | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return value.hex() if value is not None else None


class SealQuery(Schema):
    """Paging by day: `cursor` is the last day of the answer before."""

    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=200))
    month = Month(load_default=None, metadata={"description": "Of this month alone.", "example": "2026-10"})
    cursor = fields.Date(load_default=None, metadata={"description": "`next_cursor` of the answer before."})


class ContinuationQuery(Schema):
    since = fields.Date(
        load_default=None,
        data_key="from",
        metadata={"description": "Prove that the two days' books are one log.", "example": "2026-10-12"},
    )


class CheckpointSchema(Schema):
    day = fields.Date(metadata={"description": "The day, in Asia/Shanghai, at whose end the books were this."})
    origin = fields.String(metadata={"description": "Whose books.", "example": "redflower.books/0190…"})
    size = fields.Integer(metadata={"description": "How many transfers are sealed."})
    root = Hash(metadata={"description": "The root of the tree of RFC 6962 over them, base64."})
    previous = Hash(metadata={"description": "The digest of the day before, base64; 32 zero bytes on the first."})
    digest = Hexadecimal(metadata={"description": "SHA-256 of `text`, hexadecimal."})
    made_at = Moment()
    text = fields.String(metadata={"description": "What to keep: six lines, UTF-8."})


class CheckpointPageSchema(Schema):
    items = fields.List(fields.Nested(CheckpointSchema))
    next_cursor = fields.Date(allow_none=True)


class SealSchema(CheckpointSchema):
    """A checkpoint, and with `?from=` how it continues an older one, or is continued by a newer one."""

    older = fields.Nested(CheckpointSchema, allow_none=True)
    newer = fields.Nested(CheckpointSchema, allow_none=True)
    proof = fields.List(
        Hexadecimal(), metadata={"description": "Consistency proof of RFC 6962 from `older` to `newer`; else empty."}
    )
    chain = fields.List(
        fields.String(),
        metadata={
            "description": "The texts of the days from `older` to `newer`, each naming the digest of the one before; "
            f"empty without `?from=` and over more than {checkpoints.MOST_CHAINED} days."
        },
    )


def shown_fields() -> dict[str, fields.Field[Any]]:
    """Every field of a transfer as a receipt shows it: ids and digests hexadecimal, moments with microseconds."""
    numbers = ("amount", "part")
    return {name: fields.Integer() if name in numbers else fields.String(allow_none=True) for name in encoding.FIELDS}


SealedTransferSchema = Schema.from_dict(shown_fields(), name="SealedTransferSchema")


class TransferReceiptSchema(Schema):
    """What docs/verify_receipt.py reads."""

    format = fields.String(metadata={"example": "redflower.receipt/v1"})
    status = fields.Enum(Proof, by_value=True)
    provable_from = fields.String(
        allow_none=True, metadata={"description": "While no checkpoint covers it: when the next one is made."}
    )
    transfer = fields.Nested(SealedTransferSchema)
    encoding = fields.String(metadata={"example": encoding.VERSION})
    leaf_hash = fields.String(metadata={"description": "SHA-256(0x00 ‖ encoded transfer), hexadecimal."})
    position = fields.Integer(allow_none=True, metadata={"description": "The leaf's place in the tree, from 0."})
    checkpoint = fields.String(allow_none=True, metadata={"description": "The text that it is first inside."})
    proof = fields.List(fields.String(), metadata={"description": "From the leaf to the checkpoint's root."})


def shown_checkpoint(checkpoint: Checkpoint) -> dict[str, Any]:
    """A checkpoint as CheckpointSchema shows it, with its text."""
    shown = {column.key: getattr(checkpoint, column.key) for column in Checkpoint.__table__.columns}
    return shown | {"text": checkpoints.text_of(checkpoint)}


def shown_seal(found: Checkpoint, pair: checkpoints.Continuation | None) -> dict[str, Any]:
    """A checkpoint as SealSchema shows it, with the pair that was asked for."""
    if pair is None:
        return shown_checkpoint(found) | {"older": None, "newer": None, "proof": [], "chain": []}
    older, newer = shown_checkpoint(pair.older), shown_checkpoint(pair.newer)
    chain = [checkpoints.text_of(one) for one in pair.chain]
    return shown_checkpoint(found) | {"older": older, "newer": newer, "proof": pair.proof, "chain": chain}
