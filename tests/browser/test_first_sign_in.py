"""The first sign-in in a browser: two fields, on a phone of 360 × 740; the pages of one's keys, in large type too."""

from __future__ import annotations

from collections.abc import Callable

import pyotp
import pytest

from ledger.core import clock
from tests.browser.people import Person
from tests.browser.town import Town
from tests.stories import next_phone
from tests.web.messages import code_for

pytestmark = pytest.mark.browser

Take = Callable[..., Person]

FIELDS = "main input:visible:not([type=checkbox]), main select:visible, main textarea:visible"


def fields_of(person: Person) -> list[str]:
    """The names of what the page asks to be typed."""
    return [str(one.get_attribute("name")) for one in person.page.locator(FIELDS).all()]


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_newcomer_types_two_fields_between_scan_and_check_in(town: Town, take: Take, javascript: bool) -> None:
    person, phone = take(javascript=javascript), next_phone()
    person.open(town.poster)
    typed = fields_of(person)
    person.type_in("phone", phone)
    person.press("获取验证码")
    person.sees("验证码已发到")
    typed += fields_of(person)
    assert typed == ["phone", "code"]
    person.type_in("code", code_for(phone))
    person.page.check("[value=service]")
    person.press("登录并签到")
    person.sees("签到成功")


@pytest.mark.parametrize("size", ["", "large"])
def test_the_pages_of_ones_keys_fit_the_phone_and_enrol_a_second_factor(town: Town, take: Take, size: str) -> None:
    person = take(town.street.place.treasurer)
    if size:
        person.choose("size", size)
    for path in ("/me/devices", "/me/tokens", "/me/password", "/me/second-factor"):
        person.open(path)
        assert person.spill() == 0, path
    person.press("设置动态口令")
    person.sees("用验证器应用扫这个码")
    secret = person.page.locator("main code").inner_text()
    assert person.page.locator("svg.qr").is_visible()
    assert person.spill() == 0
    person.type_in("totp", pyotp.TOTP(secret).at(clock.now()))
    person.press("确认")
    person.sees("动态口令已经可用")
    assert person.page.locator(".typed").count() == 10
    assert person.spill() == 0
