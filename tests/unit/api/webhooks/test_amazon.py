"""SNS proves itself by a certificate, which is fetched from nowhere but SNS."""

from __future__ import annotations

import json
import logging

import pytest
from starlette.exceptions import HTTPException

from nba.errors import ConfigError
from nba_api.webhooks.ses import Ses as Reader
from tests.unit.api.webhooks.amazon import CERTIFICATE, HOST, TOPIC, Ses, Web
from tests.unit.api.webhooks.calls import NOW, Call, Said, delivery

SAID = Said("delivered", "m_1", NOW, 1)


def with_cells(call: Call, **cells: str) -> Call:
    return Call(call.path, call.headers, json.dumps(json.loads(call.body) | cells).encode())


def subscription(url: str = f"{HOST}/?Action=ConfirmSubscription&Token=t") -> Call:
    return Ses().signed(
        {
            "Type": "SubscriptionConfirmation",
            "MessageId": "165545c9",
            "Message": "You have chosen to subscribe.",
            "SubscribeURL": url,
            "Token": "t",
            "TopicArn": TOPIC,
            "Timestamp": "2026-03-01T12:00:00.000Z",
        }
    )


@pytest.mark.parametrize("version", ["1", "2"])
def test_both_versions_of_the_signature_are_read(version: str) -> None:
    said = json.loads(Ses().calls([SAID])[0].body)
    signed = {name: said[name] for name in ("Type", "MessageId", "Message", "TopicArn")}
    call = Ses().signed(signed | {"Timestamp": said["Timestamp"]}, version)
    (event,) = Reader(TOPIC, Web().fetch).receive(delivery(call))
    assert event.message_id == "m_1"


def test_a_subject_is_signed_where_there_is_one() -> None:
    call = Ses().notified(json.dumps({"eventType": "Send", "mail": {}}), "n", NOW, Subject="Mail")
    reader = Reader(TOPIC, Web().fetch)
    assert reader.receive(delivery(call))[0].outcome == "sent"
    with pytest.raises(HTTPException, match="401"):
        reader.receive(delivery(with_cells(call, Subject="Other")))


def test_a_certificate_is_fetched_once() -> None:
    web = Web()
    reader = Reader(TOPIC, web.fetch)
    for call in Ses().calls([SAID] * 5):
        reader.receive(delivery(call))
    assert web.asked == [CERTIFICATE]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123abcd.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123abcd.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-0.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-0.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-0123abcd.pem",
        "https://evil.example/sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem",
        "https://sns.eu-west-1.amazonaws.com/../SimpleNotificationService-0123abcd.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123abcd.pem?x=1",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123abcd.pem#x",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123abcd.pem\n",
        "https://sns.eu-west-1.amazonaws.com/evil.pem",
        "https://eviléxample/SimpleNotificationService-0123abcd.pem",
        "file:///etc/passwd",
        "https://169.254.169.254/SimpleNotificationService-0123abcd.pem",
        "https://SNS.eu-west-1.amazonaws.com/SimpleNotificationService-0123abcd.pem",
    ],
)
def test_no_other_address_is_ever_asked_for(url: str) -> None:
    web = Web()
    call = with_cells(Ses().calls([SAID])[0], SigningCertURL=url)
    with pytest.raises(HTTPException, match="401"):
        Reader(TOPIC, web.fetch).receive(delivery(call))
    with pytest.raises(HTTPException, match="401"):
        Reader(TOPIC, web.fetch, is_confirming=True).receive(delivery(subscription(url)))
    assert set(web.asked) <= {CERTIFICATE}


def test_of_another_topic_nothing_is_fetched() -> None:
    web = Web()
    call = with_cells(Ses().calls([SAID])[0], TopicArn=f"{TOPIC}2")
    with pytest.raises(HTTPException, match="401"):
        Reader(TOPIC, web.fetch).receive(delivery(call))
    assert web.asked == []


def test_while_sns_does_not_answer_the_notification_is_to_come_again() -> None:
    reader = Reader(TOPIC, Web(is_down=True).fetch)
    for call in Ses().calls([SAID] * 5):
        with pytest.raises(HTTPException) as refused:
            reader.receive(delivery(call))
        assert refused.value.status_code == 503


def test_a_subscription_is_confirmed_only_where_the_setting_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    web = Web()
    with caplog.at_level(logging.WARNING, logger="nba_api"):
        assert Reader(TOPIC, web.fetch).receive(delivery(subscription())) == []
    assert web.asked == [CERTIFICATE]
    assert f"{HOST}/?Action=ConfirmSubscription&Token=t" in caplog.text

    assert Reader(TOPIC, web.fetch, is_confirming=True).receive(delivery(subscription())) == []
    assert web.asked[-1] == f"{HOST}/?Action=ConfirmSubscription&Token=t"


def test_a_forged_subscription_is_not_confirmed() -> None:
    web = Web()
    call = with_cells(subscription(), Token="u")
    with pytest.raises(HTTPException, match="401"):
        Reader(TOPIC, web.fetch, is_confirming=True).receive(delivery(call))
    assert web.asked == [CERTIFICATE]


def test_words_of_greeting_are_no_event() -> None:
    greeting = "Successfully validated SNS topic for Amazon SES event publishing."
    call = Ses().notified(greeting, "n", NOW)
    assert Reader(TOPIC, Web().fetch).receive(delivery(call)) == []


def test_one_topic_left_is_an_unsubscribe() -> None:
    topics = [{"subscriptionStatus": "OptIn"}, {"subscriptionStatus": "OptOut"}]
    left = {"newTopicPreferences": {"topicSubscriptionStatus": topics}}
    mail = {"eventType": "Subscription", "subscription": left, "mail": {"tags": {}}}
    (event,) = Reader(TOPIC, Web().fetch).receive(
        delivery(Ses().notified(json.dumps(mail), "n", NOW))
    )
    assert event.outcome == "unsubscribed"


@pytest.mark.parametrize("body", [b"[]", b"null", b'"x"', b"1", b"{}", b'{"Type": []}'])
def test_a_body_that_is_no_notification_is_a_401(body: bytes) -> None:
    with pytest.raises(HTTPException, match="401"):
        Reader(TOPIC, Web().fetch).receive(delivery(Call("/v1/webhooks/ses", {}, body)))


@pytest.mark.parametrize("topic", ["", "mail", "arn:aws:sqs:eu-west-1:123456789012:mail", "*"])
def test_a_topic_that_is_none_stops_the_start(topic: str) -> None:
    with pytest.raises(ConfigError, match="webhook_ses is no topic"):
        Reader(topic, Web().fetch)


def test_a_topic_in_china_has_its_certificates_there() -> None:
    web = Web()
    call = with_cells(
        Ses().calls([SAID])[0],
        TopicArn="arn:aws-cn:sns:cn-north-1:123456789012:mail",
        SigningCertURL="https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-1.pem",
    )
    reader = Reader("arn:aws-cn:sns:cn-north-1:123456789012:mail", web.fetch)
    with pytest.raises(HTTPException, match="401"):
        reader.receive(delivery(call))
    assert len(web.asked) == 1
