"""The AWS Lambda Web Adapter pattern: a web application behind a port of the sandbox, unmodified, by a layer with an exec wrapper.

AWS's adapter is a binary that no package registry has. The layer here does as it does: /opt/bootstrap starts the application in place
of the runtime client, and an external extension waits until it listens, speaks the HTTP Runtime API and forwards each event.
"""

import base64
import json
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.parity.test_powertools import INSTALLED, layer_of
from tests.server_process import deployed, result_of, zipped

PARTS = Path(__file__).parent / "web_adapter"


def part(name: str) -> str:
    return (PARTS / name).read_text()


def published(client: Any, files: dict[str, str | bytes]) -> str:
    reply = client.publish_layer_version(LayerName=f"adapter-{uuid.uuid4().hex[:8]}", Content={"ZipFile": zipped(files)})
    return str(reply["LayerVersionArn"])


@pytest.fixture(params=["python", "nodejs"])
def shop(request: Any, client: Any, diagnosis: dict[str, Any]) -> str:
    """A deployed web application."""
    if diagnosis["chosen"] is None:
        pytest.skip("needs a sandbox with Lambda's paths")
    settings = {"handler": "run.sh", "MemorySize": 512, "Timeout": 20}
    settings["Environment"] = {"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/bootstrap", "AWS_LWA_PORT": "8080"}}
    suffix = "py" if request.param == "python" else "js"
    layers = [published(client, {"bootstrap": part("bootstrap"), "extensions/lambda-adapter": part(f"adapter.{suffix}")})]
    if suffix == "js":
        files = {"run.sh": "#!/bin/sh\nexec /var/lang/bin/node shop.js\n", "shop.js": part("shop.js")}
        return deployed(client, files, runtime=request.getfixturevalue("node_runtime"), Layers=layers, **settings)
    runtime = f"python3.{sys.version_info.minor}"
    if runtime not in diagnosis["runtimes"]:
        pytest.skip(f"no {runtime} in a sandbox here")
    if not (INSTALLED / "python.installed").exists():
        pytest.skip("Flask is not installed: scripts/clients.sh says why")
    layers.append(layer_of(client, INSTALLED / "python", "python"))
    files = {"run.sh": "#!/bin/sh\nPYTHONPATH=/opt/python exec /var/lang/bin/python3 shop.py\n", "shop.py": part("shop.py")}
    return deployed(client, files, runtime=runtime, Layers=layers, **settings)


def url_event(path: str, method: str = "GET", query: str = "", **changes: Any) -> dict[str, Any]:
    """As a function URL and an HTTP API send it (format 2.0)."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": "example.com", "accept": "*/*"},
        "requestContext": {
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1"},
            "requestId": "x",
            "stage": "$default",
        },
        "isBase64Encoded": False,
        **changes,
    }


def answered(client: Any, name: str, event: dict[str, Any]) -> Any:
    reply = client.invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail")
    result = result_of(reply)
    assert "FunctionError" not in reply, (result, base64.b64decode(reply["LogResult"]))
    return result


def test_a_web_application_answers_events_of_urls_and_http_apis(client: Any, shop: str) -> None:
    first = answered(client, shop, url_event("/orders/7", query="colour=red&colour=blue", cookies=["session=old"]))
    assert first["statusCode"] == 200
    assert first["headers"]["content-type"] == "application/json"
    assert [each.split(";")[0] for each in first["cookies"]] == ["session=new"]
    expected = {"method": "GET", "order": "7", "colours": ["red", "blue"], "body": "", "cookie": "old", "served": 1}
    assert json.loads(first["body"]) == expected

    body = base64.b64encode("größe".encode()).decode()
    second = answered(client, shop, url_event("/orders/8", "POST", body=body, isBase64Encoded=True))
    assert second["statusCode"] == 201
    shown = json.loads(second["body"])
    assert (shown["method"], shown["body"]) == ("POST", "größe")
    # The same application serves again. An environment that is not yet back at `next` is no one's: then there is another one.
    served = (json.loads(answered(client, shop, url_event("/orders/9"))["body"])["served"] for _ in range(50))
    assert any(each >= 2 for each in served)

    picture = answered(client, shop, url_event("/picture"))
    assert picture["isBase64Encoded"] is True
    assert base64.b64decode(picture["body"]) == bytes(range(256))
    for path, status in (("/broken", 500), ("/nothing", 404)):
        assert answered(client, shop, url_event(path))["statusCode"] == status
