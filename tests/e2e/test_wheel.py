"""What `pip install .` installs: everything a server needs, and nothing that is only for developers."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_wheel_carries_the_clients_the_statements_and_the_command(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder, pattern in ((ROOT / "src" / "lambent", "**/*.sql"), (ROOT / "src" / "lambent", "**/*.py")):
        assert {f"lambent/{path.relative_to(folder).as_posix()}" for path in folder.glob(pattern)} <= names
    clients = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "runtimes").rglob("*")
        if path.suffix in (".py", ".js", ".mjs", ".rb")
    }
    assert {f"lambent/{each}" for each in clients} <= names
    assert not [each for each in names if each.startswith(("tests", "bench", "scripts")) or each.endswith(".pyc")]
    assert any(each.endswith("entry_points.txt") for each in names)
