"""Refusals of the people's room."""

from __future__ import annotations

from ledger.core.errors import Refused, Unavailable


class CodeWrong(Refused):
    """The one-time code is not the newest one of this number, or it was mistyped."""

    code = "code_wrong"
    zh = ("验证码不对。", "请核对短信里的 6 位数字；还可以试 {tries_left} 次。")
    en = ("The code is not right.", "Check the six digits in the message; {tries_left} tries left.")


class CodeExpired(Refused):
    """There is no live code for this number: none was asked for, it is older than 5 minutes, used, or used up."""

    code = "code_expired"
    zh = ("验证码已失效。", "请重新获取验证码，5 分钟内有效。")
    en = ("The code is no longer valid.", "Ask for a new one; it is valid for 5 minutes.")


class NotATelephone(Refused):
    """Not a number that one can call inside China: a mobile, a line with its area code, or 400 and 800."""

    code = "not_a_telephone"
    zh = ("这不是能打通的电话号码。", "请填带区号的座机（如 0758-2812345）、11 位手机号，或 400 电话。")
    en = (
        "This is not a number that can be called.",
        "Give a line with its area code (0758-2812345), a mobile of eleven digits, or a 400 number.",
    )


class MessageNotSent(Unavailable):
    """The SMS gateway did not take the message with the code; the code is dead."""

    code = "message_not_sent"
    zh = ("短信现在发不出去。", "请在 {retry_after} 秒后重新获取验证码；工作人员和店主可以用密码登录。")
    en = (
        "The message cannot be sent at the moment.",
        "Ask for a new code in {retry_after} seconds; staff and shop owners may sign in with their password.",
    )


class ConsentRequired(Refused):
    """Joining needs consent to the purpose "service"; every other purpose is free."""

    code = "consent_required"
    zh = ("加入前需要您同意服务条款。", "请勾选“同意记录我的服务”后继续。")
    en = ("Joining needs your consent first.", 'Tick "record my service" to go on.')


class GuardianRequired(Refused):
    """Of a child under fourteen nothing is recorded before a guardian has agreed to answer for them."""

    code = "guardian_required"
    zh = ("未满 14 周岁，要先有监护人同意。", "请监护人在自己的手机上同意，或请社区工作人员登记监护人。")
    en = ("Under fourteen, a guardian has to agree first.", "Let the guardian agree on their phone, or ask the staff.")


class GuardianDecides(Refused):
    """A child under fourteen consents to nothing; the guardian does."""

    code = "guardian_decides"
    zh = ("未满 14 周岁，由监护人决定。", "请监护人在自己手机的“代办”里替孩子决定。")
    en = ("Under fourteen, the guardian decides.", 'Let the guardian decide under "Helpers" on their own phone.')


class NoChild(Refused):
    """A guardian is a grown member, and answers for a child under fourteen."""

    code = "no_child"
    zh = ("监护人只能是成年人，替未满 14 周岁的孩子决定。", "请先登记孩子满 14 周岁的日期，再选一位成年人。")
    en = ("A guardian is a grown member and answers for a child.", "Enter the child's fourteenth birthday first.")


class HelperUnknown(Refused):
    """No member of this community has this name and this number together."""

    code = "helper_unknown"
    zh = ("本社区没有这位居民。", "请核对姓名和手机号；对方要先加入小红花。")
    en = ("No member here has this name and number.", "Check both; they must have joined this community first.")


class HelperLimit(Refused):
    """A member has at most so many helpers, and helps at most so many members."""

    code = "helper_limit"
    zh = ("代办人数已到上限（{most} 位）。", "请先结束一个不再需要的代办，再登记新的。")
    en = ("The number of helpers is used up ({most}).", "End one that is no longer needed first.")


class OwnHelp(Refused):
    """Nobody helps themself, and no member of staff registers themself as somebody's helper."""

    code = "own_help"
    zh = ("不能把自己登记为代办人。", "请本人在手机上指定，或请另一位工作人员登记。")
    en = ("Nobody registers themself as a helper.", "Let the member name you, or ask a colleague.")


