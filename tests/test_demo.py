"""The demo community: the promised structure, the same story twice, and a volunteer who can always pay."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import func, select

from api.app import create_app
from api.auth import COOKIE
from api.commands.demo import signing_in
from api.commands.demo.seeding import seed
from api.commands.demo.town import CAST, demo_community
from ledger.book import checkpoints, seals
from ledger.book.checking import run_checks
from ledger.book.models import CheckRun, Cohort, ExpiryPolicy, ReversalRequest, ReversalState, Transfer
from ledger.core import clock
from ledger.core.audit import DONE, AuditLine
from ledger.core.db import db
from ledger.core.outbox import OutboxEvent
from ledger.core.registry import checks
from ledger.core.tenancy import Actor
from ledger.people import phones, sessions
from ledger.people.cards_models import Card, CardState
from ledger.people.correction_models import Correction, CorrectionState
from ledger.people.helping_models import HelperLink, HelpState
from ledger.people.import_models import Import, ImportState
from ledger.people.life_models import NumberChange, NumberWay
from ledger.people.models import Member, Notice, PlaceUnit, Post, PostKind, RoleGrant, Session, SessionKind, UnitKind
from ledger.people.redemption_day_models import RedemptionDay, Venue
from ledger.people.team_models import Team
from ledger.people.webhook_models import Attempt, Letter, LetterState, Webhook, WebhookState
from ledger.recognition import summaries
from ledger.recognition.models import Certificate, CertificateState, Summary, SummaryState
from ledger.rewards.complaint_models import Complaint, ComplaintState, Remedy
from ledger.rewards.donation_models import Donation, DonationState, PotUse, PotUseState
from ledger.rewards.models import Branch, Redemption, RedemptionState, Refund
from ledger.rewards.pool_models import Contribution, PoolConsent
from ledger.rewards.voucher_models import Voucher, VoucherState
from ledger.risk.models import Flag, FlagState
from ledger.service.feedback_models import Feedback, FeedbackState
from ledger.service.issuance import see_issuance
from ledger.service.models import Activity, Checkin, CheckinState, ProgrammeRule, SignUp, SignUpState, Stamp
from ledger.service.objection_models import Objection, ObjectionState, Outcome
from ledger.settlement.dispute_models import Dispute, DisputeState, Favour
from ledger.settlement.models import Settlement, SettlementState
from ledger.settlement.payout_models import AccountState, BankAccount, PayoutLine, PayoutLineState
from tests.api.test_events import documented
from tests.conftest import ClientOfItsOwn, database_of
from tests.ledger.recognition.recounting import add_up, counted_again
from tests.logs import PERSONAL
from tests.serving import HOUSE
from web.acts import ACTS

pytestmark = pytest.mark.xdist_group("demo")  # One worker tells the story, not each.

UNTIL = date(2026, 11, 20)
AFTER = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def house(engine_name: str) -> Iterator[Flask]:
    """A house of its own with a small demo community, told once for all tests of an engine."""
    with a_house(engine_name, weeks=3) as app:
        yield app


@contextmanager
def a_house(engine_name: str, *, weeks: int) -> Iterator[Flask]:
    """The demo told on a database of its own, which is dropped afterwards."""
    database = database_of(engine_name)
    settings = {"TESTING": True, "REDFLOWER_ENV": "testing", "SECRET_KEY": "only for tests " * 3}
    app = create_app(settings | {"SQLALCHEMY_DATABASE_URI": database.url})
    app.test_client_class = ClientOfItsOwn
    with app.app_context():
        upgrade()
        with clock.set_to(AFTER):
            assert seed(volunteers=20, weeks=weeks, number=7, until=UNTIL, say=lambda _: None)
    yield app
    with app.app_context():
        db.engine.dispose()
    database.drop()


@pytest.fixture
def told(house: Flask) -> Iterator[Flask]:
    """The clock stands three hours after the story's end."""
    with house.app_context(), clock.set_to(AFTER):
        yield house


def count(model: type[Any], *conditions: Any) -> int:
    return int(db.session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0)


