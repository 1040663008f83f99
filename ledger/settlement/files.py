"""A statement as a file: the same bytes each time, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from ledger.core import clock
from ledger.core.db import db
from ledger.core.evidence import canonical
from ledger.core.money import yuan
from ledger.core.spreadsheets import BOM, CSV_TYPE, XLSX_TYPE, Cell, Sheet, as_workbook, safe
from ledger.core.tenancy import Actor, scoped
from ledger.rewards.models import Merchant, Redemption
from ledger.settlement.lines import lines_of
from ledger.settlement.models import LineType, Settlement, SettlementLine, SettlementState
from ledger.settlement.reading import list_settlements, see_settlement

ZIP_TYPE = "application/zip"

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
    "数量 quantity",
    "经办 operator",
    "原单/行 original line",
)
"""Who served is named by eight characters that tell people apart and name nobody; a refund says which line it is of."""

HEADINGS = {
    LineType.CARRY_OVER: "上期结转 carry_over",
    LineType.REDEMPTION: "兑换 redemption",
    LineType.REFUND: "退回 refund",
    LineType.DECISION: "争议决定 decision",
    LineType.CLAWBACK: "追回 clawback",
}


class Detail(NamedTuple):
    """What a line's source adds to it: pieces, and the statement and line that first had the redemption."""

    quantity: int | None = None
    original: str = ""


NO_DETAIL = Detail()


def details_of(lines: Sequence[SettlementLine]) -> dict[UUID, Detail]:
    """The details of these lines of one community, by line."""
    if not lines:
        return {}
    community_id = lines[0].community_id
    wanted = {line.redemption_id for line in lines if line.redemption_id}
    pieces = scoped(community_id, Redemption.id, Redemption.quantity).where(Redemption.id.in_(wanted))
    quantities = dict(db.session.execute(pieces).tuples().all())
    firsts = scoped(community_id, SettlementLine.redemption_id, SettlementLine.position, Settlement.number).where(
        SettlementLine.redemption_id.in_(wanted),
        SettlementLine.type == LineType.REDEMPTION,
        SettlementLine.live,
        Settlement.id == SettlementLine.settlement_id,
    )
    originals = {one: f"{number or '-'}/{position}" for one, position, number in db.session.execute(firsts)}
    return {
        line.id: Detail(
            quantities.get(line.redemption_id) if line.type == LineType.REDEMPTION else None,
            originals.get(line.redemption_id, "") if line.type != LineType.REDEMPTION else "",
        )
        for line in lines
    }


def as_csv(settlement: Settlement, merchant: Merchant, lines: Sequence[SettlementLine]) -> bytes:
    """UTF-8 with BOM: head, one row a line, and a footer with counts, sums and SHA-256 of the frozen statement."""
    details = details_of(lines)
    sheet = io.StringIO(newline="")
    write = csv.writer(sheet, lineterminator="\r\n").writerow
    for label, value in _head(settlement, merchant):
        write([label, safe(value) if isinstance(value, str) else _said(value)])
    write(COLUMNS)
    for line in lines:
        write(_row(line, details.get(line.id, NO_DETAIL)))
    for label, value in _footer(settlement, lines):
        write([label, _said(value)])
    return BOM + sheet.getvalue().encode()


def as_xlsx(settlement: Settlement, merchant: Merchant, lines: Sequence[SettlementLine]) -> bytes:
    """Two sheets: the statement's head and sums, and its lines. Amounts are numbers of yuan, so sums can be redone."""
    facts = (*_head(settlement, merchant), *_footer(settlement, lines))
    head: list[list[Cell]] = [[label, value] for label, value in facts]
    details = details_of(lines)
    table = [_typed(line, details.get(line.id, NO_DETAIL)) for line in lines]
    return as_workbook([Sheet("结算单 statement", head), Sheet("明细 lines", [COLUMNS, *table])])


def _head(settlement: Settlement, merchant: Merchant) -> Iterator[tuple[str, Cell]]:
    """Which statement it is, of which days in which zone, by which rules, and what it opens with."""
    monday, end = (moment.astimezone(clock.SHANGHAI).date() for moment in clock.week_bounds(settlement.week))
    yield "结算单号 number", settlement.number or ""
    yield "商户 merchant", merchant.name
    yield "结算周 week (Asia/Shanghai)", settlement.week
    yield "期间 period", f"{monday} / {end - timedelta(days=1)}"
    yield "截止 cut-off", _local(settlement.cut_off_at)
    yield "规则版本 rules", settlement.rules
    yield "期初(元) opening", _yuan(settlement.opening_fen)


