"""Keys of the demo: a second treasurer with a password, an authenticator and a provider, all said aloud here."""

from __future__ import annotations

from api.commands.demo.town import Town
from ledger.core import clock, secrets
from ledger.core.db import db
from ledger.core.tenancy import Actor, Role
from ledger.people import grants, identities, members, passwords, second_factor, sessions, tokens
from ledger.people.consents import give
from ledger.people.models import Purpose, SessionKind
from ledger.people.sign_in_models import Way
from ledger.people.tokens import Scope

NAME, PHONE = "魏国强", "13900000012"
PASSWORD = "honghua kai zai nanhua"  # noqa: S105 - the demo's own, refused in production with it
SECRET = "REDFLOWERREDFLOWERREDFLOWER22234"  # noqa: S105

PROVIDER, SUBJECT = "微邻", "https://id.example demo-treasurer"
"""An account that no provider has: it is listed and can be disconnected, and opens nothing."""

DEVICES = ("WeChat · Android", "Edge · Windows")


def hand_out_keys(town: Town) -> None:
    """The second treasurer signs in by password and authenticator, from two devices, and made a token.

    An account at a provider is connected too.
    """
    admin = town.cast["admin"]
    member = members.add_member(admin, NAME, unit_id=town.root.id, phone=PHONE)
    give(member.person_id, [Purpose.SERVICE])
    grants.give_role(admin, member.id, role=Role.TREASURER, unit_id=town.root.id)
    opened = [
        sessions.open_session(member.person_id, kind=SessionKind.BROWSER, label=label, by=Way.CODE)[1]
        for label in DEVICES
    ]
    actor = Actor(person_id=member.person_id, session_id=opened[0].id)
    passwords.set_password(actor, PASSWORD)
    second_factor.enrol(actor, secret=SECRET)
    second_factor.confirm(actor, second_factor.digits_of(SECRET, clock.now()))
    db.session.flush()
    identities.connect(actor, secrets.blind_index(SUBJECT, "identities"), PROVIDER)
    sessions.open_session(member.person_id, kind=SessionKind.BROWSER, label=DEVICES[1], by=Way.PASSWORD, is_strong=True)
    tokens.create_token(actor, "月报程序", scopes=[Scope.READ], days=365)