def bearer(role: str) -> dict[str, str]:
    person_id = phones.person_with(CAST[role][1])
    assert person_id is not None
    token, _ = sessions.open_session(person_id, kind=SessionKind.API, label="test")
    return {"Authorization": f"Bearer {token}"}


def test_the_community_has_the_structure_of_its_model(told: Flask) -> None:
    ours = (PlaceUnit.community_id == _community_id(), PlaceUnit.ended_at.is_(None))
    kinds = {kind: count(PlaceUnit, PlaceUnit.kind == kind, *ours) for kind in UnitKind}
    assert kinds == {
        UnitKind.COMMUNITY: 1,
        UnitKind.COMPOUND: 6,
        UnitKind.GRID: 8,
        UnitKind.MICRO_GRID: 30,
        UnitKind.BUILDING: 60,
        UnitKind.ENTRANCE: 174,
        UnitKind.GENERAL_BRANCH: 1,
        UnitKind.BRANCH: 3,
        UnitKind.PARTY_GROUP: 15,
    }
    assert count(Post, Post.kind == PostKind.MICRO_GRID_LEADER) == 56
    assert count(Post, Post.kind == PostKind.UNIT_STEWARD) == 174
    assert count(Member) >= 56 + 174 + 20


def test_places_posts_roles_and_teams_have_a_history(told: Flask) -> None:
    assert count(PlaceUnit, PlaceUnit.ended_at.is_not(None)) == 1
    for model in (Post, RoleGrant, Team):
        assert count(model, model.until.is_(None)) > 0
        assert count(model, model.until.is_not(None)) > 0


def test_rows_stand_in_many_states_and_the_books_are_clean(told: Flask) -> None:
    states = {
        Checkin.state: (CheckinState.STAMPED, CheckinState.RETURNED, CheckinState.VOID),
        Redemption.state: (RedemptionState.CONFIRMED, RedemptionState.REFUNDED),
        Settlement.state: (SettlementState.DRAFT, SettlementState.PAID),
        ReversalRequest.state: tuple(ReversalState),
        SignUp.state: tuple(SignUpState),
        Import.state: tuple(ImportState),
        Card.state: tuple(CardState),
        Correction.state: tuple(CorrectionState),
        NumberChange.way: (NumberWay.STAFF, NumberWay.REPORTED, NumberWay.CONFIRMED),
        Objection.state: tuple(ObjectionState),
        Objection.outcome: tuple(Outcome),
        Feedback.state: tuple(FeedbackState),
        Feedback.is_nothing: (True, False),
        Voucher.state: tuple(VoucherState),
        Donation.state: tuple(DonationState),
        PotUse.state: tuple(PotUseState),
        Dispute.state: (DisputeState.RAISED, DisputeState.ANSWERED, DisputeState.DECIDED, DisputeState.APPEALED),
        BankAccount.state: tuple(AccountState),
        PayoutLine.state: tuple(PayoutLineState),
        Flag.state: tuple(FlagState),
        Summary.state: (SummaryState.SIGNED,),
        Certificate.state: tuple(CertificateState),
        Complaint.state: (ComplaintState.OPEN, ComplaintState.ANSWERED, ComplaintState.CLOSED),
        Complaint.outcome: tuple(Remedy),
        RedemptionDay.venue: tuple(Venue),
    }
    for column, wanted in states.items():
        assert set(wanted) <= set(db.session.scalars(select(column).distinct()))
    by_the_clock = select(Dispute.favour).where(Dispute.decided_at.is_not(None), Dispute.decided_by.is_(None))
    assert set(db.session.scalars(by_the_clock)) == set(Favour), "as each agreement says"
    assert run_checks() == []


def test_whoever_looks_at_the_books_finds_each_check_run_without_a_finding(told: Flask) -> None:
    found = {run.name: run.findings for run in db.session.scalars(select(CheckRun))}
    assert found == dict.fromkeys(checks, 0)


