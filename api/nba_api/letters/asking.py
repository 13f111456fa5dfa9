"""The letter of a customer: of the message that `next-message` shows, and of no other."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import Field

from nba.state.locales import locale_of
from nba.vocabulary import Channel, MessageKind
from nba_api.letters.building import Claimed, Letter
from nba_api.letters.writer import Letters
from nba_api.live import Live
from nba_api.next_messages import next_message
from nba_api.queries import MomentQuery
from nba_api.unsubscribing import unsubscribe_headers, unsubscribe_url


class LetterQuery(MomentQuery):
    """What a letter takes besides the customer."""

    language: str | None = Field(
        None,
        pattern=r"^[a-z]{2}$",
        description="a code such as `uk`; by default that of the customer's `locale`, else "
        "`NBA_LANGUAGE`",
    )


def asked_letter(
    live: Live, letters: Letters, customer: str, query: LetterQuery
) -> tuple[dict[str, Any], Letter | None]:
    """Give the decision for a customer, and its letter; None where nothing is due.

    Raises:
        ConfigError: there are no words in the language asked for, or they do not fit the message.
        StateError: the store cannot be read.
        SnapshotError: nothing is served.
    """
    serving, at = live.serving_at(query.as_of), live.instant(query.as_of)
    document = next_message(live.store, serving.policy, customer, at, query.context())
    language = letters.language(query.language, locale_of(live.store, customer))
    if document["message"] is None:
        return document, None
    products, claimed = serving.snapshot.products, _claimed(live, document)
    return document, letters.letter(document, language, products, claimed)


def _claimed(live: Live, document: dict[str, Any]) -> Claimed | None:
    """Give what a claimed message carries; links that unsubscribe, if it is a marketing mail."""
    message_id, message = document.get("message_id"), document["message"]
    if message_id is None:
        return None
    is_news = message["kind"] == MessageKind.TRANSACTIONAL
    if is_news or message["channel"] != Channel.EMAIL:
        return Claimed(message_id, {}, None)
    who = message_id, document["customer_id"], message["channel"]
    return Claimed(message_id, unsubscribe_headers(live, *who), unsubscribe_url(live, *who))


async def _of(request: Request) -> Letters:
    letters: Letters = request.app.state.letters
    return letters


LettersOf = Annotated[Letters, Depends(_of)]
