"""The notebooks run as they stand, and each .ipynb is the .py beside it, without outputs."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import pytest

import nba
from nba.cli.console import table
from tests.shops import SIX_ORDERS, catalog, history

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
SOURCES = sorted(NOTEBOOKS.glob("*.py"))
SECONDS = 240
"""What one cell may take on a slow machine."""
RUNNER = """
import sys, nbformat
from nbclient import NotebookClient
source, folder, outcome, seconds = sys.argv[1:]
notebook = nbformat.read(source, as_version=4)
resources = {"metadata": {"path": folder}}
NotebookClient(notebook, timeout=int(seconds), resources=resources).execute()
nbformat.write(notebook, outcome)
"""
every_notebook = pytest.mark.parametrize("source", SOURCES, ids=[one.stem for one in SOURCES])


def read(path: Path) -> Any:
    """Read a notebook of either form."""
    return jupytext.read(path, config=jupytext.config.load_jupytext_config(str(path)))


def cells(notebook: Any) -> list[tuple[str, str]]:
    """List what a notebook says, without ids and metadata."""
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def imported(source: str) -> set[str]:
    """Name the libraries that some code imports."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found


def printed(notebook: Any, stream: str) -> str:
    """Join what the cells of a run wrote to a stream."""
    return "".join(
        output.text
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == "stream" and output.name == stream
    )


def drawn(notebook: Any) -> list[str]:
    """List what the cells of a run show as HTML: tables and pictures."""
    return [
        output.data["text/html"].strip()
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "text/html" in output.get("data", {})
    ]


def test_there_are_four_notebooks_and_each_has_both_forms() -> None:
    assert [one.stem for one in SOURCES] == [
        "01_first_snapshot",
        "02_compare_learners",
        "03_read_the_kpis",
        "04_choose_the_next_message",
    ]
    assert [one.stem for one in sorted(NOTEBOOKS.glob("*.ipynb"))] == [one.stem for one in SOURCES]


@every_notebook
def test_the_ipynb_is_what_the_py_says_and_holds_no_outputs(source: Path) -> None:
    paired = read(source.with_suffix(".ipynb"))
    nbformat.validate(paired)
    assert cells(paired) == cells(read(source)), "run: jupytext --update --to ipynb notebooks/*.py"
    code = [cell for cell in paired.cells if cell.cell_type == "code"]
    assert not [cell.source for cell in code if cell.outputs or cell.execution_count]
    assert paired.metadata.kernelspec.name == "python3"


@every_notebook
def test_a_notebook_imports_nba_and_what_python_brings(source: Path) -> None:
    code = source.read_text("utf-8")
    assert imported(code) - {"nba"} <= sys.stdlib_module_names
    assert "nba" in imported(code)


@every_notebook
def test_every_cell_of_code_follows_words_that_say_what_it_is_for(source: Path) -> None:
    kinds = [kind for kind, _ in cells(read(source))]
    assert kinds[0] == "markdown"
    assert kinds.count("markdown") * 2 >= kinds.count("code")


def run(source: Path, folder: Path, settings: Path) -> Any:
    """Run a notebook in a kernel of this Python, whatever kernels and settings the machine has."""
    outcome = settings / "outcome.ipynb"
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    own = {name: str(settings / name.lower()) for name in (*names, "TMPDIR")}
    Path(own["TMPDIR"]).mkdir()
    ran = subprocess.run(
        [sys.executable, "-c", RUNNER, source.with_suffix(".ipynb"), folder, outcome, str(SECONDS)],
        env={**os.environ, **own, "JUPYTER_PATH": "", "JUPYTER_PREFER_ENV_PATH": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-4000:]
    return nbformat.read(outcome, as_version=4)


@every_notebook
def test_every_cell_runs_in_an_empty_folder_without_a_warning(source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    began = time.monotonic()
    notebook = run(source, folder, tmp_path)
    print(f"{source.stem}: {time.monotonic() - began:.0f} s")
    assert printed(notebook, "stderr") == ""
    assert "nan" not in printed(notebook, "stdout").lower().split()
    assert all(drawn(notebook))
    assert not list(folder.iterdir())


def test_a_list_is_text_with_its_counts_in_a_script_and_drawn_in_jupyter(
    capsys: pytest.CaptureFixture[str],
) -> None:
    parsed = ast.parse((NOTEBOOKS / "01_first_snapshot.py").read_text("utf-8"))
    wanted = [
        one
        for one in parsed.body
        if isinstance(one, ast.FunctionDef) and one.name in ("counts", "shown")
    ]
    said: dict[str, Any] = {"table": table}
    exec(compile(ast.Module(wanted, []), "01_first_snapshot", "exec"), said)
    snapshot = nba.train(history(SIX_ORDERS), catalog())
    slate = nba.Recommender(snapshot).bought_together("kettle", n=2)
    first = slate[0].reason
    told = "{orders_together} of {orders_from}".format_map(first.evidence)
    assert said["shown"](slate) is None
    title, header, row, *_ = capsys.readouterr().out.strip().splitlines()
    assert (title, header.split()[-2:]) == ("bought_together:", ["reason", "orders"])
    assert first.text in row
    assert row.endswith(told)
    said["get_ipython"] = object
    assert told in said["shown"](slate).to_html()
    assert capsys.readouterr().out == ""


def test_a_planted_import_and_a_planted_warning_are_found() -> None:
    assert imported("import pandas as pd\nfrom nba.config import shipped") == {"pandas", "nba"}
    warned = nbformat.v4.new_code_cell(
        outputs=[
            nbformat.v4.new_output("stream", name="stderr", text="a warning"),
            nbformat.v4.new_output("display_data", data={"text/html": " "}),
        ]
    )
    planted = nbformat.v4.new_notebook(cells=[warned])
    assert printed(planted, "stderr") == "a warning"
    assert not all(drawn(planted))
