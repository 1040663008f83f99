"""Pictures of figures, drawn on the server as inline SVG: they need no script, print sharply and are read aloud.

A value always stands beside its colour, so nothing is told by colour alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple
from unicodedata import east_asian_width

from markupsafe import Markup

WIDTH = 360
ROW, SIDE = 40, 44
HEIGHT, BOTTOM = 118, 92
LARGEST = 20
"""The size of a chart's writing in 长辈版 (static/desk.css)."""


class Point(NamedTuple):
    """One value with its label, how it is said, and where the rows behind it are; None is unknown."""

    label: str
    value: int | None
    said: str
    href: str = ""


def _leading(point: Point, drawn: Markup) -> Markup:
    """What was drawn of the point, as a link to its rows where there are any."""
    if not point.href:
        return drawn
    name = f"{point.label} {point.said}"
    return Markup('<a href="{href}" aria-label="{name}">{drawn}</a>').format(href=point.href, name=name, drawn=drawn)


def _em(text: str) -> float:
    """About how wide the text is, in its own size: a Latin letter or a figure takes a little more than half."""
    return sum(1.0 if east_asian_width(one) in "WF" else 0.55 for one in text)


def _fitting(label: str, *, beside: str) -> str:
    """The label, cut where it would run into the value beside it; who hears the picture hears it whole."""
    room = WIDTH / LARGEST - _em(beside) - 0.5
    if _em(label) <= room:
        return label
    kept = label
    while kept and _em(kept) + 1 > room:
        kept = kept[:-1]
    return f"{kept.rstrip()}…"


def bars(points: Sequence[Point], title: str) -> Markup:
    """A row for each: its label, its bar, its value."""
    highest = max([point.value or 0 for point in points] + [1])
    rows = [
        _leading(
            point,
            Markup(
                '<text x="0" y="{y}" font-size="14" fill="var(--ink)">{label}</text>'
                '<text x="{right}" y="{y}" font-size="14" text-anchor="end" fill="var(--soft)">{said}</text>'
                '<rect x="0" y="{top}" width="{width}" height="9" rx="3" fill="var(--red)"/>'
            ).format(
                y=ROW * place + 15,
                top=ROW * place + 21,
                width=max(1, WIDTH * (point.value or 0) // highest),
                right=WIDTH,
                label=_fitting(point.label, beside=point.said),
                said=point.said,
            ),
        )
        for place, point in enumerate(points)
    ]
    return _svg(rows, ROW * len(points) or 1, title, points)


def line(points: Sequence[Point], title: str) -> Markup:
    """One line over time, interrupted where a value is unknown; first, highest and last value are said."""
    highest = max([point.value or 0 for point in points] + [1])
    step = (WIDTH - 20) / max(1, len(points) - 1)
    spots = [
        (round(10 + step * place, 1), round(BOTTOM - 70 * point.value / highest, 1), point)
        for place, point in enumerate(points)
        if point.value is not None
    ]
    path = " ".join(f"{'L' if place else 'M'}{x} {y}" for place, (x, y, _point) in enumerate(spots))
    dots = [Markup('<circle cx="{x}" cy="{y}" r="2.5" fill="var(--red)"/>').format(x=x, y=y) for x, y, _point in spots]
    shown = {0, len(points) - 1}
    labels = [
        Markup('<text x="{x}" y="113" font-size="14" text-anchor="{anchor}" fill="var(--soft)">{words}</text>').format(
            x=round(10 + step * place, 1),
            anchor="start" if place == 0 else "end" if place == len(points) - 1 else "middle",
            words=point.label,
        )
        for place, point in enumerate(points)
        if place in shown or len(points) <= 6
    ]
    top = max(spots, key=lambda spot: spot[2].value or 0, default=None)
    said = [
        Markup('<text x="{x}" y="14" font-size="14" text-anchor="middle" fill="var(--ink)">{words}</text>').format(
            x=min(max(top[0], 70), WIDTH - 70), words=top[2].said
        )
    ] if top else []  # fmt: skip
    drawn = Markup('<path d="{path}" fill="none" stroke="var(--red)" stroke-width="2"/>').format(path=path)
    over = Markup('<rect x="{x}" y="0" width="{width}" height="{height}" fill="transparent"/>')
    ways = [
        _leading(point, over.format(x=round(x - step / 2, 1), width=round(step, 1), height=HEIGHT))
        for x, _y, point in spots
        if point.href
    ]
    return _svg([drawn, *dots, *labels, *said, *ways], HEIGHT, title, points)


def heat_map(days: Sequence[tuple[date, Point]], title: str) -> Markup:
    """The month as a calendar, Monday first: the more, the darker, and the value stands in each day."""
    if not days:
        return Markup("")
    cell = WIDTH / 7
    monday = days[0][0] - timedelta(days=days[0][0].weekday())
    highest = max([point.value or 0 for _, point in days] + [1])
    cells = [
        _leading(
            point,
            Markup(
                '<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="5" fill="var(--red)" fill-opacity="{shade}"/>'
                '<text x="{left}" y="{first}" font-size="12" fill="var(--soft)">{day}</text>'
                '<text x="{middle}" y="{second}" font-size="15" text-anchor="middle" fill="var(--ink)">{said}</text>'
            ).format(
                x=round(cell * day.weekday() + 1, 1),
                y=SIDE * ((day - monday).days // 7) + 1,
                w=round(cell - 2, 1),
                h=SIDE - 2,
                shade=round(0.06 + 0.34 * (point.value or 0) / highest, 2),
                left=round(cell * day.weekday() + 5, 1),
                first=SIDE * ((day - monday).days // 7) + 14,
                middle=round(cell * (day.weekday() + 0.5), 1),
                second=SIDE * ((day - monday).days // 7) + 34,
                day=day.day,
                said=point.value or "",
            ),
        )
        for day, point in days
    ]
    weeks = (days[-1][0] - monday).days // 7 + 1
    return _svg(cells, SIDE * weeks, title, [point for _, point in days])


def _svg(pieces: Sequence[Markup], height: int, title: str, points: Sequence[Point]) -> Markup:
    """One picture to whoever hears it, or, where its points lead to their rows, a group of links."""
    told = "，".join(f"{point.label} {point.said}" for point in points)
    role = "group" if any(point.href for point in points) else "img"
    drawn = Markup(
        '<svg class="picture" viewBox="0 0 {width} {height}" width="100%" role="{role}" aria-label="{told}">'
        "{pieces}</svg>"
    )
    said, inside = f"{title}：{told}", Markup("").join(pieces)
    return drawn.format(width=WIDTH, height=height, role=role, told=title if role == "group" else said, pieces=inside)
