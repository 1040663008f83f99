"""A member's year as a picture to share, drawn with a font of the machine; without a Chinese one, in latin letters."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from io import BytesIO
from typing import NamedTuple

from flask import g
from PIL import Image, ImageDraw, ImageFont
from pypinyin import lazy_pinyin

from ledger.recognition.years import Year

SIZE = (720, 960)
RED, PAPER, GOLD = "#a5221c", "#fffefb", "#f6c85a"
SECONDS = 5


class _Line(NamedTuple):
    words: str
    size: int
    top: int
    colour: str = PAPER


@cache
def chinese_font() -> str | None:
    """The file of a font that has Chinese characters, as fontconfig knows it; None where there is none."""
    program = shutil.which("fc-match")
    if program is None:
        return None
    asked = [program, "--format=%{file}|%{lang}", "sans:lang=zh-cn"]
    try:
        said = subprocess.run(asked, capture_output=True, text=True, timeout=SECONDS, check=False).stdout  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    file, _, languages = said.partition("|")
    return file if "zh-cn" in languages.split("|") else None


def draw(year: Year, name: str) -> bytes:
    """A PNG of the year under this name."""
    font = chinese_font()
    picture = Image.new("RGB", SIZE, RED)
    pen = ImageDraw.Draw(picture)
    pen.rounded_rectangle((28, 28, SIZE[0] - 28, SIZE[1] - 28), radius=36, outline=GOLD, width=4)
    for line in _lines(year, name, is_chinese=font is not None):
        face = ImageFont.truetype(font, line.size) if font else ImageFont.load_default(line.size)
        pen.text((SIZE[0] // 2, line.top), line.words, font=face, fill=line.colour, anchor="mt")
    _draw_stars(pen, year.stars.earned)
    file = BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()


def _lines(year: Year, name: str, *, is_chinese: bool) -> list[_Line]:
    hours = f"{year.minutes / 60:,.1f}".removesuffix(".0")
    if not is_chinese:
        latin = " ".join(lazy_pinyin(name)).title()
        return [
            _Line("Red Flower", 44, 96, GOLD), _Line(str(year.year), 64, 170), _Line(latin, 56, 270),
            _Line(hours, 150, 400), _Line("hours of service", 40, 580),
            _Line(f"{year.visits} visits   {year.earned} flowers", 40, 660),
        ]  # fmt: skip
    return [
        _Line(g.community.name, 44, 96, GOLD), _Line(f"{year.year} 年", 64, 170), _Line(name, 60, 270),
        _Line(hours, 150, 400), _Line("小时志愿服务", 44, 580),
        _Line(f"服务 {year.visits} 次 · 红花 {year.earned} 朵", 40, 660),
    ]  # fmt: skip


def _draw_stars(pen: ImageDraw.ImageDraw, earned: int) -> None:
    """Five places, so many of them filled: drawn, for not every font has a star."""
    for place in range(5):
        centre = (SIZE[0] // 2 + (place - 2) * 96, 800)
        corners = _star(centre, 38)
        pen.polygon(corners, fill=GOLD if place < earned else None, outline=GOLD, width=3)


POINTS = (
    (0.0, -1.0), (0.2245, -0.309), (0.951, -0.309), (0.363, 0.118), (0.588, 0.809),
    (0.0, 0.382), (-0.588, 0.809), (-0.363, 0.118), (-0.951, -0.309), (-0.2245, -0.309),
)  # fmt: skip


def _star(centre: tuple[int, int], radius: int) -> list[tuple[float, float]]:
    return [(centre[0] + radius * x, centre[1] + radius * y) for x, y in POINTS]
