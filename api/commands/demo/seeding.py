"""`seed`: the whole story in one transaction, on a simulated clock, with seeded ids."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial

from sqlalchemy import func, select, text

from api.commands.demo import (
    accounts,
    arranging,
    beside,
    carding,
    commending,
    correcting,
    feeding_back,
    founding,
    helping,
    importing,
    keeping,
    objecting,
    offline,
    paying,
    recognising,
    redeeming,
    rights,
    ruling,
    scanning,
    serving,
    settling,
    signing_in,
    standing,
    suspecting,
    telling,
    together,
    trading,
    weekly,
)
from api.commands.demo.story import Story, settle
from api.commands.demo.town import Town, demo_community
from ledger.book import checking, checkpoints, expiry, seals
from ledger.book.models import Transfer
from ledger.core import clock, ids, jobs
from ledger.core.db import atomic, db, is_postgresql
from ledger.people import communities
from ledger.people.models import Community

Say = Callable[[str], None]

DAYS_AHEAD = 30


def seed(*, volunteers: int, weeks: int, number: int, until: date, say: Say) -> bool:
    """The demo community exists, as it stands at the start of `until`; False when it was there before.

    The same number, size and day give the same ids and transfers; secrets (codes, tokens, nonces) are always new.
    """
    if demo_community() is not None:
        return False
    end = clock.start_of_day(until)
    first_monday = clock.start_of_day(until - timedelta(days=until.weekday() + 7 * weeks))
    with ids.seeded(number), clock.set_to(first_monday - timedelta(days=3)):
        _tell_everything(random.Random(number), volunteers=volunteers, weeks=weeks, until=end, say=say)
    with clock.set_to(end):
        _seal_history(say)
        _check_books(say)
    with ids.seeded(number + 1):
        telling.tell_outside(_told().id, end)
    return True


def _told() -> Community:
    community = demo_community()
    assert community is not None, "the story was told"
    return community


def _seal_history(say: Say) -> None:
    """Every day of the story has its checkpoint.

    On PostgreSQL only now: a transaction does not seal what it has written itself, nor what a longer one of the same
    server may still precede.
    """
    community = _told()
    for community_id in communities.all_ids():
        settle(seals.seal, seals.waiting, community_id)
    newest = checkpoints.newest_checkpoint(community.id)
    if newest is not None:
        say(f"Sealed: {newest.size} transfers through {newest.day}, root {newest.root.hex()}")


@atomic
def _tell_everything(chance: random.Random, *, volunteers: int, weeks: int, until: datetime, say: Say) -> None:
    """One transaction: an interrupted seeding leaves nothing behind."""
    say("People and places")
    town = founding.found(chance, volunteers=volunteers, until=until, say=say)
    arranging.arrange(town)
    signing_in.hand_out_keys(town)
    serving.open_programmes(town)
    trading.open_shops(town, say)
    helping.name_helpers(town)
    _count_rows()
    monday = clock.now() + timedelta(days=3)
    story = Story()
    _let_flowers_expire(town, story, monday)
    ruling.tell_rules(town, story, monday)
    correcting.tell_last_days(town, story)
    story.tell(town.until - timedelta(hours=3), partial(importing.import_lists, town))
    story.tell(town.until - timedelta(hours=2), partial(accounts.tell_all, town))
    rights.tell_rights(town, story, monday)
    objecting.tell_objections(town, story)
    paying.tell_accounts(town, story)
    paying.tell_last_days(town, story)
    feeding_back.tell_fortnight(town, story)
    suspecting.tell_flags(town, story)
    together.tell_together(town, story)
    keeping.tell_keeping(town, story)
    recognising.tell_recognition(town, story)
    commending.tell_commendations(town, story)
    standing.tell_last_days(town, story)
    helping.tell_last_days(town, story)
    trading.tell_last_days(town, story)
    story.tell(town.until - timedelta(hours=6), partial(carding.hand_out_cards, town))
    story.tell(town.until - timedelta(hours=5), partial(offline.enter_slips, town))
    beside.tell_beside(town, story)
    weekly.tell_weekly(town, story, monday)
    for number in range((town.until - monday).days // 7 + 1):
        _play_week(town, story, monday + timedelta(days=7 * number), say, number=number)
    serving.plan_days_ahead(town, DAYS_AHEAD)
    serving.sign_up_for_a_tea(town)
    standing.plan_series(town)
    scanning.open_the_door(town)


def _let_flowers_expire(town: Town, story: Story, monday: datetime) -> None:
    """At first flowers last a month: too short, it was found. After two weeks: two years."""
    expiry.set_policy(town.cast["admin"], 1)
    story.tell(monday + timedelta(days=14, hours=9), partial(expiry.set_policy, town.cast["admin"], 24))


def _play_week(town: Town, story: Story, monday: datetime, say: Say, *, number: int) -> None:
    serving.tell_week(town, story, monday)
    trading.tell_week(town, story, monday)
    redeeming.tell_week(town, story, monday)
    settling.tell_week(town, story, monday)
    correcting.tell_week(town, story, monday, number=number)
    helping.tell_week(town, story, monday)
    for day in range(7):
        story.tell(monday + timedelta(days=day, hours=23), partial(_tick, town))
    story.play(min(monday + timedelta(days=7), town.until))
    _count_rows()
    transfers = db.session.scalar(select(func.count()).select_from(Transfer))
    say(f"  {clock.week_of(monday)}: {transfers} transfers so far")


def _count_rows() -> None:
    """PostgreSQL does it by itself only after a commit, and would plan the whole story as if the tables were empty."""
    if is_postgresql():
        db.session.execute(text("ANALYZE"))


def _tick(town: Town) -> None:
    """The clock's own work of the night: visits without an end, overdue reservations, confirmations."""
    jobs.tick([town.community.id])


def _check_books(say: Say) -> None:
    """As the clock does every day, so that whoever looks at the books finds when they were checked."""
    findings = [finding for result in checking.check_books() for finding in result.findings]
    say(f"Checked: {len(findings)} findings")
