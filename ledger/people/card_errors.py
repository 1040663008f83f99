"""Refusals of paper cards and their PINs."""

from __future__ import annotations

from ledger.core.errors import Refused


class UnknownCard(Refused):
    """There is no card with this code."""

    code = "unknown_card"
    zh = ("没有这张红花卡。", "请核对卡号，或由工作人员按姓名登记。")
    en = ("This card is unknown.", "Check the number, or record the person by name.")


class CardBlank(Refused):
    """The card was printed and never handed out."""

    code = "card_blank"
    zh = ("这张红花卡还没有发给任何人。", "请先在社区领卡，设好密码再用。")
    en = ("This card has not been handed out yet.", "Let the community hand it out with a PIN first.")


class CardLost(Refused):
    """The card was reported lost."""

    code = "card_lost"
    zh = ("这张红花卡已挂失。", "请收下这张卡交回社区；本人可到社区领新卡。")
    en = ("This card was reported lost.", "Keep it for the community; its holder gets a new one there.")


class CardReplaced(Refused):
    """The holder has a newer card."""

    code = "card_replaced"
    zh = ("这张红花卡已换新卡，旧卡不能再用。", "请出示新卡。")
    en = ("This card was replaced by a newer one.", "Show the new card.")


class CardVoid(Refused):
    """The card was withdrawn by the community."""

    code = "card_void"
    zh = ("这张红花卡已作废。", "请到社区领一张新卡。")
    en = ("This card is void.", "Get a new one at the community.")


class CardHolderLeft(Refused):
    """The card's member, or the one it is meant for, has left the community."""

    code = "card_holder_left"
    zh = ("持卡人已离开本社区，卡不能再用。", "请持卡人先到社区重新加入。")
    en = ("The card's holder has left this community.", "They must join again first.")


class CardTaken(Refused):
    """The blank card that was chosen belongs to somebody already, or was made for another member."""

    code = "card_taken"
    zh = ("这张卡已属于别人。", "请另拿一张空白卡。")
    en = ("This card belongs to somebody else.", "Take another blank card.")


class CardLive(Refused):
    """The member holds a live card; a second one replaces it, and that is said."""

    code = "card_live"
    zh = ("这位成员已有一张在用的卡。", "要换卡请勾选“替换旧卡”，旧卡随即失效。")
    en = ("This member has a card in use.", "To replace it, say so: the old one stops working at once.")


class NoCard(Refused):
    """The member holds no live card."""

    code = "no_card"
    zh = ("这位成员没有在用的红花卡。", "请先发一张卡。")
    en = ("This member has no card in use.", "Hand one out first.")


class MixedParts(Refused):
    """The members chosen for a sheet belong to parts that the actor does not manage together."""

    code = "mixed_parts"
    zh = ("所选成员不在同一个您管理的网格里。", "请按网格分开制卡。")
    en = ("These members do not belong to one part of yours.", "Make one sheet for each part.")


class PinWrong(Refused):
    """It is not the card's PIN."""

    code = "pin_wrong"
    zh = ("密码不对。", "请持卡人再输一次，还可以试 {tries_left} 次。")
    en = ("The PIN is not right.", "Let the holder enter it again; {tries_left} tries left.")


class PinBlocked(Refused):
    """Five wrong PINs: only the community's staff can set a new one."""

    code = "pin_blocked"
    zh = ("密码输错太多次，这张卡的密码已锁住。", "请持卡人到社区重设密码；红花都还在。")
    en = ("Too many wrong PINs: the card's PIN is blocked.", "The community sets a new one; no points are lost.")


class PinRequired(Refused):
    """A visit that was opened by a paper card is confirmed by its PIN."""

    code = "pin_required"
    zh = ("用红花卡兑换要输密码。", "请持卡人自己输入 4 到 6 位密码。")
    en = ("A paper card needs its PIN.", "Let the holder enter the four to six digits.")


class PinTooSimple(Refused):
    """One digit again and again, or digits in a row: the first that anybody would guess."""

    code = "pin_too_simple"
    zh = ("这个密码太容易猜。", "不要用 1111、1234 这样的数字，换一个好记的。")
    en = ("This PIN is too easy to guess.", "No 1111 or 1234: choose another.")
