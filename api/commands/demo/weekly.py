"""The weekly redemption day: its calendar, the red station's stall, and complaints about goods in every state."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import partial

from api.commands.demo import trading
from api.commands.demo.story import Story
from api.commands.demo.town import Counter, Town, enter, person_with
from ledger.core import clock
from ledger.core.errors import Refused
from ledger.people import redemption_days
from ledger.people.redemption_day_models import Venue
from ledger.people.redemption_days import WeeklyDay
from ledger.rewards import (
    agreements,
    complaint_reading,
    complaints,
    member_codes,
    merchants,
    offers,
    receipts,
    redemptions,
    refunds,
    tills,
)
from ledger.rewards.complaint_models import Complaint, Remedy
from ledger.rewards.models import OfferKind, RedemptionState
from ledger.rewards.offers import OfferTerms
from ledger.rewards.ways import ByTill

STATION = "红色驿站"
OWNER, KEEPER = "13900070000", "13900070001"
POINTS = 8
AT_THE_STALL = 4
LOOKED_AT = 100

MONDAYS = WeeklyDay(
    starts_on=date(2000, 1, 1),  # Said when it is decided.
    weekday=1,
    opens=time(9),
    closes=time(11, 30),
    venue=Venue.STATION,
    place="红色驿站，胜利街 8 号",
)


def tell_weekly(town: Town, story: Story, monday: datetime) -> None:
    """At first Saturdays in the shops; since Mondays at the stall some neighbours come to each of the last two."""
    last = town.until
    story.tell(monday, partial(_decide, town, weekday=6, venue=Venue.SHOPS, place="各家店里"))
    story.tell(monday + timedelta(hours=1), partial(_open_stall, town))
    story.tell(monday + timedelta(hours=2), partial(_decide, town))
    newest = monday + timedelta(days=(last - monday).days // 7 * 7)
    for back in (0, 7):
        moment = newest - timedelta(days=back) + timedelta(hours=9, minutes=30)
        if monday + timedelta(hours=2) < moment < last:
            story.tell(moment, partial(_serve, town, first=back))
    story.tell(last - timedelta(hours=10), partial(_change_days, town))
    story.tell(last - timedelta(days=12), partial(_complain, town, "打开就发霉了"))
    story.tell(last - timedelta(hours=6), partial(_settle_complaints, town))
    story.tell(last - timedelta(hours=5), partial(_complain, town, "比说好的少一个"))


def _decide(town: Town, **changed: object) -> None:
    weekly = replace(MONDAYS, starts_on=clock.today(), **changed)  # type: ignore[arg-type]
    redemption_days.set_weekly_day(town.cast["admin"], weekly)


def _change_days(town: Town) -> None:
    """The next Monday moves, the one after is called off, a third was moved and is held as usual after all."""
    admin = town.cast["admin"]
    ahead = redemption_days.see_calendar(admin).ahead
    first, second, third = (one.day for one in ahead[:3])
    redemption_days.change_day(admin, first, moved_to=first + timedelta(days=1), reason="驿站消防检查")
    redemption_days.change_day(admin, second, moved_to=None, reason="社区开居民大会")
    redemption_days.change_day(admin, third, moved_to=third + timedelta(days=2), reason="停电通知")
    redemption_days.change_day(admin, third, moved_to=third, reason="不停电了，照常")


def _open_stall(town: Town) -> None:
    """A merchant of the community's own, which redeems on the day alone."""
    admin, treasurer = town.cast["admin"], town.cast["treasurer"]
    station = merchants.create_merchant(admin, STATION, trade="便民")
    branch = merchants.add_branch(admin, station.id, name=STATION, address="胜利街 8 号")
    terms = replace(trading.terms_of(town, 0), other_days=False)
    agreement = agreements.draft_agreement(admin, station.id, terms=terms)
    for signer in (admin, treasurer):
        agreements.sign_agreement(signer, agreement.id)
    owner, keeper = person_with(OWNER), person_with(KEEPER)
    merchants.appoint_owner(admin, station.id, person_id=owner, name="驿站站长")
    merchants.appoint_clerk(admin, station.id, person_id=keeper, name="驿站志愿者", branch_id=branch.id)
    offer = offers.draft_offer(
        admin, agreement.id, kind=OfferKind.GOODS, terms=OfferTerms(name="洗衣液一袋", points=POINTS), stock=500
    )
    offers.approve_offer(treasurer, offer.id)
    town.stalls.append(
        Counter(
            owner=enter(town.community.id, owner),
            clerk=enter(town.community.id, keeper),
            merchant_id=station.id,
            agreement_id=agreement.id,
            branch_id=branch.id,
            poster_code=merchants.poster_code(admin, branch),
            offers=((offer.id, POINTS),),
        )
    )


def _serve(town: Town, *, first: int) -> None:
    """Whoever comes with enough flowers takes something along."""
    [stall] = town.stalls
    offer_id, _ = stall.offers[0]
    served = 0
    for resident in town.residents[first:]:
        try:
            code = member_codes.create_member_code(resident.actor).code
            till = tills.open_till(stall.clerk, stall.branch_id, member_code=code)
            taken = redemptions.reserve(stall.clerk, offer_id, way=ByTill(till.visit.id))
            redemptions.confirm(resident.actor, taken.id)
        except Refused:
            continue
        served += 1
        if served == AT_THE_STALL:
            break


# --- complaints -------------------------------------------------------------------------------------------------


def _complain(town: Town, words: str) -> Complaint | None:
    """Somebody complains of the newest redemption without a complaint; in the first days there may be none."""
    people = {one.member_id: one.actor for one in town.residents}
    admin = town.cast["admin"]
    for receipt in receipts.list_redemptions(admin, status=RedemptionState.CONFIRMED, limit=LOOKED_AT):
        whose = people.get(receipt.redemption.member_id)
        if whose is None or whose.member_id == admin.member_id:
            continue
        if not complaint_reading.complaints_of(admin, receipt.redemption.id):
            return complaints.complain(whose, receipt.redemption.id, words=words)
    return None


def _settle_complaints(town: Town) -> None:
    """One is answered and waits for the community; three are closed, each with another outcome."""
    admin = town.cast["admin"]
    answered = _complain(town, "尺寸拿错了")
    if answered is not None:
        complaints.answer_complaint(admin, answered.id, answer="请带凭证来店里换，店主留了一份。")
    closed = ((Remedy.REFUNDED, "漏了一半"), (Remedy.REPLACED, "盖子是坏的"), (Remedy.EXPLAINED, "味道和上次不一样"))
    for outcome, words in closed:
        row = _complain(town, words)
        if row is None:
            continue
        if outcome is Remedy.REFUNDED:
            refunds.refund(town.cast["treasurer"], row.redemption_id, reason="商品有问题")
        complaints.close_complaint(admin, row.id, outcome=outcome, note="已和店主核对")
