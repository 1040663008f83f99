"""What the owners of a shop are told of their money, and its treasurers of what waits for them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from ledger.core import clock
from ledger.core.tenancy import Role
from ledger.people.grants import people_with
from ledger.people.notices import NoticeKind, declare, tell
from ledger.rewards.merchants import owners_of

ISSUED = declare(
    "settlement.issued",
    zh="结算单 {number} 出来了。请核对：同意就确认，哪一行不对就对那一行提出争议；到 {day} 还没有异议，就自动确认。",
    en="Statement {number} is there. Confirm it, or dispute what is wrong; after {day} it counts as confirmed.",
)
PAID = declare(
    "settlement.paid",
    zh="结算单 {number} 已于 {day} 付款。",
    en="Statement {number} was paid on {day}.",
)
DISPUTED = declare(
    "settlement.disputed",
    zh="商户对结算单 {number} 提出了争议，请在 {day} 以前决定。",
    en="A shop disputes lines of statement {number}: decide by {day}.",
)
APPEALED = declare(
    "settlement.appealed",
    zh="商户对结算单 {number} 的争议决定提出了申诉，请另一位财务在 {day} 以前决定。",
    en="A shop appeals a decision about statement {number}: another treasurer decides by {day}.",
)
ANSWERED = declare(
    "settlement.dispute_answered",
    zh="您对结算单 {number} 提出的争议，社区有了说明，财务会作决定。",
    en="The community has answered your dispute of statement {number}; the treasurer decides.",
)
DECIDED_FOR_SHOP = declare(
    "settlement.dispute_for_shop",
    zh="您对结算单 {number} 提出的争议已决定：支持商户。钱在下一期结算单里。",
    en="Your dispute of statement {number} was decided for the shop. The money stands in the next statement.",
)
DECIDED_FOR_COMMUNITY = declare(
    "settlement.dispute_for_community",
    zh="您对结算单 {number} 提出的争议已决定：支持社区。第一次决定可以申诉一次，请看结算单。",
    en="Your dispute of statement {number} was decided for the community. A first decision can be appealed once.",
)
CLAWED_BACK = declare(
    "settlement.clawed_back",
    zh="结算单 {number} 里有一行的款要追回，原因见下一期结算单。",
    en="Money of a line of statement {number} is taken back; the reason stands in the next statement.",
)
ACCOUNT_ASKED = declare(
    "settlement.account_asked",
    zh="有人登记了新的收款账户（尾号 {last_four}）。如果不是您同意的，请马上叫停，并联系社区。",
    en="A new bank account ending in {last_four} was registered. If you did not agree, stop it and call the community.",
    by_phone=True,
)
ACCOUNT_APPROVED = declare(
    "settlement.account_approved",
    zh="收款账户（尾号 {last_four}）已核对，{day} 起用它付款；在那之前付到原来的账户，您还可以叫停。",
    en="The bank account ending in {last_four} was checked; it is used from {day}. Until then you can still stop it.",
    by_phone=True,
)
ACCOUNT_STOPPED = declare(
    "settlement.account_stopped",
    zh="收款账户（尾号 {last_four}）的更改已叫停，仍付到原来的账户。",
    en="The change to the bank account ending in {last_four} was stopped; payments go where they went before.",
    by_phone=True,
)


def tell_treasurers(community_id: UUID, kind: NoticeKind, *, number: str, due_at: datetime) -> None:
    """Every treasurer has a notice that something waits, and until which day (inclusive)."""
    day = clock.local_day(due_at - timedelta(seconds=1)).isoformat()
    for person_id in people_with(community_id, [Role.TREASURER]):
        tell(community_id, person_id, kind, number=number, day=day)


def tell_owners(community_id: UUID, merchant_id: UUID, kind: NoticeKind, **facts: Any) -> None:
    """Everybody who owns the shop here now has a notice."""
    for person_id in sorted(owners_of(community_id, [merchant_id])):
        tell(community_id, person_id, kind, **facts)
