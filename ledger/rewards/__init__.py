"""Rewards: merchants, agreements, offers, the member's one-time code, the till, redemptions, funds."""
