"""Make a deployment package of a folder, and guess what it needs to run."""

import ast
import io
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

_LEFT_OUT = {".git", "__pycache__", ".venv", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".DS_Store"}
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The same folder makes the same zip, so the same CodeSha256: file times are left out."""

_NODE_ENTRIES = [stem + suffix for stem in ("index", "handler", "app", "main") for suffix in (".mjs", ".js", ".cjs")]
_RUBY_ENTRIES = ["lambda_function.rb", "handler.rb", "app.rb", "main.rb", "function.rb"]


@dataclass(frozen=True, kw_only=True)
class Guess:
    """What a package seems to be."""

    family: str
    """`python`, `nodejs`, `ruby` or `provided`."""
    handler: str


def zip_folder(folder: Path) -> bytes:
    """The folder's files as a zip, modes kept, links as links, sorted."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            relative = path.relative_to(folder)
            if not _LEFT_OUT.intersection(relative.parts) and (path.is_symlink() or path.is_file()):
                _add(archive, path, relative.as_posix())
    return buffer.getvalue()


def _add(archive: zipfile.ZipFile, path: Path, name: str) -> None:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = path.lstat().st_mode << 16
    content = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
    archive.writestr(entry, content)


def guess(content: bytes) -> Guess | None:
    """Runtime family and handler from a zip's files: `bootstrap`, `index.mjs`, `lambda_function.py` ...; None when unclear."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        if "bootstrap" in names:
            return Guess(family="provided", handler="bootstrap")
        script = next((name for name in _NODE_ENTRIES if name in names), None)
        if script:
            return _node(script.rpartition(".")[0], archive.read(script).decode("utf-8", "replace"))
        rubies = [name for name in _RUBY_ENTRIES if name in names]
        if rubies and (found := _ruby(rubies[0], archive.read(rubies[0]).decode("utf-8", "replace"))):
            return found
        preferred = ["lambda_function.py", "handler.py", "app.py", "main.py", "index.py", "function.py"]
        modules = [name for name in preferred if name in names] or [name for name in names if re.fullmatch(r"\w+\.py", name)]
        guesses = [_python(name, archive.read(name)) for name in modules]
    return next((each for each in guesses if each), None)


def _node(stem: str, source: str) -> Guess:
    exported = re.search(r"exports\.(\w+)\s*=|export\s+(?:const|let|var|async\s+function|function)\s+(\w+)", source)
    return Guess(family="nodejs", handler=f"{stem}.{(exported[1] or exported[2]) if exported else 'handler'}")


def _ruby(name: str, source: str) -> Guess | None:
    defined = re.findall(r"^def (\w+)\(", source, re.MULTILINE)
    found = next((each for each in ("lambda_handler", "handler") if each in defined), None)
    return Guess(family="ruby", handler=f"{name.removesuffix('.rb')}.{found}") if found else None


def _python(name: str, source: bytes) -> Guess | None:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return None
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    found = next((each for each in ("lambda_handler", "handler", "main") if each in defined), None)
    return Guess(family="python", handler=f"{name.removesuffix('.py')}.{found}") if found else None
