"""Debian's image registry as a process, and images pushed to it by its HTTP API."""

import hashlib
import json
import shutil
import socket
import subprocess
import time
from http.client import HTTPConnection
from pathlib import Path

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
_UNPACKED = Path(__file__).parents[2] / ".tools" / "registry" / "usr" / "bin" / "docker-registry"
_START_SECONDS = 30.0


def registry_program() -> str | None:
    """The registry's program; None where there is none."""
    return str(_UNPACKED) if _UNPACKED.exists() else shutil.which("docker-registry")


class Registry:
    """One registry with its images in a folder, on a free loopback port."""

    def __init__(self, program: str, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        document = {
            "version": 0.1,
            "log": {"level": "error"},
            "storage": {"filesystem": {"rootdirectory": str(folder / "images")}},
            "http": {"addr": f"127.0.0.1:{self.port}"},
        }
        (folder / "registry.yml").write_text(json.dumps(document))  # JSON is YAML
        with (folder / "registry.log").open("wb") as log:
            self._process = subprocess.Popen([program, "serve", str(folder / "registry.yml")], stdout=log, stderr=log)
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise AssertionError(f"the registry did not start:\n{(folder / 'registry.log').read_text()}")
            time.sleep(0.02)

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.port}"

    def push(self, repository: str, tag: str, *, words: str = "") -> str:
        """Push an image without layers whose configuration holds `words`; its digest."""
        config = json.dumps({"architecture": "amd64", "os": "linux", "author": words, "rootfs": {"type": "layers"}}).encode()
        described = {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "size": len(config),
            "digest": self._push_blob(repository, config),
        }
        return self._push_manifest(repository, tag, MANIFEST, {"config": described, "layers": []})

    def push_index(self, repository: str, tag: str, image: str) -> None:
        """Push an index that names the image of this digest."""
        _, _, manifest = self._send("GET", f"/v2/{repository}/manifests/{image}", headers={"Accept": MANIFEST})
        entry = {
            "mediaType": MANIFEST,
            "digest": image,
            "size": len(manifest),
            "platform": {"architecture": "amd64", "os": "linux"},
        }
        self._push_manifest(repository, tag, INDEX, {"manifests": [entry]})

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait(timeout=20)

    def _push_blob(self, repository: str, content: bytes) -> str:
        digest = _digest(content)
        _, location, _ = self._send("POST", f"/v2/{repository}/blobs/uploads/")
        target = location.removeprefix(self.url)
        joint = "&" if "?" in target else "?"
        status, _, _ = self._send("PUT", f"{target}{joint}digest={digest}", content, {"Content-Type": "application/octet-stream"})
        assert status == 201
        return digest

    def _push_manifest(self, repository: str, tag: str, kind: str, members: dict[str, object]) -> str:
        content = json.dumps({"schemaVersion": 2, "mediaType": kind, **members}).encode()
        status, _, reply = self._send("PUT", f"/v2/{repository}/manifests/{tag}", content, {"Content-Type": kind})
        assert status == 201, reply
        return _digest(content)

    def _send(self, method: str, target: str, body: bytes = b"", headers: dict[str, str] | None = None) -> tuple[int, str, bytes]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, target, body, headers or {})
            reply = connection.getresponse()
            return reply.status, reply.getheader("Location") or "", reply.read()
        finally:
            connection.close()

    def _answers(self) -> bool:
        try:
            return self._send("GET", "/v2/")[0] == 200
        except OSError:
            return False


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
