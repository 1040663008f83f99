"""Refusals of the rewards room, in the order in which a redemption meets them."""

from __future__ import annotations

from ledger.core.errors import Refused

# --- the code ---------------------------------------------------------------------------------------------------


class MemberCodeUnknown(Refused):
    """No member of this community has had this code; the try counts against the till."""

    code = "member_code_unknown"
    zh = ("没有这个红花码。", "请会员刷新红花码，再扫一次。")
    en = ("There is no such member code.", "Let the member show a fresh code and scan it again.")


class MemberCodeUsed(Refused):
    """The code has been used: each is good for one scan."""

    code = "member_code_used"
    zh = ("这个红花码已经用过。", "请会员刷新红花码，再扫一次。")
    en = ("This member code has been used.", "Let the member show a fresh code and scan it again.")


class MemberCodeReplaced(Refused):
    """The member has asked for a newer code; only the newest one is good."""

    code = "member_code_replaced"
    zh = ("这个红花码已被新的代替。", "请扫会员手机上最新的红花码。")
    en = ("A newer member code has replaced this one.", "Scan the newest code on the member's phone.")


class MemberCodeExpired(Refused):
    """The code's minute is over, or the session that made it has ended."""

    code = "member_code_expired"
    zh = ("这个红花码已过期。", "请会员刷新红花码，再扫一次。")
    en = ("This member code has expired.", "Let the member show a fresh code and scan it again.")


class TillClosed(Refused):
    """A visit at the till lasts ten minutes, and this one is over."""

    code = "till_closed"
    zh = ("这次到店已超过 10 分钟。", "请会员刷新红花码，重新扫码。")
    en = ("This visit has lasted longer than ten minutes.", "Scan the member's code again.")


class ShopCodeUnknown(Refused):
    """No shop poster of this community carries this code."""

    code = "shop_code_unknown"
    zh = ("没有找到这张商家海报。", "请重新扫描店内的海报。")
    en = ("No shop poster carries this code.", "Scan the poster in the shop again.")


class OwnRedemption(Refused):
    """Nobody serves themself: the clerk and the member are the same person."""

    code = "own_redemption"
    zh = ("不能为自己办理。", "请另一位店员来操作。")
    en = ("Nobody serves themself at the till.", "Let another clerk do this.")


# --- numbered slips ---------------------------------------------------------------------------------------------


class NoSlips(Refused):
    """The shop's agreement says nothing of slips."""

    code = "no_slips"
    zh = ("这家店的协议里没有纸质单子。", "请先和社区在协议里写明每张最多几朵。")
    en = ("The shop's agreement has no paper slips.", "Agree with the community on a cap for each slip first.")


class SlipsLeft(Refused):
    """Too many blank slips lie about for more to be printed."""

    code = "slips_left"
    zh = ("没用的单子还有不少。", "空白单子最多留 {most} 张，用掉一些再打印。")
    en = ("There are blank slips left.", "At most {most} may be blank; use some before printing more.")


class SlipUnknown(Refused):
    """No blank or entered slip of this counter has this number."""

    code = "slip_unknown"
    zh = ("没有这个编号的单子。", "请核对编号，最后一位是字母或数字校验位。")
    en = ("No slip has this number.", "Check the number; its last character guards against slips of the pen.")


class SlipUsed(Refused):
    """Each number is entered once."""

    code = "slip_used"
    zh = ("这张单子已经录过。", "请核对编号，或在清单里看它换了什么。")
    en = ("This slip has been entered.", "Check the number, or see in the list what it became.")


class SlipLate(Refused):
    """The day on the slip is too long ago, before its pad was printed, or yet to come."""

    code = "slip_late"
    zh = ("这张单子的日期不能录。", "单子要在填写后 {days} 天内录入；过了就由商户自己承担。")
    en = (
        "The slip is of a day that cannot be entered.",
        "Enter slips within {days} days; after that the shop bears it.",
    )


class SlipExpired(Refused):
    """The day on the slip is after the last one for which its pad is good."""

    code = "slip_expired"
    zh = ("这张单子过期了。", "这一本单子只能用到 {day}；请打印新的，这一笔由商户自己承担。")
    en = ("This slip has expired.", "Its pad is good until {day}: print a new one; the shop bears this slip.")


class SlipOverCap(Refused):
    """A slip is for few points."""

    code = "slip_over_cap"
    zh = ("超过了一张单子的上限。", "一张单子最多 {cap} 朵；多出的由商户自己承担。")
    en = ("That is more than a slip is for.", "A slip is for at most {cap} points; the shop bears the rest.")


# --- merchant and agreement -------------------------------------------------------------------------------------


class AgreementNotActive(Refused):
    """The shop's agreement is not signed yet, has ended, or today is outside its dates."""

    code = "agreement_not_active"
    zh = ("这家店的协议现在不生效。", "请选择别的商家，或联系社区。")
    en = ("The shop's agreement is not in force now.", "Choose another shop, or ask the community.")


