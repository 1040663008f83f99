"""QR codes as one inline SVG path: no request, no image file, sharp on paper."""

from __future__ import annotations

import qrcode
from markupsafe import Markup
from qrcode.constants import ERROR_CORRECT_M

QUIET_ZONE = 4
"""Modules of white around the code, as the standard asks."""


def qr_svg(text: str, label: str) -> Markup:
    """An <svg> that shows `text` as a QR code; `label` is read to those who cannot see it."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=0)
    code.add_data(text)
    code.make(fit=True)
    rows: list[list[bool]] = code.get_matrix()
    side = len(rows) + 2 * QUIET_ZONE
    return Markup(
        '<svg class="qr" viewBox="0 0 {side} {side}" role="img" aria-label="{label}" shape-rendering="crispEdges">'
        '<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path fill="#000" d="{path}"/></svg>'
    ).format(side=side, label=label, path=_dark_runs(rows))


def _dark_runs(rows: list[list[bool]]) -> str:
    """Neighbouring dark modules of a row become one stroke of the path, which halves its size."""
    strokes: list[str] = []
    for y, row in enumerate(rows, start=QUIET_ZONE):
        start = None
        for x, dark in enumerate([*row, False], start=QUIET_ZONE):
            if dark and start is None:
                start = x
            elif not dark and start is not None:
                strokes.append(f"M{start} {y}h{x - start}v1h-{x - start}z")
                start = None
    return "".join(strokes)
