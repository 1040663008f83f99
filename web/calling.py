"""Whom a person may call where they are stuck."""

from __future__ import annotations

import re

from flask import g

from api.auth import whoever_asks
from ledger.core import ids
from ledger.core.errors import NotFound
from ledger.people import communities, members
from ledger.people.models import Community
from web.acting import community_of_code


def to_call(ahead: str = "") -> list[Community]:
    """The communities with a telephone that this page is of; of none, those to which its visitor belongs.

    `ahead`: the address at which a visitor who is nobody yet wants to arrive.
    """
    return [one for one in _at_hand(ahead) if one.telephone]


def _at_hand(ahead: str) -> list[Community]:
    here = g.get("community") or _behind(ahead)
    if here is not None:
        return [here]
    person = whoever_asks()
    return communities.communities_of(person.person_id) if person else []


def _behind(address: str) -> Community | None:
    """The community of a page's address, or of the code that was scanned; None where there is none."""
    room, _, rest = address.removeprefix("/").partition("/")
    name = re.split("[/?#]", rest, maxsplit=1)[0]
    try:
        if room == "c":
            return members.load_community(ids.parse(name) or ids.NO_SUCH_ID)
        return community_of_code(name) if room in ("q", "s") else None
    except NotFound:
        return None
