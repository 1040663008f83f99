"""Posts on units: who holds and held which."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.schemas.posts import PostPageSchema, PostQuery, PostRequestSchema, PostSchema
from api.writing import writes
from ledger.people import grants
from ledger.people.models import Post

blp = resource("posts", "Posts (专职网格员, 微网格长, 单元管家, 楼栋长, 支部书记): given, ended, never deleted.")


@blp.get("/posts")
@blp.arguments(PostQuery, location="query")
@blp.response(200, PostPageSchema)
def list_posts(asked: dict[str, Any]) -> dict[str, Any]:
    """Who held which post where in my part, newest first."""
    limit, after = asked.pop("limit"), asked.pop("cursor")
    rows = grants.list_posts(current_actor(), after=after, limit=limit + 1, **asked)
    return page([post for post, _, _ in rows], limit)


@blp.post("/posts")
@blp.arguments(PostRequestSchema)
@blp.response(201, PostSchema)
@writes(PostSchema, status=201)
def post_post(asked: dict[str, Any]) -> Post:
    """Give a post; one person may hold several."""
    return grants.give_post(current_actor(), asked.pop("member_id"), **asked)


@blp.delete("/posts/<id:post_id>")
@blp.response(204)
@writes(None, status=204)
def delete_post(post_id: UUID) -> None:
    """End a post; it stays in the history."""
    grants.end_post(current_actor(), post_id)
