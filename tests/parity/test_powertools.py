"""Powertools for AWS Lambda, unmodified and from a layer as at AWS: logger, metrics, tracer, batch and events in Python and Node.js."""

import base64
import io
import json
import sys
import uuid
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.server_process import deployed, result_of

FUNCTIONS = Path(__file__).parent / "powertools"
INSTALLED = Path(__file__).parents[2] / ".tools" / "powertools"
VARIABLES = {"POWERTOOLS_SERVICE_NAME": "orders", "POWERTOOLS_METRICS_NAMESPACE": "Shop", "POWERTOOLS_LOG_LEVEL": "INFO"}
LANGUAGES = ("python", "nodejs")


def layer_of(client: Any, folder: Path, below: str) -> str:
    """A published layer with all of a folder."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for each in sorted(folder.rglob("*")):
            if each.is_file() and not {"__pycache__", ".bin"} & set(each.parts):
                archive.write(each, f"{below}/{each.relative_to(folder)}")
    reply = client.publish_layer_version(LayerName=f"powertools-{uuid.uuid4().hex[:8]}", Content={"ZipFile": content.getvalue()})
    return str(reply["LayerVersionArn"])


@pytest.fixture(scope="module")
def layers() -> dict[str, str]:
    """By language, published once."""
    return {}


@pytest.fixture(params=LANGUAGES)
def deploy(request: Any, client: Any, diagnosis: dict[str, Any], layers: dict[str, str]) -> Any:
    """Deploys a handler of the function in one of the languages."""
    language = request.param
    packages = INSTALLED / ("python" if language == "python" else "javascript/node_modules")
    if not (INSTALLED / f"{packages.relative_to(INSTALLED).parts[0]}.installed").exists():
        pytest.skip(f"Powertools for {language} is not installed: scripts/clients.sh says why")
    runtime = f"python3.{sys.version_info.minor}" if language == "python" else request.getfixturevalue("node_runtime")
    if runtime not in diagnosis["runtimes"] or diagnosis["chosen"] is None:
        pytest.skip(f"no {runtime} in a sandbox here")
    below = "python" if language == "python" else "nodejs/node_modules"
    if language not in layers:
        layers[language] = layer_of(client, packages, below)
    source = FUNCTIONS / ("orders.py" if language == "python" else "orders.js")

    def make(handler: str, **variables: str) -> str:
        return deployed(
            client,
            {source.name: source.read_text()},
            runtime=runtime,
            handler=f"orders.{handler}",
            Layers=[layers[language]],
            MemorySize=512,
            Timeout=30,
            Environment={"Variables": VARIABLES | variables},
        )

    return make


def invoked(client: Any, name: str, event: object) -> tuple[Any, list[dict[str, Any]], str]:
    """The result, the JSON lines of the log, and the request id."""
    reply = client.invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail")
    result, log = result_of(reply), base64.b64decode(reply["LogResult"]).decode()
    assert "FunctionError" not in reply, (result, log)
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    return result, lines, reply["ResponseMetadata"]["RequestId"]


def rest_event(path: str, method: str = "GET", **changes: Any) -> dict[str, Any]:
    """As a REST API of API Gateway sends it (proxy integration, format 1.0)."""
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": {"Host": "example.com", "Accept": "*/*"},
        "multiValueHeaders": {"Host": ["example.com"]},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": {"proxy": path[1:]},
        "stageVariables": None,
        "requestContext": {"requestId": "gateway-request", "stage": "test", "httpMethod": method, "path": path, "identity": {}},
        "body": None,
        "isBase64Encoded": False,
        **changes,
    }


def queue_event(*bodies: str) -> dict[str, Any]:
    """As a mapping of an SQS queue sends it."""
    return {
        "Records": [
            {
                "messageId": f"message-{number}",
                "receiptHandle": "handle",
                "body": body,
                "attributes": {
                    "ApproximateReceiveCount": "1",
                    "SentTimestamp": "1",
                    "SenderId": "x",
                    "ApproximateFirstReceiveTimestamp": "1",
                },
                "messageAttributes": {},
                "md5OfBody": "x",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:orders",
                "awsRegion": "us-east-1",
            }
            for number, body in enumerate(bodies)
        ]
    }


def test_the_logger_writes_context_correlation_id_and_cold_start(client: Any, deploy: Any) -> None:
    name = deploy("logged")
    for cold in (True, False):
        _, lines, request = invoked(client, name, rest_event("/orders"))
        (line,) = [each for each in lines if each.get("message") == "order taken"]
        assert line["level"] == "INFO"
        assert line["service"] == "orders"
        assert line["cold_start"] is cold
        assert line["correlation_id"] == "gateway-request"
        assert line["function_name"] == name
        assert int(line["function_memory_size"]) == 512
        assert line["function_arn"].endswith(f":function:{name}")
        assert line["function_request_id"] == request
        assert line["order"] == 7


def test_metrics_are_written_in_the_embedded_format(client: Any, deploy: Any) -> None:
    name = deploy("measured")
    _, lines, _ = invoked(client, name, {})
    documents = [each for each in lines if "_aws" in each]
    taken = next(each for each in documents if "OrdersTaken" in each)
    (directive,) = taken["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Shop"
    assert directive["Metrics"] == [{"Name": "OrdersTaken", "Unit": "Count"}]
    assert taken["OrdersTaken"] in (2, [2])
    assert taken["service"] == "orders"
    cold = next(each for each in documents if "ColdStart" in each)
    assert cold["function_name"] == name
    assert cold["ColdStart"] in (1, [1])
    _, lines, _ = invoked(client, name, {})
    assert [sorted(set(each) & {"ColdStart", "OrdersTaken"}) for each in lines if "_aws" in each] == [["OrdersTaken"]]


@pytest.mark.parametrize("disabled", ["true", "false"])
def test_the_tracer_does_no_harm_where_there_is_no_xray(client: Any, deploy: Any, disabled: str) -> None:
    """Disabled it does nothing; enabled, it sends to a daemon that is not there, as it does at AWS without permission."""
    given = {"POWERTOOLS_TRACE_DISABLED": "true", "POWERTOOLS_TRACE_ENABLED": "false"} if disabled == "true" else {}
    name = deploy("traced", **given)
    for _ in range(2):
        assert invoked(client, name, {"order": 3})[0] == {"order": 3, "traced": True}


def test_the_batch_processor_answers_which_messages_failed(client: Any, deploy: Any) -> None:
    name = deploy("batched")
    assert invoked(client, name, queue_event("1", "bad", "3"))[0] == {"batchItemFailures": [{"itemIdentifier": "message-1"}]}
    assert invoked(client, name, queue_event("1", "2"))[0] == {"batchItemFailures": []}


def test_a_batch_of_which_all_failed_is_a_function_error(client: Any, deploy: Any) -> None:
    reply = client.invoke(FunctionName=deploy("batched"), Payload=json.dumps(queue_event("bad")))
    assert reply["FunctionError"] == "Unhandled"
    assert result_of(reply)["errorType"] in ("BatchProcessingError", "FullBatchFailureError")


def test_events_of_api_gateway_are_routed(client: Any, deploy: Any) -> None:
    name = deploy("routed")
    found = invoked(client, name, rest_event("/orders/7"))[0]
    assert found["statusCode"] == 200
    assert json.loads(found["body"]) == {"order": "7"}
    made = invoked(client, name, rest_event("/orders", "POST", body='{"item": "tea"}'))[0]
    assert made["statusCode"] == 201
    assert json.loads(made["body"]) == {"made": "tea"}
    assert invoked(client, name, rest_event("/nothing"))[0]["statusCode"] == 404