class OwnRole(Refused):
    """Nobody gives or ends a role of their own."""

    code = "own_role"
    zh = ("不能给自己授权或撤销自己的权限。", "请另一位管理员来操作。")
    en = ("Nobody gives or ends their own role.", "Ask another administrator.")


class RoleIsWhole(Refused):
    """This role reaches the whole community; it cannot be held over a part of it."""

    code = "role_is_whole"
    zh = ("这个角色管理整个社区，不能只授给一个部分。", "请选择社区本身，或改授网格员、盖章人。")
    en = ("This role is over the whole community.", "Choose the community itself, or make them coordinator or stamper.")


class UnitMisplaced(Refused):
    """This kind of unit does not belong below that one."""

    code = "unit_misplaced"
    zh = ("这种单位不能放在所选的上级之下。", "请按 小区→网格→微网格→楼栋→单元 的顺序选择上级。")
    en = ("This kind of unit does not belong there.", "Follow compound → grid → micro-grid → building → entrance.")


class UnitEnded(Refused):
    """The unit has ended: nothing is hung on it, and it is not changed."""

    code = "unit_ended"
    zh = ("这个单位已经撤销。", "请选择还在用的单位。")
    en = ("This unit has ended.", "Choose one that is in use.")


class UnitInUse(Refused):
    """Something still hangs on the unit, so it cannot end; the root never can."""

    code = "unit_in_use"
    zh = (
        "这个单位还不能撤销：还有 {people} 位居民、{posts} 个岗位、{roles} 个角色、{units} 个下级单位、"
        "{others} 支队伍或活动。",
        "请先把人和下级单位移走，结束岗位、角色、队伍和活动。",
    )
    en = (
        "This unit cannot end yet: {people} people, {posts} posts, {roles} roles, {units} units below it, "
        "{others} teams or activities.",
        "Move the people and units, and end the posts, roles, teams and activities first.",
    )


class NotInTeam(Refused):
    """The member is not in the team, or leads it and is followed by nobody yet."""

    code = "not_in_team"
    zh = ("这个人不在队里，或者还是队长。", "队长要退出，请先换一位队长。")
    en = ("This person is not in the team, or still leads it.", "Choose another leader first.")


class PhoneInUse(Refused):
    """The number belongs to another person."""

    code = "phone_in_use"
    zh = ("这个手机号已属于另一个人。", "请核对号码，或请本人登录后加入。")
    en = ("This number belongs to another person.", "Check the number, or let that person sign in and join.")


class SameMember(Refused):
    """Both ids lead to the same member already."""

    code = "same_member"
    zh = ("这两个是同一个账户。", "请选另一个账户；已经合并过的会指向同一个人。")
    en = ("These two are the same account.", "Choose another one; a merged account leads to the one it went into.")


class OwnMerge(Refused):
    """Nobody asks for or approves what concerns their own account."""

    code = "own_merge"
    zh = ("这里有您自己的账户。", "请另外两位工作人员来办。")
    en = ("One of these is your own account.", "Two colleagues have to do it.")


class MergeFinal(Refused):
    """A merge can be taken apart for 30 days."""

    code = "merge_final"
    zh = ("合并已超过 {days} 天，不能再撤销。", "有记错的，请逐笔更正。")
    en = ("The merge is older than {days} days and stays.", "Correct single transfers instead.")


class MergedOnward(Refused):
    """The member that it went into has been merged itself since."""

    code = "merged_onward"
    zh = ("合并后的账户后来又并入了别的账户。", "请先撤销后面那次合并。")
    en = ("The account it went into was merged again since.", "Undo that later merge first.")


class PasswordWrong(Refused):
    """The number has no such password: it is mistyped, or the number is unknown, or it has none."""

    code = "password_wrong"
    zh = ("手机号或密码不对。", "请核对后再试，或改用短信验证码登录。")
    en = ("Phone number or password is not right.", "Check both, or sign in with a code instead.")


