"""Tables that a spreadsheet opens: no text becomes a formula, numbers and dates stay what they are."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime

import pytest
from openpyxl import load_workbook  # type: ignore[import-untyped]

from ledger.core.spreadsheets import LONGEST_TEXT, as_csv, as_xlsx

HOSTILE = [
    '=cmd|"/C calc"!A0', "+1", "-1+1", "@SUM(A1)", "＝1", "＋1", "－1", "＠x", "\t=1", "\r=1", "\n=1",
    "#N/A", "林,秀\"芳\"", "两\n行", "😀🌺", "长" * 5000, "0012", "TRUE", " 空 ",
]  # fmt: skip


def read_csv(content: bytes) -> list[list[str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def read_xlsx(content: bytes):
    return load_workbook(io.BytesIO(content)).active


@pytest.mark.parametrize("words", HOSTILE)
def test_text_of_a_csv_survives_and_begins_with_no_formula(words):
    [[heading], [cell]] = read_csv(as_csv([words], [[words]]))
    assert heading == cell
    assert cell.removeprefix("'") == words
    assert cell[0] not in "=+-@＝＋－＠\t\r\n"


@pytest.mark.parametrize("words", HOSTILE)
def test_text_of_a_workbook_survives_as_text(words):
    sheet = read_xlsx(as_xlsx([words], [[words]]))
    # A line's end is one kind of whitespace in XML: a lone return reads as a new line.
    assert [sheet["A1"].value, sheet["A2"].value] == [words.replace("\r", "\n")] * 2
    assert {sheet["A1"].data_type, sheet["A2"].data_type} == {"s"}


def test_whoever_edits_a_quoted_cell_of_a_workbook_makes_no_formula_of_it_either():
    sheet = read_xlsx(as_xlsx(["姓名"], [["=1+1"], ["林秀芳"]]))
    assert [sheet["A2"].quotePrefix, sheet["A3"].quotePrefix] == [True, False]


def test_numbers_are_numbers():
    sheet = read_xlsx(as_xlsx(["红花"], [[-5], [10_000], [None]]))
    assert [(cell.value, cell.data_type) for cell in sheet["A"][1:3]] == [(-5, "n"), (10_000, "n")]
    assert sheet["A4"].value is None
    assert read_csv(as_csv(["红花"], [[-5], [10_000], [None]])) == [["红花"], ["-5"], ["10000"], [""]]


def test_moments_and_days_are_those_of_shanghai():
    moment, day = datetime(2026, 11, 20, 17, 30, tzinfo=UTC), date(2026, 11, 20)
    sheet = read_xlsx(as_xlsx(["时间", "加入"], [[moment, day]]))
    assert sheet["A2"].is_date
    assert f"{sheet['A2'].value}" == "2026-11-21 01:30:00"
    assert sheet["B2"].value.date() == day
    assert read_csv(as_csv(["时间", "加入"], [[moment, day]]))[1] == ["2026-11-21 01:30:00", "2026-11-20"]


def test_what_no_workbook_can_hold_is_left_out():
    sheet = read_xlsx(as_xlsx(["x"], [["a\x01b"], ["长" * (LONGEST_TEXT + 1)]]))
    assert sheet["A2"].value == "ab"
    assert len(sheet["A3"].value) == LONGEST_TEXT


def test_a_csv_ends_its_lines_as_spreadsheets_do():
    assert as_csv(["a", "b"], [[1, 2]]) == b"\xef\xbb\xbfa,b\r\n1,2\r\n"


def test_a_list_without_rows_has_its_headings():
    assert [cell.value for cell in read_xlsx(as_xlsx(["a", "b"], []))[1]] == ["a", "b"]
