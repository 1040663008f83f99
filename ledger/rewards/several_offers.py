"""Several offers of a shop, approved or ended at once after a preview."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from ledger.core.db import atomic
from ledger.core.errors import Forbidden, NotFound, Refused, WrongState
from ledger.core.permissions import reach, reaches_all_by_name, require
from ledger.core.tenancy import Actor
from ledger.rewards.errors import OwnDraft
from ledger.rewards.merchants import is_behind_counter
from ledger.rewards.models import OfferState, OfferVersion
from ledger.rewards.offers import OfferOnSheet, approve_offer, end_offer, list_versions

MOST_AT_ONCE = 200


class Step(StrEnum):
    """What becomes of the offers."""

    APPROVE = "approve"
    END = "end"


class Foreseen(NamedTuple):
    """An offer with the terms that the step would put in force or end; nothing, where there is a reason against it."""

    row: OfferOnSheet
    terms: OfferVersion
    reason: Refused | None


def foresee(actor: Actor, merchant_id: UUID, offer_ids: Collection[UUID], *, step: Step) -> list[Foreseen]:
    """These offers of the shop, in the order of its page. Stores nothing.

    Raises Forbidden, NotFound (an offer of another shop).
    """
    if step is Step.END:
        require(actor, "draft_offer", merchant_id=merchant_id)
    elif not reaches_all_by_name(reach(actor, "sign_agreement")) or is_behind_counter(actor, merchant_id):
        raise Forbidden
    found = [row for row in list_versions(actor, merchant_id) if row.offer.id in offer_ids]
    if len(found) != len(set(offer_ids)):
        raise NotFound
    return [Foreseen(row, _terms(row, step), _against(actor, row, step)) for row in found]


def _terms(row: OfferOnSheet, step: Step) -> OfferVersion:
    return row.draft if step is Step.APPROVE and row.draft is not None else row.terms


def _against(actor: Actor, row: OfferOnSheet, step: Step) -> Refused | None:
    if row.offer.state == OfferState.ENDED or (step is Step.APPROVE and row.draft is None):
        return WrongState(state=row.offer.state)
    if step is Step.APPROVE and row.draft is not None and actor.is_person(row.draft.actor_id):
        return OwnDraft()
    return None


@atomic
def decide(actor: Actor, step: Step, seen: Mapping[UUID, int | None]) -> None:
    """The step is done to all these offers, each in the version that was `seen` to wait (None: none does).

    Raises, for the first offer that cannot: NotFound, Forbidden, WrongState, VersionChanged, OwnDraft.
    """
    for offer_id, version in sorted(seen.items()):
        if step is Step.END:
            end_offer(actor, offer_id)
        else:
            approve_offer(actor, offer_id, version=version)


@atomic
def decide_each(actor: Actor, merchant_id: UUID, seen: Mapping[UUID, int | None], *, step: Step) -> list[Foreseen]:
    """The step is done to those of these offers of the shop against which there is no reason; the others stay.

    `seen` names the version that is to be approved; None is the one that waits. Returns all of them, in the order of
    the shop's page. Raises NotFound, Forbidden, VersionChanged (another version waits than was seen: none is done).
    """
    found = foresee(actor, merchant_id, seen, step=step)
    going = [one.row.offer for one in found if one.reason is None]
    decide(actor, step, {offer.id: seen[offer.id] or offer.draft_version for offer in going})
    return found
