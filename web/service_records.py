"""Service records as a file with the field blocks of MZ/T 061: a member's own, or a part's for its staff."""

from __future__ import annotations

from flask import Blueprint
from flask_babel import gettext as _

from api.auth import current_actor
from api.schemas.service_records import RecordQuery
from ledger.core.spreadsheets import Cell
from ledger.recognition import service_records
from ledger.recognition.service_records import Record
from web.forms import ask
from web.sheets import Sheet, as_files, within_month

page = Blueprint("service_records", __name__)


@as_files(page, "/c/<id:community_id>/service-records")
def make_sheet() -> Sheet:
    """The stamped visits that I may see with names, or mine alone (`?mine=1`); newest first."""
    asked = within_month(ask(RecordQuery()))
    rows = service_records.read_records(
        current_actor(), is_mine=asked["mine"], since=asked["since"], until=asked["until"]
    )
    columns = (
        *(_("志愿者编号"), _("志愿者姓名"), _("志愿者所在网格或楼栋")),
        *(_("志愿服务队"), _("服务项目"), _("服务活动"), _("服务地点")),
        *(_("培训名称"), _("培训学时")),
        *(_("荣誉"), _("服务开始"), _("服务结束"), _("服务时长（分钟）")),
        *(_("服务评价"), _("证明编号")),
    )
    return Sheet(columns, [_row(one) for one in rows])


def _row(one: Record) -> list[Cell]:
    """In the order of the standard's blocks; of training and evaluation nothing is held."""
    return [
        *(one.member_id.hex, one.name, one.part),
        *("、".join(one.teams), one.programme, one.activity, one.place),
        *(None, None),
        *("、".join(one.honours), one.arrived_at, one.left_at, one.minutes),
        *(None, "、".join(one.certificates)),
    ]
