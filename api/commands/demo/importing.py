"""Files that were imported, and some that were not: one in every state."""

from __future__ import annotations

from api.commands.demo.town import Town
from ledger.people import imports, members
from ledger.people.import_models import Import
from ledger.rewards import merchants

NEWCOMERS = ("何桂兰", "郭建国", "马小燕", "罗永强", "沈玉珍")
OPENED = tuple(zip(NEWCOMERS, (18, 6, 31, 2, 12), strict=True))

SHOPS = "店名,做什么的,门店,地址,店主,店主手机"
NEW_SHOPS = (
    "清风书屋,书店,清风书屋东门店,胜利街 61 号,马书田,13900070001",
    "清风书屋,书店,清风书屋西门店,康华路 8 号,马书田,13900070001",
    "老城照相馆,照相,,胜利街 62 号,,",
)
NEW_BRANCH = "清风书屋,书店,清风书屋南门店,康华路 20 号,,"


def import_lists(town: Town) -> None:
    """Newcomers and their opening balances are in; other files have faults, wait, were declined or taken back."""
    admin, treasurer = town.cast["admin"], town.cast["treasurer"]
    unit = town.grids[0].name
    worker, *others = (f"{name},{unit}" for name in NEWCOMERS)
    newcomers = _check(town, "members", "新居民.csv", "姓名,单元,职务", f"{worker},网格员", *others)
    imports.approve_import(treasurer, imports.ask_import(admin, newcomers.id).id)
    assert members.list_members(admin, search=NEWCOMERS[0]), "they are members now"
    cards = _check(town, "openings", "老卡期初.csv", "姓名,红花,分钟", *(f"{name},{n},{60 * n}" for name, n in OPENED))
    imports.approve_import(treasurer, imports.ask_import(admin, cards.id).id)
    _check(town, "members", "三号楼名单.csv", "姓名,手机", "曹大勇,1380013", "田凤英,", ",13800138000")
    _check(town, "members", "四号楼名单.csv", "姓名,单元", f"侯志刚,{unit}", f"邹丽华,{unit}")
    waiting = _check(town, "members", "五号楼名单.csv", "姓名,单元", f"段秀梅,{unit}")
    imports.ask_import(admin, waiting.id)
    old = _check(town, "members", "去年名单.csv", "姓名,单元", f"雷长顺,{unit}")
    imports.decline_import(treasurer, imports.ask_import(admin, old.id).id, note="这是去年的名单")
    imports.withdraw_import(admin, _check(town, "members", "重复.csv", "姓名", "龙玉兰").id)
    import_shops(town)


def import_shops(town: Town) -> None:
    """A shop of two branches with its owner and one without are in, and later a third branch of the first.

    Another file has a branch that is there, and a bad number.
    """
    admin, treasurer = town.cast["admin"], town.cast["treasurer"]
    for file_name, shops in (("新商户.csv", NEW_SHOPS), ("新门店.csv", [NEW_BRANCH])):
        new = _check(town, "merchants", file_name, SHOPS, *shops)
        imports.approve_import(treasurer, imports.ask_import(admin, new.id).id)
    assert NEW_SHOPS[0].split(",")[0] in {one.name for one in merchants.list_merchants(admin)}, "they are shops now"
    _check(town, "merchants", "商户名单.csv", SHOPS, *NEW_SHOPS[:1], "张记修鞋,修鞋,,胜利街 63 号,张师傅,1390007")


def _check(town: Town, kind: str, file_name: str, *lines: str) -> Import:
    return imports.check_file(town.cast["admin"], kind, "\n".join(lines).encode(), file_name=file_name)
