"""The furniture: file sizes, names, docstrings, and what no file of the repository may hold."""

from __future__ import annotations

import ast
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.rules import REPO, sources

LONGEST = 400
NAMELESS = {"helper", "helpers", "util", "utils", "common", "misc"}
TEXTS = {".cfg", ".css", ".html", ".ini", ".ipynb", ".js", ".json", ".lock", ".md", ".py", ".toml"}
WRITTEN_BY_THE_PRODUCT = {"demo", "models/snapshots", "models/statistics", "models/reports"}
MACHINE_PATH = re.compile(r"(?<![\w.>-])/(?:home|root|Users|work|mnt|opt)/\w")


def repository_files() -> Iterator[Path]:
    """Give every file that people wrote, whether or not git is there to list them."""
    for folder, folders, files in os.walk(REPO):
        inside = Path(folder).relative_to(REPO)
        folders[:] = [
            name
            for name in folders
            if name == ".ci"
            or not (
                name.startswith(".")
                or name in {"__pycache__", "build", "dist", "node_modules"}
                or (inside / name).as_posix() in WRITTEN_BY_THE_PRODUCT
            )
        ]
        yield from (Path(folder, name) for name in files)


def written_texts() -> Iterator[Path]:
    """Give the text files among them; Makefile, .ci/run, LICENSE and the like have no suffix."""
    return (path for path in repository_files() if path.suffix in TEXTS or not path.suffix)


def undocumented(module: str, source: str) -> list[str]:
    """Name every public module, class, function and method without a docstring."""
    tree = ast.parse(source)
    missing = [] if ast.get_docstring(tree) else [module]
    missing += [f"{module}.{name}" for name in _undocumented_in(tree.body)]
    return missing


def _undocumented_in(body: list[ast.stmt], inside: str = "") -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.If | ast.Try | ast.With):
            for part in ("body", "orelse", "finalbody"):
                yield from _undocumented_in(getattr(node, part, []), inside)
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if node.name.startswith("_") or _shares_a_docstring(node):
            continue
        if ast.get_docstring(node) is None:
            yield f"{inside}{node.name}"
        if isinstance(node, ast.ClassDef):
            yield from _undocumented_in(node.body, f"{inside}{node.name}.")


def _shares_a_docstring(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    names = {ast.unparse(decorator).rpartition(".")[2] for decorator in node.decorator_list}
    return bool(names & {"overload", "override", "setter"})


def holds_one_docstring_only(source: str) -> bool:
    """Whether a module's text is a docstring and nothing after it."""
    tree = ast.parse(source)
    return len(tree.body) == 1 and ast.get_docstring(tree) is not None


def test_no_source_file_is_longer_than_400_lines() -> None:
    lengths = {
        path.relative_to(REPO).as_posix(): len(path.read_text("utf-8").splitlines())
        for path in repository_files()
        if path.suffix in {".py", ".js"}
    }
    assert not {path: length for path, length in lengths.items() if length > LONGEST}


def test_no_module_has_a_name_that_says_nothing() -> None:
    parts = {part for module, _ in sources() for part in module.split(".")}
    assert not {part for part in parts if NAMELESS & set(part.strip("_").split("_"))}


def test_the_inits_below_the_package_hold_one_docstring_only() -> None:
    assert not [
        module
        for module, path in sources()
        if path.name == "__init__.py" and module != "nba"
        if not holds_one_docstring_only(path.read_text("utf-8"))
    ]


def test_everything_public_has_a_docstring() -> None:
    assert not [
        name for module, path in sources() for name in undocumented(module, path.read_text("utf-8"))
    ]


def test_no_text_names_a_path_of_one_machine() -> None:
    assert not [
        f"{path.relative_to(REPO)}:{number}"
        for path in written_texts()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if MACHINE_PATH.search(line)
    ]


def test_the_lock_file_holds_sorted_names_with_exact_versions_only() -> None:
    lines = (REPO / "requirements.lock").read_text("utf-8").splitlines()
    assert not [line for line in lines if not re.fullmatch(r"[a-z0-9.-]+==\d[a-z0-9.]*", line)]
    assert lines == sorted(lines)
    names = [line.partition("==")[0] for line in lines]
    assert len(set(names)) == len(names)


def test_the_lock_file_pins_every_base_and_test_dependency() -> None:
    project = tomllib.loads((REPO / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = {
        re.split(r"[\[<>=!~; ]", line)[0].lower()
        for line in (*project["dependencies"], *extras["demo"], *extras["test"])
    }
    locked = (REPO / "requirements.lock").read_text("utf-8").splitlines()
    assert not wanted - {line.partition("==")[0] for line in locked}


@pytest.mark.parametrize(
    "source",
    [
        "x = 1",
        '"""Doc."""\ndef f(): ...',
        '"""Doc."""\nclass A:\n    """Doc."""\n    def f(self): ...',
        '"""Doc."""\nclass A: ...',
        '"""Doc."""\nif x:\n    async def f(): ...',
    ],
)
def test_a_planted_gap_in_the_docstrings_is_found(source: str) -> None:
    assert len(undocumented("nba.planted", source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        '"""Doc."""\ndef _f(): ...',
        '"""Doc."""\ndef f():\n    """Doc."""\n    def inner(): ...',
        '"""Doc."""\n@overload\ndef f(): ...\n@typing.overload\ndef f(): ...',
        '"""Doc."""\nclass _A:\n    def f(self): ...',
    ],
)
def test_private_nested_and_overloaded_functions_need_no_docstring(source: str) -> None:
    assert undocumented("nba.planted", source) == []


def test_an_init_with_code_or_without_a_docstring_is_found() -> None:
    assert holds_one_docstring_only('"""Doc."""\n')
    assert not holds_one_docstring_only("")
    assert not holds_one_docstring_only('"""Doc."""\nfrom nba.learn.train import train\n')


def test_a_planted_machine_path_is_found_and_an_address_is_not() -> None:
    assert MACHINE_PATH.search("open('" + "/".join(["", "home", "ann", "orders.csv"]) + "')")
    assert not MACHINE_PATH.search("https://shop.example/home/kettles")
