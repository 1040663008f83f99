"""What arrives on a phone."""

from __future__ import annotations

from ledger.people import deliveries


def code_for(phone: str) -> str:
    """The newest sign-in code that was sent to the number."""
    message = deliveries.last_message_to(phone)
    assert message is not None, "no message waits for this number"
    return message.split("验证码 ")[1][:6]
