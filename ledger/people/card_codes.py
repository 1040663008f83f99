"""The codes of paper cards: eight characters that people read without doubt; none stands in the database."""

from __future__ import annotations

from uuid import UUID

from ledger.core import secrets
from ledger.people.cards_models import Card

LENGTH = 8


def index_of(community_id: UUID, typed: str) -> bytes:
    """What finds a card in its community: a keyed digest of the code, however it was typed."""
    return secrets.mac(community_id.bytes + secrets.as_typed(typed).encode(), "card codes")


def seal_code(code: str) -> bytes:
    """The code encrypted, to be printed again."""
    return secrets.seal(code.encode(), "cards")


def open_code(card: Card) -> str:
    """The code as it is printed: two groups of four."""
    code = secrets.unseal(card.sealed, "cards").decode()
    return f"{code[:4]}-{code[4:]}"
