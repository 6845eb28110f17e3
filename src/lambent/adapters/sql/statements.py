"""SQL kept as SQL: the statements of the files in `statements/`, by the name in the comment above each."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

_FOLDER = Path(__file__).parent / "statements"
_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def _load() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for path in sorted(_FOLDER.glob("*.sql")):
        _, *pieces = _NAME.split(path.read_text("utf-8"))
        for name, text in zip(pieces[::2], pieces[1::2], strict=True):
            if name in found:
                raise ValueError(f"two statements are named {name}")
            found[name] = text.strip().removesuffix(";")
    return MappingProxyType(found)


STATEMENTS = _load()
"""Name -> statement, with `:name` for each parameter."""
