"""Charts: a long name is cut before it runs into its value, for the eye only."""

from __future__ import annotations

import re

import pytest

from web.charts import Point, bars


def seen(label: str, said: str) -> list[str]:
    """What is written in the row of this one point."""
    return re.findall(r"<text[^>]*>([^<]*)</text>", bars([Point(label, 1, said)], "每月"))


@pytest.mark.parametrize("label", ["夜间巡逻", "一二三四五六七八九十", "Micro-grid leaders"])
def test_a_name_that_fits_is_written_whole(label):
    assert seen(label, "12 小时") == [label, "12 小时"]


@pytest.mark.parametrize(
    ("label", "said", "written"),
    [
        ("一二三四五六七八九十一二三四五六七", "1,234.5 小时", "一二三四五六七八九十…"),
        ("Handicrafts for parents and children", "1,234.5 hours", "Handicrafts for p…"),
    ],
)
def test_a_name_that_would_run_into_its_value_is_cut(label, said, written):
    assert seen(label, said) == [written, said]


def test_who_hears_the_picture_hears_the_name_whole():
    label = "一二三四五六七八九十一二三四五六七"
    assert f'aria-label="每月：{label} 12 小时"' in bars([Point(label, 1, "12 小时")], "每月")
