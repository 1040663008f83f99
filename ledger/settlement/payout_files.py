"""A batch as the bank's file, the same bytes each time, and the bank's answer to it as a file."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import NamedTuple
from uuid import UUID

from ledger.core import audit, outbox
from ledger.core.db import atomic, db
from ledger.core.errors import Refused
from ledger.core.permissions import require
from ledger.core.spreadsheets import Cell, as_csv
from ledger.core.tenancy import Actor, load, scoped
from ledger.people.import_files import read_rows
from ledger.settlement.bank_accounts import holder_of, number_of
from ledger.settlement.errors import ResultUnreadable
from ledger.settlement.models import Settlement
from ledger.settlement.payout_models import BankAccount, Payout, PayoutLine
from ledger.settlement.payouts import PAY, BankResult, ResultTaken, take_results

COLUMNS = (
    "编号 number",
    "收款户名 holder",
    "收款账号 account",
    "开户行 bank",
    "金额(元) amount",
    "用途 purpose",
    "结果 result",
    "流水号 reference",
    "付款日期 paid on",
    "原因 reason",
)
"""The last four are the bank's answer: the same file comes back filled in."""

NUMBER, AMOUNT, RESULT, REFERENCE, PAID_ON, REASON = (COLUMNS[n].split()[0] for n in (0, 4, 6, 7, 8, 9))
FOOTER = ("笔数", "合计", "SHA-256")
PAID_WORDS = ("成功", "已付", "paid", "success", "ok")
FAILED_WORDS = ("失败", "退票", "failed", "rejected")


class BankFile(NamedTuple):
    """A file to be saved, named by the batch's number."""

    name: str
    content: bytes


@atomic
def make_bank_file(actor: Actor, payout_id: UUID) -> BankFile:
    """The batch for the bank, with whole account numbers; that it was read is audited. NotFound, Forbidden."""
    payout = load(actor.tenant, Payout, payout_id)
    require(actor, PAY)
    audit.record(actor, "settlement.read_payout", payout.id)
    outbox.announce(actor, "payout.read", payout_id=payout.id.hex)
    query = scoped(actor.tenant, PayoutLine, BankAccount, Settlement.number).where(
        PayoutLine.payout_id == payout.id,
        BankAccount.id == PayoutLine.account_id,
        Settlement.id == PayoutLine.settlement_id,
    )
    rows = db.session.execute(query.order_by(PayoutLine.position)).tuples()
    footer: list[list[Cell]] = [
        ["笔数 count", payout.line_count],
        ["合计(元) sum", _yuan(payout.total_fen)],
        ["SHA-256", payout.digest.hex()],
    ]
    content = as_csv(COLUMNS, [*(_row(*row) for row in rows), *footer])
    return BankFile(f"{payout.number}.csv", content)


def _row(line: PayoutLine, account: BankAccount, statement: str | None) -> list[Cell]:
    purpose = f"结算 {statement}"
    known: list[Cell] = [
        line.number,
        holder_of(account),
        _grouped(number_of(account)),
        account.bank,
        _yuan(line.amount_fen),
    ]
    return [*known, purpose, "", "", "", ""]


def _grouped(number: str) -> str:
    """Digits in fours, as they stand on a card: a spreadsheet takes it for words and keeps every digit."""
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))


def _yuan(fen: int) -> Decimal:
    return Decimal(fen) / 100


# --- what comes back --------------------------------------------------------------------------------------------


def take_file(actor: Actor, payout_id: UUID, content: bytes) -> list[ResultTaken]:
    """The bank's file (CSV or XLSX) is taken line by line, as `take_results` does; what cannot be read is refused.

    Lines without a result yet are passed over. Raises NotFound, Forbidden, FileTooLarge, ImportUnreadable,
    ImportTooLong, ResultUnreadable (no headings).
    """
    load(actor.tenant, Payout, payout_id)
    require(actor, PAY)
    rows = read_rows(content)
    places = _places(rows[0] if rows else [])
    refused: list[ResultTaken] = []
    results: list[BankResult] = []
    for number, row in enumerate(rows[1:], start=2):
        said = {name: row[place] if place < len(row) else "" for name, place in places.items()}
        if said[NUMBER].startswith(FOOTER) or not said[RESULT]:
            continue
        try:
            results.append(_read(number, said))
        except ResultUnreadable as reason:
            refused.append(ResultTaken(number, said[NUMBER], "refused", reason))
    taken = take_results(actor, payout_id, results)
    return sorted([*taken, *refused], key=lambda one: one.row)


def _places(headings: list[str]) -> dict[str, int]:
    """Where each column stands, by how its heading begins. ResultUnreadable without the three that matter."""
    wanted = (NUMBER, AMOUNT, RESULT, REFERENCE, PAID_ON, REASON)
    found = {name: place for name in wanted for place, heading in enumerate(headings) if heading.startswith(name)}
    if not found.keys() >= {NUMBER, AMOUNT, RESULT}:
        raise ResultUnreadable
    return found


def _read(row: int, said: dict[str, str]) -> BankResult:
    word = said[RESULT].strip().lower()
    if word not in PAID_WORDS + FAILED_WORDS or not said[NUMBER]:
        raise ResultUnreadable
    return BankResult(
        row,
        said[NUMBER][:64],
        _fen(said[AMOUNT]),
        word in PAID_WORDS,
        reference=said.get(REFERENCE, "")[:80],
        paid_on=_day(said.get(PAID_ON, "")),
        reason=said.get(REASON, "")[:300],
    )


def _fen(typed: str) -> int:
    """ "1,234.50" as 123450 fen, never rounded."""
    try:
        fen = Decimal(re.sub(r"[,，\s¥￥]", "", typed)) * 100
        if fen != int(fen) or not 0 <= fen < 2**53:
            raise ResultUnreadable
    except (InvalidOperation, OverflowError, ValueError) as error:
        raise ResultUnreadable from error
    return int(fen)


def _day(typed: str) -> date | None:
    """ "2026-11-24" or "20261124", with or without a time behind it."""
    if not typed:
        return None
    day = re.sub(r"[-/.年月]", "", typed.split()[0].removesuffix("日"))
    try:
        return date.fromisoformat(day)
    except ValueError as error:
        raise ResultUnreadable from error


def sentence_of(taken: ResultTaken, language: str) -> str:
    """Why a line was refused, for a person; empty for one that was taken."""
    if not isinstance(taken.refusal, Refused):
        return ""
    return f"{taken.refusal.sentence(language)} {taken.refusal.next_step(language)}"
