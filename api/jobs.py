"""The clock's work: when each job ran last."""

from __future__ import annotations

from typing import Any

from api.auth import current_actor
from api.documents import resource
from api.schemas.jobs import JobRunListSchema
from ledger.core import jobs

blp = resource("jobs", "What the clock does by itself: seals, closes of weeks, reminders, what is forgotten.")


@blp.get("/jobs")
@blp.response(200, JobRunListSchema)
def list_jobs() -> dict[str, Any]:
    """When each job ran last for this community, and whether it failed."""
    return {"items": [run._asdict() for run in jobs.runs(current_actor())]}
