"""Refusals as pages: always a sentence and the next step, in the reader's language."""

from __future__ import annotations

from typing import Any

from flask import current_app, render_template, request
from flask_babel import gettext as _

from api.errors import as_told
from ledger.core import audit
from ledger.core.errors import NotSignedIn, Reason
from web.languages import language

# What marshmallow says of a field, in a person's words. What is not listed reads as the general sentence.
_FIELD_ERRORS = {
    "Missing data for required field.": lambda: _("请填写这一项。"),
    "Field may not be null.": lambda: _("请填写这一项。"),
    "Not a valid integer.": lambda: _("请填写整数。"),
    "Not a whole number.": lambda: _("请填写整数。"),
    "Not a valid datetime.": lambda: _("请填写日期和时间。"),
    "Not a valid date.": lambda: _("请填写日期。"),
    "Not a mobile number of mainland China.": lambda: _("请填写 11 位手机号。"),
    "Not six digits.": lambda: _("验证码是 6 位数字。"),
    "Not a second factor.": lambda: _("请填 6 位数字，或一个恢复码。"),
    "Between 10 and 200 characters.": lambda: _("至少 10 个字符。"),
    "Shorter than minimum length 1.": lambda: _("请填写这一项。"),
}


def refusal(reason: Reason) -> dict[str, str]:
    """What kit.refusal_box shows."""
    spoken = language()
    reason.facts.setdefault("request_id", audit.request_id.get())
    return {"code": reason.code, "sentence": reason.sentence(spoken), "next_step": reason.next_step(spoken)}


def render_reason(reason: Reason, status: int) -> Any:
    """The page of a refusal that no form could show beside its fields."""
    reason = as_told(reason)
    template = "sign_in/phone.html" if isinstance(reason, NotSignedIn) else "errors/refusal.html"
    next_page = request.full_path.rstrip("?") if request.method == "GET" else _page_of_form()
    page = render_template(template, refused=refusal(reason), status=status, values={}, errors={}, next=next_page)
    return page, status


def _page_of_form() -> str:
    """The page at the address a form was sent to, where there is one; else the front door."""
    has_page = current_app.url_map.bind("").test(request.path, method="GET")
    return request.path if has_page else "/"


def field_error(messages: list[Any] | str) -> str:
    """One sentence for what is wrong with a field."""
    first = messages[0] if isinstance(messages, list) and messages else messages
    known = _FIELD_ERRORS.get(str(first))
    return str(known() if known else _("请检查这一项。"))