class PasswordTooEasy(Refused):
    """The password is what anybody would try first: the phone number, a row of keys, one character again and again."""

    code = "password_too_easy"
    zh = ("这个密码太容易猜到。", "不要用手机号、连续数字或重复字符；几个不相干的词连起来就很好。")
    en = ("This password is too easy to guess.", "No phone number, no row of keys; a few unrelated words are good.")


class SignInAgain(Refused):
    """Keys of an account are changed only with the present password, or shortly after signing in with a code."""

    code = "sign_in_again"
    zh = ("为了安全，请先确认是您本人。", "请填写现在的密码，或用短信验证码重新登录后 15 分钟内再改。")
    en = ("Please show first that it is you.", "Give the present password, or sign in again with a code and retry.")


class TotpRequired(Refused):
    """The first factor is right; this person has an authenticator and is always asked for it."""

    code = "totp_required"
    zh = ("还需要动态口令。", "请填写验证器里的 6 位数字；手机不在身边可填一个恢复码。")
    en = ("The second factor is needed too.", "Give the six digits of your authenticator, or a recovery code.")


class TotpWrong(Refused):
    """The second factor is mistyped, too old, or was used before."""

    code = "totp_wrong"
    zh = ("动态口令不对。", "请等验证器显示下一组 6 位数字再填；每组只能用一次。")
    en = ("The second factor is not right.", "Wait for the next six digits of your authenticator; each works once.")


class TooManyTokens(Refused):
    """The person has as many live tokens as anybody may have."""

    code = "too_many_tokens"
    zh = ("令牌已有 {most} 个。", "请先撤销不再使用的令牌。")
    en = ("There are {most} tokens already.", "Revoke those that are no longer used.")


class ImportUnreadable(Refused):
    """The file is neither a CSV in UTF-8 or GBK nor an XLSX workbook, or it is damaged."""

    code = "import_unreadable"
    zh = ("文件读不出来。", "请用模板填写，另存为 CSV 或 XLSX 再上传。")
    en = ("The file could not be read.", "Fill in the template and save it as CSV or XLSX.")


class ImportTooLong(Refused):
    """The file has more rows than one import takes."""

    code = "import_too_long"
    zh = ("文件里的行数太多。", "一次最多 {most} 行，请分成几个文件。")
    en = ("The file has too many rows.", "At most {most} at once: split it into several files.")


class ImportFaulty(Refused):
    """Some row of the file cannot be taken, so none is."""

    code = "import_faulty"
    zh = ("文件里还有 {faults} 处问题，什么都没有导入。", "请按提示改好文件，再上传一次。")
    en = ("The file still has {faults} faults; nothing was imported.", "Mend the file and upload it again.")


class OwnOpening(Refused):
    """Nobody opens a balance of their own, neither as who uploads nor as who approves."""

    code = "own_opening"
    zh = ("这份名单里有您自己的红花。", "请另一位工作人员来办。")
    en = ("This list opens a balance of your own.", "Another colleague has to do it.")


class ExportLimit(Refused):
    """A person makes at most so many files of their data in 24 hours."""

    code = "export_limit"
    zh = ("今天已经生成过 {most} 份数据文件。", "请下载已有的文件，或明天再来。")
    en = ("You have made {most} files of your data in 24 hours.", "Download one of those, or come back tomorrow.")


class ExportGone(Refused):
    """The file of somebody's data is kept for a week and then erased."""

    code = "export_gone"
    zh = ("这份数据文件已过 {days} 天，删除了。", "需要时请重新生成一份。")
    en = ("This file was erased after {days} days.", "Make a new one when you need it.")


class ErasureGround(Refused):
    """An erasure is carried out only where no legal reason stands against it."""

    code = "erasure_ground"
    zh = ("现在还不能注销：{ground}。", "先把这件事办完，或注明理由拒绝申请。")
    en = ("The account cannot be erased yet: {ground}.", "Settle that first, or refuse with this reason.")


