"""Pages of summaries, the board, certificates and their verification, a year, and the street."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import pytest
from openpyxl import load_workbook  # type: ignore[import-untyped]
from PIL import Image

from ledger.core import clock
from ledger.core.ids import new_id
from ledger.core.numbers import public_number
from tests.ledger.recognition.month import Month, open_month
from tests.stories import street_officer
from web import share_cards
from web.summaries import PARTS, TOTALS


@pytest.fixture
def november(context: object) -> Iterator[Month]:
    try:
        yield open_month()
    finally:
        clock.move_to(None)


def test_the_admin_signs_the_supervisor_publishes_and_anybody_reads_it_with_its_files(november, visit):
    people = november.volunteers("林秀芳", "陈刚", "王桂兰")
    november.serve(*people)
    november.street.award(people[0], 50)
    november.street.buy(people[0])
    admin, supervisor, stranger = visit(november.admin), visit(november.supervisor), visit(language="en")
    admin.get("./summaries/2026-11")
    assert "这个月过完以后可以签发" in admin.words
    november.in_december()
    admin.get("./summaries/2026-11")
    behind = [part.partition('"')[0].replace("&amp;", "&") for part in admin.page.split('href="') if "/rows?" in part]
    parts = [one for one in behind if "part=" in one]
    of_shop_in_picture = 1
    assert len(behind) - len(parts) == len(TOTALS) + 4 + 3 + of_shop_in_picture
    said = {}
    for one in behind:
        assert admin.get(one).status_code == 200, one
        said[one.partition("of=")[2] if one in parts else one.partition("of=")[2].partition("&")[0]] = admin.words
    assert {one.partition("part=")[2].partition("&")[0] for one in parts} == {*PARTS}
    assert "按日期 · 11月20日" in said["visits&part=days&key=2026-11-20"]
    assert "一共 3 行，合起来 3。" in said["visits&part=days&key=2026-11-20"]
    assert "一共 3 行，合起来 6 小时。" in said["minutes&part=posts&key="]
    assert "一共 3 行，合起来 3。" in said["people"]
    assert "一共 3 行，合起来 6 小时。" in said["minutes"]
    assert "盖章得花" in said["awarded"]
    assert "一共 1 行，合起来 20 朵。" in said["shop_points"]
    assert "又有了变化" not in "".join(said.values())
    assert admin.get("./summaries/2026-11/rows?of=restored").status_code == 404
    admin.get("./summaries/2026-11")
    admin.post("./summaries/2026-11/sign-off", follow=True)
    assert "已签发" in admin.words
    again = admin.post("./summaries/2026-11/sign-off")
    assert again.status_code == 409
    root = f"/c/{november.id.hex}"
    assert stranger.get(f"{root}/summaries/2026-11").status_code == 404
    supervisor.get("./summaries/2026-11")
    supervisor.post("./summaries/2026-11/publish", follow=True)
    assert "已公布" in supervisor.words
    stranger.get(f"{root}/summaries")
    assert "November 2026" in stranger.words
    stranger.get(f"{root}/summaries/2026-11")
    assert "Others (fewer than 3 people each, together)" not in stranger.words
    assert "麦香面包" in stranger.words
    assert "/rows?" not in stranger.page
    table = stranger.client.get(f"{root}/summaries/2026-11/totals.xlsx")
    figures = {row[0]: row[1] for row in load_workbook(BytesIO(table.data)).active.iter_rows(values_only=True)}
    assert (figures["Stamped visits"], figures["Flowers redeemed"]) == (3, 20)
    days = stranger.client.get(f"{root}/summaries/2026-11/days.csv").get_data(as_text=True)
    assert "2026-11-20,3,360" in days
    for part in ("programmes", "grids", "posts", "evidence", "shops", "funds"):
        assert stranger.client.get(f"{root}/summaries/2026-11/{part}.csv").status_code == 200
    assert stranger.client.get(f"{root}/summaries/2026-11/nothing.csv").status_code == 404


def test_the_board_is_open_to_everybody_and_says_what_is_known(november, visit):
    served = [*november.volunteers("林秀芳", "陈刚"), *november.volunteers("王桂兰", published=True)]
    november.serve(*served)
    for person in served:
        november.street.award(person, 20)
        november.street.buy(person)
    clock.advance(days=4)
    for language, words, week in (("zh", "谢谢大家", "每周兑换了多少"), ("en", "Thank you all", "Redeemed each week")):
        stranger = visit(language=language)
        assert stranger.get(f"/c/{november.id.hex}/board").status_code == 200
        assert words in stranger.words
        assert week in stranger.words
        assert "王桂兰" in stranger.words
        assert "林*芳" in stranger.words
        assert "林秀芳" not in stranger.words


def test_a_member_asks_staff_issue_and_anybody_verifies_the_paper(november, visit):
    [lin] = november.volunteers("林秀芳")
    mine, admin, stranger = visit(lin), visit(november.admin), visit()
    mine.get("./my/certificates")
    form = {"member_id": lin.member_id.hex, "starts_on": "2026-11-01", "ends_on": "2026-11-20", "purpose": "入学"}
    assert mine.post("./my/certificates", **form).status_code == 409
    assert "没有盖过章的服务" in mine.words
    november.serve(lin)
    mine.post("./my/certificates", follow=True, **form)
    assert "等社区开具" in mine.words
    admin.get("./office")
    assert "证明等开具" in admin.words
    admin.get("./certificates")
    issue = admin.page.split("/certificates/")[1].partition("/issue")[0]
    admin.post(f"./certificates/{issue}/issue", follow=True)
    number = next(word for word in admin.words.split() if word.startswith("NH-"))
    mine.get(f"./certificates/{issue}")
    assert "兹证明 林秀芳 于 2026年11月1日至2026年11月20日" in mine.words
    assert "from 1 November 2026 to 20 November 2026." in mine.words
    assert f"/verify/{number}" in mine.page
    stranger.get(f"/verify/{number}")
    assert "这张证明是真的" in stranger.words
    assert stranger.client.get(f"/verify?number={number.lower()}").location == f"/verify/{number}"
    admin.get("./certificates")
    admin.post(f"./certificates/{issue}/revoke", reason="时长有误", follow=True)
    stranger.get(f"/verify/{number}")
    assert "已被撤销" in stranger.words
    assert "林秀芳" not in stranger.words
    stranger.get("/verify/NH-2222")
    assert "没有这个编号" in stranger.words
    for _ in range(11):
        answer = stranger.get(f"/verify/{public_number('NH', new_id())}")
    assert answer.status_code == 429


def test_a_year_is_shown_with_a_card_to_share(november, visit, monkeypatch):
    [lin] = november.volunteers("林秀芳")
    november.serve(lin)
    mine = visit(lin)
    mine.get("./my/year")
    assert "2.0 小时服务" in mine.words
    assert "到 100 小时再得一颗星" in mine.words
    for font in (share_cards.chinese_font(), None):
        monkeypatch.setattr(share_cards, "chinese_font", lambda font=font: font)
        card = mine.client.get(f"/c/{november.id.hex}/my/year.png?year=2026")
        assert Image.open(BytesIO(card.data)).size == share_cards.SIZE
    for wrong in ("2027", "x", "²026", "1"):
        assert mine.get(f"./my/year?year={wrong}").status_code == 404


def test_the_street_compares_its_communities(november, visit):
    november.serve(*november.volunteers("林秀芳"))
    officer = visit(street_officer(november.street.place.community), language="en")
    officer.get("./street?month=2026-11")
    assert "Street compared" in officer.words
    assert "南华社区" in officer.words
    table = officer.client.get(f"{officer.root}/street.csv?month=2026-11").get_data(as_text=True)
    assert "南华社区,2026-11,Draft,1,1,120" in table
    assert visit(november.admin).get("./street").status_code == 403
