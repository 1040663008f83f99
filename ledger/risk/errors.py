"""Refusals of the risk room."""

from __future__ import annotations

from ledger.core.errors import Refused


class OwnFlag(Refused):
    """Nobody decides on a flag about their own redemption or their own shop."""

    code = "own_flag"
    zh = ("这条提示涉及您本人或您的店。", "请另一位财务来决定。")
    en = ("This flag is about yourself or your own shop.", "Let another treasurer decide.")
