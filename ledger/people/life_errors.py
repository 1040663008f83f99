"""Refusals about numbers that change and members who leave."""

from __future__ import annotations

from ledger.core.errors import Refused


class SecondProofNeeded(Refused):
    """The number has not been used for half a year, or was reported: its code alone does not show whose it is."""

    code = "second_proof_needed"
    zh = (
        "这个号码很久没有登录过，可能已经换了主人。",
        "请填写您在社区登记的姓名，或红花卡的卡号和密码；如果这是您新办的号码，请选“我是新来的”。",
    )
    en = (
        "This number has not been used for long; it may have a new owner.",
        'Give the name the community knows you by, or your card and its PIN; if the number is new, choose "I am new".',
    )
    final = False


class ProofWrong(Refused):
    """The name is not the one that a community knows the number's person by, nor the card with its PIN theirs."""

    code = "proof_wrong"
    zh = ("和登记的不一致。", "还可以试 {tries_left} 次；不是您登记的号码，请选“我是新来的”，或请社区当面核对。")
    en = (
        "That is not what we know.",
        '{tries_left} tries left. If the number is new to you, choose "I am new", or see the community in person.',
    )
    final = False


class NumberIsNew(Refused):
    """The staff entered the number less than 72 hours ago: nothing is redeemed with it yet."""

    code = "number_is_new"
    zh = ("号码刚由社区更换，{until} 以后才能兑换。", "这是为了防止冒领；着急请拿纸质卡或联系社区。")
    en = (
        "The community just changed this number; redeem from {until} on.",
        "This keeps your flowers safe.",
    )


class OwnNumber(Refused):
    """Nobody enters or confirms a number of their own as staff."""

    code = "own_number"
    zh = ("这是您自己的号码。", "请在“我的账户”里更换，或请另一位管理员来办。")
    en = ("This is your own number.", "Change it on your account page, or ask another administrator.")


class HoldsOffice(Refused):
    """The number of somebody with a role or behind a counter is changed by themself alone."""

    code = "holds_office"
    zh = ("这个人有工作身份，号码只能本人更换。", "请本人在“我的账户”里更换；手机丢了，请先结束其身份。")
    en = ("This person holds a role: only they change their number.", "If the phone is lost, end the role first.")


class LastAdmin(Refused):
    """A community keeps at least one administrator."""

    code = "last_admin"
    zh = ("这是最后一位管理员。", "请先给另一个人管理员身份。")
    en = ("This is the last administrator.", "Make somebody else an administrator first.")
