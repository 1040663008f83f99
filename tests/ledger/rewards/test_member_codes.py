"""The one-time code: a minute, one scan, one member, one session, and a till that guesses is slowed down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ledger.core import clock
from ledger.core.db import db
from ledger.core.errors import Forbidden, NotFound, TooManyRequests
from ledger.core.idempotency import Answer, Request, perform
from ledger.core.tenancy import Actor
from ledger.people import sessions
from ledger.rewards import member_codes, offers, redemptions, tills
from ledger.rewards.errors import (
    MemberCodeExpired,
    MemberCodeReplaced,
    MemberCodeUnknown,
    MemberCodeUsed,
    OutOfStock,
)
from ledger.rewards.models import MemberCode
from ledger.rewards.ways import ByMemberCode, ByTill
from tests.ledger.rewards.street import Street
from tests.stories import Neighbour, open_neighbourhood


def ask(actor: Actor, verb: Callable[[], Any], key: str | None = None, body: bytes = b"") -> str:
    """The call as it comes from outside: "done" or the code of the refusal, with all that outlives it."""
    request = Request(actor=actor, route="POST /test", key=key, fingerprint=body)
    return perform(
        request, verb, dump=lambda _: Answer(200, "done"), dump_refusal=lambda reason: Answer(409, reason.code)
    ).body


def new_code(person: Neighbour) -> str:
    return member_codes.create_member_code(person.actor).code


def scan(street: Street, code: str) -> str:
    return ask(street.clerk.actor, lambda: tills.open_till(street.clerk.actor, member_code=code))


def test_a_code_lives_for_a_minute(street: Street):
    made = member_codes.create_member_code(street.volunteer().actor)
    assert len(made.code) == 14
    assert (made.expires_at - clock.now()).total_seconds() == 60
    clock.advance(seconds=60)
    with pytest.raises(MemberCodeExpired):
        tills.open_till(street.clerk.actor, member_code=made.code)


def test_a_code_is_good_to_the_last_second(street: Street):
    code = new_code(street.volunteer())
    clock.advance(seconds=59)
    assert tills.open_till(street.clerk.actor, member_code=code).member_name == "林*芳"


def test_a_code_is_stored_only_as_a_keyed_hash(street: Street):
    code = new_code(street.volunteer())
    row = db.session.query(MemberCode).one()
    assert code.replace("-", "").encode() not in row.code_hash
    assert len(row.code_hash) == 32


def test_a_code_is_read_however_it_is_typed(street: Street):
    code = new_code(street.volunteer()).lower().replace("-", " ")
    assert tills.open_till(street.clerk.actor, member_code=f"https://example.org/till#{code}").visit


def test_a_code_is_used_once(street: Street):
    code = new_code(street.volunteer())
    assert scan(street, code) == "done"
    assert scan(street, code) == "member_code_used"


def test_a_newer_code_replaces_the_older(street: Street):
    lin = street.volunteer()
    older, newer = new_code(lin), new_code(lin)
    with pytest.raises(MemberCodeReplaced):
        tills.open_till(street.clerk.actor, member_code=older)
    assert tills.open_till(street.clerk.actor, member_code=newer).visit.member_id == lin.member_id


def test_a_code_dies_with_its_session(street: Street):
    lin = street.volunteer()
    code, actor = new_code(lin), lin.actor
    assert actor.session_id is not None
    sessions.revoke(actor, actor.session_id)
    with pytest.raises(MemberCodeExpired):
        tills.open_till(street.clerk.actor, member_code=code)


def test_a_code_of_another_community_is_unknown_here(street: Street):
    stranger = open_neighbourhood("北塔社区").volunteer()
    assert scan(street, new_code(stranger)) == "member_code_unknown"


@pytest.mark.parametrize("code", ["", "2222-2222-2222", "abc", "x" * 500, "0000-IIII-OOOO", "🌺"])
def test_anything_else_is_unknown(street: Street, code: str):
    with pytest.raises(MemberCodeUnknown):
        tills.open_till(street.clerk.actor, member_code=code)


def test_a_known_code_is_used_up_even_when_the_rest_is_refused(street: Street):
    lin, actor = street.volunteer(), street.clerk.actor
    gone = street.offer(stock=0)
    code = new_code(lin)
    first = ask(actor, lambda: redemptions.reserve(actor, gone.id, way=ByMemberCode(code)))
    again = ask(actor, lambda: redemptions.reserve(actor, street.loaf.id, way=ByMemberCode(code)))
    assert (first, again) == (OutOfStock.code, MemberCodeUsed.code)
    assert street.available(lin) == 100


def test_a_refusal_is_replayed_after_its_reason_has_gone(street: Street):
    gone = street.offer(stock=0)
    lin = street.volunteer().actor
    reserve = lambda: redemptions.reserve(lin, gone.id, way=street.poster)  # noqa: E731
    assert ask(lin, reserve, key="k1") == "out_of_stock"
    offers.restock_offer(street.place.admin.actor, gone.id, pieces=1)
    assert ask(lin, reserve, key="k1") == "out_of_stock"
    assert ask(lin, reserve, key="k2") == "done"


def test_twenty_unknown_codes_in_ten_minutes_are_enough(street: Street):
    code = new_code(street.volunteer())
    for _ in range(21):
        assert scan(street, "2222-2222-2222") == "member_code_unknown"
    assert scan(street, code) == "too_many_requests"
    with pytest.raises(TooManyRequests) as refused:
        redemptions.reserve(street.clerk.actor, street.loaf.id, way=ByMemberCode(code))
    assert 0 < refused.value.facts["retry_after"] <= 601
    clock.advance(minutes=10)
    assert scan(street, code) == "member_code_expired"


def test_the_phone_learns_what_came_of_its_code(street: Street):
    lin = street.volunteer()
    made = member_codes.create_member_code(lin.actor)
    assert member_codes.see_member_code(lin.actor, made.id).status == "live"
    till = tills.open_till(street.clerk.actor, member_code=made.code)
    assert member_codes.see_member_code(lin.actor, made.id).status == "used"
    reserved = redemptions.reserve(street.clerk.actor, street.loaf.id, way=ByTill(till.visit.id))
    assert member_codes.see_member_code(lin.actor, made.id).redemption_id == reserved.id
    second = member_codes.create_member_code(lin.actor)
    clock.advance(seconds=60)
    assert member_codes.see_member_code(lin.actor, second.id).status == "expired"


def test_a_code_is_its_members_own_business(street: Street):
    made = member_codes.create_member_code(street.volunteer().actor)
    with pytest.raises(Forbidden):
        member_codes.see_member_code(street.volunteer(name="陈刚").actor, made.id)
    with pytest.raises(NotFound):
        member_codes.see_member_code(open_neighbourhood("北塔社区").volunteer().actor, made.id)
    with pytest.raises(Forbidden):
        member_codes.create_member_code(street.clerk.actor)
