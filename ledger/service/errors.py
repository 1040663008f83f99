"""Refusals of the service room."""

from __future__ import annotations

from ledger.core.errors import Refused


class ProgrammeEnded(Refused):
    """The programme is over; nothing new is planned under it."""

    code = "programme_ended"
    zh = ("这个服务项目已经结束。", "请选择一个进行中的项目。")
    en = ("This programme has ended.", "Choose a programme that is running.")


class ActivityTimes(Refused):
    """An activity ends after it starts, lasts at most 24 hours, and lies within a year ahead and 92 days back."""

    code = "activity_times"
    zh = ("活动时间不合理。", "结束要晚于开始，最长 24 小时，最多提前一年安排、补录 92 天内的活动。")
    en = (
        "These times make no activity.",
        "It ends after it starts, lasts at most 24 hours, and lies within a year ahead or 92 days back.",
    )


class ActivityCancelled(Refused):
    """The activity does not take place."""

    code = "activity_cancelled"
    zh = ("这次活动已取消。", "请看通知，或选择另一次活动。")
    en = ("This activity was cancelled.", "See the notice, or choose another activity.")


class ActivityHasVisits(Refused):
    """People have served at this activity: their visits are decided one by one, not swept away."""

    code = "activity_has_visits"
    zh = ("已有 {visits} 人次在这次活动中服务，不能取消。", "请先逐条盖章、退回或作废。")
    en = ("{visits} visits were served at this activity already.", "Stamp, return or void them first.")


class UnknownCode(Refused):
    """No activity has this code, or not this one."""

    code = "unknown_code"
    zh = ("没有这个签到码，或它不属于这次活动。", "请重新扫描现场的二维码。")
    en = ("This code is unknown here.", "Scan the code at the place of service again.")


class LiveCodeExpired(Refused):
    """The changing code was right some minutes ago."""

    code = "live_code_expired"
    zh = ("屏幕上的签到码已更换。", "签到码每 15 秒更换一次，请扫描现在显示的。")
    en = ("The code on the screen has changed since.", "It changes every 15 seconds: scan what is shown now.")


class OtherCommunity(Refused):
    """The code belongs to another community."""

    code = "other_community"
    zh = ("这个签到码属于另一个社区。", "请在发码的社区签到。")
    en = ("This code belongs to another community.", "Check in at the community that issued it.")


class GrantExpired(Refused):
    """The scan is not ours, or more than 10 minutes ago."""

    code = "grant_expired"
    zh = ("扫码已过期。", "请重新扫描现场的二维码，10 分钟内完成签到。")
    en = ("This scan is no longer valid.", "Scan the code again and check in within 10 minutes.")


class GrantUsed(Refused):
    """Another person has checked in with this scan."""

    code = "grant_used"
    zh = ("这次扫码已被另一个人使用。", "请自己扫描现场的二维码。")
    en = ("Somebody else has used this scan.", "Scan the code at the place yourself.")


class ActivityTooFar(Refused):
    """The moment is more than 12 hours before the start or after the end of the activity."""

    code = "activity_too_far"
    zh = ("离这次活动的时间超过 12 小时。", "请在活动前后 12 小时内签到，或请工作人员补录。")
    en = (
        "The activity is more than 12 hours away.",
        "Check in within 12 hours of it, or let the staff enter your service.",
    )


class Overlap(Refused):
    """The member was at another place at that time."""

    code = "overlap"
    zh = ("这段时间内已在另一处服务。", "请核对时间；记录有误可请工作人员更正。")
    en = ("The member served at another place at that time.", "Check the times; the staff can correct a wrong record.")


class DuplicateCheckin(Refused):
    """The member is checked in at this activity already."""

    code = "duplicate_checkin"
    zh = ("这次活动已经签到过了。", "不用再签到；结束时请签退。")
    en = ("Already checked in here.", "Nothing more to do; check out when you leave.")


class NoOpenVisit(Refused):
    """There is nothing to check out of: no check-in here, or checked out already."""

    code = "no_open_visit"
    zh = ("这里没有待签退的签到。", "请先签到；已签退的不用再签。")
    en = ("There is no check-in to close here.", "Check in first; once is enough to check out.")


class ArrivalAwaited(Refused):
    """A leaving that was recorded without network, before its arrival: that may still lie on another phone."""

    code = "arrival_awaited"
    final = False
    zh = ("还没有收到这次的签到。", "签到可能还在另一部手机里；先留着，过一会儿再上传。")
    en = ("The arrival has not come in yet.", "It may still lie on another phone: keep this and send it again later.")


class MemberGone(Refused):
    """The member has left the community."""

    code = "member_gone"
    zh = ("这位成员已离开本社区。", "请核对姓名，或先重新加入。")
    en = ("This member has left the community.", "Check the name, or let the person join again.")


class OwnCheckin(Refused):
    """Nobody stamps, returns, voids or undoes their own service."""

    code = "own_checkin"
    zh = ("不能处理自己的服务记录。", "请另一位盖章人处理。")
    en = ("Nobody decides on their own service.", "Ask another stamper.")


class OwnHousehold(Refused):
    """Nobody decides on the service of their own household."""

    code = "own_household"
    zh = ("不能处理自己家人的服务记录。", "请另一位盖章人处理。")
    en = ("Nobody decides on the service of their own household.", "Ask another stamper.")


class RecordedByYou(Refused):
    """The recorder is the first person; the stamper is another one."""

    code = "recorded_by_you"
    zh = ("这条记录是您登记的。", "登记人和盖章人不能是同一人，请另一位盖章人处理。")
    en = ("You recorded this one yourself.", "Recorder and stamper are two people: ask another stamper.")


