"""Put peers into bench/.peers at pinned versions: once, whole or not at all, in bounded time; what cannot be had is absent."""

import os
import platform
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.peers.process import BASE_PYTHON

PEERS = Path(__file__).parents[1] / ".peers"
INSTALL_SECONDS = 600

AWS_SAM_CLI = "1.170.0"
"""Its wheel carries the Runtime Interface Emulator of this version."""
AWSLAMBDARIC = "4.2.2"
MINISTACK = "1.5.33"
SERVERLESS = "3.40.0"
SERVERLESS_OFFLINE = "13.9.0"


class Absent(Exception):
    """A peer cannot be had on this machine; the message says why, in a few words."""


def rie() -> Path:
    """The AWS Lambda Runtime Interface Emulator's binary."""
    machine = {"x86_64": "x86_64", "aarch64": "arm64"}.get(platform.machine())
    if machine is None:
        raise Absent(f"no RIE for {platform.machine()}")
    name = f"aws-lambda-rie-{machine}"

    def build(folder: Path) -> None:
        _pip("download", "--no-deps", "--dest", folder, f"aws-sam-cli=={AWS_SAM_CLI}")
        wheel = next(folder.glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            (folder / name).write_bytes(archive.read(f"samcli/local/rapid/{name}"))
        (folder / name).chmod(0o755)
        wheel.unlink()

    return _folder(f"aws-lambda-rie-of-sam-{AWS_SAM_CLI}", build) / name


def awslambdaric() -> Path:
    """A folder with AWS's Python runtime client, for the interpreter that runs the benchmark."""
    tag = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    return _folder(f"awslambdaric-{AWSLAMBDARIC}-{tag}", lambda folder: _pip_into(folder, f"awslambdaric=={AWSLAMBDARIC}"))


def ministack() -> Path:
    """A folder with MiniStack and what it needs."""
    tag = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    return _folder(f"ministack-{MINISTACK}-{tag}", lambda folder: _pip_into(folder, f"ministack=={MINISTACK}"))


def serverless_offline() -> Path:
    """A folder whose node_modules holds serverless and serverless-offline."""
    if not (shutil.which("npm") and shutil.which("node")):
        raise Absent("no Node.js and npm here")

    def build(folder: Path) -> None:
        (folder / "package.json").write_text('{"private": true}\n')
        # Install scripts are not run: both packages work without theirs.
        options = ("--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", folder)
        _run(("npm", "install", *options, f"serverless@{SERVERLESS}", f"serverless-offline@{SERVERLESS_OFFLINE}"))

    return _folder(f"serverless-offline-{SERVERLESS_OFFLINE}", build)


def _folder(name: str, build: Callable[[Path], None]) -> Path:
    """PEERS/name, built at the first call; a broken attempt leaves nothing that looks whole. Raises Absent."""
    whole = PEERS / name
    if whole.exists():
        return whole
    print(f"installing {name} ...", file=sys.stderr, flush=True)
    half = PEERS / f".{name}.{os.getpid()}"
    half.mkdir(parents=True)
    try:
        build(half)
        half.rename(whole)
    finally:
        shutil.rmtree(half, ignore_errors=True)
    return whole


def _pip_into(folder: Path, requirement: str) -> None:
    _pip("install", "--target", folder, requirement)


def _pip(command: str, *arguments: str | Path) -> None:
    _run((BASE_PYTHON, "-m", "pip", "--quiet", "--disable-pip-version-check", command, *arguments))


def _run(command: Sequence[str | Path]) -> None:
    """Raises Absent when it fails or takes too long."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Absent(f"could not be installed: {error}") from error
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines() or [f"exit status {done.returncode}"]
        raise Absent(f"could not be installed: {lines[-1][:200]}")
