"""The change feed: all that happens in the community, for programs that follow it."""

from __future__ import annotations

from typing import Any

from api.auth import current_actor
from api.documents import resource
from api.schemas.events import FeedPageSchema, FeedQuery
from ledger.core import feed

blp = resource("events", "The change feed: events in one order, to be followed without gaps. See docs/events.md.")


@blp.get("/events")
@blp.arguments(FeedQuery, location="query")
@blp.response(200, FeedPageSchema)
def list_events(asked: dict[str, Any]) -> feed.FeedPage:
    """The events after `after`, oldest first; ask again with `next_after`, at once while there is `more`."""
    return feed.list_events(current_actor(), after=asked["after"], limit=asked["limit"], things=asked["things"])