class SumOfType(NamedTuple):
    """How many lines of a type, and what they come to."""

    type: LineType
    lines: int
    points: int
    net_fen: int


def sums_by_type(lines: Sequence[SettlementLine]) -> list[SumOfType]:
    """The types that occur, in the order of HEADINGS."""
    found = {kind: [line for line in lines if line.type == kind] for kind in HEADINGS}
    return [
        SumOfType(kind, len(rows), sum(row.points for row in rows), sum(row.net_fen for row in rows))
        for kind, rows in found.items()
        if rows
    ]


def _footer(settlement: Settlement, lines: Sequence[SettlementLine]) -> Iterator[tuple[str, Cell]]:
    """Counts and sums, by type too, what is paid now, and the digest."""
    yield "行数 lines", len(lines)
    for one in sums_by_type(lines):
        yield f"{HEADINGS[one.type]} 行数 lines", one.lines
        yield f"{HEADINGS[one.type]}(元) net", _yuan(one.net_fen)
    yield "合计(元) net", _yuan(settlement.net_fen)
    yield "应付(元) payable", _yuan(settlement.payable_fen)
    if settlement.held_fen:
        yield "争议暂扣(元) held", _yuan(settlement.held_fen)
        yield "本期实付(元) to pay", _yuan(settlement.to_pay_fen)
    yield "期末(元) closing", _yuan(settlement.closing_fen)
    yield "SHA-256", settlement.digest.hex() if settlement.digest else ""


def _typed(line: SettlementLine, detail: Detail) -> list[Cell]:
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
        detail.quantity,
        operator_of(line),
        detail.original,
    ]


def operator_of(line: SettlementLine) -> str:
    """Who served: eight characters that tell people apart and name nobody."""
    return line.operator_id.hex[-8:] if line.operator_id else ""


def _said(value: Cell) -> str | int:
    return f"{value:.2f}" if isinstance(value, Decimal) else value if isinstance(value, int) else str(value or "")


def _plain(fen: int) -> str:
    return yuan(fen).replace(",", "")


def _yuan(fen: int) -> Decimal:
    return Decimal(fen) / 100


def as_json(settlement: Settlement, merchant: Merchant, lines: Sequence[SettlementLine]) -> bytes:
    """The statement's frozen figures and its lines, every column, in canonical JSON (fen, moments in UTC)."""
    kept = {name: getattr(settlement, name) for name in FROZEN} | {"merchant": merchant.name}
    columns = [column.key for column in SettlementLine.__table__.columns if column.key not in ("community_id", "live")]
    rows = [{name: getattr(line, name) for name in columns} for line in lines]
    digest = settlement.digest.hex() if settlement.digest else None
    return canonical(**kept, sha256=digest, lines=rows) + b"\n"


FROZEN = (
    "id", "merchant_id", "number", "week", "cut_off_at", "rules", "opening_fen", "gross_fen", "deduction_fen",
    "net_fen", "payable_fen", "closing_fen", "held_fen", "points", "line_count",
)  # fmt: skip

KINDS = {
    "csv": (CSV_TYPE, as_csv),
    "xlsx": (XLSX_TYPE, as_xlsx),
    "json": ("application/json", as_json),
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


def make_week(actor: Actor, week: str) -> StatementFile:
    """Every numbered statement of the week that the actor may see, as CSV, XLSX and JSON in one archive.

    The same bytes for the same statements, whenever it is made. Raises Forbidden.
    """
    kept: list[tuple[Settlement, Merchant]] = []
    after: UUID | None = None
    while rows := list_settlements(actor, week=week, after=after, limit=200):
        kept += [row for row in rows if row[0].number and row[0].state != SettlementState.VOID]
        after = rows[-1][0].id
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for settlement, merchant in sorted(kept, key=lambda row: row[0].number or ""):
            lines = lines_of(actor.tenant, settlement.id)
            for kind, (_, write) in KINDS.items():
                named = zipfile.ZipInfo(f"{settlement.number}.{kind}", (1980, 1, 1, 0, 0, 0))
                archive.writestr(named, write(settlement, merchant, lines), zipfile.ZIP_DEFLATED)
    return StatementFile(f"{week}.zip", ZIP_TYPE, file.getvalue())


def _row(line: SettlementLine, detail: Detail) -> list[str | int]:
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
        _plain(line.gross_fen),
        _plain(line.deduction_fen),
        _plain(line.net_fen),
        safe(line.reason),
        "" if detail.quantity is None else detail.quantity,
        operator_of(line),
        detail.original,
    ]


def _local(moment: datetime) -> str:
    return moment.astimezone(clock.SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
