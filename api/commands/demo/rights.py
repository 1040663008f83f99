"""People use their rights: a file of one's data, corrections and erasures in every state, and a guardian's word."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from api.commands.demo.story import Story
from api.commands.demo.town import Town, enter
from ledger.core import clock
from ledger.core.tenancy import Actor
from ledger.people import children, consents, corrections, erasures, exports, helping, members
from ledger.people.correction_models import About
from ledger.people.data_models import Ground
from ledger.people.helping import Found
from ledger.people.helping_models import Relation
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
    story.tell(last - timedelta(days=1, hours=6), partial(_correct, town))
    story.tell(last - timedelta(days=1, hours=5), partial(_answer_for_children, town))


def _resident(town: Town, name: str) -> Actor:
    member = members.add_member(town.cast["admin"], name)
    return Actor(person_id=member.person_id)


def _ask(town: Town, name: str) -> UUID:
    return erasures.ask_erasure(_resident(town, name)).id


def _withdraw(town: Town, name: str) -> None:
    person = _resident(town, name)
    erasures.withdraw_erasure(person, erasures.ask_erasure(person).id)


def _refuse(town: Town, name: str) -> None:
    until = clock.today() + timedelta(days=365 * RETAINED_YEARS)
    admin = town.cast["admin"]
    erasures.refuse_erasure(admin, _ask(town, name), ground=Ground.STATUTORY_RETENTION, retained_until=until)


def _correct(town: Town) -> None:
    """Residents find something wrong: two wait, one name is put right, one request is refused, one is taken back."""
    admin = town.cast["admin"]

    def asks(name: str, about: About, wanted: str, note: str = "") -> tuple[Actor, UUID]:
        member = members.add_member(admin, name)
        actor = enter(town.community.id, member.person_id)
        return actor, corrections.ask_correction(actor, about, wanted, note=note).id

    asks("周桂英", About.PLACE, "微网格一", "上个月搬的家")
    corrections.make_correction(
        admin, asks("吴秀珍", About.NAME, "吴秀贞", "身份证是贞洁的贞")[1], answer="已核对身份证"
    )
    corrections.refuse_correction(admin, asks("郑国强", About.OTHER, "入会日期")[1], answer="以登记表上的日期为准")
    corrections.withdraw_correction(*asks("王淑珍", About.NAME, "王淑贞"))
    corrections.ask_correction(town.cast["volunteer"], About.OTHER, "我的住户写错了", note="我和女儿一户")


def _answer_for_children(town: Town) -> None:
    """Two pupils: for one a mother has agreed to answer, the other waits for a guardian."""
    admin, birthday = town.cast["admin"], clock.today() + timedelta(days=700)
    for name, mother in (("陈小明", "陈丽"), ("李小红", "")):
        pupil = members.add_member(admin, name)
        children.set_child(admin, pupil.id, birthday)
        if mother:
            guardian = members.add_member(admin, mother)
            link = helping.name_helper(
                admin,
                pupil.id,
                found=Found(guardian.id),
                relation=Relation.PARENT,
                note="户口本已核对",
                is_in_presence=True,
                is_guardian=True,
            )
            helping.agree(enter(town.community.id, guardian.person_id), link.id)


def _volunteer(town: Town) -> None:
    """The demo volunteer agreed to be published, thought better of it, and fetched all their data."""
    person = town.cast["volunteer"]
    consents.change(person, Purpose.PUBLICATION, given=True)
    consents.change(person, Purpose.PUBLICATION, given=False)
    exports.make_export(person)
