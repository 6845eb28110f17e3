"""Peer: serverless-offline, which runs Node.js functions in worker threads and Python ones as plain processes."""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.packages import HANDLERS
from bench.peers import install
from bench.peers.process import clean_environment, free_port, server
from bench.presigned import Target

PYTHON = f"python{sys.version_info[0]}.{sys.version_info[1]}"
NODE = "nodejs20.x"
"""What it calls the Node.js that it runs on; it starts no other."""

_HEAD = """\
service: bench
frameworkVersion: "3"
provider: {{name: aws, runtime: {node}}}
plugins: [{plugin}]
custom:
  serverless-offline: {{lambdaPort: {lambda_port}, httpPort: {http_port}, noTimeout: true, terminateIdleLambdaTime: 3600}}
functions:
"""


@contextmanager
def running(folder: Path, functions: Mapping[str, tuple[str, str]], python: str) -> Iterator[Mapping[str, Target]]:
    """A target for each function of {name: (handler, runtime)}. Raises Absent."""
    installed = install.serverless_offline()
    service = folder / "serverless"
    shutil.copytree(HANDLERS, service)
    (service / "node_modules").symlink_to(installed / "node_modules")
    port = free_port()
    head = _HEAD.format(node=NODE, plugin="serverless-offline", lambda_port=port, http_port=free_port())
    lines = (f"  {name}: {{handler: {handler}, runtime: {runtime}}}\n" for name, (handler, runtime) in functions.items())
    (service / "serverless.yml").write_text(head + "".join(lines))
    environment = clean_environment(
        HOME=str(service), SLS_TELEMETRY_DISABLED="1", SLS_NOTIFICATIONS_MODE="off", PATH=_path(service, python)
    )
    command = (installed / "node_modules" / ".bin" / "serverless", "offline", "start")
    with server(command, port=port, folder=service, environment=environment, name="serverless-offline"):
        yield {name: Target(port=port, function=f"bench-dev-{name}") for name in functions}


def _path(service: Path, python: str) -> str:
    """Its Python functions run on the first `python3.x` of PATH: let that be the interpreter of the other servers."""
    programs = service / "bin"
    programs.mkdir()
    for name in (PYTHON, "python3", "python"):
        (programs / name).symlink_to(python)
    return f"{programs}{os.pathsep}{os.environ['PATH']}"
