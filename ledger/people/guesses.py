"""Guessing card codes and PINs: counted in SQL for everybody who tries, over all their sessions and devices."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select

from ledger.core import audit, clock
from ledger.core.db import db
from ledger.core.errors import TooManyRequests
from ledger.core.ids import new_id
from ledger.core.tenancy import Actor, within
from ledger.people.cards_models import CardTry
from ledger.people.models import Person

MOST = 10
WINDOW_MINUTES = 10
"""So many unknown codes and wrong PINs in so many minutes, then no card is looked at for this person."""


def take_turn(actor: Actor) -> None:
    """Two cards of one person are tried one after the other.

    Taken before the savepoint of `perform`, for a lock inside it would end with the refusal, before the try is counted.
    """
    turn = select(Person.id).where(Person.id == actor.person_id).with_for_update(key_share=True)
    db.session.execute(turn)


def refuse_guessing(actor: Actor) -> None:
    """TooManyRequests when this person has tried too much lately."""
    count, first = _lately(actor)
    if count >= MOST:
        opens = first + timedelta(minutes=WINDOW_MINUTES) - clock.now()
        raise TooManyRequests(retry_after=max(1, int(opens.total_seconds()) + 1))


def count_try(actor: Actor, card_id: UUID | None = None) -> None:
    """One try more; the one that uses them up has its audit line."""
    row = {
        "community_id": actor.tenant,
        "id": new_id(),
        "actor_id": actor.person_id,
        "card_id": card_id,
        "at": clock.now(),
    }
    db.session.execute(insert(CardTry), [row])
    if _lately(actor)[0] == MOST:
        audit.record(actor, "people.stop_guessing", card_id, tries=MOST)


def _lately(actor: Actor) -> tuple[int, Any]:
    since = clock.now() - timedelta(minutes=WINDOW_MINUTES)
    tries = select(func.count(), func.min(CardTry.at)).where(
        within(actor.tenant, CardTry), CardTry.actor_id == actor.person_id, CardTry.at > since
    )
    count, first = db.session.execute(tries).one()
    return count, first
