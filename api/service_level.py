"""How soon the community stamps, and who stamped how fast."""

from __future__ import annotations

from typing import Any

from api.auth import current_actor
from api.documents import resource
from api.schemas.service_level import ServiceLevelQuery, ServiceLevelSchema
from ledger.service import service_level
from ledger.service.service_level import ServiceLevel

blp = resource("service-level", "How soon service is stamped, beside what was promised.")


@blp.get("/service-level")
@blp.arguments(ServiceLevelQuery, location="query")
@blp.response(200, ServiceLevelSchema)
def get_service_level(asked: dict[str, Any]) -> ServiceLevel:
    """A month and those before it; of the stampers all for whoever oversees the community, else myself."""
    return service_level.see_level(current_actor(), asked["month"], months=asked["months"])
