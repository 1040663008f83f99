"""Refusals as facts. Each class is one reason code of the closed list, with its sentence and next step in zh and en.

This room knows no HTTP: api/errors.py holds the one table from class to status.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ledger.core.said import said

REASONS: dict[str, type[Reason]] = {}
"""The closed list of reason codes; filled by declaring classes, read by docs, pages and API."""


class Reason(Exception):
    """A call that ends without effect, for a reason a person can read.

    `facts` fill the sentences and go into the answer; `afterwards` are effects that must outlive the refusal
    (a code is used up, a failed try is counted): they run after the rollback, in the committed transaction.
    """

    code: ClassVar[str] = ""
    zh: ClassVar[tuple[str, str]] = ("", "")
    en: ClassVar[tuple[str, str]] = ("", "")
    final: ClassVar[bool] = False

    def __init__(self, *, afterwards: Callable[[], None] | None = None, **facts: Any) -> None:
        super().__init__(self.code)
        self.facts = facts
        self.afterwards = afterwards

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not cls.code:
            return
        if REASONS.setdefault(cls.code, cls).__qualname__ != cls.__qualname__:
            raise TypeError(f"reason code {cls.code} is declared twice")
        if not (all(cls.zh) and all(cls.en)):
            raise TypeError(f"{cls.__name__} needs a sentence and a next step in zh and en")

    def sentence(self, language: str) -> str:
        return self._words(language)[0].format_map(said(self.facts, language))

    def next_step(self, language: str) -> str:
        return self._words(language)[1].format_map(said(self.facts, language))

    def _words(self, language: str) -> tuple[str, str]:
        return self.zh if language.startswith("zh") else self.en


class Refused(Reason):
    """A domain refusal: the request is understood, the rules say no. Remembered under its key when final."""

    final = True


class NotSignedIn(Reason):
    """No credentials, or they are unknown, expired or revoked."""

    code = "not_signed_in"
    zh = ("请先登录。", "用手机号和验证码登录后再试。")
    en = ("Please sign in first.", "Sign in with your phone number and a code, then try again.")


class NotFound(Reason):
    """There is no such thing, or not for this actor."""

    code = "not_found"
    zh = ("没有找到。", "请检查网址，或回到首页重新进入。")
    en = ("Nothing was found here.", "Check the address, or start again from the home page.")


class Forbidden(Reason):
    """None of the actor's roles may do this here."""

    code = "forbidden"
    zh = ("您的身份不能做这一步。", "需要时请联系社区工作人员。")
    en = ("Your role does not allow this step.", "Ask the community's staff if you need it.")


class SecondFactorRequired(Forbidden):
    """The role that would allow it counts only in a session that showed a second factor."""

    code = "second_factor_required"
    zh = ("这一步需要动态口令。", "请在“登录与设备”里设置动态口令，再用它重新登录。")
    en = (
        "This step needs a second factor.",
        'Set up an authenticator under "Sign-in and devices", then sign in with it.',
    )


class ScopeMissing(Forbidden):
    """The token was made for less than this."""

    code = "scope_missing"
    zh = ("这个令牌不能做这一步。", "请新建一个带有所需权限的令牌，或直接登录操作。")
    en = ("This token was not made for that.", "Make one with the scope you need, or sign in.")


class Invalid(Reason):
    """The form of the request is wrong; `errors` says where."""

    code = "invalid"
    zh = ("填写的内容有误。", "请按提示修改后再提交。")
    en = ("Some of the fields are not right.", "Correct the marked fields and send again.")


class MalformedBody(Reason):
    """The body is no JSON document."""

    code = "malformed_body"
    zh = ("请求内容无法读取。", "请检查格式后重新发送。")
    en = ("The request body could not be read.", "Send a JSON document in UTF-8.")


class TooLarge(Reason):
    """The body is larger than any request needs."""

    code = "too_large"
    zh = ("内容太大。", "请缩小后再提交。")
    en = ("The request is too large.", "Make it smaller and send again.")


