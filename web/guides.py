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
    "leader": (
        _("微网格长和楼栋长"),
        (
            Step("door", _("到了门口，用手机扫门牌码，按“签到”。")),
            Step("note", _("走的时候再扫一次，点走访的类别就签退；有需要的，写上几句。")),
            Step("evening", _("晚上打开“每天一反馈”：没事就按“今天没有情况”，有事写清楚，24 小时内有答复。")),
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
    "owner": (
        _("店主"),
        (
            Step("tag", _("在“商户”里写好能换什么、要几朵红花；社区批准后才上架。")),
            Step("bill", _("每周一看上周的结算单：哪一行不对就勾上提出争议，其余照付；都对就确认。")),
            Step("money", _("社区审批、付款以后，单子上写着哪天付的。换收款账户，社区会打电话跟您核对。")),
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
    "treasurer": (
        _("财务"),
        (
            Step("two", _("打开“结算”，审批别人出的单；自己出的，由另一个人批。")),
            Step("bank", _("到“付款”做成一批，下载银行文件；银行的结果传回来，一行一行核对。")),
            Step("jar", _("看看“资金”还能用几周，快用完了早点拨；争议和异常提示，到期以前决定。")),
        ),
    ),
    "street": (
        _("街道和监督员"),
        (
            Step("chart", _("街道看“街道各社区”，监督员看“每月一总结”：服务、红花和结算，一页看完。")),
            Step("two", _("监督员评审和公布；社区的第二个人两个工作日以上不在，由街道代办，并公开写明。")),
            Step("lens", _("打开“账本”，看核对结果和每天的封账：谁改了过去的账，都看得出来。")),
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
