"""The page about e-mail tools: every snippet runs, against a server, as a tool would run it."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import chdir
from html import escape
from pathlib import Path

import pytest

from nba.cli import app as command_line
from tests.api.emailing import (
    PAGE,
    PEOPLE,
    TEA,
    Served,
    lay_out,
    make_shop,
    run,
    section,
    serving,
    snippets,
)
from tests.api.mail_templates import (
    AbortedError,
    braze,
    customer_io,
    handlebars,
    klaviyo,
    mailchimp,
    mailchimp_rss,
)
from tests.api.shop import AS_OF, ODD_CUSTOMER
from tests.api.sinks import Mailbox, mailbox, provider

# ann gets accessories, bob a review; dan consented to nothing.
HEADING = "Goes well with your order"
ACKNOWLEDGING = re.compile(r"[^`\n]*python ack\.py upload\.csv")
LONG_SUBJECT = (
    "Ви дивилися на ці чудові сталеві чайники та порцелянові чашки: вони ще є, "
    "та ми відклали їх для вас до кінця цього тижня"
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mails")
    make_shop(folder)
    return folder


@pytest.fixture
def served(shop: Path, tmp_path: Path) -> Iterator[Served]:
    with serving(shop, tmp_path) as served:
        yield served


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lay_out(tmp_path)
    return tmp_path


def by_smtp(served: Served, folder: Path, box: Mailbox) -> subprocess.CompletedProcess[str]:
    return run(
        folder,
        "send.py addresses.csv",
        NBA_URL=served.url,
        NBA_KEY=served.secret,
        MAIL_FROM="shop@shop.example",
        SMTP_HOST="127.0.0.1",
        SMTP_PORT=str(box.port),
    )


def test_braze_shows_the_products_of_each_person_and_stops_where_nothing_is_due(
    served: Served,
) -> None:
    guard, layout, whole, ack = map(served.filled, snippets("Braze", "liquid"))
    for _ in range(3):
        body = braze(guard + layout, {"user_id": "ann"}, served.fetch)
    assert HEADING in body
    shown = served.ask("ann", "next-message")
    items = shown["message"]["slots"]["main"]
    assert items
    for item in items[:4]:
        assert f'href="{escape(item["product"]["link"])}"' in body
        assert f">{escape(item['product']['title'], quote=False)}<" in body.replace("&quot;", '"')
    assert re.findall(r", (\S+) EUR", body) == [
        f"{item['product']['price'] / 100:.2f}" for item in items[:4]
    ]
    letter = braze(guard + whole, {"user_id": "ann"}, served.fetch)
    assert "/v1/u/" in letter
    assert "</html>" in letter
    with pytest.raises(AbortedError):
        braze(guard + layout, {"user_id": "dan"}, served.fetch)
    url = braze(ack, {"user_id": "ann"}, served.fetch).strip()
    key = {"authorization": f"Bearer {served.secret}"}
    assert served.fetch("POST", url, key).json()["message_id"] == shown["message_id"]
    assert served.ask("ann", "next-message").get("message_id") is None
    with pytest.raises(AbortedError):
        braze(ack, {"user_id": "dan"}, served.fetch)
    odd = braze(guard + layout, {"user_id": ODD_CUSTOMER}, served.fetch)
    assert "<h1>" in odd
    with pytest.raises(AbortedError):
        braze(guard.replace(served.secret, "sk_wrong"), {"user_id": "bob"}, served.fetch)


def test_customer_io_keeps_the_answer_as_attributes_and_branches_on_them(served: Served) -> None:
    claim, mail, ack = map(served.filled, snippets("Customer.io", "liquid"))
    mapping = re.findall(r"^\| `(nba_\w+)` \| `(.+?)` \|$", section("Customer.io"), re.MULTILINE)
    assert len(mapping) == 6
    key = {"authorization": f"Bearer {served.secret}"}
    told = {}
    for customer in ("ann", "dan"):
        url = customer_io(claim, customer={"id": customer}).strip()
        response = served.fetch("POST", url, key).json()
        told[customer] = {name: customer_io(value, response=response) for name, value in mapping}
    assert told["dan"]["nba_message"] == told["dan"]["nba_1_title"] == ""
    ann = told["ann"]
    assert ann["nba_message"] == "accessories"
    body = customer_io(mail, customer=ann)
    assert HEADING in body
    assert body.count("<a href=") == 1 + sum(bool(ann[f"nba_{place}_link"]) for place in (1, 2))
    assert f'href="{escape(ann["nba_1_link"])}"' in body
    url = customer_io(ack, customer=ann).strip()
    assert served.fetch("POST", url, key).json()["message_id"] == ann["nba_message_id"]


def decided(
    served: Served, folder: Path, shop: Path, title: str, tool: str
) -> list[dict[str, str]]:
    """Run the commands of a section and give the rows to upload."""
    words = next(
        line.split()
        for line in re.findall(r"nba decide [^`\n]+", section(title))
        if f"--as {tool}" in line
    )
    assert words[2] == "sqlite:///nba.db"
    with chdir(folder), pytest.MonkeyPatch.context() as patch:
        # The shop ended months ago, and so did its messages.
        at = ["--at", AS_OF, "--models", str(shop / "models")]
        patch.setattr(sys, "argv", [*words, *at])
        with pytest.raises(SystemExit) as ended:
            command_line.main()
        assert not ended.value.code
    joined = run(folder, "join.py next.csv addresses.csv upload.csv")
    assert joined.returncode == 0, joined.stderr
    with (folder / "upload.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
    assert (reader.fieldnames or [""])[0] == "Email Address"
    assert [row["Email Address"] for row in rows] == [PEOPLE[one] for one in sorted(PEOPLE)]
    return rows


def acknowledged(served: Served, folder: Path, title: str, message_id: str) -> None:
    """Run what a section says when the campaign left, in a shell that knows nothing else."""
    (command,) = ACKNOWLEDGING.findall(section(title))
    assert set(ACKNOWLEDGING.findall(PAGE)) == {command}
    *told, words = served.filled(command).split(maxsplit=command.count("="))
    environment = dict(one.split("=", 1) for one in told)
    ran = run(folder, words.removeprefix("python "), **environment)
    assert ran.returncode == 0, ran.stderr
    assert served.ask("ann", "next-message").get("message_id") is None
    url = f"{served.url}/v1/messages/{message_id}:ack"
    key = {"authorization": f"Bearer {served.secret}"}
    assert served.fetch("POST", url, key).json()["acked_at"].startswith("2026-03-01T12:0")


def test_klaviyo_shows_the_properties_that_were_uploaded(
    served: Served, folder: Path, shop: Path
) -> None:
    rows = decided(served, folder, shop, "Klaviyo", "klaviyo")
    (template,) = snippets("Klaviyo", "django")
    ann = next(row for row in rows if row["External ID"] == "ann")
    dan = next(row for row in rows if row["External ID"] == "dan")
    assert dan["nba_message"] == "none"
    body = klaviyo(template, ann)
    assert HEADING in body
    places = [place for place in (1, 2) if ann[f"nba_rec_{place}_title"] != "none"]
    assert body.count("<a href=") == len(places) > 0
    assert f", {ann['nba_rec_1_price']}" in body
    for place in places:
        assert f'href="{escape(ann[f"nba_rec_{place}_link"])}"' in body
        assert escape(ann[f"nba_rec_{place}_title"]) in body
    assert "none" not in body
    assert "none" not in klaviyo(template, dict.fromkeys(ann, "none"))
    acknowledged(served, folder, "Klaviyo", ann["nba_message_id"])


def test_the_feeds_of_the_page_open_with_the_publishable_key(served: Served) -> None:
    (catalogue,) = re.findall(r"^https://\S+catalog.json\S+$", section("Klaviyo"), re.MULTILINE)
    answer = served.fetch("GET", served.filled(catalogue), {})
    assert {row["id"] for row in answer.json()} == {"kettle", "mug-red"}
    assert answer.headers["x-nba-left-out"] == "5; image_link=4; link=1"
    assert answer.headers["x-nba-parts"] == "1"
    (digest,) = re.findall(r"^https://\S+digest.xml\S+$", section("Mailchimp"), re.MULTILINE)
    feed = served.fetch("GET", served.filled(digest), {})
    items = mailchimp_rss(snippets("Mailchimp", "mailchimp")[0], feed.content)
    assert items.count("<h2>") == 6
    assert f">{escape(TEA)}</a>" in items
    assert '<a href="https://shop.example/red?a=1&amp;b=2">Red mug</a>' in items
    assert "Kitchen · 9.09 EUR" in items


def test_mailchimp_fills_in_the_fields_that_were_imported(
    served: Served, folder: Path, shop: Path
) -> None:
    rows = decided(served, folder, shop, "Mailchimp", "mailchimp")
    template = snippets("Mailchimp", "mailchimp")[1]
    ann = next(row for row in rows if row["NBACUST"] == "ann")
    assert next(row for row in rows if row["NBACUST"] == "dan")["NBANEXT"] == "none"
    body = mailchimp(template, ann | {"UNSUB": "https://unsubscribe"})
    assert HEADING in body
    places = [place for place in (1, 2) if ann[f"REC{place}NAME"] != "none"]
    assert body.count("<p><a href=") == 1 + len(places)
    assert f'<a href="{ann["REC1URL"]}">{ann["REC1NAME"]}</a>, {ann["REC1PRICE"]}' in body
    acknowledged(served, folder, "Mailchimp", ann["NBAMSG"])


def test_sendgrid_is_posted_what_its_template_names_once(served: Served, folder: Path) -> None:
    with provider() as api:
        runs = [
            run(
                folder,
                "by_sendgrid.py addresses.csv",
                NBA_URL=served.url,
                NBA_KEY=served.secret,
                MAIL_FROM="shop@shop.example",
                SENDGRID_TEMPLATE="d-1",
                SENDGRID_KEY="SG.1",
                SENDGRID_URL=api.url,
            )
            for _ in range(2)
        ]
    assert [ran.returncode for ran in runs] == [0, 0], runs[0].stderr
    bodies = {
        body["personalizations"][0]["to"][0]["email"]: body["personalizations"][0]
        for _, body in api.posted
    }
    assert len(bodies) == len(api.posted) >= 3
    assert PEOPLE["dan"] not in bodies
    assert api.posted[0][0]["Authorization"] == "Bearer SG.1"
    ann = bodies[PEOPLE["ann"]]
    assert ann["custom_args"]["nba_message_id"].startswith("m_")
    assert ann["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    (template,) = snippets("SendGrid", "handlebars")
    body = handlebars(template, ann["dynamic_template_data"])
    assert HEADING in body
    for product in ann["dynamic_template_data"]["products"]:
        assert f'<a href="{escape(product["link"])}">{escape(product["title"])}</a>' in body
        assert f", {product['price']} EUR" in body
    assert body.count("<img") == sum(
        bool(one["image_link"]) for one in ann["dynamic_template_data"]["products"]
    )
    assert "{{" not in body


def test_the_script_sends_each_mail_whole_and_once(served: Served, folder: Path) -> None:
    with mailbox() as box:
        first, again = by_smtp(served, folder, box), by_smtp(served, folder, box)
    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    mails = {mail["To"]: mail for mail in box.mails}
    assert len(mails) == len(box.mails) == len(first.stdout.splitlines()) >= 3
    assert PEOPLE["dan"] not in mails
    assert again.stdout == ""
    mail = mails[PEOPLE["ann"]]
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["List-Unsubscribe"].startswith("<https://nba.shop.example/v1/u/")
    assert mail["Message-ID"].startswith("<m_")
    assert mail["Subject"]
    text, html = mail.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert "https://shop.example/" in text.get_content()
    assert "https://shop.example/" in html.get_content()
    assert "<html" in html.get_content()
    assert list((folder / "sent").iterdir()) == []


def test_a_long_link_and_a_long_subject_stand_whole_on_the_wire(shop: Path, tmp_path: Path) -> None:
    lay_out(tmp_path)
    (tmp_path / "letters/words").mkdir(parents=True)
    (tmp_path / "letters/words/uk.toml").write_text(
        f'[message.accessories]\nsubject = "{LONG_SUBJECT}"\n', "utf-8"
    )
    address = "https://recommendations.mail.shop-of-a-long-name.example/nba"
    own = {"letters": tmp_path / "letters", "language": "uk", "public_url": address}
    with serving(shop, tmp_path, **own) as served, mailbox() as box:
        ran = by_smtp(served, tmp_path, box)
    assert ran.returncode == 0, ran.stderr
    mine = [mail["To"] for mail in box.mails].index(PEOPLE["ann"])
    head, _, body = box.raw[mine].partition(b"\r\n\r\n")
    unfolded = head.replace(b"\r\n ", b" ").split(b"\r\n")
    (link,) = (one for one in unfolded if one.startswith(b"List-Unsubscribe:"))
    assert re.fullmatch(rf"List-Unsubscribe: <{re.escape(address)}/v1/u/\S+>".encode(), link)
    assert len(link) > 150
    (subject,) = (one for one in unfolded if one.startswith(b"Subject:"))
    words = subject.split()[1:]
    assert len(words) > 2
    assert all(re.fullmatch(rb"=\?utf-8\?[bq]\?[^? ]+\?=", one) for one in words)
    # RFC 2047 allows 75 characters of an encoded word.
    assert max(map(len, words)) <= 75
    assert box.mails[mine]["Subject"] == LONG_SUBJECT
    assert body.isascii()
    assert max(map(len, body.split(b"\r\n"))) <= 78


def test_a_kill_while_a_mail_is_handed_over_sends_nothing_twice(
    served: Served, folder: Path
) -> None:
    with mailbox() as box:
        taken = threading.Event()

        def hold() -> None:
            taken.set()
            killed.wait(20)

        killed = threading.Event()
        box.when_taken = hold
        environment = {
            "NBA_URL": served.url, "NBA_KEY": served.secret, "MAIL_FROM": "shop@shop.example",
            "SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(box.port), "PATH": os.environ["PATH"],
        }  # fmt: skip
        with subprocess.Popen(
            [sys.executable, "send.py", "addresses.csv"], cwd=folder, env=environment
        ) as process:
            assert taken.wait(30)
            process.kill()
        killed.set()
        box.when_taken = lambda: None
        again = by_smtp(served, folder, box)
        assert again.returncode == 0, again.stderr
        assert "not sent again" in again.stdout
        receivers = [mail["To"] for mail in box.mails]
        assert len(receivers) == len(set(receivers)) >= 3
        assert by_smtp(served, folder, box).stdout == ""


def test_what_the_mail_server_refuses_goes_with_the_next_run(served: Served, folder: Path) -> None:
    with mailbox() as box:
        box.is_refusing = True
        refused = by_smtp(served, folder, box)
        assert refused.returncode == 0, refused.stderr
        assert "stays for the next run" in refused.stdout
        assert box.mails == []
        box.is_refusing = False
        assert by_smtp(served, folder, box).returncode == 0
        assert PEOPLE["ann"] in [mail["To"] for mail in box.mails]


def test_the_page_has_no_snippet_that_nothing_runs() -> None:
    languages = re.findall(r"^```(\w+)$", PAGE, re.MULTILINE)
    counted = {name: languages.count(name) for name in set(languages)}
    assert counted == {
        "liquid": 7, "django": 1, "mailchimp": 2, "handlebars": 1, "python": 4, "sh": 3,
    }  # fmt: skip


def test_a_template_of_handlebars_is_filled_in_as_handlebars_does() -> None:
    known = {"a": None, "list": [{"b": "<"}, {"b": ""}], "c": {"d": 1}}
    each = "{{#each list}}[{{#if this.b}}{{b}}{{else}}-{{/if}}]{{/each}}"
    template = f"{{{{#if a}}}}A{{{{else}}}}{each}{{{{/if}}}}{{{{c.d}}}}"
    assert handlebars(template, known) == "[&lt;][-]1"