class ErasureTooEarly(Refused):
    """An erasure may be withdrawn for a week; nobody carries it out before."""

    code = "erasure_too_early"
    zh = ("注销申请还在可以撤回的时间里。", "{day} 起才能办理。")
    en = ("The person may still withdraw.", "It can be carried out from {day}.")


class LastOffice(Refused):
    """Nobody who acts as the clock, or as the only admin of a community, vanishes without a successor."""

    code = "last_office"
    zh = ("您是社区唯一的管理员。", "请先让另一位同事担任管理员，再申请注销。")
    en = ("You are the only admin of a community.", "Let a colleague become admin first, then ask again.")


class ServiceWithdrawn(Refused):
    """The member withdrew the consent to have their service recorded; nothing new is."""

    code = "service_withdrawn"
    zh = ("本人撤回了“记录我的服务”的同意，不能再记录。", "请本人在“我的数据”里重新同意后再签到。")
    en = ("The member withdrew consent to have service recorded.", 'They may consent again under "My data" first.')


class ListTooLong(Refused):
    """A file of a list holds no more than so many rows."""

    code = "list_too_long"
    zh = ("这个列表超过 {most} 行，一个文件装不下。", "请先用筛选缩小范围，再分几次导出。")
    en = ("This list has more than {most} rows, too many for one file.", "Narrow the filters, then export it in parts.")


class RedemptionDayOver(Refused):
    """What has passed is not decided again: a version and a change begin today or later."""

    code = "redemption_day_over"
    zh = ("这一天已经过去了。", "请选今天或以后的日子。")
    en = ("That day has passed.", "Choose today or a later day.")


class NoRedemptionDay(Refused):
    """Only a weekly redemption day is changed, and moved by at most six days."""

    code = "no_redemption_day"
    zh = ("这一天不是每周的兑换日，或改得离它超过 6 天。", "请选一个兑换日，改到它前后 6 天以内。")
    en = ("That is no weekly redemption day, or it would move by more than 6 days.", "Choose one; keep within 6 days.")


class ProviderDown(Unavailable):
    """The identity provider does not answer, or answers what is no answer."""

    code = "provider_down"
    zh = ("{label} 现在连不上。", "请 {retry_after} 秒后再试，或用手机号和验证码登录。")
    en = ("{label} does not answer.", "Try again in {retry_after} seconds, or sign in with your phone number.")


class ProviderStateWrong(Refused):
    """The way back from the provider does not belong to a sign-in that this browser began within ten minutes."""

    code = "provider_state_wrong"
    zh = ("这次登录已失效，或不是在这个浏览器里开始的。", "请回到登录页重新开始。")
    en = ("This sign-in is over, or did not begin in this browser.", "Go to the sign-in page and start again.")


class ProviderRefused(Refused):
    """The provider did not let the person in, or its code was used or too old."""

    code = "provider_refused"
    zh = ("{label} 没有确认这次登录。", "请重新开始，或用手机号和验证码登录。")
    en = ("{label} did not confirm this sign-in.", "Start again, or sign in with your phone number.")


class ProviderTokenExpired(Refused):
    """What the provider said of the person is no longer valid."""

    code = "provider_token_expired"
    zh = ("{label} 的确认已过期。", "请重新开始；一再这样，请联系社区。")
    en = ("What {label} confirmed has expired.", "Start again; if it goes on, tell the community.")


class ProviderTokenWrong(Refused):
    """What the provider said is not for this house or this sign-in, or not signed by it; `claim` says what is wrong."""

    code = "provider_token_wrong"
    zh = ("{label} 的确认不是给这次登录的（{claim}）。", "请重新开始，或用手机号和验证码登录。")
    en = ("What {label} confirmed is not for this sign-in ({claim}).", "Start again, or use your phone number.")


class IdentityInUse(Refused):
    """The account at the provider opens another person's sessions."""

    code = "identity_in_use"
    zh = ("这个 {label} 账号已经连到另一个人。", "请用它登录，在“登录与设备”里取消连接后再连。")
    en = ("This account at {label} is connected to another person.", "Sign in with it and disconnect it there first.")
