"""Real extensions for end-to-end tests: layers with shell and Python programs in extensions/."""

import uuid
from typing import Any

from tests.server_process import deployed, zipped

SHELL = """#!/bin/sh
# An external extension with nothing but sh and curl.
api="http://$AWS_LAMBDA_RUNTIME_API/2020-01-01/extension"
register() {
    curl -s -D - -o /dev/null -X POST "$api/register" -H "Lambda-Extension-Name: $(basename "$0")" \\
        -d '{"events": ["INVOKE", "SHUTDOWN"]}' | tr -d '\\r' | sed -n 's/^Lambda-Extension-Identifier: //Ip'
}
id=$(register)
echo "registered as $(basename "$0") in $(pwd)"
while true; do
    event=$(curl -s "$api/event/next" -H "Lambda-Extension-Identifier: $id")
    echo "got $event"
    case "$event" in *SHUTDOWN*) echo "$event" >> /tmp/shutdowns; exit 0 ;; esac
done
"""

PYTHON = """#!/usr/bin/env python3
import json, os, sys, time, urllib.request
API = "http://%s/" % os.environ["AWS_LAMBDA_RUNTIME_API"]
NAME = os.path.basename(sys.argv[0])

def call(path, body=None, method=None, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(API + path, body, headers, method=method)
    with urllib.request.urlopen(request) as reply:
        return reply.headers, json.loads(reply.read())

def register(*events):
    body = json.dumps({"events": events}).encode()
    return call("2020-01-01/extension/register", body, Lambda_Extension_Name=NAME)[0]["Lambda-Extension-Identifier"]

def next_event(identifier):
    return call("2020-01-01/extension/event/next", Lambda_Extension_Identifier=identifier)[1]

def say(*words):
    print(*words, flush=True)
"""


def layer(client: Any, extensions: dict[str, str], modes: dict[str, int] | None = None) -> str:
    """Publish a layer with these files in extensions/; its version's ARN."""
    files = {f"extensions/{name}": content for name, content in extensions.items()}
    modes = {f"extensions/{name}": mode for name, mode in (modes or {}).items()}
    name = f"layer-{uuid.uuid4().hex[:8]}"
    return client.publish_layer_version(LayerName=name, Content={"ZipFile": zipped(files, modes)})["LayerVersionArn"]


def deploy_extended(client: Any, runtime: str, source: str, extensions: dict[str, str], **settings: Any) -> str:
    """A function of one file, f.py, with one layer of extensions."""
    arn = layer(client, extensions, settings.pop("modes", None))
    return deployed(client, {"f.py": source}, runtime=runtime, Layers=[arn], **{"MemorySize": 256, "Timeout": 20, **settings})
