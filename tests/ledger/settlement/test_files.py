"""The statement as a file: opened by a spreadsheet without harm, the same bytes each time, proved by its digest."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import time_machine
from openpyxl import Workbook, load_workbook  # type: ignore[import-untyped]

from ledger.core import clock
from ledger.core.errors import Forbidden
from ledger.rewards.models import Merchant
from ledger.settlement import files
from ledger.settlement.dispute_models import Favour
from ledger.settlement.models import RULES, SettlementState
from tests.ledger.settlement.office import NEXT_WEEK, Office
from tests.ledger.settlement.test_disputes import decide, dispute


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
    assert (footer["期间"], footer["规则版本"]) == ("2026-11-16 / 2026-11-22", str(RULES))
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


def book(office: Office, settlement) -> Workbook:
    packed = files.as_xlsx(settlement, office.street.bakery, office.lines(settlement))
    return load_workbook(io.BytesIO(packed))


def test_the_workbook_adds_up_to_what_is_paid(office: Office) -> None:
    office.buy()
    office.refund(office.buy(30), points=10)
    settlement = office.bring_to(SettlementState.ISSUED, office.one())
    head, lines = book(office, settlement).worksheets
    facts = {row[0].value.split()[0]: row[1].value for row in head.iter_rows()}
    assert (facts["结算单号"], facts["商户"], facts["行数"]) == (settlement.number, "麦香面包", 3)
    shown = [[cell.value for cell in row] for row in lines.iter_rows(min_row=2)]
    assert [row[0] for row in shown] == [1, 2, 3]
    assert sum(row[11] for row in shown) == facts["合计(元)"] == settlement.net_fen / 100
    assert all(isinstance(row[3], datetime) for row in shown)


def test_the_same_statement_is_the_same_workbook_whenever_it_is_made(office: Office) -> None:
    settlement = office.bring_to(SettlementState.ISSUED)
    facts = settlement, office.street.bakery, office.lines(settlement)
    before = files.as_xlsx(*facts)
    with time_machine.travel(datetime(2027, 3, 1, tzinfo=UTC), tick=False):
        assert files.as_xlsx(*facts) == before


def test_no_name_is_a_formula_in_the_workbook(office: Office) -> None:
    settlement = office.bring_to(SettlementState.ISSUED)
    for name in ("=HYPERLINK(1)", "＝1+1", "@SUM(A1)"):
        packed = files.as_xlsx(settlement, Merchant(name=name), office.lines(settlement))
        cell = load_workbook(io.BytesIO(packed)).worksheets[0]["B2"]
        assert (cell.value, cell.data_type) == (name, "s")


def whole_week(office: Office):
    """An issued statement with a carried sum, redemptions, a late refund and a decision."""
    office.street.agree(minimum_fen=400)
    bought = office.buy()
    decide(office, dispute(office, office.bring_to(SettlementState.ISSUED, office.one())), Favour.SHOP)
    office.refund(bought, points=7)
    office.buy(50)
    return office.bring_to(SettlementState.ISSUED, office.one(NEXT_WEEK))


def test_what_was_exported_read_in_again_differs_in_nothing(office: Office) -> None:
    """Each of the three files says of every line what the raw rows say, to the fen."""
    settlement = whole_week(office)
    raw = [(line.position, line.type, line.points, line.net_fen) for line in office.lines(settlement)]
    assert {kind for _, kind, *_ in raw} == {"carry_over", "redemption", "refund", "decision"}
    by_comma = [row for row in rows(sheet(office, settlement)) if len(row) == len(files.COLUMNS)][1:]
    assert [(int(row[0]), row[1], int(row[8]), int(Decimal(row[11]) * 100)) for row in by_comma] == raw
    assert all(row[15] == f"{office.all_statements()[0].number}/1" for row in by_comma if row[1] == "refund")
    _, lines = book(office, settlement).worksheets
    cells = [[cell.value for cell in row] for row in lines.iter_rows(min_row=2)]
    assert [(row[0], row[1], row[8], round(row[11] * 100)) for row in cells] == raw
    told = json.loads(files.as_json(settlement, office.street.bakery, office.lines(settlement)))
    assert [(one["position"], one["type"], one["points"], one["net_fen"]) for one in told["lines"]] == raw
    assert settlement.digest is not None
    assert (told["payable_fen"], told["sha256"]) == (settlement.payable_fen, settlement.digest.hex())


def test_a_rate_of_97_55_per_cent_stays_97_55_per_cent(office: Office) -> None:
    """A point is 97.55 fen: each line is rounded half up once, the rate never, not in any file."""
    office.street.agree(rate_fen=9755, rate_points=100)
    for points in (3, 10, 20):
        office.buy(points)
        clock.advance(minutes=1)
    settlement = office.bring_to(SettlementState.ISSUED, office.one())
    lines = office.lines(settlement)
    assert [(line.rate, line.net_fen) for line in lines] == [("9755/100", 293), ("9755/100", 976), ("9755/100", 1951)]
    by_comma = [row for row in rows(sheet(office, settlement)) if len(row) == len(files.COLUMNS)][1:]
    cells = [[cell.value for cell in row] for row in book(office, settlement).worksheets[1].iter_rows(min_row=2)]
    assert [row[7] for row in (*by_comma, *cells)] == ["9755 : 100"] * 6
    told = json.loads(files.as_json(settlement, office.street.bakery, lines))
    assert [line["rate"] for line in told["lines"]] == ["9755/100"] * 3
    assert settlement.payable_fen == 3220


@pytest.mark.night
def test_libreoffice_opens_the_workbook_with_the_same_sums(office: Office, tmp_path: Path) -> None:
    """It reads the file and writes it anew; what it wrote adds up as the statement does."""
    soffice = shutil.which("soffice")
    assert soffice, "this night test needs LibreOffice: put `soffice` on the PATH (Debian: libreoffice-calc)"
    settlement = whole_week(office)
    lines = office.lines(settlement)
    source, out = tmp_path / "statement.xlsx", tmp_path / "out"
    source.write_bytes(files.as_xlsx(settlement, office.street.bakery, lines))
    home = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = [soffice, home, "--headless", "--convert-to", "xlsx", "--outdir", str(out), str(source)]
    subprocess.run(command, check=True, timeout=180, capture_output=True)
    head, table = load_workbook(out / source.name, data_only=True).worksheets
    facts = {row[0].value: row[1].value for row in head.iter_rows()}
    cells = [[cell.value for cell in row] for row in table.iter_rows(min_row=2)]
    assert [round(row[11] * 100) for row in cells] == [line.net_fen for line in lines]
    assert round(facts["应付(元) payable"] * 100) == settlement.payable_fen == sum(line.net_fen for line in lines)
    assert [row[2] for row in cells] == [line.receipt_number for line in lines]


def test_the_sums_by_type_add_up_to_the_balance(office: Office) -> None:
    settlement = whole_week(office)
    footer = {row[0]: row[1] for row in rows(sheet(office, settlement)) if len(row) == 2}
    by_type = sum(Decimal(footer.get(f"{words}(元) net", "0")) for words in files.HEADINGS.values())
    assert by_type * 100 == settlement.opening_fen + settlement.net_fen == settlement.payable_fen


def test_a_week_is_one_archive_of_the_same_bytes(office: Office) -> None:
    settlement = office.bring_to(SettlementState.ISSUED)
    first = files.make_week(office.treasurer.actor, settlement.week)
    with time_machine.travel(datetime(2027, 3, 1, tzinfo=UTC), tick=False):
        assert files.make_week(office.street.owner.actor, settlement.week).content == first.content
    with zipfile.ZipFile(io.BytesIO(first.content)) as archive:
        assert archive.namelist() == [f"{settlement.number}.{kind}" for kind in ("csv", "xlsx", "json")]
        assert archive.read(f"{settlement.number}.csv") == sheet(office, settlement)
    with pytest.raises(Forbidden):
        files.make_week(office.street.clerk.actor, settlement.week)