def test_rules_have_a_history_with_caps_posts_evidence_and_budgets_nearly_used(told: Flask) -> None:
    rules = list(db.session.scalars(select(ProgrammeRule).where(ProgrammeRule.version == 2)))
    assert len([one for one in rules if one.max_points_day or one.max_points_member]) >= 3
    assert any(one.multipliers for one in rules)
    assert any(one.evidence for one in rules)
    assert count(Stamp, Stamp.explanation.contains("最多"), Stamp.explanation.contains("已得")) > 0
    assert count(Stamp, Stamp.explanation.contains("单元管家 × 120%")) > 0
    with clock.set_to(datetime(2026, 11, 19, 12, 0, tzinfo=UTC)):
        month = see_issuance(sessions.enter(_actor("admin"), _community_id()))
    assert month.level == 80
    budgeted = [one for one in month.programmes if one.budget_points]
    assert [80 <= one.points * 100 // (one.budget_points or 1) <= 100 for one in budgeted] == [True]
    assert count(Notice, Notice.kind == "issuance.reached") == 3  # An admin and two treasurers.


def _actor(role: str) -> Actor:
    person_id = phones.person_with(CAST[role][1])
    assert person_id is not None
    token, _ = sessions.open_session(person_id, kind=SessionKind.API, label="test")
    return sessions.actor_of(token)


def _community_id() -> UUID:
    community = demo_community()
    assert community is not None
    return community.id


def test_a_coordinator_can_scan_today_and_the_grant_of_a_lost_phone_is_revoked(told: Flask) -> None:
    grants = select(Session.revoked_at.is_(None)).where(Session.kind == SessionKind.DEVICE, Session.expires_at > AFTER)
    assert sorted(db.session.scalars(grants)) == [False, True]
    assert count(Card, Card.state == CardState.ISSUED) >= 6
    assert (
        count(Activity, Activity.name.contains("扫卡签到"), Activity.starts_at <= AFTER, Activity.ends_at > AFTER) == 1
    )


def test_two_files_of_shops_are_in_and_one_has_faults(told: Flask) -> None:
    files = db.session.execute(select(Import.state, Import.faults).where(Import.kind == "merchants")).tuples()
    assert sorted((state, [fault[2] for fault in faults]) for state, faults in files) == [
        (ImportState.DONE, []),
        (ImportState.DONE, []),
        (ImportState.FAULTY, ["already_there", "owner_by_hand", "phone_malformed"]),
    ]
    assert count(Branch, Branch.name.startswith("清风书屋")) == 3


def test_the_street_sees_two_communities_and_somebody_moved_from_one_to_the_other(told: Flask) -> None:
    seen = told.test_client().get("/api/v1/me", headers=bearer("street")).json["oversight"]
    assert len(seen) == 1
    [gone] = db.session.scalars(
        select(Member).where(Member.left_reason == "moved", Member.community_id != _community_id())
    )
    [came] = db.session.scalars(select(Member).where(Member.person_id == gone.person_id, Member.id != gone.id))
    assert (came.community_id, came.name, came.left_at) == (_community_id(), gone.name, None)
    beside = Checkin.community_id == gone.community_id
    assert count(Checkin, beside, Checkin.state == CheckinState.STAMPED) == count(Checkin, beside) == 15


def test_events_are_listed_say_nothing_personal_and_go_to_webhooks_in_every_state(told: Flask) -> None:
    rows = db.session.execute(select(OutboxEvent.kind, OutboxEvent.payload)).tuples().all()
    assert sorted({kind for kind, _ in rows} - set(documented())) == []
    said = json.dumps([payload for _, payload in rows], ensure_ascii=False)
    assert not re.search(r"[\u4e00-\u9fff]", said), "no name, no sentence"
    assert not PERSONAL.search(re.sub(r'"\d{4,6}"', "", said))
    assert set(db.session.scalars(select(Webhook.state))) == set(WebhookState)
    assert count(Letter, Letter.state == LetterState.DEAD) == 1
    assert (count(Attempt, Attempt.is_taken), count(Attempt, ~Attempt.is_taken)) == (3, 9)


def recount(months: int) -> None:
    """Every figure of every month of the demo: counted again by plain SQL, and the sum of the rows that it leads to."""
    admin = sessions.enter(_actor("admin"), _community_id())
    seen = [summaries.see_summary(admin, one.month) for one in summaries.list_summaries(admin)]
    assert len(seen) >= months
    for view in seen:
        assert view.document is not None
        assert view.document["totals"] == counted_again(admin.tenant, view), view.month
        assert add_up(admin, view, limit=1000) == []


def test_every_figure_of_every_month_is_counted_again(told: Flask) -> None:
    recount(months=2)


@pytest.mark.night
def test_a_whole_year_is_told_and_every_figure_of_it_counted_again(engine_name: str) -> None:
    with a_house(engine_name, weeks=52) as app, app.app_context(), clock.set_to(AFTER):
        assert list(run_checks()) == []
        recount(months=12)


SEALED: dict[str, bytes] = {}
"""The digest of the newest checkpoint by engine: it covers every transfer of the story and every day's checkpoint."""


def test_every_day_of_the_story_is_sealed_with_the_same_root_on_both_engines(told: Flask, engine_name: str) -> None:
    community = demo_community()
    assert community is not None
    found = checkpoints.list_checkpoints(community.id, limit=200)
    days = [one.day for one in found[::-1]]
    assert days == [days[0] + timedelta(days=number) for number in range(len(days))]
    assert (days[0], days[-1]) == (date(2026, 10, 23), UNTIL - timedelta(days=1))
    assert seals.waiting(community.id) == 0
    assert found[0].size == count(Transfer, Transfer.community_id == community.id)
    SEALED[engine_name] = found[0].digest
    assert len(set(SEALED.values())) == 1


def test_reversals_were_whole_and_in_part_and_the_volunteer_reads_why(told: Flask) -> None:
    community = demo_community()
    assert community is not None
    pairs = db.session.execute(
        select(ReversalRequest.amount, Transfer.amount)
        .where(ReversalRequest.state == ReversalState.POSTED, Transfer.id == ReversalRequest.transfer_id)
        .where(Transfer.code == "award")
    ).all()
    assert {asked < whole for asked, whole in pairs} == {True, False}
    seen = told.test_client().get(f"/api/v1/communities/{community.id.hex}/reversals", headers=bearer("volunteer"))
    assert [one["reason"] for one in seen.json["items"]] == ["早走了半小时，多记了"]


def test_helpers_stand_in_every_state_and_have_acted_in_the_open(told: Flask) -> None:
    assert set(db.session.scalars(select(HelperLink.state))) == set(HelpState)
    lin, helped = phones.person_with(CAST["volunteer"][1]), Checkin.on_behalf_of.is_not(None)
    assert count(Checkin, Checkin.recorded_by == lin, helped) > 0
    assert count(Redemption, Redemption.confirmed_by == lin, Redemption.on_behalf_of.is_not(None)) > 0
    for column in (Notice.read_at, Notice.handed_over_at):
        assert 0 < count(Notice, column.is_not(None)) < count(Notice)


def test_an_account_at_a_provider_is_listed_for_its_person(told: Flask) -> None:
    person_id = phones.person_with(signing_in.PHONE)
    token, _ = sessions.open_session(person_id, kind=SessionKind.BROWSER, label="test")
    client = told.test_client()
    client.set_cookie(COOKIE, token)
    page = client.get("/me/identities")
    assert (page.status_code, f"<b>{signing_in.PROVIDER}</b>" in page.text) == (200, True)


def test_every_act_of_the_story_has_its_words(told: Flask) -> None:
    """The audit page calls acts by what people say, those whose name the code puts together included."""
    acts = set(db.session.scalars(select(AuditLine.action).where(AuditLine.outcome == DONE).distinct()))
    assert len(acts) > 60
    assert sorted(acts - ACTS.keys()) == []


def test_a_second_run_adds_nothing(told: Flask) -> None:
    before = count(Transfer)
    assert not seed(volunteers=20, weeks=3, number=7, until=UNTIL, say=lambda _: None)
    assert count(Transfer) == before


def test_all_people_of_the_cast_belong_to_the_demo_community(told: Flask) -> None:
    community, client = demo_community(), told.test_client()
    assert community is not None
    for role in CAST.keys() - {"operator"}:
        assert client.get(f"/api/v1/communities/{community.id.hex}/units", headers=bearer(role)).status_code in (
            200,
            403,
        )
        me = client.get("/api/v1/me", headers=bearer(role)).json
        places = [*me["memberships"], *me["counters"], *me["oversight"]]
        assert places, role


@pytest.mark.parametrize("hours", [0, 9, 21, 33, 57, 81, 105, 129])
def test_the_volunteer_can_pay_at_the_clerks_counter_at_any_hour(told: Flask, hours: int) -> None:
    community, client = demo_community(), told.test_client()
    assert community is not None
    clock.advance(hours=hours)
    url = f"/api/v1/communities/{community.id.hex}"
    volunteer, clerk = bearer("volunteer"), bearer("clerk")
    code = client.post(f"{url}/member-codes", json={}, headers=volunteer).json["code"]
    till = client.post(f"{url}/till", json={"member_code": code}, headers=clerk).json
    usable = [offer for offer in till["offers"] if offer["usable"] and offer["kind"] == "goods"]
    assert usable, till
    usable.sort(key=lambda offer: offer["points"])
    body = {"offer_id": usable[0]["id"], "quantity": 1, "via": {"till_id": till["till_id"]}}
    reserved = client.post(f"{url}/redemptions", json=body, headers=clerk | {"Idempotency-Key": f"a{hours}"})
    assert reserved.status_code == 201, reserved.json
    path = f"{url}/redemptions/{reserved.json['id']}/confirm"
    confirmed = client.post(path, json={}, headers=volunteer | {"Idempotency-Key": f"b{hours}"})
    assert (confirmed.status_code, confirmed.json["status"]) == (200, "confirmed")


def flask(database: Path, *arguments: str, environment: str = "development") -> subprocess.CompletedProcess[str]:
    own = {"DATABASE_URL": f"sqlite:///{database}", "SECRET_KEY": "only for tests " * 3, "REDFLOWER_ENV": environment}
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", *arguments],
        cwd=HOUSE,
        env=os.environ | own,
        capture_output=True,
        text=True,
        check=False,
    )


