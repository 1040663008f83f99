"""A signed-in person changes their own number, with a code that was sent to the new one."""

from __future__ import annotations

from ledger.core.db import atomic
from ledger.core.tenancy import Actor
from ledger.people import numbers, sessions, sign_in
from ledger.people.life_models import NumberWay


def ask_new_number(actor: Actor, number: str, address: str) -> None:
    """A code is on its way to the new number. Raises TooManyRequests."""
    assert actor.session_id is not None, "only who is signed in changes their number"
    sign_in.send_code(number, address)


@atomic
def change_number(actor: Actor, number: str, code: str) -> None:
    """The new number is the person's who is signed in, proven by its code; the old one is ended, and both are told.

    Every other sign-in of the person is dead. Raises CodeExpired, CodeWrong, PhoneInUse (a person whom a
    community knows uses the number).
    """
    person_id = sessions.person_of(actor)
    sign_in.use_code(number, code)
    numbers.free_for(person_id, number)
    numbers.replace(person_id, number, NumberWay.OWN, actor=actor, held_until=None)
    sessions.revoke_all(person_id, but=actor.session_id)
