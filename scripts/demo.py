"""`make demo`: start Lambent, deploy the examples with plain boto3, invoke them, show results and log lines, stop."""

import base64
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

import boto3

ROOT = Path(__file__).parents[1]
LAMBENT = Path(sys.executable).parent / "lambent"
ROLE = "arn:aws:iam::000000000000:role/demo"
START_SECONDS = 30


def say(text: str) -> None:
    """A heading of the demo."""
    bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
    print(f"\n{bold}{text}{plain}", flush=True)


def diagnosis() -> dict[str, Any]:
    """What `lambent doctor` finds on this machine."""
    reply = subprocess.run([LAMBENT, "doctor", "--json"], capture_output=True, text=True, timeout=60, check=False)
    if not reply.stdout:
        raise SystemExit(f"lambent doctor failed:\n{reply.stderr}")
    found: dict[str, Any] = json.loads(reply.stdout)
    return found


def start(folder: Path, *, isolation: str | None) -> tuple[subprocess.Popen[bytes], str]:
    """A server on a free port with its data in `folder`; returns it and its endpoint."""
    port_file = folder / "port"
    command = [str(LAMBENT), "start", "--port", "0", "--data-dir", str(folder / "data"), "--port-file", str(port_file)]
    server = subprocess.Popen(command + (["--isolation", isolation] if isolation else []))
    deadline = time.monotonic() + START_SECONDS
    while not port_file.exists():
        if server.poll() is not None or time.monotonic() > deadline:
            server.kill()
            raise SystemExit("Lambent did not start; see above")
        time.sleep(0.02)
    return server, f"http://127.0.0.1:{port_file.read_text().strip()}"


def zipped(folder: Path) -> bytes:
    """A deployment package of an example."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(folder.iterdir()):
            if path.is_file():
                archive.write(path, path.name)
    return buffer.getvalue()


def deploy(client: Any, name: str, runtime: str, handler: str) -> None:
    """Create a function and wait until it is active, as with AWS."""
    package = zipped(ROOT / "examples" / name)
    client.create_function(FunctionName=name, Runtime=runtime, Handler=handler, Role=ROLE, Code={"ZipFile": package}, Timeout=10)
    client.get_waiter("function_active_v2").wait(FunctionName=name)


def invoke(client: Any, name: str, event: object) -> dict[str, Any]:
    """Invoke, print the result and the log lines, and return the reply with its payload read."""
    began = time.perf_counter()
    reply = client.invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail")
    payload = reply["Payload"].read().decode()
    took = (time.perf_counter() - began) * 1000
    print(
        f"{name} <- {json.dumps(event)}\n{name} -> {payload}   ({took:.1f} ms{', ' + reply['FunctionError'] if 'FunctionError' in reply else ''})"
    )
    for line in base64.b64decode(reply["LogResult"]).decode().splitlines():
        print(f"    {line.expandtabs(2)}")
    return {**reply, "Body": payload}


def chosen(runtimes: list[str], prefix: str) -> str | None:
    """The newest runtime with this prefix."""
    fitting = [each for each in runtimes if each.startswith(prefix)]
    return max(
        fitting, key=lambda each: [int(part) for part in each.removeprefix(prefix).removesuffix(".x").split(".")], default=None
    )


def play(client: Any, runtimes: list[str]) -> None:
    """Deploy what this machine has a runtime for, and run it. Raises AssertionError when a result is wrong."""
    plays = [
        ("hello-python", chosen(runtimes, "python"), "app.handler", {"name": "Lambent"}, "Hello Lambent!"),
        ("hello-node", chosen(runtimes, "nodejs"), "index.handler", {"numbers": [1, 2, 39]}, '"sum":42'),
        ("shell-bootstrap", "provided.al2023", "bootstrap", {"plain": "sh"}, '"plain"'),
    ]
    for name, runtime, handler, event, expected in plays:
        if runtime is None:
            say(f"{name}: skipped, this machine has no interpreter for it (lambent doctor says how to get one)")
            continue
        say(f"{name} on {runtime}")
        deploy(client, name, runtime, handler)
        first, second = (invoke(client, name, event) for _ in range(2))
        if not all(expected in each["Body"] for each in (first, second)):
            raise SystemExit(f"{name} answered {first['Body']!r}, expected {expected!r} in it")
    say("What was deployed")
    for function in client.list_functions()["Functions"]:
        print(f"    {function['FunctionArn']}  {function['Runtime']}  {function['CodeSize']} bytes")


def main() -> None:
    """The demo, from nothing to nothing."""
    found = diagnosis()
    isolation = None
    if found["chosen"] is None:
        isolation = "process"
        say("This machine offers no sandbox to this user, so the demo runs its own, trusted functions as plain processes.")
        print("    `lambent doctor` says what to install for real isolation.")
    os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    with tempfile.TemporaryDirectory(prefix="lambent-demo-") as folder:
        Path(folder).chmod(0o755)
        say("lambent start")
        server, endpoint = start(Path(folder), isolation=isolation)
        try:
            client = boto3.client(
                "lambda", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="demo", aws_secret_access_key="demo"
            )
            play(client, found["runtimes"])
        finally:
            say("stop")
            server.terminate()
            server.wait(timeout=20)
    print("Now yours: .venv/bin/lambent start")


if __name__ == "__main__":
    main()
