"""The keys of an account over the API: password and second factor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from ledger.core import clock
from ledger.core.audit import AuditLine
from ledger.core.db import atomic, db
from ledger.core.tenancy import Role
from ledger.people import second_factor, tries
from ledger.people.errors import TotpWrong
from ledger.people.sign_in_models import Authenticator, Password, RecoveryCode
from tests.api.calling import NOW, Caller, enrolled, staff_member
from tests.stories import Neighbour, Neighbourhood, next_phone, open_neighbourhood
from tests.web.messages import code_for

GOOD = "一朵红花 开在 胜利街"


@pytest.fixture
def place(context: Flask) -> Iterator[Neighbourhood]:
    with clock.set_to(NOW):
        yield open_neighbourhood()


@pytest.fixture
def staff(place: Neighbourhood) -> tuple[str, Neighbour]:
    """A stamper with a phone we know."""
    return staff_member(place, Role.STAMPER)


@pytest.fixture
def call(client: FlaskClient, place: Neighbourhood) -> Callable[..., Caller]:
    return lambda token="": Caller(client, token)


def actions(action: str) -> list[str]:
    db.session.close()
    return list(db.session.scalars(select(AuditLine.outcome).where(AuditLine.action == action)))


# --- password ---------------------------------------------------------------------------------------------------


def with_password(call: Callable[..., Caller], phone: str, password: str = GOOD) -> Caller:
    caller = call()
    assert caller.sign_in(phone).status_code == 200
    assert caller.post("/me/password", {"new": password}).status_code == 204
    return caller


def test_staff_sign_in_with_phone_and_password(call, staff):
    with_password(call, staff[0])
    caller = call()
    assert caller.sign_in(staff[0], password=GOOD).status_code == 200
    assert caller.get("/me").json["person"]["id"] == staff[1].person_id.hex
    assert caller.get("/me/password").json == {"is_set": True, "may_be_set": True}
    assert actions("people.set_password") == ["done"]


def test_a_volunteer_sets_no_password(call, place):
    volunteer = place.volunteer()
    caller = call(volunteer.token)
    assert caller.get("/me/password").json == {"is_set": False, "may_be_set": False}
    assert caller.post("/me/password", {"new": GOOD}).status_code == 403


def test_wrong_password_unknown_number_and_number_without_one_answer_alike(call, staff, place):
    with_password(call, staff[0])
    answers = [
        call().sign_in(phone, password="not the password")
        for phone in (staff[0], staff_member(place, Role.STAMPER)[0], next_phone())
    ]
    said = [{name: one.json[name] for name in ("status", "code", "title", "detail")} for one in answers]
    assert said[0]["code"] == "password_wrong"
    assert said[0] == said[1] == said[2]


def test_ten_wrong_passwords_lock_the_password_and_a_code_opens_it(call, staff):
    with_password(call, staff[0])
    said = [call().sign_in(staff[0], password=f"wrong password {n}").status_code for n in range(11)]
    assert said == [409] * 10 + [429]
    assert call().sign_in(staff[0], password=GOOD).status_code == 429
    assert call().sign_in(staff[0]).status_code == 200
    assert call().sign_in(staff[0], password=GOOD).status_code == 200


@pytest.mark.parametrize("easy", ["1234567890", "aaaaaaaaaaaa", "qwertyuiop", "password2026", "红花红花红花红花红花"])
def test_an_easy_password_is_refused(call, staff, easy):
    caller = call()
    caller.sign_in(staff[0])
    assert caller.post("/me/password", {"new": easy}).json["code"] == "password_too_easy"


def test_the_phone_is_no_password_and_nine_characters_are_none(call, staff):
    caller = call()
    caller.sign_in(staff[0])
    assert caller.post("/me/password", {"new": f"my{staff[0]}!"}).json["code"] == "password_too_easy"
    assert caller.post("/me/password", {"new": "nine char"}).status_code == 422


def test_an_old_sign_in_needs_the_present_password_to_change_it(call, staff):
    caller = with_password(call, staff[0])
    clock.advance(minutes=16)
    assert caller.post("/me/password", {"new": "another good one"}).json["code"] == "sign_in_again"
    wrong = caller.post("/me/password", {"new": "another good one", "current": "not it"})
    assert wrong.json["code"] == "password_wrong"
    assert caller.post("/me/password", {"new": "another good one", "current": GOOD}).status_code == 204
    assert call().sign_in(staff[0], password="another good one").status_code == 200


def test_who_forgot_it_signs_in_with_a_code_and_sets_another(call, staff):
    with_password(call, staff[0])
    clock.advance(days=100)
    with_password(call, staff[0], "another good one")
    assert call().sign_in(staff[0], password=GOOD).json["code"] == "password_wrong"


def test_a_new_password_signs_out_every_other_browser(call, staff):
    other = call()
    other.sign_in(staff[0])
    caller = with_password(call, staff[0])
    assert other.get("/me").status_code == 401
    assert caller.get("/me").status_code == 200


def test_a_removed_password_opens_nothing(call, staff):
    caller = with_password(call, staff[0])
    assert caller.post("/me/password/remove").status_code == 204
    assert caller.post("/me/password/remove").status_code == 404
    assert call().sign_in(staff[0], password=GOOD).json["code"] == "password_wrong"


def test_code_and_password_together_or_neither_is_a_form_error(call, staff):
    for body in ({}, {"code": "123456", "password": GOOD}):
        assert call().post("/sign-in", {"phone": staff[0], **body}).status_code == 422


# --- second factor ----------------------------------------------------------------------------------------------


def test_whoever_has_a_second_factor_is_always_asked(call, staff):
    _, totp, _ = enrolled(call, staff[0])
    assert call().sign_in(staff[0]).json["code"] == "totp_required"
    assert call().sign_in(staff[0], totp="000000").json["code"] == "totp_wrong"
    answer = call().sign_in(staff[0], totp=totp.at(clock.now()))
    assert answer.status_code == 200


def test_the_code_lives_on_while_the_second_factor_is_asked_for(call, staff):
    _, totp, _ = enrolled(call, staff[0])
    caller = call()
    caller.sign_in(staff[0])
    again = {"phone": staff[0], "code": code_for(staff[0]), "totp": totp.at(clock.now())}
    assert caller.post("/sign-in", again).status_code == 200
    assert caller.post("/sign-in", again).json["code"] == "code_expired"


def test_a_step_is_used_once_and_none_before_it(call, staff):
    _, totp, _ = enrolled(call, staff[0])
    earlier, now = totp.at(clock.now() - timedelta(seconds=30)), totp.at(clock.now())
    assert call().sign_in(staff[0], totp=now).status_code == 200
    assert call().sign_in(staff[0], totp=now).json["code"] == "totp_wrong"
    assert call().sign_in(staff[0], totp=earlier).json["code"] == "totp_wrong"


def test_the_step_that_confirmed_is_used_up_too(call, staff):
    _, totp, _ = enrolled(call, staff[0])
    assert call().sign_in(staff[0], totp=totp.at(NOW)).json["code"] == "totp_wrong"


@pytest.mark.parametrize(("steps", "status"), [(-2, 409), (-1, 200), (0, 200), (1, 200), (2, 409)])
def test_a_clock_may_be_off_by_one_step(call, staff, steps, status):
    _, totp, _ = enrolled(call, staff[0])
    clock.advance(minutes=5)
    off = totp.at(clock.now() + timedelta(seconds=30 * steps))
    assert call().sign_in(staff[0], totp=off).status_code == status


def test_ten_wrong_second_factors_are_followed_by_a_block_from_wherever_they_come(call, staff):
    _, totp, _ = enrolled(call, staff[0])
    with_codes = [call().sign_in(staff[0], totp="000000").status_code for _ in range(4)]
    assert with_codes == [409] * 4
    origin = tries.origin_of(staff[0], "203.0.113.9")
    for _ in range(6):
        with pytest.raises(TotpWrong) as wrong:
            second_factor.check(staff[1].person_id, origin, "000000")
        _atomic(wrong.value.afterwards)
    assert call().sign_in(staff[0], totp=totp.at(clock.now())).status_code == 429


def _atomic(effect: Any) -> None:
    atomic(effect)()


def test_a_recovery_code_works_once(call, staff):
    caller, _, codes = enrolled(call, staff[0])
    assert len(set(codes)) == 10
    assert caller.get("/me/totp").json["recovery_codes_left"] == 10
    assert call().sign_in(staff[0], totp=codes[0].lower()).status_code == 200
    assert call().sign_in(staff[0], totp=codes[0]).json["code"] == "totp_wrong"
    assert caller.get("/me/totp").json["recovery_codes_left"] == 9


def test_new_recovery_codes_end_the_old_ones(call, staff):
    caller, totp, codes = enrolled(call, staff[0])
    fresh = caller.post("/me/totp/recovery-codes", {"totp": totp.at(clock.now())}).json["recovery_codes"]
    assert call().sign_in(staff[0], totp=codes[0]).json["code"] == "totp_wrong"
    assert call().sign_in(staff[0], totp=fresh[0]).status_code == 200


def test_it_is_removed_with_a_code_and_then_not_asked_for(call, staff):
    caller, totp, _ = enrolled(call, staff[0])
    assert caller.post("/me/totp").json["code"] == "already_exists"
    assert caller.post("/me/totp/remove", {"totp": "000000"}).json["code"] == "totp_wrong"
    assert caller.post("/me/totp/remove", {"totp": totp.at(clock.now())}).status_code == 204
    assert call().sign_in(staff[0]).status_code == 200


def test_an_unconfirmed_one_is_not_asked_for(call, staff):
    caller = call()
    caller.sign_in(staff[0])
    caller.post("/me/totp")
    assert call().sign_in(staff[0]).status_code == 200
    assert caller.post("/me/totp/confirm", {"totp": "000000"}).json["code"] == "totp_wrong"


def test_the_tables_hold_no_secret_that_opens_anything(call, staff):
    caller, totp, codes = enrolled(call, staff[0])
    clock.advance(seconds=1)
    caller.post("/me/password", {"new": GOOD})
    db.session.close()
    rows = [
        repr(vars(row))
        for table in (Password, Authenticator, RecoveryCode)
        for row in db.session.scalars(select(table))
    ]
    assert len(rows) == 12
    for secret in (GOOD, totp.secret, codes[0].replace("-", ""), codes[0]):
        assert not [row for row in rows if secret in row]
