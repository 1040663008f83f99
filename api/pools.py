"""The household's pool: who pays with me, what I let them use, what waits for my word."""

from __future__ import annotations

from typing import Any

from api.auth import current_actor
from api.documents import resource
from api.schemas.pools import PoolConsentRequestSchema, PoolConsentSchema, PoolSchema
from api.writing import writes
from ledger.rewards import pools
from ledger.rewards.pool_models import PoolConsent
from ledger.rewards.pools import Pool

blp = resource("pool", "Members of one household pay together for a redemption.")


@blp.get("/pool")
@blp.response(200, PoolSchema)
def get_pool() -> Pool:
    """My household, what each lets the others use, and the parts that I am asked for."""
    return pools.see_pool(current_actor())


@blp.put("/pool")
@blp.arguments(PoolConsentRequestSchema)
@blp.response(200, PoolConsentSchema)
@writes(PoolConsentSchema)
def put_consent(asked: dict[str, Any]) -> PoolConsent:
    """Let my household use up to so many of my points for one redemption without asking, until I revoke it."""
    return pools.let_household_use(current_actor(), asked["points_at_most"])


@blp.delete("/pool")
@blp.response(204)
@writes(None, status=204)
def delete_consent() -> None:
    """Revoke it: I am asked each time from now on."""
    pools.revoke(current_actor())
