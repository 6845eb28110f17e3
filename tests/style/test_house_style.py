"""The house rules that a machine can hold: sizes, nesting, names, docstrings (docs/design.md, house rules)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py")) + sorted((ROOT / "runtimes").rglob("*.py"))
EVERY_PYTHON_FILE = [*SOURCES, *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "bench").rglob("*.py"))]
EVERY_PYTHON_FILE = [path for path in EVERY_PYTHON_FILE if ".peers" not in path.parts]

LINES_AT_MOST = 300
FUNCTION_LINES_AT_MOST = 60
NESTING_AT_MOST = 3
LONGER_FILES = {
    "src/lambent/core/ports.py": "every door out of the domain on one page, contracts included (design, section 1)",
}
FORBIDDEN_MODULES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "types", "misc"}
BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.With, ast.AsyncWith, ast.Match)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions_of(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def nesting(node: ast.AST, depth: int = 0) -> int:
    deepest = depth
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        is_elif = isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
        deepest = max(deepest, nesting(child, depth + (isinstance(child, BLOCKS) and not is_elif)))
    return deepest


@pytest.mark.parametrize("path", EVERY_PYTHON_FILE, ids=name_of)
def test_a_file_is_small_enough_to_read_in_one_sitting(path: Path) -> None:
    lines = len(path.read_text("utf-8").splitlines())
    assert lines <= LINES_AT_MOST or name_of(path) in LONGER_FILES, f"{lines} lines: split it by what its parts are for"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_functions_are_short_and_flat(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    long = [
        f"{each.name}: {each.end_lineno - each.lineno + 1} lines"
        for each in functions_of(tree)
        if each.end_lineno - each.lineno >= FUNCTION_LINES_AT_MOST
    ]
    deep = [f"{each.name}: nested {nesting(each)} deep" for each in functions_of(tree) if nesting(each) > NESTING_AT_MOST]
    assert not long + deep


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_module_says_in_its_first_line_what_it_is_for(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text("utf-8")))
    assert docstring
    assert len(docstring.splitlines()[0]) > 20


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_module_has_a_name_that_says_nothing(path: Path) -> None:
    assert path.stem not in FORBIDDEN_MODULES
    assert not path.stem.endswith(("_helpers", "_utils"))


@pytest.mark.parametrize("path", sorted((ROOT / "src" / "lambent" / "core").rglob("*.py")), ids=name_of)
def test_the_core_is_pure(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    imported = {alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    doing = {
        "os",
        "time",
        "random",
        "secrets",
        "uuid",
        "subprocess",
        "threading",
        "sqlite3",
        "shutil",
        "tempfile",
        "logging",
        "select",
    }
    if path.name == "ports.py":
        doing -= {"socket"}  # a port may name a type of the doors' other side
    assert not imported & (doing | ({"asyncio", "socket"} if path.name != "ports.py" else set()))


def test_the_median_function_is_short() -> None:
    lengths = sorted(
        each.end_lineno - each.lineno + 1 for path in SOURCES for each in functions_of(ast.parse(path.read_text("utf-8")))
    )
    assert lengths[len(lengths) // 2] <= 12


def test_what_runs_inside_the_sandbox_imports_nothing_of_lambent() -> None:
    offenders = [
        name_of(path)
        for path in (ROOT / "runtimes").rglob("*.py")
        if re.search(r"^\s*(from|import) lambent", path.read_text("utf-8"), re.MULTILINE)
    ]
    assert not offenders


def test_every_exemption_is_still_needed() -> None:
    assert all(len((ROOT / name).read_text("utf-8").splitlines()) > LINES_AT_MOST for name in LONGER_FILES)


def test_nothing_swallows_every_exception_without_a_reason() -> None:
    offenders = [
        f"{name_of(path)}:{number}"
        for path in sorted((ROOT / "src").rglob("*.py"))
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if re.search(r"except (Base)?Exception\b|except:", line) and "noqa: BLE001" not in line
    ]
    assert not offenders
