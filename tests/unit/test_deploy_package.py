"""`lambent deploy`: what becomes of a folder, and what is guessed from its files."""

import io
import zipfile
from pathlib import Path

import pytest

from lambent.cli.package import Guess, guess, zip_folder
from tests.server_process import zipped


def test_the_same_folder_makes_the_same_zip_whenever_it_is_made(tmp_path: Path) -> None:
    (tmp_path / "b.py").write_text("b")
    (tmp_path / "a.py").write_text("a")
    first = zip_folder(tmp_path)
    (tmp_path / "a.py").touch()
    assert zip_folder(tmp_path) == first
    assert zipfile.ZipFile(io.BytesIO(first)).namelist() == ["a.py", "b.py"]


def test_modes_and_links_are_kept_and_caches_left_out(tmp_path: Path) -> None:
    (tmp_path / "bootstrap").write_text("#!/bin/sh\n")
    (tmp_path / "bootstrap").chmod(0o755)
    (tmp_path / "link").symlink_to("bootstrap")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "x.pyc").write_bytes(b"x")
    archive = zipfile.ZipFile(io.BytesIO(zip_folder(tmp_path)))
    assert archive.namelist() == ["bootstrap", "link"]
    assert archive.getinfo("bootstrap").external_attr >> 16 & 0o777 == 0o755
    assert archive.read("link") == b"bootstrap"
    assert archive.getinfo("link").external_attr >> 28 == 0o12


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"bootstrap": "#!/bin/sh"}, Guess(family="provided", handler="bootstrap")),
        (
            {"lambda_function.py": "def lambda_handler(event, context): pass"},
            Guess(family="python", handler="lambda_function.lambda_handler"),
        ),
        ({"thing.py": "def handler(event, context): pass"}, Guess(family="python", handler="thing.handler")),
        ({"index.mjs": "export const handler = async () => 1"}, Guess(family="nodejs", handler="index.handler")),
        ({"app.js": "exports.run = async () => 1"}, Guess(family="nodejs", handler="app.run")),
        ({"app.rb": "def handler(event:, context:)\nend"}, Guess(family="ruby", handler="app.handler")),
        (
            {"lambda_function.rb": "def lambda_handler(event:, context:) = 1"},
            Guess(family="ruby", handler="lambda_function.lambda_handler"),
        ),
        ({"app.rb": "puts 1"}, None),
        ({"app.py": "not python at all :"}, None),
        ({"readme.txt": "hello"}, None),
    ],
)
def test_runtime_and_handler_are_guessed_from_the_files(files: dict[str, str | bytes], expected: Guess | None) -> None:
    assert guess(zipped(files)) == expected
