"""An offer in words: what a row of the kit shows of it, the same at a poster, at a till and on the shop's page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time
from typing import Any

from flask_babel import gettext as _

from ledger.core import clock
from ledger.rewards import vouchers
from ledger.rewards.models import OfferVersion
from ledger.rewards.offers import EVERY_DAY, OfferView
from ledger.rewards.terms import Terms, Wish, obstacles_to_buying
from web import formats
from web.errors import refusal
from web.words import WEEKDAYS


def shown_offer(view: OfferView) -> dict[str, Any]:
    """An offer for a row of the kit."""
    terms = view.terms
    return {
        "id": terms.offer_id.hex,
        "name": terms.name,
        "kind": terms.kind,
        "points": terms.points,
        "stock": terms.stock,
        "minimum_bill_fen": terms.minimum_bill_fen,
        "pictures": terms.picture_ids or [],
        "terms": " · ".join(conditions(terms)),
        "usable": view.is_usable,
        "reasons": [refusal(reason) for reason in view.reasons],
        "is_voucher": _can_be_bought(terms),
    }


def _can_be_bought(terms: Terms) -> bool:
    """As a voucher, by whoever looks at it: it may be of no use today and still be worth having."""
    return vouchers.is_sold(terms) and not any(obstacles_to_buying(terms, Wish(at=clock.now())))


def _off(discount_fen: int, percent: int | None) -> str:
    amount = formats.yuan(discount_fen)
    most = _("减 %(amount)s", amount=amount)
    return str(
        most if percent is None else _("减账单的 %(percent)s%%，最多 %(amount)s", percent=percent, amount=amount)
    )


def conditions(terms: Terms | OfferVersion) -> Iterator[str]:
    """When and how an offer can be had, where it is not always and for everybody."""
    if terms.weekdays != EVERY_DAY:
        yield _("、").join(str(WEEKDAYS[day]) for day in range(7) if terms.weekdays & 1 << day)
    if terms.from_time or terms.until_time:
        yield f"{terms.from_time or time(0):%H:%M}–{terms.until_time or time(0):%H:%M}"
    if terms.minimum_bill_fen:
        yield _("满 %(amount)s 可用", amount=formats.yuan(terms.minimum_bill_fen))
    if terms.discount_fen is not None:
        yield _off(terms.discount_fen, terms.discount_percent)
        if terms.shop_bears_percent:
            yield _("其中商户承担 %(percent)s%%", percent=terms.shop_bears_percent)
    if terms.per_member_per_day:
        yield _("每人每天 %(count)s 份", count=terms.per_member_per_day)
    if terms.per_member_per_week:
        yield _("每人每周 %(count)s 份", count=terms.per_member_per_week)
    if terms.per_household_per_week:
        yield _("每家每周 %(count)s 份", count=terms.per_household_per_week)
    if terms.per_person:
        yield _("每人一共 %(count)s 份", count=terms.per_person)
    if terms.ends_on:
        yield _("到 %(day)s 为止", day=formats.calendar_day(terms.ends_on))
