"""Times, amounts and weeks as people say them, in Asia/Shanghai and the language of the page. All are Jinja filters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any

from babel.dates import format_date
from flask_babel import gettext as _
from flask_babel import ngettext

from ledger.core import clock, money, numbers
from web.languages import CHINESE, language

Moment = datetime | str
"""A moment, or the RFC 3339 text that our schemas make of one."""


def local(moment: Moment) -> datetime:
    """The moment on the community's clock."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return moment.astimezone(clock.SHANGHAI)


def clock_time(moment: Moment) -> str:
    """20:05"""
    return f"{local(moment):%H:%M}"


def live_clock(moment: Moment) -> str:
    """20:05:41, for a receipt that must be seen to be of this moment"""
    return f"{local(moment):%H:%M:%S}"


def day(value: Moment | date) -> str:
    """今天, 昨天, 明天, a weekday within the coming six days, else 10月12日; with the year when it is another."""
    that = _as_date(value)
    today = clock.today()
    near = {0: _("今天"), -1: _("昨天"), 1: _("明天")}
    ahead = (that - today).days
    if ahead in near:
        return str(near[ahead])
    if 1 < ahead < 7:
        return str(format_date(that, "EEE", locale=language()))
    return calendar_day(that)


def calendar_day(value: Moment | date) -> str:
    """10月12日; with the year when it is another than this one."""
    that = _as_date(value)
    in_this_year = that.year == clock.today().year
    patterns = ("M月d日", "y年M月d日") if language() == CHINESE else ("d MMM", "d MMM y")
    return str(format_date(that, patterns[0] if in_this_year else patterns[1], locale=language()))


def short_day(value: Moment | date) -> str:
    """10.12, under a flower"""
    that = _as_date(value)
    return f"{that.month}.{that.day}"


def full_day(value: Moment | date) -> str:
    """2026年10月12日, for paper"""
    pattern = "y年M月d日" if language() == CHINESE else "d MMMM y"
    return str(format_date(_as_date(value), pattern, locale=language()))


def chinese_day(value: Moment | date) -> str:
    """2026年10月12日, for paper that is written in both languages"""
    return str(format_date(_as_date(value), "y年M月d日", locale="zh"))


def english_day(value: Moment | date) -> str:
    """12 October 2026, for paper that is written in both languages"""
    return str(format_date(_as_date(value), "d MMMM y", locale="en"))


def when(moment: Moment) -> str:
    """今天 20:05"""
    return f"{day(moment)} {clock_time(moment)}"


def month_name(value: Moment | date) -> str:
    """2026年10月"""
    pattern = "y年M月" if language() == CHINESE else "MMMM y"
    return str(format_date(_as_date(value), pattern, locale=language()))


def full_time(moment: Moment) -> str:
    """2026年10月12日 20:05, for paper"""
    return f"{full_day(moment)} {clock_time(moment)}"


def time_of_day(minutes: int) -> str:
    """Minutes of the day as people read them: 08:00."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def span(starts_at: Moment, ends_at: Moment) -> str:
    """今天 10:00–12:00; names the second day when there is one."""
    same_day = local(starts_at).date() == local(ends_at).date()
    return f"{when(starts_at)}–{clock_time(ends_at) if same_day else when(ends_at)}"


def week_days(week: str) -> str:
    """10月6日–10月12日: the Monday and the Sunday of "2026-W41"."""
    start, end = clock.week_bounds(week)
    return f"{calendar_day(start)}–{calendar_day(end - timedelta(days=1))}"


def week_name(week: str) -> str:
    """第 41 周"""
    return str(_("第 %(number)s 周", number=int(week.split("-W")[1])))


def hours(minutes: int) -> str:
    """386.5 小时; minutes while under one hour."""
    if 0 < minutes < 60:
        return str(_("%(minutes)s 分钟", minutes=minutes))
    count = f"{minutes / 60:,.1f}".removesuffix(".0")
    return str(ngettext("%(count)s 小时", "%(count)s 小时", 1 if minutes == 60 else 2, count=count))


def duration(minutes: int) -> str:
    """2:00, for a column"""
    return f"{minutes // 60}:{minutes % 60:02d}"


def number(value: int) -> str:
    """1,284"""
    return f"{value:,}".replace("-", "−")


def signed(value: int) -> str:
    """+10 or −20, with the true minus sign"""
    return f"+{value:,}" if value > 0 else number(value)


def flowers(points: int) -> str:
    """128 朵"""
    return str(ngettext("%(count)s 朵", "%(count)s 朵", points, count=number(points)))


def served(minutes: int, visits: int) -> str:
    """6 小时，3 次"""
    said: str = ngettext(
        "%(hours)s，%(count)s 次", "%(hours)s，%(count)s 次", visits, hours=hours(minutes), count=number(visits)
    )
    return said


def amount(value: int, unit: str) -> str:
    """128 朵, ¥12.00 or 2 小时: a figure of the books in the unit of its account, with the true minus sign."""
    said = {"points": flowers, "fen": yuan, "minutes": hours}[unit](abs(value))
    return f"−{said}" if value < 0 else said


def moved(value: int, unit: str) -> str:
    """+128 朵 or −2 小时"""
    return f"+{amount(value, unit)}" if value > 0 else amount(value, unit)


def yuan(fen: int) -> str:
    """¥12,345.67"""
    return ("−" if fen < 0 else "") + "¥" + money.yuan(abs(fen))


def last_four(receipt_number: str) -> str:
    """The end of a receipt number, which two people compare aloud."""
    return numbers.last_four(receipt_number)


def names(people: Iterable[str]) -> str:
    """李红、王明"""
    return ("、" if language() == CHINESE else ", ").join(people)


def seconds_until(moment: Moment) -> int:
    """Whole seconds from now, never negative."""
    return max(0, int((local(moment) - clock.now()).total_seconds()))


def _as_date(value: Moment | date) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and len(value) == len("2026-10-12"):
        return date.fromisoformat(value)
    return local(value).date()


FILTERS: dict[str, Callable[..., Any]] = {
    formatter.__name__: formatter
    for formatter in (
        clock_time, live_clock, day, calendar_day, short_day, full_day, chinese_day, english_day, month_name, when,
        full_time, span, week_days, week_name, time_of_day, hours, duration, number, signed, flowers, amount, moved,
        yuan, last_four, names, seconds_until,
    )
}  # fmt: skip
