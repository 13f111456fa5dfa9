"""All fakes together, and the readers that know their secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from nba_api.settings import Settings
from nba_api.webhooks.providers import providers
from nba_api.webhooks.reading import Provider
from tests.unit.api.webhooks.amazon import Ses, Web
from tests.unit.api.webhooks.calls import OUTSIDE, Said, story
from tests.unit.api.webhooks.senders import (
    Audience,
    Brevo,
    Klaviyo,
    Mandrill,
    Postmark,
    Sender,
    SendGrid,
)

SENDERS: Final[tuple[Sender, ...]] = (
    SendGrid(), Postmark(), Ses(), Brevo(), Audience(), Mandrill(), Klaviyo(),
)  # fmt: skip
SETTINGS: Final = {f"webhook_{one.name}": one.setting for one in SENDERS} | {"public_url": OUTSIDE}
OUTCOMES: Final = {
    "delivered": "delivered",
    "opened": "opened",
    "machine_open": "opened",
    "clicked": "clicked",
    "bounced": "bounced",
    "complained": "complained",
    "unsubscribed": "unsubscribed",
}
"""What each kind of a story becomes; all others become nothing."""


def readers(web: Web | None = None) -> Mapping[str, Provider]:
    """Give the readers of all providers."""
    return providers(Settings.model_validate(SETTINGS), (web or Web()).fetch)


def sayable(sender: Sender) -> list[Said]:
    """Give as much of the story as a provider has words for."""
    return [one for one in story() if sender.says.get(one.kind) is not None]
