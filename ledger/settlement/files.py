"""A statement as a file: the same bytes each time, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from ledger.core import clock
from ledger.core.money import yuan
from ledger.core.spreadsheets import BOM, CSV_TYPE, XLSX_TYPE, Cell, Sheet, as_workbook, safe
from ledger.core.tenancy import Actor
from ledger.rewards.models import Merchant
from ledger.settlement.lines import lines_of
from ledger.settlement.models import Settlement, SettlementLine
from ledger.settlement.reading import see_settlement

COLUMNS = (
    "序号 position",
    "类型 type",
    "凭证号 receipt",
    "时间 time",
    "网点 branch",
    "商品 offer",
    "协议版本 agreement version",
    "费率 分:朵 rate fen:points",
    "红花 points",
    "应付(元) gross",
    "扣减(元) deduction",
    "净额(元) net",
    "原因 reason",
)


def as_csv(settlement: Settlement, merchant: Merchant, lines: Sequence[SettlementLine]) -> bytes:
    """UTF-8 with BOM: head, one row a line, and a footer with count, sum and SHA-256 of the frozen statement."""
    sheet = io.StringIO(newline="")
    write = csv.writer(sheet, lineterminator="\r\n").writerow
    write(["结算单号 number", settlement.number or ""])
    write(["商户 merchant", safe(merchant.name)])
    write(["结算周 week (Asia/Shanghai)", settlement.week])
    write(["期初(元) opening", yuan(settlement.opening_fen)])
    write(COLUMNS)
    for line in lines:
        write(_row(line))
    write(["行数 lines", len(lines)])
    write(["合计(元) net", yuan(settlement.net_fen)])
    write(["应付(元) payable", yuan(settlement.payable_fen)])
    write(["期末(元) closing", yuan(settlement.closing_fen)])
    write(["SHA-256", settlement.digest.hex() if settlement.digest else ""])
    return BOM + sheet.getvalue().encode()


def as_xlsx(settlement: Settlement, merchant: Merchant, lines: Sequence[SettlementLine]) -> bytes:
    """Two sheets: the statement's head and sums, and its lines. Amounts are numbers of yuan, so sums can be redone."""
    head: list[list[Cell]] = [
        ["结算单号 number", settlement.number or ""],
        ["商户 merchant", merchant.name],
        ["结算周 week (Asia/Shanghai)", settlement.week],
        ["行数 lines", len(lines)],
        ["期初(元) opening", _yuan(settlement.opening_fen)],
        ["合计(元) net", _yuan(settlement.net_fen)],
        ["应付(元) payable", _yuan(settlement.payable_fen)],
        ["期末(元) closing", _yuan(settlement.closing_fen)],
        ["SHA-256", settlement.digest.hex() if settlement.digest else ""],
    ]
    return as_workbook([Sheet("结算单 statement", head), Sheet("明细 lines", [COLUMNS, *map(_typed, lines)])])


def _typed(line: SettlementLine) -> list[Cell]:
    return [
        line.position,
        line.type,
        line.receipt_number,
        line.happened_at,
        line.branch_name,
        line.offer_name,
        line.agreement_version,
        line.rate.replace("/", " : "),
        line.points,
        _yuan(line.gross_fen),
        _yuan(line.deduction_fen),
        _yuan(line.net_fen),
        line.reason,
    ]


def _yuan(fen: int) -> Decimal:
    return Decimal(fen) / 100


KINDS = {
    "csv": (CSV_TYPE, as_csv),
    "xlsx": (XLSX_TYPE, as_xlsx),
}
"""The files of a statement: how each is called on the way, and what writes it."""


class StatementFile(NamedTuple):
    """A file to be saved, named by the statement's number."""

    name: str
    media_type: str
    content: bytes


def make(actor: Actor, settlement_id: UUID, kind: str) -> StatementFile:
    """The statement as a file of one of KINDS. Raises NotFound, Forbidden."""
    media_type, write = KINDS[kind]
    settlement, merchant = see_settlement(actor, settlement_id)
    content = write(settlement, merchant, lines_of(actor.tenant, settlement_id))
    return StatementFile(f"{settlement.number or settlement.id.hex}.{kind}", media_type, content)


def _row(line: SettlementLine) -> list[str | int]:
    return [
        line.position,
        line.type,
        line.receipt_number,
        _local(line.happened_at),
        safe(line.branch_name),
        safe(line.offer_name),
        line.agreement_version,
        line.rate.replace("/", " : "),
        line.points,
        yuan(line.gross_fen).replace(",", ""),
        yuan(line.deduction_fen).replace(",", ""),
        yuan(line.net_fen).replace(",", ""),
        safe(line.reason),
    ]


def _local(moment: datetime) -> str:
    return moment.astimezone(clock.SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
