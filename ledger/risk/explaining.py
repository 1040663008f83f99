"""What a flag says in plain words: to the community with its figures, to the shop without anybody else's."""

from __future__ import annotations

from typing import Any, NamedTuple

from ledger.risk.models import FlagKind


class Words(NamedTuple):
    """A flag explained in zh and en from its facts; `shop_zh`, `shop_en` name no figure of a member or other shops."""

    zh: str
    en: str
    shop_zh: str
    shop_en: str


WORDS = {
    FlagKind.RING: Words(
        "{days} 天里这位会员在这家店兑换 {count} 次、{points} 朵：占本人全部兑换的 {of_member}%，占这家店全部兑换的 "
        "{of_shop}%，是其他会员在一家店平均数的 {times} 倍。",
        "In {days} days this member redeemed {count} times here, {points} points: {of_member}% of all the member "
        "redeemed and {of_shop}% of all this shop took, {times} times what others redeem at one shop on average.",
        "同一位会员在本店的兑换特别集中，社区在核对。",
        "One member's redemptions here are unusually many; the community is looking at them.",
    ),
    FlagKind.SHOP_SHARE: Words(
        "{days} 天里社区兑换的红花有 {of_all}% 在这一家店（{points} 朵，{members} 位会员，{count} 次），"
        "一共有 {shops} 家店。只作提示，不暂缓结算。",
        "In {days} days {of_all}% of the community's redeemed points went to this one of {shops} shops ({points} "
        "points, {members} members, {count} times). This only informs; nothing waits for it.",
        "社区兑换的红花大半在本店。",
        "Most of the community's points are redeemed here.",
    ),
    FlagKind.ROUND_TRIP: Words(
        "{days} 天里这位会员在这家店 {count} 次退回后当天又兑换，共 {points} 朵。",
        "In {days} days this member had a redemption here refunded and redeemed again on the same day {count} times, "
        "{points} flowers in all.",
        "有兑换退回后当天又兑换，社区在核对。",
        "Redemptions were refunded and made again on the same day; the community is looking at them.",
    ),
    FlagKind.AFTER_HOURS: Words(
        "{week} 这一周，这家店有 {count} 次兑换在深夜 23 点到清晨 5 点之间，共 {points} 朵，涉及 {members} 位会员。",
        "In week {week} this shop had {count} redemptions between 23:00 and 05:00, {points} points of {members} "
        "members.",
        "深夜 23 点到清晨 5 点的兑换，社区在核对。",
        "Redemptions between 23:00 and 05:00; the community is looking at them.",
    ),
    FlagKind.SHARED_DEVICE: Words(
        "{days} 天里有 {members} 位会员用同一台手机登录，在这家店一共兑换 {count} 次、{points} 朵，"
        "占这家店的 {of_shop}%。",
        "In {days} days {members} members who signed in on one phone redeemed {count} times here, {points} points, "
        "{of_shop}% of what the shop took.",
        "几位会员像是由同一部手机兑换，社区在核对。",
        "Several members' redemptions seem to come from one phone; the community is looking at them.",
    ),
    FlagKind.SHARED_HELPER: Words(
        "{days} 天里同一个人替 {members} 位会员在这家店确认了 {count} 次兑换，共 {points} 朵。",
        "In {days} days one person confirmed {count} redemptions here for {members} members, {points} flowers in all.",
        "几位会员的兑换由同一个人代为确认，社区在核对。",
        "One person confirmed redemptions of several members; the community is looking at them.",
    ),
    FlagKind.BURST: Words(
        "{at} 起一分钟里，一位店员连做了 {count} 次兑换，共 {points} 朵，涉及 {members} 位会员。",
        "From {at} on, one clerk made {count} redemptions within a minute, {points} points of {members} members.",
        "一分钟里连着做了很多次兑换，社区在核对。",
        "Many redemptions were made within one minute; the community is looking at them.",
    ),
}


def explain(kind: str, facts: dict[str, Any], *, language: str) -> str:
    """Why it was flagged, with its figures, for the community's own people."""
    words = WORDS[FlagKind(kind)]
    return (words.zh if language.startswith("zh") else words.en).format_map(facts)


def explain_to_shop(kind: str, *, language: str) -> str:
    """Why a line waits, for the shop: a member's other spending is none of its business."""
    words = WORDS[FlagKind(kind)]
    return words.shop_zh if language.startswith("zh") else words.shop_en


def in_both(kind: str, facts: dict[str, Any]) -> dict[str, str]:
    """`explain` in each language."""
    return {language: explain(kind, facts, language=language) for language in ("zh", "en")}


def to_shop_in_both(kind: str) -> dict[str, str]:
    """`explain_to_shop` in each language."""
    return {language: explain_to_shop(kind, language=language) for language in ("zh", "en")}
