"""The rules of the house as tests: who may import what, how large things may grow, where state may live."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
PACKAGES = ("app", "reid_engine", "trainer", "resources")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef

# library -> the only places that may import it
IMPORTERS: dict[str, tuple[str, ...]] = {
    "sqlalchemy": ("reid_engine/store/",),
    "alembic": ("reid_engine/store/",),
    "sqlite3": ("reid_engine/store/",),
    "faiss": ("reid_engine/index.py",),
    "av": ("reid_engine/video/container.py", "reid_engine/video/clip.py", "trainer/world/mp4.py"),
    "openvino": ("reid_engine/runtime/",),
    "onnxruntime": ("reid_engine/runtime/",),
    "ultralytics": ("reid_engine/_ultralytics.py",),
    "lap": ("reid_engine/tracking.py",),
    "torch": ("reid_engine/models/", "reid_engine/runtime/", "reid_engine/_ultralytics.py", "trainer/"),
    "torchvision": ("reid_engine/models/", "trainer/"),
    "PySide6": ("app/",),
    "pyqtgraph": ("app/",),
}
BORDERS = {"app/cli.py", "app/application.py", "app/background.py"}  # the only places that may catch everything
BANNED_NAMES = {"utils", "helpers", "common", "misc", "manager", "handler", "tools"}
BANNED_CV2 = {"imshow", "namedWindow", "waitKey", "VideoCapture", "destroyAllWindows"}
CONSTRUCTORS = {  # calls whose results are constants
    "NewType", "TypeVar", "ParamSpec", "frozenset", "tuple", "compile", "Path", "MappingProxyType", "namedtuple",
    "Table", "MetaData", "Fraction", "timedelta", "datetime", "dict", "array", "float32", "Final", "Decimal",
    "get_args",
}  # fmt: skip


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(tree(path)))


@cache
def imported(path: Path) -> tuple[tuple[str, int], ...]:
    found: list[tuple[str, int]] = []
    for node in nodes(path):
        if isinstance(node, ast.Import):
            found += [(alias.name.partition(".")[0], node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append((node.module.partition(".")[0], node.lineno))
    return tuple(found)


def functions(path: Path) -> Iterator[FunctionNode]:
    return (node for node in nodes(path) if isinstance(node, FunctionNode))


def length(node: FunctionNode) -> int:
    """Lines of a function without its docstring."""
    body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
    return (node.end_lineno or 0) - body[0].lineno + 1


def depth(node: ast.AST, level: int = 0) -> int:
    """How deep control flow nests."""
    deepest = level
    for child in ast.iter_child_nodes(node):
        if isinstance(child, FunctionNode | ast.ClassDef | ast.Lambda):
            continue
        inner = isinstance(child, ast.For | ast.While | ast.If | ast.With | ast.Try | ast.Match)
        chained = isinstance(node, ast.If) and isinstance(child, ast.If) and child in node.orelse
        deepest = max(deepest, depth(child, level + (inner and not chained)))
    return deepest


@pytest.mark.parametrize("library", IMPORTERS)
def test_each_heavy_library_has_its_own_door(library: str) -> None:
    wrong = [
        f"{relative(path)}:{line}"
        for path in SOURCES
        for name, line in imported(path)
        if name == library and not relative(path).startswith(IMPORTERS[library])
    ]
    assert not wrong, f"{library} may be imported in {IMPORTERS[library]} only"


def test_importing_the_window_loads_no_network_library() -> None:
    program = (
        "import sys, app.main_window, app.application; "
        "heavy = ('torch', 'torchvision', 'ultralytics', 'openvino', 'onnxruntime', 'av'); "
        "print([m for m in heavy if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)
    assert run.stdout.strip() == "[]"


def test_importing_what_an_ingest_needs_loads_no_torch() -> None:
    program = (
        "import sys, reid_engine.ingest, reid_engine.search; "
        "print([m for m in ('torch', 'ultralytics', 'av', 'PySide6') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)
    assert run.stdout.strip() == "[]"


def is_constant(value: ast.expr | None) -> bool:
    """Literals, registries of literals and names, arithmetic, and calls that make constants."""
    if value is None:
        return True
    for node in ast.walk(value):
        if isinstance(node, ast.List | ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.Await | ast.NamedExpr):
            return False
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            inside_table = name in {"Column", "ForeignKey", "Index", "UniqueConstraint", "CheckConstraint", "text"}
            if name not in CONSTRUCTORS and not inside_table and not name[:1].isupper():
                return False
    return True


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_modules_hold_constants_only(path: Path) -> None:
    for node in tree(path).body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        for target in targets:
            assert isinstance(target, ast.Name), f"{relative(path)}:{node.lineno}"
            constant = target.id.isupper() or target.id.startswith("__") or target.id.lstrip("_")[:1].isupper()
            in_schema = relative(path).startswith("reid_engine/store/")
            assert constant or in_schema, f"{relative(path)}:{node.lineno}: {target.id} looks like module-level state"
            assert is_constant(node.value), f"{relative(path)}:{node.lineno}: {target.id} is not a constant"
    assert not [n.lineno for n in nodes(path) if isinstance(n, ast.Global)], "no global statements"


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_files_and_functions_stay_small(path: Path) -> None:
    lines = len(path.read_text("utf-8").splitlines())
    assert lines <= (350 if path.name == "main_window.py" else 450), f"{lines} lines: is this still one room?"
    for node in functions(path):
        where = f"{relative(path)}:{node.lineno} {node.name}"
        arguments = [a for a in (*node.args.posonlyargs, *node.args.args) if a.arg not in ("self", "cls")]
        assert length(node) <= 45, f"{where} has {length(node)} lines"
        command = relative(path).startswith("app/commands/")  # there the parameters are the command line
        assert command or len(arguments) + len(node.args.kwonlyargs) <= 8, f"{where} has too many parameters"
        assert depth(node) <= 4, f"{where} nests {depth(node)} deep"


def test_functions_are_short_as_a_rule() -> None:
    lengths = sorted(length(node) for path in SOURCES for node in functions(path))
    assert statistics.median(lengths) <= 10
    assert lengths[int(0.9 * len(lengths))] <= 30


@pytest.mark.parametrize(
    "path", [p for p in SOURCES if relative(p).startswith(("reid_engine", "trainer"))], ids=relative
)
def test_what_is_public_is_explained(path: Path) -> None:
    module = tree(path)
    assert ast.get_docstring(module), f"{relative(path)} says nothing about its place"
    for node in module.body:
        if isinstance(node, FunctionNode | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{relative(path)}:{node.lineno} {node.name} has no docstring"


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_nothing_is_swallowed(path: Path) -> None:
    for node in nodes(path):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"{relative(path)}:{node.lineno}: bare except"
            broad = isinstance(node.type, ast.Name) and node.type.id == "Exception"
            carried = any(isinstance(n, ast.Raise) for n in ast.walk(node))
            assert not broad or carried or relative(path) in BORDERS, (
                f"{relative(path)}:{node.lineno}: except Exception"
            )


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_no_second_window_system_and_no_empty_names(path: Path) -> None:
    assert path.stem not in BANNED_NAMES
    used = {n.attr for n in nodes(path) if isinstance(n, ast.Attribute)}
    assert not used & BANNED_CV2


def test_panes_and_dialogs_do_not_know_one_another() -> None:
    for folder in ("panes", "dialogs"):
        for path in sorted((ROOT / "app" / folder).glob("*.py")):
            for node in nodes(path):
                if isinstance(node, ast.ImportFrom) and node.module:
                    assert not node.module.startswith(("app.panes.", "app.dialogs.", "app.main_window")), relative(path)


def test_every_file_of_tests_is_in_the_suite() -> None:
    options = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"]["ini_options"]
    listed = tuple(ROOT / path for path in options["testpaths"])
    left_out = [p for p in (ROOT / "tests").rglob("test_*.py") if not any(p.is_relative_to(path) for path in listed)]
    assert not left_out


def test_the_lock_has_hashes_and_no_addresses() -> None:
    text = (ROOT / "requirements.lock").read_text("utf-8")
    assert not re.search(r"index|https?:|file:|find.links|@ ", text)
    pins = re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)", text, re.M)
    names = [name.lower() for name, _ in pins]
    assert len(names) == len(set(names)), "one version of everything"
    assert dict(pins)["torch"] == "2.14.1"
    assert dict(pins)["torchvision"] == "0.29.1", "torch and torchvision are one pair"
    for block in re.split(r"\n(?=\S)", text):
        assert "--hash=sha256:" in block, block.splitlines()[0]


def test_every_dependency_is_pinned_within_its_declared_range() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    pins = {name.lower(): version for name, version in re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)", lock, re.M)}
    for text in project["dependencies"] + project["optional-dependencies"]["dev"]:
        requirement = Requirement(text)
        assert pins[requirement.name.lower()] in requirement.specifier, text
