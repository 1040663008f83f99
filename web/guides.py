"""What to do, in three pictures for each kind of person; printed, a sheet to put on the wall."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import Blueprint, render_template
from flask_babel import lazy_gettext as _

from api.auth import public
from ledger.core.errors import NotFound

page = Blueprint("help", __name__)


class Step(NamedTuple):
    """A picture of templates/help/pictures.html and the sentence under it."""

    picture: str
    words: str


GUIDES = {
    "volunteer": (
        _("志愿者"),
        (
            Step("scan", _("到了服务的地方，用手机扫海报上的码，按“签到”。走的时候再扫一次。")),
            Step("seal", _("社区核对后盖章，红花就到您的账上。")),
            Step("gift", _("到签约的店里打开“我的码”，看清店名和朵数，再按确认。")),
        ),
    ),
    "card": (
        _("用红花卡的老人"),
        (
            Step("card", _("服务时把红花卡给网格员，扫一下就记好了。")),
            Step("seal", _("社区盖章后，卡上就多了红花。")),
            Step("gift", _("到店里出示卡，自己输入密码。密码不告诉别人；卡丢了马上告诉社区。")),
        ),
    ),
    "coordinator": (
        _("网格员"),
        (
            Step("list", _("打开当天的活动，按“扫码签到”。没有网络也能用。")),
            Step("card", _("一个接一个地扫手机码或红花卡；卡扫不出来，就输入卡上的 8 位码。")),
            Step("send", _("结束后等记录都上传了再收手机。没有扫到的人，当天补录并写明原因。")),
        ),
    ),
    "shop": (
        _("店员"),
        (
            Step("scan", _("打开收银台，扫顾客的码。截图不能用，请顾客现场打开。")),
            Step("list", _("页面上只有现在能用的；按一项，等顾客自己确认或输入密码。")),
            Step("gift", _("看到“可以交货”再交货。断网时用编号小票，恢复后录入。")),
        ),
    ),
    "stamper": (
        _("盖章的人"),
        (
            Step("list", _("打开“盖章”，普通的记录已经选好，可疑的不在里面。")),
            Step("seal", _("预览以后盖章：多少人、多少朵，一次看清。")),
            Step("send", _("盖错了可以撤销这一批，账上留着两笔，谁都能核对。")),
        ),
    ),
}


@page.get("/help")
@public
def list_all() -> Any:
    """All guides, by the person whom they are for."""
    return render_template("help/list.html", guides=GUIDES)


@page.get("/help/<who>")
@public
def show(who: str) -> Any:
    """The three pictures of one kind of person; one A4 page when printed."""
    if who not in GUIDES:
        raise NotFound
    title, steps = GUIDES[who]
    return render_template("help/show.html", title=title, steps=steps)
