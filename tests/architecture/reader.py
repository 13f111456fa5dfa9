"""What one module imports and uses, read from its text, and where that breaks the tables."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.architecture.rules import (
    BUILTINS,
    COMES_WITH,
    FRAME_FUNCTIONS,
    LIBRARY_ROOMS,
    MAY_IMPORT,
    RESTRICTED_NAMES,
    ROOT,
    ROOT_LIBRARIES,
    declared_libraries,
    within,
)


@dataclass(frozen=True)
class Import:
    """One imported name and where it stands."""

    target: str
    line: int
    functions: tuple[str, ...]
    for_types: bool


@dataclass
class Reader(ast.NodeVisitor):
    """Collects what one module imports and which outside names it uses."""

    module: str
    is_package: bool = False
    imports: list[Import] = field(default_factory=list)
    uses: list[tuple[str, int]] = field(default_factory=list)
    _names: dict[str, str] = field(default_factory=dict)
    _functions: tuple[str, ...] = ()
    _for_types: bool = False

    def read(self, source: str) -> Reader:
        """Read a module's text: first the names that imports bind, then all else."""
        tree = ast.parse(source)
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._bind(node)
        self.visit(tree)
        return self

    def _base(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self.module.split(".")
        package = parts[: len(parts) - node.level + self.is_package]
        return ".".join([*package, *([node.module] if node.module else [])])

    def _bind(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            if isinstance(node, ast.ImportFrom):
                self._names[alias.asname or alias.name] = f"{self._base(node)}.{alias.name}"
            elif alias.asname:
                self._names[alias.asname] = alias.name
            else:
                self._names[alias.name.partition(".")[0]] = alias.name.partition(".")[0]

    def _import(self, target: str, line: int) -> None:
        self.imports.append(Import(target, line, self._functions, self._for_types))
        self.uses.append((target, line))

    def visit_Import(self, node: ast.Import) -> None:
        """Record `import a.b`."""
        for alias in node.names:
            self._import(alias.name, node.lineno)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """Record `from a import b` as `a.b`."""
        for alias in node.names:
            self._import(f"{self._base(node)}.{alias.name}", node.lineno)

    def visit_If(self, node: ast.If) -> None:
        """Mark what stands under `if TYPE_CHECKING`."""
        if (self._dotted(node.test) or "").endswith("TYPE_CHECKING"):
            outer, self._for_types = self._for_types, True
            for child in node.body:
                self.visit(child)
            self._for_types = outer
            for child in node.orelse:
                self.visit(child)
        else:
            self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Remember the function around."""
        outer, self._functions = self._functions, (*self._functions, node.name)
        self.generic_visit(node)
        self._functions = outer

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815  # the name ast looks for

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """Record a dotted name that starts at an import."""
        dotted = self._dotted(node)
        if dotted is None:
            self.generic_visit(node)
        else:
            self.uses.append((dotted, node.lineno))

    def visit_Name(self, node: ast.Name) -> None:
        """Record a bare name that is an import or a watched builtin."""
        if node.id in self._names:
            self.uses.append((self._names[node.id], node.lineno))
        elif node.id in BUILTINS and isinstance(node.ctx, ast.Load):
            self.uses.append((f"builtins.{node.id}", node.lineno))

    def visit_Call(self, node: ast.Call) -> None:
        """Record imports by text, a clock read through numpy, and unsafe loading by keyword."""
        called = self._dotted(node.func) or ""
        first = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
        if called in {"importlib.import_module", "__import__"} and isinstance(first, str):
            self._import(first, node.lineno)
        if called == "numpy.datetime64" and first in {"now", "today"}:
            self.uses.append(("datetime.datetime.now", node.lineno))
        for keyword in node.keywords:
            value = keyword.value
            is_false = isinstance(value, ast.Constant) and value.value is False
            if keyword.arg == "allow_pickle" and not is_false:
                self.uses.append(("allow_pickle", node.lineno))
        self.generic_visit(node)

    def _dotted(self, node: ast.expr) -> str | None:
        if isinstance(node, ast.Name):
            return self._names.get(node.id, node.id if node.id == "__import__" else None)
        if isinstance(node, ast.Attribute):
            base = self._dotted(node.value)
            return base and f"{base}.{node.attr}"
        return None


def breaches(module: str, source: str, *, is_package: bool = False) -> list[str]:
    """List, as sentences with a line number, every wall that a module's text breaks."""
    found = Reader(module, is_package).read(source)
    room = module.removeprefix("nba.")
    lines = {
        (one.line, problem) for one in found.imports for problem in _import_problems(room, one)
    } | {(line, problem) for name, line in found.uses for problem in _use_problems(room, name)}
    return [f"{module}:{line} {problem}" for line, problem in sorted(lines)]


def _import_problems(room: str, one: Import) -> Iterator[str]:
    library = one.target.partition(".")[0]
    if library in {"nba", "nba_api"}:
        yield from _room_problems(room, one.target.removeprefix("nba."))
    elif library not in sys.stdlib_module_names:
        yield from _library_problems(room, library, one)


def _room_problems(room: str, target: str) -> Iterator[str]:
    rows = [row for row in MAY_IMPORT if within(room, (row,))]
    if not rows:
        yield f"{room} has no row in MAY_IMPORT"
        return
    allowed = MAY_IMPORT[max(rows, key=len)]
    if "*" not in allowed and target != "__version__" and not within(target, allowed):
        yield f"{room} may not import {target}"


def _library_problems(room: str, library: str, one: Import) -> Iterator[str]:
    base, extras = declared_libraries()
    name = COMES_WITH.get(library, library)
    lazy = bool(one.functions) or one.for_types
    if name not in base and not (lazy and name in extras):
        yield f"{library} is no declared dependency, or an extra that is not imported in a function"
    if within(room, ROOT) and library not in ROOT_LIBRARIES:
        yield f"the root may not import {library}"
    if one.for_types:
        return
    if not within(room, LIBRARY_ROOMS.get(library, (room,))):
        yield f"{room} may not import {library}, only {LIBRARY_ROOMS[library]} may"
    if library == "pandas" and not set(one.functions) & set(FRAME_FUNCTIONS):
        yield "pandas may be imported only inside from_frame and to_frame"


def _use_problems(room: str, name: str) -> Iterator[str]:
    for watched, rooms in RESTRICTED_NAMES.items():
        if within(name, (watched,)) and not within(room, rooms):
            yield f"{room} may not use {watched.removeprefix('builtins.')}"