def transfers_of(database: Path) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute("SELECT * FROM transfers ORDER BY id").fetchall()


@pytest.mark.long
def test_the_same_seed_and_day_tell_the_same_story_in_another_process(tmp_path: Path) -> None:
    stories = []
    for name in ("one", "two"):
        database = tmp_path / name
        assert flask(database, "db", "upgrade").returncode == 0
        told = flask(database, "demo", "seed", "--weeks", "2", "--members", "40", "--until", "2026-11-01")
        assert told.returncode == 0, told.stderr
        stories.append(transfers_of(database))
        assert flask(database, "books", "check").returncode == 0
    assert stories[0] == stories[1]
    assert len(stories[0]) > 500


def test_the_demo_is_refused_in_production(tmp_path: Path) -> None:
    refused = flask(tmp_path / "real", "demo", "seed", environment="production")
    assert refused.returncode == 1
    assert "production" in refused.stderr


def test_a_story_cannot_end_in_the_future(tmp_path: Path) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    refused = flask(tmp_path / "real", "demo", "seed", "--until", tomorrow)
    assert "future" in refused.stderr


def test_flowers_of_the_demo_expire_some_day_by_two_decisions(told: Flask) -> None:
    decided = db.session.scalars(select(ExpiryPolicy.months).order_by(ExpiryPolicy.id)).all()
    assert list(decided) == [1, 24]
    days = set(db.session.scalars(select(Cohort.expires_on).where(Cohort.points_left > 0)))
    assert date(2028, 11, 30) in days
    assert min(days) < date(2027, 1, 1)


def test_households_pay_together_and_cards_take_something_off_in_every_state(told: Flask) -> None:
    for agreed in (Contribution.agreed_at.is_(None), Contribution.refunded_points > 0):
        assert count(Contribution, agreed) > 0
    for ended in (PoolConsent.ended_at.is_(None), PoolConsent.ended_at.is_not(None)):
        assert count(PoolConsent, ended) == 1
    assert count(Redemption, Redemption.discount_fen.is_not(None), Redemption.bill_fen.is_not(None)) == 2
    assert count(Refund, Refund.discount_fen.is_not(None)) == 1
