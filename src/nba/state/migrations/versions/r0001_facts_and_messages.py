"""Facts, the ledger of messages, and prices of capacity."""

from __future__ import annotations

from typing import Final

from nba.state.migrations.describing import create, create_indexes

revision: Final = "0001"
down_revision: Final = None

TABLES: Final = {
    "orders": """
        order_id:string* customer_id:string ordered_at:integer! status:string!
        status_at:integer delivered_at:integer discount:integer is_test:truth
    """,
    "order_lines": """
        order_id:string* line_no:integer* product_id:string! quantity:integer!
        unit_price:integer discount:integer returned_quantity:integer
    """,
    "order_statuses": """
        order_id:string* at:integer* status:string*
    """,
    "order_versions": """
        order_id:string! version:string! customer_id:string ordered_at:integer!
        status:string! status_at:integer delivered_at:integer discount:integer is_test:truth
        line_no:integer product_id:string quantity:integer unit_price:integer
        line_discount:integer returned_quantity:integer
    """,
    "events": """
        event_id:string* type:string! at:integer! customer_id:string session_id:string
        product_id:string order_id:string value:float
    """,
    "consents": """
        customer_id:string* channel:string* at:integer* granted:truth*
    """,
    "messages": """
        message_id:string* decision_id:string! customer_id:string! message:string!
        anchor:string channel:string decided_at:integer! claimed_at:integer acked_at:integer
        snapshot_id:string playbook_id:string arm:string propensity:float eligible:string
        products:string holdout:truth expires_at:integer withdrawn_at:integer
        left_at:integer
    """,
    "message_events": """
        event_id:string* message_id:string! customer_id:string channel:string type:string!
        at:integer! is_machine:truth
    """,
    "customers": """
        customer_id:string* created_at:integer birthday:string timezone:string
        account_type:string tier:string points:integer attributes:string consent_email:truth
        consent_sms:truth consent_push:truth consent_call:truth consent_at:integer
    """,
    "product_states": """
        product_id:string* at:integer* availability:string stock:integer price:integer
        sale_price:integer sale_until:integer
    """,
    "capacity_prices": """
        planned_at:integer* channel:string* prices_id:string! price:float!
    """,
}
INDEXES: Final = {
    "orders_by_customer": ("orders", "customer_id"),
    "order_versions_by_customer": ("order_versions", "customer_id order_id"),
    "events_by_customer": ("events", "customer_id type at"),
    "events_by_session": ("events", "session_id type"),
    "messages_by_customer": ("messages", "customer_id"),
    "messages_by_leaving": ("messages", "message left_at"),
    "message_events_by_customer": ("message_events", "customer_id"),
    "message_events_by_message": ("message_events", "message_id"),
    "product_states_by_instant": ("product_states", "at"),
}
UNIQUE: Final = {
    "order_versions_by_line": ("order_versions", "order_id version line_no"),
}


def upgrade() -> None:
    """Create the first tables."""
    create(TABLES)
    create_indexes(INDEXES)
    create_indexes(UNIQUE, unique=True)
