"""Every column of a shop, and what the live service keeps."""

from __future__ import annotations

from typing import Final

from nba.state.migrations.describing import create, create_indexes, rebuild
from nba.state.migrations.versions.r0001_facts_and_messages import TABLES as BEFORE

revision: Final = "0002"
down_revision: Final = "0001"

TABLES: Final = {
    "products": """
        product_id:text* title:text! category:text product_group_id:text brand:text
        price:integer sale_price:integer sale_until:integer cost:integer currency:text
        availability:text stock:integer published_at:integer discontinued_at:integer
        successor_of:text accessory_for:text compatible_with:text
        replacement_cycle_days:integer is_consumable:truth attributes:text link:text
        image_link:text sku:text
    """,
    "product_states": """
        product_id:text* at:integer* availability:text stock:integer price:integer
        sale_price:integer sale_until:integer order_id:text*= given:text
    """,
    "orders": """
        order_id:text* customer_id:text ordered_at:integer! status:text! status_at:integer
        delivered_at:integer currency:text discount:integer channel:text account_type:text
        is_test:truth version:text is_live:truth
    """,
    "order_lines": """
        order_id:text* line_no:integer* product_id:text! quantity:integer!
        unit_price:integer discount:integer returned_quantity:integer sku:text title:text
    """,
    "order_statuses": """
        order_id:text* status:text* at:integer* reason:text tracking:text
    """,
    "order_versions": """
        order_id:text! version:text! customer_id:text ordered_at:integer! status:text!
        status_at:integer delivered_at:integer currency:text discount:integer channel:text
        account_type:text is_test:truth line_no:integer product_id:text quantity:integer
        unit_price:integer line_discount:integer returned_quantity:integer sku:text
        title:text
    """,
    "customers": """
        customer_id:text* created_at:integer birthday:text timezone:text locale:text
        account_type:text tier:text points:integer acquisition_cost:integer attributes:text
        consent_email:truth consent_sms:truth consent_push:truth consent_call:truth
        consent_at:integer
    """,
    "consents": """
        customer_id:text* channel:text* granted:truth* at:integer* source:text
    """,
    "events": """
        event_id:text* type:text! at:integer! customer_id:text session_id:text
        product_id:text order_id:text value:number placement:text recommendation_id:text
        decision_id:text position:integer
    """,
    "messages": """
        message_id:text* decision_id:text! customer_id:text! message:text! anchor:text
        channel:text decided_at:integer! claimed_at:integer acked_at:integer
        snapshot_id:text playbook_id:text arm:text propensity:number eligible:text
        products:text holdout:truth expires_at:integer withdrawn_at:integer left_at:integer
    """,
    "message_events": """
        event_id:text* message_id:text! customer_id:text channel:text type:text! at:integer!
        is_machine:truth
    """,
    "rules": """
        kind:text! source_product_id:text target_product_id:text! relation:text
        valid_from:integer valid_until:integer
    """,
    "traffic": """
        day:text* channel:text* visits:integer spend:integer
    """,
    "capacity_prices": """
        planned_at:integer* channel:text* prices_id:text! price:number!
    """,
    "revisions": """
        topic:text* revision:integer!
    """,
    "idempotency_keys": """
        caller:text* key:text* request_hash:text! status:integer media_type:text body:bytes
        begun_at:integer!
    """,
    "api_keys": """
        key_id:text* kind:text! secret:text! scopes:text! origins:text! label:text!
        created_at:integer! expires_at:integer revoked_at:integer
    """,
    "secrets": """
        purpose:text* secret:bytes!
    """,
    "tombstones": """
        hash:text* erased_at:integer!
    """,
    "webhook_events": """
        event_id:text* provider:text! type:text! message_id:text at:integer!
    """,
}
INDEXES: Final = {
    "products_by_sku": ("products", "sku"),
    "product_states_by_instant": ("product_states", "at"),
    "orders_by_customer": ("orders", "customer_id"),
    "order_lines_by_product": ("order_lines", "product_id"),
    "order_versions_by_customer": ("order_versions", "customer_id order_id"),
    "order_versions_by_line": ("order_versions", "order_id version line_no"),
    "events_by_customer": ("events", "customer_id type at"),
    "events_by_session": ("events", "session_id type"),
    "messages_by_customer": ("messages", "customer_id"),
    "messages_by_leaving": ("messages", "message left_at"),
    "message_events_by_customer": ("message_events", "customer_id"),
    "message_events_by_message": ("message_events", "message_id"),
    "idempotency_keys_by_age": ("idempotency_keys", "begun_at"),
}


def upgrade() -> None:
    """Widen the tables of before, whose texts compare by bytes from now on; add the others."""
    rebuild(TABLES, BEFORE)
    create({name: words for name, words in TABLES.items() if name not in BEFORE})
    create_indexes(INDEXES)
