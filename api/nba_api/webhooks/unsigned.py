"""Providers that sign nothing: a secret that the shop chose proves what they send."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nba.state.feedback import ProviderEvent
from nba_api.webhooks.proving import check_shared_secret
from nba_api.webhooks.reading import Delivery, json_of, objects

Read = Callable[[dict[str, Any], int], ProviderEvent]
"""Puts what one object says into our words, given now in microseconds UTC since 1970."""


class Unsigned:
    """Reads JSON objects, alone or in a list, beside which the secret stands."""

    def __init__(self, name: str, read: Read, secret: str) -> None:
        """Take a provider.

        Args:
            name: as the address of its webhook has it.
            read: puts what it says into our words.
            secret: that the shop gave it, to be sent in the address or a header.
        """
        self.name = name
        self._read = read
        self._secret = secret

    def receive(self, delivery: Delivery) -> list[ProviderEvent]:
        """Verify a request, then read it."""
        check_shared_secret(delivery, self._secret)
        return [self._read(one, delivery.at) for one in objects(json_of(delivery.body))]
