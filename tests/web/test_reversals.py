"""Reversals on the pages: the last look before asking, the second person's desk, and what the member reads."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from ledger.book import reading
from ledger.book.reversal_requests import approve_reversal, ask_reversal
from ledger.core.tenancy import Role
from ledger.service import undoing
from tests.ledger.rewards.street import Street
from tests.ledger.service.day import Day
from tests.stories import Neighbour, street_officer
from tests.web.browser import Browser

Visit = Callable[..., Browser]
WHY = "巡逻记了两次"


def transfer(street: Street, code: str) -> str:
    return next(row.id.hex for row in reading.list_transfers(street.place.admin.actor) if row.code == code)


@pytest.fixture
def lin(street: Street) -> Neighbour:
    """林秀芳 was awarded thirty flowers and bought a loaf for twenty."""
    person = street.volunteer(30)
    street.buy(person)
    return person


def asked(street: Street, browser: Browser, **form: str) -> str:
    """The address of a reversal of the award, asked for through the pages."""
    path = f"./books/transfers/{transfer(street, 'award')}/reverse"
    assert browser.post(f"{path}/preview", reason=WHY, **form).status_code == 200
    answer = browser.post(path, reason=browser.value("reason"), amount=browser.value("amount"))
    assert answer.status_code == 303
    return str(answer.location)


def test_the_last_look_says_what_moves_and_what_becomes_a_debt(street: Street, lin: Neighbour, visit: Visit) -> None:
    browser = visit(street.place.admin)
    browser.get(f"./books/transfers/{transfer(street, 'award')}")
    assert "最多还能冲正 30 朵" in browser.words
    browser.post(f"./books/transfers/{transfer(street, 'award')}/reverse/preview", amount="25", reason=WHY)
    for words in (
        "林秀芳 红花钱包 发放总账 10 朵",
        "林秀芳 还欠 发放总账 15 朵",
        "有 15 朵 已经用掉",
        WHY,
        "提出冲正 25 朵",
    ):
        assert words in browser.words
    assert street.available(lin) == 10
    browser.get("./reversals")
    assert "还没有冲正" in browser.words


def test_two_people_reverse_an_award(street: Street, lin: Neighbour, visit: Visit) -> None:
    first, second = visit(street.place.admin), visit(street.place.treasurer)
    path = asked(street, first, amount="4")
    first.get(path)
    assert "要另一位管理员或财务同意" in first.words
    assert "同意，冲正" not in first.words
    second.get("./office")
    assert "冲正等第二人" in second.words
    second.get(path)
    assert "同意后这样动" in second.words
    assert "林秀芳 红花钱包 发放总账 4 朵" in second.words
    second.post(f"{path}/approve", follow=True)
    assert "已经这样动了" in second.words
    assert "已冲正" in second.words
    assert street.available(lin) == 6
    second.get("./office")
    assert "冲正等第二人" not in second.words


def test_pressing_twice_takes_back_once(street: Street, lin: Neighbour, visit: Visit) -> None:
    path, browser = asked(street, visit(street.place.admin), amount="4"), visit(street.place.treasurer)
    browser.get(path)
    answers = [browser.post(f"{path}/approve", key="press") for _ in range(2)]
    assert [(answer.status_code, answer.location) for answer in answers] == [(303, path)] * 2
    assert street.available(lin) == 6


def test_an_empty_amount_is_all_that_is_left(street: Street, lin: Neighbour, visit: Visit) -> None:
    browser = visit(street.place.admin)
    asked(street, browser, amount="12")
    browser.get(asked(street, browser, amount=""))
    assert "冲正 18 朵" in browser.words
    browser.get(f"./books/transfers/{transfer(street, 'award')}")
    assert "已经全部冲正，或都在等第二人" in browser.words
    assert browser.words.count("等第二人") >= 2


def test_more_than_is_left_is_refused_with_what_is_left(street: Street, lin: Neighbour, visit: Visit) -> None:
    browser = visit(street.place.admin)
    path = f"./books/transfers/{transfer(street, 'award')}/reverse"
    browser.get(f"./books/transfers/{transfer(street, 'award')}")
    for step in ("/preview", ""):
        answer = browser.post(f"{path}{step}", amount="31", reason=WHY)
        assert answer.status_code == 409
        assert "最多还能冲正 30" in browser.words
        assert 'value="31"' in browser.page


@pytest.mark.parametrize(
    ("form", "words"), [({"reason": ""}, "请填写这一项"), ({"amount": "两朵", "reason": WHY}, "请填写整数")]
)
def test_what_is_wrong_with_the_form_stands_at_its_field(
    street: Street, lin: Neighbour, visit: Visit, form: dict[str, str], words: str
) -> None:
    browser = visit(street.place.admin)
    answer = browser.post(f"./books/transfers/{transfer(street, 'award')}/reverse/preview", **form)
    assert answer.status_code == 422
    assert words in browser.words


def test_money_is_typed_in_yuan(street: Street, visit: Visit) -> None:
    browser, treasurer = visit(street.place.admin), visit(street.place.treasurer)
    path = f"./books/transfers/{transfer(street, 'fund')}/reverse"
    browser.post(f"{path}/preview", amount="400.50", reason="多拨了")
    assert "微基金 资金 社区银行户 ¥400.50" in browser.words
    answer = browser.post(path, amount=browser.value("amount"), reason=browser.value("reason"))
    treasurer.get(answer.location)
    treasurer.post(f"{answer.location}/approve", follow=True)
    assert "¥400.50" in treasurer.words
    treasurer.get(f"./funds/{street.fund.id.hex}")
    assert "已冲正 ¥400.50" in treasurer.words
    assert "¥599.50" in treasurer.words


def test_a_second_person_declines_with_a_word(street: Street, lin: Neighbour, visit: Visit) -> None:
    path, browser = asked(street, visit(street.place.admin)), visit(street.place.treasurer)
    browser.get(path)
    assert browser.post(f"{path}/decline", note="").status_code == 422
    browser.post(f"{path}/decline", note="没有记两次", follow=True)
    assert "没有同意" in browser.words
    assert "没有记两次" in browser.words
    assert street.available(lin) == 10


def test_who_asked_withdraws(street: Street, lin: Neighbour, visit: Visit) -> None:
    browser = visit(street.place.admin)
    path = asked(street, browser)
    browser.get(path)
    browser.post(f"{path}/withdraw", note="", follow=True)
    assert "已撤回" in browser.words
    assert "提出的人撤回了" in browser.words


def test_a_decided_reversal_is_not_decided_again(street: Street, lin: Neighbour, visit: Visit) -> None:
    browser, other = visit(street.place.treasurer), visit(street.place.staff(Role.ADMIN))
    path = asked(street, visit(street.place.admin), amount="4")
    browser.get(path)
    other.get(path)
    other.post(f"{path}/decline", note="不")
    answer = browser.post(f"{path}/approve")
    assert answer.status_code == 409
    assert "不能做这一步" in browser.words
    assert street.available(lin) == 10


def test_no_button_stands_before_who_may_not_press_it(street: Street, lin: Neighbour, visit: Visit) -> None:
    place = street.place
    path = asked(street, visit(place.admin))
    for person in (place.supervisor, street_officer(place.community)):
        browser = visit(person)
        browser.get(path)
        assert "/approve" not in browser.page
        assert "/decline" not in browser.page
        assert "/withdraw" not in browser.page
        browser.get(f"./books/transfers/{transfer(street, 'award')}")
        assert "/reverse" not in browser.page
    officer = visit(street_officer(place.community))
    officer.get(path)
    assert "街道可以代办" in officer.words
    browser = visit(place.supervisor)
    award = f"./books/transfers/{transfer(street, 'award')}/reverse"
    statuses = [browser.post(where, reason=WHY).status_code for where in (f"{award}/preview", award, f"{path}/approve")]
    assert statuses == [403, 403, 403]


def test_the_list_is_narrowed_by_state(street: Street, lin: Neighbour, visit: Visit) -> None:
    browser = visit(street.place.admin)
    first, second = asked(street, browser, amount="1"), asked(street, browser, amount="2")
    browser.post(f"{first}/withdraw", note="")
    browser.get("./reversals?status=withdrawn")
    assert first in browser.page
    assert second not in browser.page
    browser.get("./reversals?limit=1")
    assert second in browser.page
    assert first not in browser.page
    following = re.findall(r"cursor=([0-9a-f]{32})", browser.page)[0]
    browser.get(f"./reversals?limit=1&cursor={following}")
    assert first in browser.page
    assert second not in browser.page


def test_the_member_reads_the_reason_on_their_home(street: Street, lin: Neighbour, visit: Visit) -> None:
    path = asked(street, visit(street.place.admin), amount="4")
    browser = visit(lin)
    browser.get("./")
    assert WHY not in browser.words
    assert browser.get(path).status_code == 403
    treasurer = visit(street.place.treasurer)
    treasurer.get(path)
    treasurer.post(f"{path}/approve")
    browser.get("./")
    assert "更正：盖章得花 −4 朵" in browser.words
    assert WHY in browser.words
    assert browser.get(path).status_code == 200
    assert "−4 朵" in browser.words
    assert WHY in browser.words
    assert "李社工" not in browser.words
    neighbour = visit(street.volunteer(0, "赵桂英"))
    neighbour.get("./")
    assert WHY not in neighbour.words
    assert neighbour.get(path).status_code == 403


def test_a_service_tells_what_was_corrected_afterwards(day: Day, visit: Visit) -> None:
    lin, place = day.place.volunteer(), day.place
    day.stamped(lin)
    award = next(row for row in reading.list_transfers(place.admin.actor) if row.code == "award")
    approve_reversal(place.treasurer.actor, ask_reversal(place.admin.actor, award.id, amount=3, reason=WHY).id)
    browser = visit(lin)
    browser.get("./checkins")
    visit_path = re.findall(r'href="([^"]*/checkins/[0-9a-f]{32})"', browser.page)[0]
    browser.get(visit_path)
    assert "后来更正：−3 朵" in browser.words
    assert WHY in browser.words


def test_a_stamp_undone_meanwhile_leaves_a_request_that_can_only_be_declined(day: Day, visit: Visit) -> None:
    lin, place = day.place.volunteer(), day.place
    stamp = day.stamped(lin)
    award = next(row for row in reading.list_transfers(place.admin.actor) if row.code == "award")
    request = ask_reversal(place.admin.actor, award.id, amount=6, reason=WHY)
    undoing.undo_stamp(place.stamper.actor, stamp)
    browser = visit(place.treasurer)
    browser.get(f"./reversals/{request.id.hex}")
    assert "只剩 0 朵 可以冲正" in browser.words
    assert "/approve" not in browser.page
    assert "/decline" in browser.page
    assert browser.post(f"./reversals/{request.id.hex}/approve").status_code == 409


def test_the_pages_of_a_reversal_speak_english(street: Street, lin: Neighbour, visit: Visit) -> None:
    browser = visit(street.place.admin, language="en")
    path = f"./books/transfers/{transfer(street, 'award')}/reverse"
    browser.post(f"{path}/preview", amount="25", reason="twice")
    assert "15 flowers were spent already" in browser.words
    browser.post(path, amount="25", reason="twice", follow=True)
    assert "Waits for a second" in browser.words
    assert "You asked for it" in browser.words
