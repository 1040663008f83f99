"""Shops' bank accounts, disputes in each state, and payouts in each state, at the end of the story."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from api.commands.demo.story import Story
from api.commands.demo.town import Counter, Town
from ledger.core import clock
from ledger.core.tenancy import Actor
from ledger.settlement import bank_accounts, disputes, lines, payouts
from ledger.settlement.dispute_models import Dispute, Favour
from ledger.settlement.disputes import Claim
from ledger.settlement.models import LineType, Settlement
from ledger.settlement.payout_reading import list_payable, see_payout
from ledger.settlement.payouts import BankResult

BANKS = ("宁夏银行胜利街支行", "黄河农村商业银行", "工商银行兴庆支行")


def tell_accounts(town: Town, story: Story) -> None:
    """Every shop but the last has an account that is used; one waits for its check, one cools down, one was stopped."""
    start = clock.now()
    for n, counter in enumerate(town.counters[:-1]):
        story.tell(start + timedelta(days=1, minutes=n), partial(_register, town, counter, n))
    end = town.until
    story.tell(end - timedelta(days=2), partial(_register, town, town.counters[1], 91, is_approved=True))
    story.tell(end - timedelta(days=1, hours=3), partial(_stop, town, town.counters[2]))
    story.tell(end - timedelta(hours=4), partial(_register, town, town.counters[0], 90, is_approved=False))


def _register(town: Town, counter: Counter, n: int, *, is_approved: bool = True) -> None:
    number = f"62220212{10_000_000 + 7919 * n:08d}{n:03d}"
    account = bank_accounts.ask_account(
        counter.owner, counter.merchant_id, bank=BANKS[n % len(BANKS)], holder=f"演示商户{n + 1}", number=number
    )
    if is_approved:
        bank_accounts.approve_account(town.cast["treasurer"], account.id)


def _stop(town: Town, counter: Counter) -> None:
    """Somebody tried to swap it; the owner stopped that."""
    account = bank_accounts.ask_account(
        town.cast["admin"], counter.merchant_id, bank=BANKS[0], holder="陌生户名", number="6217000012345678"
    )
    bank_accounts.stop_account(counter.owner, account.id)


# --- disputes ---------------------------------------------------------------------------------------------------


DISPUTED_DAYS = 8
"""The statements of the last Monday, whichever day the story ends."""


FORGOTTEN = range(15, 22)
"""Days before the end, with one Monday too: long enough for the clock to have decided what nobody did."""


def tell_dispute(town: Town, story: Story, settlement: Settlement, *, n: int, issued: datetime) -> None:
    """Five owners dispute a line of their newest statement on the day that it was issued.

    Earlier two did, to whom nobody answered: by their agreements one line is the shop's, the other the community's.
    """
    age = town.until - issued
    if n < 5 and age < timedelta(days=DISPUTED_DAYS):
        story.tell(issued + timedelta(hours=4), partial(_dispute_and_go_on, town, settlement, n))
    elif age.days in FORGOTTEN and settlement.merchant_id in [one.merchant_id for one in town.counters[:4:3]]:
        story.tell(issued + timedelta(hours=4), partial(_dispute, town.owner_of(settlement.merchant_id), settlement))


def _dispute_and_go_on(town: Town, settlement: Settlement, n: int) -> None:
    """One waits, one is answered, one decided for the shop, one for the community, one appealed."""
    owner = town.owner_of(settlement.merchant_id)
    admin, treasurer = town.cast["admin"], town.cast["treasurer"]
    dispute = _dispute(owner, settlement)
    if dispute is None or n == 0:
        return
    disputes.answer_dispute(admin, dispute.id, answer="核对了收据和当天的记录")
    if n == 1:
        return
    favour = Favour.SHOP if n == 2 else Favour.COMMUNITY
    disputes.decide_dispute(treasurer, dispute.id, favour=favour, reason="以收据为准")
    if n == 4:
        disputes.appeal(owner, dispute.id, reason="有监控录像可以证明")


def _dispute(owner: Actor, settlement: Settlement) -> Dispute | None:
    found = [
        line
        for line in lines.lines_of(settlement.community_id, settlement.id, limit=10)
        if line.type == LineType.REDEMPTION
    ]
    if not found:
        return None
    return disputes.raise_disputes(owner, settlement.id, [Claim(found[0].id, "这一笔的数量记错了")])[0]


# --- payouts ----------------------------------------------------------------------------------------------------


def tell_last_days(town: Town, story: Story) -> None:
    """In the last hours: a batch that the bank has answered, one half answered with a failure, one not yet."""
    for hours, answers in ((6, "all"), (5, "some"), (4.5, "none")):
        story.tell(town.until - timedelta(hours=hours), partial(_pay_some, town, answers))


def _pay_some(town: Town, answers: str) -> None:
    """Two approved statements in a batch; the first is refused by the bank where it has answered some."""
    admin = town.cast["admin"]
    ready = [one.settlement for one in list_payable(admin) if not one.hindrance][:2]
    if not ready:
        return
    payout = payouts.create_payout(admin, [one.id for one in ready])
    if answers == "none":
        return
    view = see_payout(admin, payout.id)
    results = [
        BankResult(n, one.line.number, one.line.amount_fen, True, reference=f"回单 {one.line.number}")
        for n, one in enumerate(view.lines, start=1)
    ]
    if answers == "some":
        results = [results[0]._replace(is_paid=False, reference="", reason="户名与账号不符")]
    payouts.take_results(admin, payout.id, results)
