"""The documents say what is there: verbs, options, settings, routes, words, and code that runs."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import tomllib
from io import StringIO
from pathlib import Path
from typing import Any

import duckdb
import pytest
import typer.main
from pydantic import BaseModel

import nba
from nba.cli.app import app, main
from nba.config import TrainConfig
from nba.palette import Look
from nba.schema import TABLES

REPO = Path(__file__).resolve().parents[2]
README = (REPO / "README.md").read_text("utf-8")


def page(name: str) -> str:
    return (REPO / "docs" / name).read_text("utf-8")


def block(text: str, language: str, number: int = 0) -> str:
    fences = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [content for named, content in fences if named == language][number]


def settings(section: BaseModel, prefix: str = "") -> list[tuple[str, Any]]:
    """List the names of settings and their defaults; a look is one value."""
    found: list[tuple[str, Any]] = []
    for name, default in section:
        if isinstance(default, BaseModel) and not isinstance(default, Look):
            found += settings(default, f"{prefix}{name}.")
        else:
            found.append((f"{prefix}{name}", default))
    return found


def told(cell: str, name: str) -> Any:
    """Read the cell of a setting: a TOML value, or a link to the recipe that holds a long one."""
    if "default.toml" not in cell:
        return tomllib.loads(f"value = {cell.strip().strip('`')}")["value"]
    value: Any = tomllib.loads((REPO / "models/recipes/default.toml").read_text("utf-8"))
    for key in name.split("."):
        value = value[key]
    return value


def with_one(name: str, value: Any) -> TrainConfig:
    """Make a recipe that holds one setting only."""
    for key in reversed(name.split(".")):
        value = {key: value}
    return TrainConfig.model_validate(value)


def test_every_verb_and_option_is_on_the_page_of_the_command_line() -> None:
    text = page("command-line.md")
    group = typer.main.get_command(app)
    verbs = group.commands.items()  # type: ignore[attr-defined]
    for name, verb in verbs:
        assert f"nba {name}" in text
        for inner in getattr(verb, "commands", {name: verb}).values():
            for option in inner.params:
                for spelling in option.opts:
                    if spelling.startswith("-"):
                        assert f"`{spelling}" in text or f"{spelling} " in text, spelling


@pytest.mark.parametrize("name", [name for name, _ in settings(TrainConfig())])
def test_every_setting_is_documented_with_its_default(name: str) -> None:
    row = re.search(rf"\| `{re.escape(name)}` \| ([^|]+) \|", page("command-line.md"))
    assert row is not None, name
    assert with_one(name, told(row[1], name)) == TrainConfig()


def test_the_default_recipe_holds_the_defaults() -> None:
    assert TrainConfig.from_toml(REPO / "models/recipes/default.toml") == TrainConfig()


def test_every_route_is_on_a_page_of_the_api() -> None:
    from nba_api.app import create_app
    from nba_api.settings import Settings

    text = page("api.md") + page("posting.md")
    document = create_app(Settings(db="sqlite://")).openapi()
    for path in document["paths"]:
        assert re.sub(r"\{\w+\}", "{id}", path) in text, path


def test_every_column_of_a_table_is_in_the_data_contract() -> None:
    text = page("data-contract.md")
    for table in TABLES.values():
        for column in table.names:
            assert f"{column}" in text, f"{table.name}.{column}"


def test_every_public_name_exists_and_is_loaded_on_first_use() -> None:
    for name in nba.__all__:
        assert getattr(nba, name) is not None
    assert set(dir(nba)) >= set(nba.__all__)
    with pytest.raises(AttributeError, match="magic"):
        _ = nba.magic


def test_every_link_between_documents_leads_somewhere() -> None:
    for path in [REPO / "README.md", *(REPO / "docs").rglob("*.md"), REPO / "benchmarks/README.md"]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text("utf-8")):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"


@pytest.fixture(scope="module")
def readme_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the README's commands on the README's CSV, but for the server."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "orders.csv").write_text(block(README, "csv"))
    (folder / "consents.csv").write_text(block(README, "csv", 1))
    (folder / "models").mkdir()
    (folder / "models/playbooks").symlink_to(REPO / "models/playbooks")
    commands = block(README, "", 1).splitlines()
    assert [line.split()[1] for line in commands] == [
        "import", "check", "train", "recommend", "recommend", "decide", "decide", "report",
        "serve",
    ]  # fmt: skip
    for line in commands[:-1]:
        words = line.split("#")[0].split()[1:]
        said = output_of(folder, *words)
        if words[:2] == ["recommend", "profile"]:
            assert "Active: 1 order day, the last on 2026-01-01" in said
        elif words[0] == "recommend":
            assert "100 % of orders with kettle also had it" in said
        if "--customer" in words:
            assert "ann: client/delivered, send service-rating" in said
        elif words[0] == "decide":
            assert "1  service-rating" in said
            assert "written to messages.csv" in said
    return folder


def output_of(folder: Path, *words: str) -> str:
    """Run `nba` in a folder and give what it printed."""
    with (
        contextlib.chdir(folder),
        contextlib.redirect_stdout(StringIO()) as out,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(sys, "argv", ["nba", *words])
        with pytest.raises(SystemExit) as ended:
            main()
    assert not ended.value.code, words
    return out.getvalue()


def test_the_code_of_the_readme_runs(readme_shop: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", block(README, "python")],
        cwd=readme_shop,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "filter" in ran.stdout
    assert "waits: accessories (not_due until" in ran.stdout


def test_the_sql_of_the_docs_recomputes_a_reason(readme_shop: Path) -> None:
    said = output_of(readme_shop, "recommend", "bought-together", "kettle", "--json")
    item = json.loads(said)["items"][0]
    sql = block(page("algorithms.md"), "sql").replace("'demo/", f"'{readme_shop}/shop/")
    sql = sql.replace("'A'", "'kettle'").replace("'B'", f"'{item['product_id']}'")
    cursor = duckdb.connect().execute(sql)
    names = [column[0] for column in cursor.description or ()]
    found = dict(zip(names, cursor.fetchone() or (), strict=True))
    assert found == pytest.approx({name: item["reason"]["evidence"][name] for name in names})
