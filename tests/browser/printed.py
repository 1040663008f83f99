"""What a PDF of Chromium draws where: its rectangles on each page, in millimetres from the upper left corner."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import NamedTuple

MM = 25.4 / 72
"""Of a point, the measure of a PDF."""

Matrix = tuple[float, float, float, float, float, float]
UNTURNED: Matrix = (1, 0, 0, 1, 0, 0)


class Box(NamedTuple):
    left: float
    top: float
    width: float
    height: float


class Sheet(NamedTuple):
    """A page: its size and every rectangle that is drawn or clipped to on it, none of them turned."""

    width: float
    height: float
    boxes: list[Box]


def sheets_of(pdf: bytes) -> list[Sheet]:
    """The pages in the order of their drawings, which Chromium writes page after page."""
    sizes = re.findall(rb"/Type /Page\n.*?/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf, re.DOTALL)
    drawings = [drawing for drawing in _streams(pdf) if " cm\n" in drawing and " re\n" in drawing]
    assert len(drawings) == len(sizes), "each page has one drawing"
    pages = []
    for (wide, high), drawing in zip(sizes, drawings, strict=True):
        pages.append(Sheet(float(wide) * MM, float(high) * MM, list(_boxes(drawing, float(high)))))
    return pages


def _streams(pdf: bytes) -> Iterator[str]:
    for found in re.finditer(rb"/FlateDecode[^>]*>>\s*stream\r?\n", pdf):
        yield zlib.decompressobj().decompress(pdf[found.end() :]).decode("latin-1")


def _boxes(drawing: str, high: float) -> Iterator[Box]:
    now, kept = UNTURNED, list[Matrix]()
    for line in drawing.splitlines():
        *numbers, sign = line.split() or [""]
        if sign == "q":
            kept.append(now)
        elif sign == "Q":
            now = kept.pop()
        elif sign == "cm":
            now = _within(now, *map(float, numbers))
        elif sign == "re":
            x, y, width, height = map(float, numbers)
            across, _, _, down, left, bottom = now
            top = high - (y * down + bottom)
            yield Box((x * across + left) * MM, top * MM, width * across * MM, -height * down * MM)


def _within(outer: Matrix, a: float, b: float, c: float, d: float, e: float, f: float) -> Matrix:
    oa, ob, oc, od, oe, of = outer
    return (
        a * oa + b * oc,
        a * ob + b * od,
        c * oa + d * oc,
        c * ob + d * od,
        e * oa + f * oc + oe,
        e * ob + f * od + of,
    )
