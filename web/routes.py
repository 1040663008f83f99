"""All pages under one blueprint, so that the guard, the form check and the tenant of an address stand once."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, g

from web import (
    account,
    activities,
    agreements,
    audit,
    bank_accounts,
    board,
    books,
    calendar,
    cards,
    certificates,
    checkins,
    checks,
    children,
    commendations,
    communities,
    complaints,
    corrections,
    design,
    devices,
    disputes,
    docs,
    donations,
    expiry,
    feedback,
    flags,
    funds,
    guides,
    helping,
    home,
    honours,
    households,
    identities,
    imports,
    member_accounts,
    member_codes,
    members,
    merchants,
    merges,
    my_account,
    my_data,
    notices,
    objections,
    offers,
    office,
    payouts,
    plates,
    pools,
    preferences,
    priority_lists,
    privacy,
    programmes,
    receipts,
    redemption_days,
    redemptions,
    reversals,
    roles,
    scanner,
    seals,
    service_level,
    service_records,
    settlements,
    several_offers,
    sign_in,
    slips,
    stalls,
    stamps,
    statements,
    storefront,
    street,
    summaries,
    summary_rows,
    teams,
    tills,
    units,
    verify,
    visit_notes,
    vouchers,
    webhooks,
    welcome,
    years,
)
from web.acting import know_visitor
from web.context import protect_forms

ROOMS = (
    welcome, sign_in, identities, devices, account, preferences, privacy, guides, design, home, my_data, corrections,
    children, notices, feedback, checkins, member_codes, offers, redemptions, vouchers, donations, pools, tills, stalls,
    slips, complaints,
    redemption_days, stamps, service_level, objections, activities, plates, visit_notes, calendar, scanner,
    programmes, expiry, communities, units, members, member_accounts, merges, my_account, cards, helping, roles,
    teams, households, imports, merchants, several_offers, agreements, funds, settlements, disputes, bank_accounts,
    payouts, flags,
    summaries, summary_rows, commendations, honours, priority_lists, service_records, certificates, years, board,
    street, storefront, verify, statements, receipts, seals, books, reversals, checks, audit, webhooks, office, docs,
)  # fmt: skip

web = Blueprint("web", __name__, template_folder="templates")
web.before_request(protect_forms)
web.before_request(know_visitor)
web.after_request(sign_in.keep_device)
for room in ROOMS:
    web.register_blueprint(room.page)


@web.app_url_defaults
def stay_in_community(endpoint: str, values: dict[str, Any]) -> None:
    """Addresses made on a community's page lead into the same community unless they say otherwise."""
    community_id = g.get("community_id")
    if "community_id" in values or not community_id or not endpoint.startswith("web."):
        return
    if current_app.url_map.is_endpoint_expecting(endpoint, "community_id"):
        values["community_id"] = community_id
