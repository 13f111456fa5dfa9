"""What a server is told when it starts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Final, Self

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from nba.domain import to_instant
from nba.errors import ConfigError

_PREFIX: Final = "NBA_"
_WEB_ADDRESS: Final = r"""^https?://[^\s<>"']+$"""
Names = Annotated[
    tuple[str, ...], BeforeValidator(lambda v: v.split(",") if isinstance(v, str) else v)
]


class Settings(BaseModel):
    """Settings of one server; by environment `NBA_MODELS`, `NBA_DB`, and so on.

    Attributes:
        models: the folder of snapshots, or the URL of a remote home.
        db: URL of the store.
        playbook: a playbook file, by default the one that ships.
        looks: a file of colours, labels and icons of the console; by default those that ship.
        as_of: a clock that stands still, for demonstrations; by default the clock runs.
        starts_at: what the clock shows when the server starts, for demonstrations; it runs from
            then on.
        storefront: show a demonstration storefront at `/shop`, in which anybody orders in
            anybody's name; only without keys.
        hosts: the names by which a server without keys may be called, without port; any by default.
        origins: the sites whose pages may ask a server without keys, such as
            `http://127.0.0.1:8080`; a publishable key names its own.
        rate_limit: requests a second that one address may make with a publishable key, or none;
            twice as many at once.
        key_rate_limit: requests a second that one publishable key may make from everywhere.
        max_in_flight: how many requests are answered at a time; the others are told to come again.
        trusted_proxies: addresses whose `X-Forwarded-For` is believed.
        log_requests: write one line a request; by default only warnings and errors are written.
        drain_seconds: how long a server that was told to stop still accepts connections, so that
            whoever balances the load sees `/health/ready` fail first.
        public_url: how the outside calls this server, such as `https://shop.example/nba`; links in
            messages begin with it, and Mandrill signs it.
        unsubscribe_mailto: an address that takes unsubscribe requests by mail, if there is one.
        shop_name: how letters, feeds and pages call the shop.
        shop_url: the shop's home page; what has no address of its own links there.
        shop_address: the postal address that the foot of a letter shows.
        shop_logo: the address of a picture that stands above a letter, at most 200 pixels wide.
        language: in which letters are written to whoever the shop told no language of.
        letters: a folder of the shop's own words and layouts, which go before those that ship.
        webhook_sendgrid: the verification key of SendGrid's signed event webhook.
        webhook_postmark, webhook_brevo, webhook_mailchimp: a secret that the shop chose and gave
            to the provider.
        webhook_mandrill: the key that Mandrill shows beside the webhook.
        webhook_klaviyo: the secret key that the shop chose for the webhook.
        webhook_ses: the ARN of the SNS topic that SES publishes to.
        webhook_ses_confirm: a new subscription of the topic is confirmed; otherwise the address
            that confirms it is logged.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    models: Path | str = Path("models")
    db: str = "sqlite:///nba.db"
    playbook: Path | None = None
    looks: Path | None = None
    as_of: str | None = None
    starts_at: str | None = None
    storefront: bool = False
    hosts: Names = ()
    origins: Names = ()
    rate_limit: float = Field(50, gt=0)
    key_rate_limit: float = Field(1000, gt=0)
    max_in_flight: int = Field(128, ge=1)
    trusted_proxies: Names = ("127.0.0.1", "::1")
    log_requests: bool = False
    drain_seconds: float = Field(1.0, ge=0, le=60)

    public_url: str | None = Field(None, pattern=r"^https?://[^\s?#<>]+[^\s?#<>/]$")
    unsubscribe_mailto: str | None = Field(None, pattern=r"^[^\s<>,]+@[^\s<>,]+$")
    shop_name: str | None = Field(None, max_length=100)
    shop_url: str | None = Field(None, pattern=_WEB_ADDRESS)
    shop_address: str | None = Field(None, max_length=300)
    shop_logo: str | None = Field(None, pattern=_WEB_ADDRESS)
    language: str = Field("en", pattern=r"^[a-z]{2}$")
    letters: Path | None = None
    webhook_sendgrid: SecretStr | None = None
    webhook_postmark: SecretStr | None = None
    webhook_ses: SecretStr | None = None
    webhook_ses_confirm: bool = False
    webhook_brevo: SecretStr | None = None
    webhook_mailchimp: SecretStr | None = None
    webhook_mandrill: SecretStr | None = None
    webhook_klaviyo: SecretStr | None = None

    @classmethod
    def from_environment(cls) -> Self:
        """Read the settings from the environment.

        Raises:
            ConfigError: one of them makes no sense; its value, which may be secret, is not told.
        """
        named = {name: os.environ.get(f"{_PREFIX}{name.upper()}") for name in cls.model_fields}
        try:
            return cls.model_validate({name: value for name, value in named.items() if value})
        except ValidationError as error:
            wrong = [
                f"{_PREFIX}{str(one['loc'][0]).upper()}: {one['msg']}" for one in error.errors()
            ]
            raise ConfigError("; ".join(wrong)) from None

    def fixed_clock(self) -> np.datetime64 | None:
        """Give the instant at which the clock stands, if it does.

        Raises:
            DataError: `as_of` is no instant with a zone.
        """
        return None if self.as_of is None else to_instant(self.as_of)

    def first_instant(self) -> np.datetime64 | None:
        """Give the instant at which the clock starts to run, if it was set.

        Raises:
            DataError: `starts_at` is no instant with a zone.
        """
        return None if self.starts_at is None else to_instant(self.starts_at)
