"""`lambent start` as a process, as a user runs it: started, stopped, killed and started again by tests."""

import io
import json
import os
import signal
import subprocess
import sys
import time
import uuid
import zipfile
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

LAMBENT = Path(sys.executable).parent / "lambent"
ROLE = "arn:aws:iam::000000000000:role/test"
_START_SECONDS = 60.0


def unprivileged_can_read(folder: Path) -> None:
    """Let other users pass through the private folders that pytest makes."""
    for each in (folder, *folder.parents):
        if each.stat().st_uid == os.getuid() and each.name.startswith(("servers", "pytest-", "popen-")):
            each.chmod(0o755)


def level_for_tests() -> list[str]:
    """Options for the strongest level; where there is none, plain processes, asked for by name."""
    found = json.loads(
        subprocess.run([LAMBENT, "doctor", "--json"], capture_output=True, text=True, timeout=60, check=False).stdout
    )
    return [] if found["chosen"] else ["--isolation", "process"]


def zipped(files: dict[str, str | bytes], modes: dict[str, int] | None = None) -> bytes:
    """A deployment package of these files; `bootstrap` and scripts are executable unless `modes` says otherwise."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = ((modes or {}).get(name, 0o755) | 0o100000) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return buffer.getvalue()


class ServerProcess:
    """One server and its data directory."""

    def __init__(self, data: Path, **settings: Any) -> None:
        self.data = data
        self.settings = {f"LAMBENT_{name.upper()}": str(value) for name, value in settings.items()}
        self.process: subprocess.Popen[bytes] | None = None
        self.endpoint = ""

    def start(self) -> "ServerProcess":
        port_file = self.data.with_name(self.data.name + ".port")
        port_file.unlink(missing_ok=True)
        command = [LAMBENT, "start", "--port", "0", "--data-dir", self.data, "--port-file", port_file]
        level = [] if "LAMBENT_ISOLATION" in self.settings else level_for_tests()
        with self.data.with_name(self.data.name + ".log").open("ab") as log:
            self.process = subprocess.Popen([*command, *level], env={**os.environ, **self.settings}, stderr=log, stdout=log)
        deadline = time.monotonic() + _START_SECONDS
        while not port_file.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the server did not start:\n{self.log()}")
            time.sleep(0.01)
        self.endpoint = f"http://127.0.0.1:{port_file.read_text().strip()}"
        return self

    def log(self) -> str:
        return self.data.with_name(self.data.name + ".log").read_text("utf-8", "replace")

    def kill(self) -> None:
        """As a power cut: SIGKILL."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(timeout=20)

    def stop(self) -> int | None:
        if self.process is None:
            return None
        self.process.terminate()
        try:
            return self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(timeout=20)
            raise

    def client(self, service: str = "lambda", *, account: str = "test", region: str = "us-east-1") -> Any:
        patience = Config(retries={"total_max_attempts": 1}, read_timeout=120, max_pool_connections=60)
        keys = {"aws_access_key_id": account, "aws_secret_access_key": "test"}
        return boto3.client(service, endpoint_url=self.endpoint, region_name=region, config=patience, **keys)


def deployed(client: Any, files: dict[str, str | bytes], *, runtime: str, handler: str = "f.handler", **settings: Any) -> str:
    """Create a function from files, wait until it is active, and return its name, which no other test has."""
    name = settings.pop("name", None) or f"f-{uuid.uuid4().hex[:12]}"
    package = zipped(files, settings.pop("modes", None))
    client.create_function(FunctionName=name, Runtime=runtime, Handler=handler, Role=ROLE, Code={"ZipFile": package}, **settings)
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 600})
    return name


def updated(client: Any, name: str) -> None:
    """Wait for an update to have taken effect."""
    client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 600})


def result_of(reply: dict[str, Any]) -> Any:
    """The decoded payload of an Invoke reply."""
    return json.loads(reply["Payload"].read())


def failing_code(call: Any, **arguments: Any) -> str:
    """The error code of a call that must be refused."""
    try:
        call(**arguments)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    raise AssertionError(f"{call.__name__} was answered")
