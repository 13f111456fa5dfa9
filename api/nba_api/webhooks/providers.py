"""The providers whose secrets a server was told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Final

from fastapi import Depends, Request
from pydantic import SecretStr

from nba_api.settings import Settings
from nba_api.webhooks import brevo, postmark
from nba_api.webhooks.fetching import fetch
from nba_api.webhooks.klaviyo import Klaviyo
from nba_api.webhooks.mailchimp import Audience, Mandrill
from nba_api.webhooks.reading import Provider
from nba_api.webhooks.sendgrid import SendGrid
from nba_api.webhooks.ses import Fetch, Ses
from nba_api.webhooks.unsigned import Unsigned

NAMES: Final = ("sendgrid", "postmark", "ses", "brevo", "mailchimp", "mandrill", "klaviyo")
"""As the addresses have them; the secret of each is the setting `webhook_<name>`."""


def providers(settings: Settings, fetch: Fetch = fetch) -> Mapping[str, Provider]:
    """Give the readers of the providers whose secrets are set, by name.

    Args:
        settings: the secrets.
        fetch: how certificates are fetched.

    Raises:
        ConfigError: a secret is none of its provider's kind.
    """
    ses = partial(Ses, fetch=fetch, is_confirming=settings.webhook_ses_confirm)
    told: tuple[tuple[Callable[[str], Provider], SecretStr | None], ...] = (
        (SendGrid, settings.webhook_sendgrid),
        (partial(Unsigned, postmark.NAME, postmark.read), settings.webhook_postmark),
        (ses, settings.webhook_ses),
        (partial(Unsigned, brevo.NAME, brevo.read), settings.webhook_brevo),
        (Audience, settings.webhook_mailchimp),
        (Mandrill, settings.webhook_mandrill),
        (Klaviyo, settings.webhook_klaviyo),
    )
    made = [make(secret.get_secret_value()) for make, secret in told if secret is not None]
    return {one.name: one for one in made}


async def _of(request: Request) -> Mapping[str, Provider]:
    known: Mapping[str, Provider] = request.app.state.providers
    return known


Providers = Annotated[Mapping[str, Provider], Depends(_of)]
