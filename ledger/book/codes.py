"""Kinds of accounts and the declared transfers between them; anything else is refused."""

from __future__ import annotations

from enum import StrEnum


class Unit(StrEnum):
    POINTS = "points"
    FEN = "fen"
    MINUTES = "minutes"


class Kind(StrEnum):
    """What an account is for. The comment says whose balance it is and in which unit."""

    ISSUANCE = "issuance"  # the community's promise: minus everything awarded (points, minutes)
    WALLET = "wallet"  # a member's spendable points
    DEBT = "debt"  # a member's points to give back (≤ 0)
    HOURS = "hours"  # a member's minutes of service, never lowered by spending
    MERCHANT = "merchant"  # points a shop took in and has not been settled for
    POT = "pot"  # points given to the community
    VOUCHER = "voucher"  # points paid for a shop's vouchers that nobody has used yet
    EXPIRED = "expired"  # points that expired
    BANK = "bank"  # minus the community's money in the bank (fen)
    FUND = "fund"  # money set aside for rewards (fen)
    PAYABLE = "payable"  # money owed to a shop (fen)


STORED = frozenset({Kind.WALLET, Kind.DEBT, Kind.HOURS, Kind.FUND})
"""Kinds with a stored balance: a limit is checked, or a page reads it each time. The rest are sums: no hot row."""

LIMITED = frozenset({Kind.WALLET, Kind.FUND})
"""Kinds whose available balance is never negative."""

SLOTS = {Kind.FUND: 8}
"""Limited accounts that many share keep their balance in this many rows; the others in one."""

LOCK_ORDER = (Kind.WALLET, Kind.DEBT, Kind.HOURS, Kind.FUND)


class Code(StrEnum):
    """Why a transfer was made."""

    AWARD = "award"
    HOURS = "hours"
    REPAY = "repay"
    OPENING = "opening"
    REDEEM = "redeem"
    REFUND = "refund"
    DONATE = "donate"
    BUY = "buy"
    SPEND = "spend"
    EXPIRE = "expire"
    RESTORE = "restore"
    SETTLE = "settle"
    PAY = "pay"
    FUND = "fund"
    MERGE = "merge"
    REVERSE = "reverse"


Leg = tuple[Kind, Kind, Unit]

_WALLET_GAINS: Leg = (Kind.ISSUANCE, Kind.WALLET, Unit.POINTS)

DECLARED: dict[Code, frozenset[Leg]] = {
    Code.AWARD: frozenset({_WALLET_GAINS}),
    Code.OPENING: frozenset({_WALLET_GAINS}),
    Code.HOURS: frozenset({(Kind.ISSUANCE, Kind.HOURS, Unit.MINUTES)}),
    Code.REPAY: frozenset({(Kind.WALLET, Kind.DEBT, Unit.POINTS)}),
    # A voucher is paid for when it is bought; used, it pays the shop; returned, its points are the member's again.
    Code.BUY: frozenset({(Kind.WALLET, Kind.VOUCHER, Unit.POINTS)}),
    Code.REDEEM: frozenset(
        {
            (Kind.WALLET, Kind.MERCHANT, Unit.POINTS),
            (Kind.VOUCHER, Kind.MERCHANT, Unit.POINTS),
            (Kind.FUND, Kind.PAYABLE, Unit.FEN),
        }
    ),
    Code.REFUND: frozenset(
        {
            (Kind.MERCHANT, Kind.WALLET, Unit.POINTS),
            (Kind.VOUCHER, Kind.WALLET, Unit.POINTS),
            (Kind.PAYABLE, Kind.FUND, Unit.FEN),
        }
    ),
    Code.DONATE: frozenset({(Kind.WALLET, Kind.POT, Unit.POINTS)}),
    Code.SPEND: frozenset({(Kind.POT, Kind.ISSUANCE, Unit.POINTS)}),
    Code.EXPIRE: frozenset({(Kind.WALLET, Kind.EXPIRED, Unit.POINTS)}),
    # Expired points come back only to be taken with the award that is undone, in the same call.
    Code.RESTORE: frozenset({(Kind.EXPIRED, Kind.WALLET, Unit.POINTS)}),
    Code.SETTLE: frozenset({(Kind.MERCHANT, Kind.ISSUANCE, Unit.POINTS)}),
    Code.PAY: frozenset({(Kind.PAYABLE, Kind.BANK, Unit.FEN)}),
    Code.FUND: frozenset({(Kind.BANK, Kind.FUND, Unit.FEN)}),
    # Two accounts of one person become one, and again two; then what is no longer there becomes a debt.
    Code.MERGE: frozenset(
        {
            (Kind.WALLET, Kind.WALLET, Unit.POINTS),
            (Kind.DEBT, Kind.DEBT, Unit.POINTS),
            (Kind.DEBT, Kind.WALLET, Unit.POINTS),
            (Kind.HOURS, Kind.HOURS, Unit.MINUTES),
        }
    ),
    Code.REVERSE: frozenset(
        {
            (Kind.WALLET, Kind.ISSUANCE, Unit.POINTS),
            (Kind.DEBT, Kind.ISSUANCE, Unit.POINTS),
            (Kind.HOURS, Kind.ISSUANCE, Unit.MINUTES),
            (Kind.POT, Kind.WALLET, Unit.POINTS),
            (Kind.FUND, Kind.BANK, Unit.FEN),
        }
    ),
}

EARNING = frozenset({Code.AWARD, Code.OPENING})
"""Codes whose wallet first repays its debt."""

EARNED = frozenset({(Code.AWARD, 1), (Code.OPENING, 1), (Code.REPAY, -1), (Code.REVERSE, -1)})
"""What moves a wallet's lifetime figure `earned`: (code, 1 = credited, -1 = debited)."""

SPENT = frozenset({(Code.REDEEM, -1), (Code.BUY, -1), (Code.DONATE, -1), (Code.REFUND, 1), (Code.REVERSE, 1)})
"""What moves a wallet's lifetime figure `spent`; the only reversal that credits a wallet is of a donation."""