class WrongMethod(Reason):
    """The address exists, this method on it does not."""

    code = "wrong_method"
    zh = ("此网址不支持这种操作。", "请返回上一页重新操作。")
    en = ("This address does not support that method.", "See the Allow header for what it does support.")


class WrongMediaType(Reason):
    """The body is in no format that this address reads."""

    code = "wrong_media_type"
    zh = ("不支持这种内容格式。", "请用 JSON 格式发送。")
    en = ("This media type is not supported.", "Send application/json.")


class TooManyRequests(Reason):
    """A limit on tries or speed is used up; `retry_after` seconds to wait."""

    code = "too_many_requests"
    zh = ("操作太频繁。", "请在 {retry_after} 秒后再试。")
    en = ("Too many requests.", "Try again in {retry_after} seconds.")


class Unavailable(Reason):
    """Somebody whom the house depends on does not answer; `retry_after` seconds to wait. Nothing was done."""


class KeyRequired(Reason):
    """The call moves points or money and carries no Idempotency-Key."""

    code = "key_required"
    zh = ("缺少防重复提交的编号。", "请刷新页面后重新提交。")
    en = ("An Idempotency-Key is required here.", "Send a new random key with each new request.")


class KeyReused(Reason):
    """The same key came with another body."""

    code = "key_reused"
    zh = ("这个提交编号已用于另一次操作。", "请刷新页面后重新提交。")
    en = ("This Idempotency-Key was used for another request.", "Use a new key for a new request.")


class AnsweredLongAgo(KeyReused):
    """The same request under the same key was answered so long ago that the answer is forgotten. Nothing is done."""

    code = "answered_long_ago"
    zh = ("这一步很久以前已经办过了，没有再办一次。", "请在列表里查看结果；要再办一次，请重新打开页面提交。")
    en = ("This was done long ago, and is not done again.", "See the result in its list; to do it anew, start afresh.")


class VersionRequired(Reason):
    """A versioned thing is edited without saying which version was read."""

    code = "version_required"
    zh = ("缺少版本信息。", "请刷新页面，看过最新内容后再修改。")
    en = ("If-Match is required here.", "Read the thing, then send its ETag with your change.")


class VersionChanged(Reason):
    """Somebody else changed the thing in between."""

    code = "version_changed"
    zh = ("内容已被他人修改。", "请刷新页面，看过最新内容后再修改。")
    en = ("Somebody else changed this in between.", "Read it again, then repeat your change.")


class Unexpected(Reason):
    """A fault of ours; nothing was recorded."""

    code = "unexpected"
    zh = ("系统出了问题，什么都没有记录。", "请稍后再试；编号 {request_id} 可以帮助我们查找。")
    en = (
        "Something went wrong on our side; nothing was recorded.",
        "Try again later and quote {request_id}.",
    )


class DatabaseLost(Unavailable):
    """The database was lost, or is not there yet. Whether a commit under way took effect, its key will tell."""

    code = "unavailable"
    zh = ("系统暂时连不上数据库，不能确定刚才的操作是否已记录。", "请过几秒再试同一次操作；重试不会重复记录。")
    en = (
        "The database cannot be reached for the moment; whether this was recorded is not known.",
        "Try the same again in a few seconds, with the same key; it will not be recorded twice.",
    )


class NoRoom(Reason):
    """The database can write nothing, because its disk is full. Reading goes on; nothing was recorded."""

    code = "no_room"
    zh = ("服务器的存储空间已满，什么都没有记录。", "现有内容仍可查看；请告诉管理员，稍后再试。")
    en = (
        "The server has no room left; nothing was recorded.",
        "What is there can still be read. Tell an administrator, and try again later.",
    )


class WrongState(Refused):
    """The thing is in a state from which this step does not lead on."""

    code = "wrong_state"
    zh = ("当前状态（{state}）不能做这一步。", "请刷新页面查看最新状态。")
    en = ("This step is not possible in the present state ({state}).", "Reload to see how it stands.")


class AlreadyExists(Refused):
    """The same thing is there already."""

    code = "already_exists"
    zh = ("同样的内容已经存在。", "请直接使用已有的那一个。")
    en = ("The same thing exists already.", "Use the one that is there.")