class AgreementSuspended(Refused):
    """The community has suspended the shop's agreement."""

    code = "agreement_suspended"
    zh = ("这家店的兑换已暂停。", "请选择别的商家，或联系社区。")
    en = ("Redemption at this shop is suspended.", "Choose another shop, or ask the community.")


class AlreadySigned(Refused):
    """This person has signed; the second signature is another person's."""

    code = "already_signed"
    zh = ("您已经签过字。", "第二个签字须由另一位管理员或财务来签。")
    en = ("You have signed already.", "Another administrator or treasurer signs second.")


class OwnDraft(Refused):
    """What one person drafted, another approves."""

    code = "own_draft"
    zh = ("不能批准自己起草的内容。", "请另一位管理员或财务来批准。")
    en = ("Nobody approves their own draft.", "Let another administrator or treasurer approve it.")


# --- offer ------------------------------------------------------------------------------------------------------


class OfferNotActive(Refused):
    """The offer is not approved yet, has ended, or today is outside its dates."""

    code = "offer_not_active"
    zh = ("这项兑换现在没有开放。", "请选择别的兑换。")
    en = ("This offer is not open now.", "Choose another one.")


class BillTooSmall(Refused):
    """The bill is below the offer's minimum, or was not given."""

    code = "bill_too_small"
    zh = ("消费未满 {minimum} 元。", "账单满 {minimum} 元时再使用。")
    en = ("The bill is below {minimum} yuan.", "Use it with a bill of at least {minimum} yuan.")


class OneCardABill(Refused):
    """A card that takes something off a bill is used one at a time."""

    code = "one_card_a_bill"
    zh = ("每张账单只能用一张减免卡。", "请把数量改成 1。")
    en = ("One card is used for one bill.", "Take one.")


class NotACard(Refused):
    """Something is taken off a bill only by a discount or waiver card."""

    code = "not_a_card"
    zh = ("只有折扣卡和减免卡可以设减免。", "请改种类，或不填减免金额。")
    en = ("Only a discount or waiver card takes something off a bill.", "Choose that kind, or leave the amount out.")


class BranchRequired(Refused):
    """The shop has several branches; the request names none."""

    code = "branch_required"
    zh = ("这家店有多个门店。", "请先选择门店。")
    en = ("The shop has more than one branch.", "Say at which branch.")


class BranchExcluded(Refused):
    """The offer does not hold at this branch."""

    code = "branch_excluded"
    zh = ("这项兑换不在这个门店。", "请到参加的门店兑换。")
    en = ("This offer does not hold at this branch.", "Go to a branch that takes part.")


class WrongWeekday(Refused):
    """The offer does not hold on this day of the week."""

    code = "wrong_weekday"
    zh = ("今天不能兑换这一项。", "请在开放的星期几再来。")
    en = ("This offer does not hold today.", "Come on one of its weekdays.")


class WrongHour(Refused):
    """The offer does not hold at this hour."""

    code = "wrong_hour"
    zh = ("现在不在兑换时段。", "请在 {from_time}–{until_time} 之间兑换。")
    en = ("This offer does not hold at this hour.", "Come between {from_time} and {until_time}.")


class OutOfStock(Refused):
    """Fewer pieces are left than asked for."""

    code = "out_of_stock"
    zh = ("库存不足，还剩 {left} 份。", "请减少数量，或选择别的兑换。")
    en = ("Only {left} left.", "Take fewer, or choose another offer.")


class MemberCapReached(Refused):
    """The member would take more pieces than the offer allows in a day or a week."""

    code = "member_cap_reached"
    zh = ("已达到这项兑换的次数上限。", "每{period_zh}最多 {cap} 份，请下次再来。")
    en = ("The limit of this offer is reached.", "At most {cap} a {period}; come again later.")


class PathCapReached(Refused):
    """One redemption would carry more points than the agreement lets this path carry (a paper card, a helper …)."""

    code = "path_cap_reached"
    zh = ("这样兑换一次最多 {cap} 朵。", "请减少数量，或由本人在手机上兑换。")
    en = ("This way carries at most {cap} points at a time.", "Take fewer, or let the member redeem on their phone.")


class PathCapToday(Refused):
    """The member's points of today by this path would be more than the agreement lets it carry in a day."""

    code = "path_cap_today"
    zh = ("这样兑换每天最多 {cap} 朵，今天还剩 {left} 朵。", "请明天再来，或由本人在手机上兑换。")
    en = (
        "This way carries at most {cap} points a day; {left} are left today.",
        "Come again tomorrow, or let the member redeem on their phone.",
    )


class HouseholdCapReached(Refused):
    """The household would take more pieces than the offer allows it in a week."""

    code = "household_cap_reached"
    zh = ("您家已达到这项兑换的上限。", "每家每周最多 {cap} 份，请下周再来。")
    en = ("Your household has reached the limit of this offer.", "At most {cap} a household and week; come next week.")


