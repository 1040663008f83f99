"""People use their rights: a file of one's data, and requests to be erased in every state."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from api.commands.demo.story import Story
from api.commands.demo.town import Town
from ledger.core import clock
from ledger.core.tenancy import Actor
from ledger.people import consents, erasures, exports, members
from ledger.people.data_models import Ground
from ledger.people.models import Purpose

RETAINED_YEARS = 10
"""As long as the law wants the vouchers of paid services kept."""


def tell_rights(town: Town, story: Story, monday: datetime) -> None:
    """Four residents ask to be erased: one waits, one stays, one is refused, and one is forgotten by the clock."""
    last = town.until
    story.tell(last - timedelta(days=2, hours=3), partial(_ask, town, "何守礼"))
    story.tell(last - timedelta(days=3, hours=4), partial(_withdraw, town, "冯桂芝"))
    story.tell(last - timedelta(days=4, hours=5), partial(_refuse, town, "谢长顺"))
    if last - timedelta(days=9) > monday:
        story.tell(last - timedelta(days=9), partial(_ask, town, "曹春兰"))
    story.tell(last - timedelta(hours=26), partial(_volunteer, town))


def _resident(town: Town, name: str) -> Actor:
    member = members.add_member(town.cast["admin"], name)
    return Actor(person_id=member.person_id)


def _ask(town: Town, name: str) -> UUID:
    return erasures.ask_erasure(_resident(town, name)).id


def _withdraw(town: Town, name: str) -> None:
    person = _resident(town, name)
    erasures.withdraw_erasure(person, erasures.ask_erasure(person).id)


def _refuse(town: Town, name: str) -> None:
    until = clock.local_day(clock.now()) + timedelta(days=365 * RETAINED_YEARS)
    admin = town.cast["admin"]
    erasures.refuse_erasure(admin, _ask(town, name), ground=Ground.STATUTORY_RETENTION, retained_until=until)


def _volunteer(town: Town) -> None:
    """The demo volunteer agreed to be published, thought better of it, and fetched all their data."""
    person = town.cast["volunteer"]
    consents.change(person, Purpose.PUBLICATION, given=True)
    consents.change(person, Purpose.PUBLICATION, given=False)
    exports.make_export(person)