class SameStamper(Refused):
    """A member's own late entry, and evidence for which the rule asks it, needs two different stampers."""

    code = "same_stamper"
    zh = ("这次服务需要两人盖章，您已盖过第一次。", "请另一位盖章人盖第二次。")
    en = ("This service needs two stampers, and you were the first.", "Ask another stamper for the second.")


class BudgetExhausted(Refused):
    """What the programme may give in the month of the visit does not pay this visit in full; the visit waits."""

    code = "budget_exhausted"
    zh = ("这个项目当月的红花预算不够了，还没有盖章。", "记录会一直留着：请管理员调整预算或规则，再来盖章。")
    en = (
        "The programme's flowers of that month do not pay this visit; it was not stamped.",
        "It keeps waiting: ask an admin about the budget or the rule, then stamp it.",
    )


class PreviewChanged(Refused):
    """Since the preview something about these check-ins has changed."""

    code = "preview_changed"
    zh = ("预览之后记录有变化，还没有盖章。", "请重新预览，核对后再盖章。")
    en = ("Something has changed since the preview; nothing was stamped.", "Look at the preview again, then stamp.")


class ActivityOver(Refused):
    """One signs up before an activity ends, not after."""

    code = "activity_over"
    zh = ("这次活动已经结束。", "请看看接下来的活动。")
    en = ("This activity is over.", "Look at what comes next.")


class OfferOver(Refused):
    """The place was kept for a time, and that time is over."""

    code = "offer_over"
    zh = ("给您留的名额已经过时。", "可以再报名，排到队尾。")
    en = ("The place that was kept for you is gone.", "Sign up again to join the end of the line.")


class ObjectionTooLate(Refused):
    """One objects to the record of a visit within sixty days of it."""

    code = "objection_too_late"
    zh = ("这次服务过去 60 多天了，不能再提异议。", "请到社区当面说明，工作人员可以更正红花。")
    en = (
        "This service was more than 60 days ago; it can no longer be objected to.",
        "Come to the community office: the staff can still correct the flowers.",
    )


class FeedbackDay(Refused):
    """Feedback is given for today or yesterday."""

    code = "feedback_day"
    zh = ("只能反馈今天或昨天的情况。", "更早的事请直接告诉网格员。")
    en = ("Feedback is given for today or yesterday.", "Tell your coordinator of what lies further back.")


class ExcuseDay(Refused):
    """A day is excused within 31 days back and ahead."""

    code = "excuse_day"
    zh = ("只能登记前后 31 天内的请假。", "请换一个日期。")
    en = ("A day is excused within 31 days back and ahead.", "Choose another day.")


class HoldsNoPost(Refused):
    """The member holds no post on this unit now."""

    code = "holds_no_post"
    zh = ("这位居民现在没有这里的岗位。", "请核对姓名和网格。")
    en = ("This member holds no post here now.", "Check the name and the part.")


class NoCodeOnPhoto(Refused):
    """There is no QR code on the photo, or none that can be read."""

    code = "no_code_on_photo"
    zh = ("照片上没有读到二维码。", "请靠近一点、拍清楚再试，或输入卡号。")
    en = ("No QR code could be read on the photo.", "Come closer and hold still, or type the card's number.")


class RepeatsNone(Refused):
    """No date lies between the first day and the last."""

    code = "repeats_none"
    zh = ("这样重复一次也没有。", "请把截止日期放晚一点，或换星期几。")
    en = ("These dates come to none.", "Choose a later last day, or other weekdays.")


class RepeatsTooLong(Refused):
    """A series has at most a hundred dates and ends within a year."""

    code = "repeats_too_long"
    zh = ("重复太多了。", "一次最多安排 {most} 次，最远到一年以后。")
    en = ("That repeats too long.", "At most {most} dates at once, within a year.")


class StandsEveryDay(Refused):
    """A standing activity is open every day: nobody signs up; a day of it is changed or closed, or it is ended."""

    code = "stands_every_day"
    zh = ("这是每天开放的常设服务。", "不用报名，去了扫码就行；只改或只停一天，请写明哪一天；不再办请用“停办”。")
    en = (
        "This service is open every day.",
        "No sign-up is needed: come and scan. To change or close one day, say which; to stop it, end it.",
    )


class NotStanding(Refused):
    """Plates and daily hours belong to a standing activity."""

    code = "not_standing"
    zh = ("这不是常设服务。", "门牌码只用于每天开放的常设服务。")
    en = ("This is no standing service.", "Plates belong to a service that is open every day.")


class PlateMisplaced(Refused):
    """A plate hangs at a building or an entrance, inside the part that its service is for."""

    code = "plate_misplaced"
    zh = ("门牌码要挂在这项服务所在网格的楼栋或单元。", "请选一个楼栋或单元。")
    en = ("A plate hangs at a building or an entrance of the service's part.", "Choose a building or an entrance.")


class PlateRetired(Refused):
    """The plate was taken down."""

    code = "plate_retired"
    zh = ("这块门牌码已停用。", "请告诉网格员换一块新的。")
    en = ("This plate is no longer in use.", "Tell the coordinator: it needs a new one.")


class ForeignPlate(Refused):
    """The plate belongs to another service."""

    code = "foreign_plate"
    zh = ("这块门牌码属于另一项服务。", "请扫这项服务的门牌码。")
    en = ("This plate belongs to another service.", "Scan a plate of this service.")


class NoteRequired(Refused):
    """A visit at a door ends with its note: at least what it was about."""

    code = "note_required"
    zh = ("入户走访要留一条走访手记。", "点一个类别就行，文字可不填。")
    en = ("A visit at a door ends with a visit note.", "Tap what it was about; words are optional.")
