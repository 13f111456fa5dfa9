"""The page about e-mail tools, its scripts, and a server of a small shop to ask as it says."""

from __future__ import annotations

import csv
import gc
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

import nba
from nba.cli.load import load
from nba.data.imports import import_files
from nba.state.keys import KeyKind, Scope, create_key
from nba.state.store import Store
from nba_api.app import create_app
from nba_api.server import Server
from nba_api.settings import Settings
from tests.api.keyed import LONG_AGO
from tests.api.shop import AS_OF, CONSENTS, ODD_CUSTOMER, orders_csv
from tests.servers import free_port

PAGE = (Path(__file__).parents[2] / "docs/email-tools.md").read_text("utf-8")
TEA = 'Tea "fine" <b> & ў'
PRODUCTS = f"""\
product_id,title,category,price,currency,availability,accessory_for,link,image_link
kettle,Kettle,Kitchen,3000,EUR,in_stock,,https://shop.example/kettle,https://shop.example/k.png
filter,Filter,Kitchen,500,EUR,in_stock,kettle,https://shop.example/filter,
cup,Cup,Kitchen,800,EUR,in_stock,,https://shop.example/cup,
mug-red,Red mug,Kitchen,909,EUR,in_stock,,https://shop.example/red?a=1&b=2,https://shop.example/m.png
mug-blue,Blue mug,Kitchen,900,EUR,in_stock,,https://shop.example/blue,
"tea/50 % größe,x","{TEA.replace('"', '""')}",Food,400,EUR,in_stock,,https://shop.example/tea,
"""
PEOPLE = {"ann": "ann@mail.example", "bob": "bob@mail.example", "dan": "dan@mail.example",
          ODD_CUSTOMER: "odd@mail.example"}  # fmt: skip


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def snippets(title: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", section(title), re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Served:
    """A server of the tiny shop, and what opens it."""

    url: str
    secret: str
    publishable: str

    def filled(self, snippet: str) -> str:
        """Put address and keys into a snippet."""
        told = {
            "https://nba.shop.example": self.url,
            "sk_YOUR_KEY": self.secret,
            "pk_YOUR_KEY": self.publishable,
        }
        for placeholder, value in told.items():
            snippet = snippet.replace(placeholder, value)
        return snippet

    def fetch(self, method: str, url: str, headers: Mapping[str, str]) -> httpx.Response:
        # As tools do: what they fetch has to stand in the address alone, and nothing is followed.
        return httpx.request(method, url, headers=headers, trust_env=False, timeout=20)

    def ask(self, customer: str, route: str, method: str = "GET") -> Any:
        url = f"{self.url}/v1/customers/{quote(customer, safe='')}/{route}"
        return self.fetch(method, url, {"authorization": f"Bearer {self.secret}"}).json()


def make_shop(folder: Path) -> None:
    """Fill a folder with a shop, its snapshot in `models`, and a store that nobody writes to."""
    for name, rows in {"orders": orders_csv(), "products": PRODUCTS, "consents": CONSENTS}.items():
        (folder / f"{name}.csv").write_text(rows, "utf-8")
    names = ("orders", "products", "consents")
    import_files([folder / f"{name}.csv" for name in names], folder / "shop")
    read = nba.read_shop(folder / "shop")
    nba.train(read.history, read.catalog, nba.TrainConfig(seed=7)).publish(folder / "models")
    load(folder / "shop", f"sqlite:///{folder / 'nba.db'}")


@contextmanager
def serving(shop: Path, folder: Path, **set_otherwise: Any) -> Iterator[Served]:
    """Run a server over a copy of a shop's store; its clock begins after the orders, and runs."""
    shutil.copy(shop / "nba.db", folder / "nba.db")
    url = f"sqlite:///{folder / 'nba.db'}"
    store = Store(url)
    _, secret = create_key(store, KeyKind.SECRET, LONG_AGO, scopes=[Scope.READ, Scope.WRITE])
    site = ["https://shop.example"]
    _, publishable = create_key(store, KeyKind.PUBLISHABLE, LONG_AGO, origins=site)
    store.close()
    port = free_port()
    told: dict[str, Any] = {"starts_at": AS_OF, "public_url": "https://nba.shop.example"}
    settings = Settings(models=shop / "models", db=url, **(told | set_otherwise))
    ready = threading.Event()
    server = Server(create_app(settings), when_ready=ready.set)
    server.config.port = port
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert ready.wait(20), "the server did not start"
        yield Served(f"http://127.0.0.1:{port}", secret, publishable)
    finally:
        server.should_exit = True
        thread.join()
        # What a server keeps from the collector for good is to be let go when a test ends.
        gc.unfreeze()


def lay_out(folder: Path) -> None:
    """Put the scripts of the page into a folder, and addresses."""
    for name in ("send.py", "join.py", "ack.py", "by_sendgrid.py"):
        (folder / name).write_text(script(name), "utf-8")
    with (folder / "addresses.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("customer_id", "email"), *PEOPLE.items()])


def script(name: str) -> str:
    titles = {
        "send.py": "A script of your own, by SMTP",
        "by_sendgrid.py": "SendGrid",
        "join.py": "The two small scripts",
        "ack.py": "The two small scripts",
    }
    return snippets(titles[name], "python")[-1 if name == "ack.py" else 0]


def run(folder: Path, words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words.split()],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONUTF8": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