class PersonCapReached(Refused):
    """The person would take more pieces than the offer ever gives to one person."""

    code = "person_cap_reached"
    zh = ("您已达到这项兑换每人的总数。", "每人一共最多 {cap} 份，请选择别的兑换。")
    en = ("You have had all that one person gets of this offer.", "At most {cap} a person; choose another offer.")


# --- together ---------------------------------------------------------------------------------------------------


class NoHousehold(Refused):
    """The member belongs to no household, so there is nobody to pay together with."""

    code = "no_household"
    zh = ("您还没有登记住户。", "请社区把您和家里人登记为一户。")
    en = ("You belong to no household.", "Ask the community to register you and your family as one.")


class PoolTooLarge(Refused):
    """The parts of the others come to the whole price, or more: a part is the member's own."""

    code = "pool_too_large"
    zh = ("家里人出的红花太多了。", "家里人一共最多出 {most} 朵，自己至少出 1 朵。")
    en = ("The others would pay too much.", "They pay {most} points at most; at least one is your own.")


class ContributionShort(Refused):
    """Somebody of the household has fewer points than the part asked of them; how many is not said."""

    code = "contribution_short"
    zh = ("家里有人的红花不够出这一份。", "请改一改每人出多少，再试一次。")
    en = ("Somebody of the household has too few points for this part.", "Share it out differently and try again.")


class ContributionWaits(Refused):
    """Somebody of the household has not agreed to pay their part yet."""

    code = "contribution_waits"
    zh = ("还有 {waiting} 位家里人没有同意。", "请他们在手机上同意，再确认。")
    en = ("{waiting} of the household have not agreed yet.", "Let them agree on their phones, then confirm.")


# --- vouchers ---------------------------------------------------------------------------------------------------


class NotSoldAsVoucher(Refused):
    """The offer is redeemed at the counter only."""

    code = "not_sold_as_voucher"
    zh = ("这项兑换不能先买成券。", "请到店里直接兑换，或选择别的。")
    en = ("This offer is not sold as a voucher.", "Redeem it at the shop, or choose another one.")


class VoucherBlocked(Refused):
    """The voucher is blocked: its owner or the community has seen to it that nobody uses it."""

    code = "voucher_blocked"
    zh = ("这张券已锁住。", "请本人或社区解锁后再用。")
    en = ("This voucher is blocked.", "Its owner or the community can lift the block.")


class VoucherOver(Refused):
    """The voucher has been used or returned, or its last day has passed."""

    code = "voucher_over"
    zh = ("这张券已经用过、退过或过期。", "请看“我的券”里它现在的状态。")
    en = ("This voucher has been used, returned or has expired.", 'See its state under "My vouchers".')


class VoucherInUse(Refused):
    """A counter waits already for the member's confirmation of this voucher."""

    code = "voucher_in_use"
    zh = ("这张券正在等本人确认。", "请本人在手机上确认或取消。")
    en = ("This voucher already waits for its owner's confirmation.", "Confirm or cancel it on the phone.")


# --- the community pot --------------------------------------------------------------------------------------------


class DonationStands(Refused):
    """A donation can be taken back within ten minutes."""

    code = "donation_stands"
    zh = ("捐赠已超过 10 分钟，不能撤回。", "确实弄错了，请联系社区。")
    en = ("Ten minutes have passed; the donation stands.", "If it was a mistake, ask the community.")


class PotTooSmall(Refused):
    """The pot holds fewer points than asked for, those not counted that can still be taken back."""

    code = "pot_too_small"
    zh = ("爱心池里没有这么多红花。", "现在最多能用 {left} 朵。")
    en = ("The pot does not hold so many points.", "At most {left} can be used now.")


# --- after the reservation --------------------------------------------------------------------------------------


class RefundTooLarge(Refused):
    """More points are asked back than are left of the redemption."""

    code = "refund_too_large"
    zh = ("退还数量超过了剩余的红花。", "最多还能退 {left} 朵。")
    en = ("That is more than is left of the redemption.", "At most {left} points can still be refunded.")


class UndoTooLate(Refused):
    """An undo is possible within ten minutes of the confirmation."""

    code = "undo_too_late"
    zh = ("已超过 10 分钟，不能撤销。", "请用退还，并写明原因。")
    en = ("Ten minutes have passed; it cannot be undone.", "Make a refund and state the reason.")


class NotRefunded(Refused):
    """A complaint is closed as refunded only after points of the redemption went back."""

    code = "not_refunded"
    zh = ("这次兑换还没有退红花。", "请先退红花，再这样结案；或选别的结果。")
    en = ("Nothing of this redemption was refunded yet.", "Refund it first, or choose another outcome.")


# --- counters ---------------------------------------------------------------------------------------------------


class OwnCounter(Refused):
    """Nobody puts themself behind a counter."""

    code = "own_counter"
    zh = ("不能把自己设为店主或店员。", "请另一位管理员来操作。")
    en = ("Nobody appoints themself behind a counter.", "Ask another administrator.")
