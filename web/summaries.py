"""每月一总结: the months, one month with its pictures, the file behind each picture, and the two steps of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from flask import Blueprint, Response, g, render_template, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from api.auth import current_actor, for_strangers, public, visitor_of
from api.schemas.summaries import SummaryQuery
from ledger.core import clock
from ledger.core.errors import NotFound
from ledger.core.permissions import may, reach
from ledger.core.spreadsheets import Cell
from ledger.core.tenancy import Actor
from ledger.recognition import contents, summaries, summary_rows
from ledger.recognition.models import SummaryState
from ledger.recognition.summaries import SummaryView
from web import formats
from web.acting import enter_with_code
from web.charts import Point, bars, heat_map, line
from web.forms import ask, send
from web.sheets import FORMATS, Sheet
from web.state_words import EVIDENCE
from web.words import POSTS

page = Blueprint("summaries", __name__)

PAGE_SIZE = 24


class Total(NamedTuple):
    """One figure of the month: its words, and how it is said."""

    name: str
    words: Any
    said: Callable[[int], str]


TOTALS = (
    Total("people", _("服务的人"), formats.number),
    Total("visits", _("盖章的服务（人次）"), formats.number),
    Total("minutes", _("服务时长"), formats.hours),
    Total("entered_later", _("其中事后补录"), formats.number),
    Total("awarded", _("发出的红花"), formats.flowers),
    Total("opened", _("期初登记的红花"), formats.flowers),
    Total("taken_back", _("撤销收回的红花"), formats.flowers),
    Total("redeemed", _("兑换的红花"), formats.flowers),
    Total("refunded", _("退回的红花"), formats.flowers),
    Total("put_into_vouchers", _("买成券的红花"), formats.flowers),
    Total("vouchers_returned", _("券退回的红花"), formats.flowers),
    Total("donated", _("捐出的红花"), formats.flowers),
    Total("expired", _("到期的红花"), formats.flowers),
    Total("outstanding", _("月底还在大家手里的红花"), formats.flowers),
    Total("redemptions", _("兑换次数"), formats.number),
    Total("brought_fen", _("兑换给商户带来"), formats.yuan),
    Total("refunded_fen", _("因退货退还资金"), formats.yuan),
    Total("settled_fen", _("付给商户的结算款"), formats.yuan),
    Total("granted_fen", _("拨入的资金"), formats.yuan),
    Total("feedback_given", _("反馈（有内容）"), formats.number),
    Total("feedback_nothing", _("反馈（平安无事）"), formats.number),
    Total("feedback_answered", _("已答复的反馈"), formats.number),
)

PARTS = {
    "programmes": _("按项目"),
    "grids": _("按网格"),
    "posts": _("按岗位"),
    "evidence": _("按签到方式"),
    "days": _("按日期"),
}


@page.get("/c/<id:community_id>/summaries")
@public
@for_strangers
def list_all() -> Any:
    """The months, newest first: all of them for who works with them, the published ones for everybody."""
    actor = enter_with_code(g.community_id)
    before = ask(SummaryQuery())["cursor"]
    if actor is not None and reach(actor, summaries.SEE):
        found = summaries.list_summaries(actor, before=before, limit=PAGE_SIZE + 1)
    else:
        found = summaries.list_published(g.community_id, before=before, limit=PAGE_SIZE + 1)
    shown = found[:PAGE_SIZE]
    return render_template(
        "summaries/list.html",
        community_id=g.community_id,
        months=[_head(view) for view in shown],
        next_cursor=f"{shown[-1].month:%Y-%m}" if len(found) > PAGE_SIZE else None,
    )


def _head(view: SummaryView) -> dict[str, Any]:
    return {
        "month": view.month,
        "address": f"{view.month:%Y-%m}",
        "status": view.status,
        "known_at": view.known_at,
        "digest": view.digest.hex() if view.digest else "",
    }


@page.get("/c/<id:community_id>/summaries/<month>")
@public
@for_strangers
def show(month: str) -> Any:
    """One month: totals with their rows, pictures with their files, the next step."""
    return _show(month)


def _show(month: str, **again: Any) -> str:
    enter_with_code(g.community_id)
    view = seen(month)
    return render_template(
        "summaries/show.html",
        community_id=g.community_id,
        one=_head(view),
        totals=list(_totals(view)),
        parts=[_part(view, name, str(words)) for name, words in PARTS.items() if name != "days"],
        heat=_days_drawn(view),
        trend=_trend_drawn(view),
        shops=_with_rows(view, "shops", "merchant_id", summary_rows.SHOPS),
        shops_bars=_shops_drawn(view),
        funds=_with_rows(view, "funds", "fund_id", summary_rows.FUNDS),
        step=_next_step(view),
        **({"refusal": None} | again),
    )  # fmt: skip


def _days_drawn(view: SummaryView) -> Any:
    days = [date.fromisoformat(row["day"]) for row in (view.document or {})["days"]]
    points = _points(view, "days", "visits", formats.number)
    return heat_map(list(zip(days, points, strict=True)), gettext("每天的服务人次"))


def _trend_drawn(view: SummaryView) -> Any:
    return line(_points(view, "days", "minutes", formats.hours), gettext("每天的服务时长"))


def _shops_drawn(view: SummaryView) -> Any:
    actor, name = visitor_of(g.community_id), "brought_fen"
    points = [
        Point(
            row["name"],
            row[name],
            formats.yuan(row[name]),
            _rows_of(actor, view, f"shop_{name}", owner_id=row["merchant_id"]),
        )
        for row in (view.document or {})["shops"]
    ]
    return bars(points, gettext("兑换给商户带来"))


def seen(month: str) -> SummaryView:
    """The month as this visitor may see it: also a draft for who works with it, else what was published."""
    actor, wanted = visitor_of(g.community_id), month_in(month)
    if actor is not None and reach(actor, summaries.SEE):
        return summaries.see_summary(actor, wanted)
    return summaries.see_published(g.community_id, wanted)


def month_in(text: str) -> date:
    """The month of an address; one that cannot be is not found."""
    asked = SummaryQuery(only=("cursor",))
    if asked.validate({"cursor": text}):
        raise NotFound
    found: date = asked.load({"cursor": text})["cursor"]
    return found


def _totals(view: SummaryView) -> Iterator[dict[str, Any]]:
    document = view.document or {}
    compared = document["compared"]
    actor = visitor_of(g.community_id)
    for total in TOTALS:
        yield {
            "words": total.words,
            "said": total.said(document["totals"][total.name]),
            "href": _rows_of(actor, view, total.name),
            **{
                name: total.said(compared[name][total.name]) if total.name in compared[name] else ""
                for name in ("last_month", "last_year")
            },
        }


def _rows_of(actor: Actor | None, view: SummaryView, name: str, **which: Any) -> str:
    """Where the rows of a figure are, for whoever may see them; `which` shop, fund or part, if of one."""
    if actor is None or not summary_rows.opens(actor, name):
        return ""
    return url_for("web.summary_rows.show", month=f"{view.month:%Y-%m}", of=name, **which)


def _points(view: SummaryView, part: str, name: str, said: Callable[[int], str]) -> list[Point]:
    """A figure of each part of what was served, leading to its rows where there are any."""
    actor = visitor_of(g.community_id)
    found = []
    for row in (view.document or {})[part]:
        key, label = (row["day"], row["day"][5:]) if part == "days" else (row["key"] or "", called(part, row))
        href = _rows_of(actor, view, name, part=part, key=key) if row[name] else ""
        found.append(Point(label, row[name], said(row[name]), href))
    return found


def _with_rows(view: SummaryView, part: str, key: str, names: Iterable[str]) -> list[dict[str, Any]]:
    """The lines of the shops or the funds, with the way to the rows of each of their figures."""
    actor = visitor_of(g.community_id)
    return [
        line | {"href": {name.partition("_")[2]: _rows_of(actor, view, name, owner_id=line[key]) for name in names}}
        for line in (view.document or {})[part]
    ]


OF_SHOP_OR_FUND = {
    "shop_redemptions": _("兑换次数"),
    "shop_points": _("红花"),
    "shop_brought_fen": _("带来"),
    "shop_settled_fen": _("已结算"),
    "fund_granted_fen": _("拨入"),
    "fund_spent_fen": _("用出"),
    "fund_left_fen": _("月底还有"),
}


def shop_or_fund_words(name: str) -> str:
    """A figure of a shop or a fund in words."""
    return str(OF_SHOP_OR_FUND[name])


def _last_day(month: date) -> date:
    return clock.local_day(clock.month_bounds(month)[1] - timedelta(seconds=1))


def _part(view: SummaryView, name: str, words: str) -> dict[str, Any]:
    points = _points(view, name, "minutes", formats.hours)
    return {"name": name, "words": words, "picture": bars(points, words) if points else ""}


def called(part: str, row: dict[str, Any]) -> str:
    """What a row of a part is called: by its own name, its day, or in the words of its closed list."""
    if part == "days":
        return str(formats.calendar_day(date.fromisoformat(row["day"])))
    if row["key"] == contents.POOLED:
        return str(gettext("其他（不到 3 人）"))
    if part == "evidence":
        return str(EVIDENCE[row["key"]].text)
    if part == "posts":
        return str(POSTS[row["key"]]) if row["key"] else str(gettext("没有岗位的志愿者"))
    return str(row["name"]) if row["name"] else str(gettext("全社区"))


def _next_step(view: SummaryView) -> dict[str, str]:
    """What this visitor may do with the month now."""
    actor = visitor_of(g.community_id)
    if actor is None:
        return {}
    if view.status == SummaryState.DRAFT and may(actor, summaries.SIGN):
        is_over = _last_day(view.month) < clock.today()
        return {"verb": "sign"} if is_over else {"sentence": gettext("这个月过完以后可以签发。")}
    if view.status == SummaryState.SIGNED and may(actor, summaries.PUBLISH):
        if actor.is_person(view.signed_by):
            return {"sentence": gettext("上一步是您做的，这一步要另一位同事来做。")}
        return {"verb": "publish"}
    if view.status == SummaryState.SIGNED:
        return {"sentence": gettext("等监督员公布。")}
    return {}


@page.post("/c/<id:community_id>/summaries/<month>/sign-off")
def sign_off(month: str) -> Any:
    """Frozen; the month is closed."""
    actor = current_actor()
    return _take(month, lambda: summaries.sign_off(actor, month_in(month)))


@page.post("/c/<id:community_id>/summaries/<month>/publish")
def publish(month: str) -> Any:
    """Everybody may read it."""
    actor = current_actor()
    return _take(month, lambda: summaries.publish(actor, month_in(month)))


def _take(month: str, verb: Callable[[], Any]) -> Any:
    return send(
        None,
        lambda _values: verb(),
        to=lambda _done: url_for(".show", month=month),
        again=lambda **again: _show(month, refusal=again["refusal"]),
    )


# --- files ------------------------------------------------------------------------------------------------------


@page.get("/c/<id:community_id>/summaries/<month>/<part>.<ending>")
@public
@for_strangers
def download(month: str, part: str, ending: str) -> Any:
    """The figures behind a picture. They name nobody, so no line in the audit."""
    enter_with_code(g.community_id)
    if ending not in FORMATS:
        raise NotFound
    view = seen(month)
    sheet = _sheet(view, part)
    media_type, write = FORMATS[ending]
    name = f"{g.community.short_code}-{view.month:%Y-%m}-{part}.{ending}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(write(sheet.columns, sheet.rows), content_type=media_type, headers=headers)


def _sheet(view: SummaryView, part: str) -> Sheet:
    make = SHEETS.get(part) or (_parts_sheet if part in PARTS else None)
    if make is None:
        raise NotFound
    return make(view.document or {}, part)


def _totals_sheet(document: dict[str, Any], _part: str) -> Sheet:
    """One row a figure: money in yuan, time in minutes."""
    months = (document["totals"], document["compared"]["last_month"], document["compared"]["last_year"])
    rows = [[str(total.words), *(_figure(total.name, one) for one in months)] for total in TOTALS]
    return Sheet([gettext("项目名称"), gettext("这个月"), gettext("上个月"), gettext("去年同月")], rows)


def _figure(name: str, month: dict[str, int]) -> Cell:
    value = month.get(name)
    return Decimal(value) / 100 if value is not None and name.endswith("_fen") else value


def _parts_sheet(document: dict[str, Any], part: str) -> Sheet:
    rows = [[called(part, row), row["people"], row["visits"], row["minutes"]] for row in document[part]]
    return Sheet([str(PARTS[part]), gettext("人数"), gettext("人次"), gettext("分钟数")], rows)


def _days_sheet(document: dict[str, Any], _part: str) -> Sheet:
    rows = [[date.fromisoformat(row["day"]), row["visits"], row["minutes"]] for row in document["days"]]
    return Sheet([gettext("日期"), gettext("人次"), gettext("分钟数")], rows)


def _shops_sheet(document: dict[str, Any], _part: str) -> Sheet:
    rows = [
        [row["name"], row["redemptions"], row["points"], *_yuan(row, "brought_fen", "settled_fen")]
        for row in document["shops"]
    ]
    money = [gettext("带来（元）"), gettext("已结算（元）")]
    return Sheet([gettext("商户"), gettext("兑换次数"), gettext("红花"), *money], rows)


def _funds_sheet(document: dict[str, Any], _part: str) -> Sheet:
    rows = [[row["name"], *_yuan(row, "granted_fen", "spent_fen", "left_fen")] for row in document["funds"]]
    return Sheet([gettext("资金"), gettext("拨入（元）"), gettext("用出（元）"), gettext("月底还有（元）")], rows)


def _yuan(row: dict[str, Any], *names: str) -> list[Decimal]:
    return [Decimal(row[name]) / 100 for name in names]


SHEETS = {"totals": _totals_sheet, "days": _days_sheet, "shops": _shops_sheet, "funds": _funds_sheet}
