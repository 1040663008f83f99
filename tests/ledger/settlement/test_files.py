"""The statement as a file: opened by a spreadsheet without harm, the same bytes each time, proved by its digest."""

from __future__ import annotations

import csv
import io

from ledger.rewards.models import Merchant
from ledger.settlement import files
from ledger.settlement.models import SettlementState
from tests.ledger.settlement.office import Office


def sheet(office: Office, settlement) -> bytes:
    return files.as_csv(settlement, office.street.bakery, office.lines(settlement))


def rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_a_spreadsheet_sees_that_it_is_utf_8(office: Office) -> None:
    content = sheet(office, office.bring_to(SettlementState.ISSUED))
    assert content.startswith(b"\xef\xbb\xbf")
    assert "麦香面包" in content.decode("utf-8-sig")


def test_the_file_has_a_row_a_line_and_a_footer_with_count_sum_and_digest(office: Office) -> None:
    office.buy()
    office.refund(office.buy(30), points=10)
    settlement = office.bring_to(SettlementState.ISSUED, office.one())
    content = rows(sheet(office, settlement))
    footer = {row[0].split()[0]: row[1] for row in content if len(row) == 2}
    assert len([row for row in content if len(row) == len(files.COLUMNS)]) == 1 + 3
    assert settlement.digest is not None
    assert (footer["行数"], footer["合计(元)"], footer["SHA-256"]) == ("3", "4.00", settlement.digest.hex())


def test_the_same_statement_is_the_same_bytes(office: Office) -> None:
    settlement = office.bring_to(SettlementState.ISSUED)
    before = sheet(office, settlement)
    assert sheet(office, office.bring_to(SettlementState.RECONCILED, settlement)) == before


def test_a_name_that_looks_like_a_formula_is_words(office: Office) -> None:
    settlement = office.bring_to(SettlementState.ISSUED)
    lines = office.lines(settlement)
    for name in ("=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＋1", "－1", "＠x"):
        content = rows(files.as_csv(settlement, Merchant(name=name), lines))
        assert content[1][1] == "'" + name


def test_quotes_commas_and_lines_in_a_name_stay_inside_their_cell(office: Office) -> None:
    settlement = office.bring_to(SettlementState.ISSUED)
    name = '面包,"大"\r\n店'
    assert rows(files.as_csv(settlement, Merchant(name=name), office.lines(settlement)))[1] == ["商户 merchant", name]


def test_long_numbers_are_kept_as_words(office: Office) -> None:
    redemption = office.buy()
    content = sheet(office, office.one())
    [line] = [row for row in rows(content) if row[0] == "1"]
    assert line[2] == redemption.receipt_number
    assert not line[2].isdigit()
