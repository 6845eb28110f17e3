#!/var/lang/bin/python3
"""The AWS Lambda Web Adapter's part in its pattern: an external extension that serves the Runtime API for a web server beside it."""

import base64
import http.client
import json
import os
import socket
import threading
import time
from pathlib import Path

RUNTIME_API = os.environ["AWS_LAMBDA_RUNTIME_API"]
PORT = int(os.environ.get("AWS_LWA_PORT", "8080"))
READY_SECONDS = 8.0


def asked(connection, method, path, body=None, headers=None):
    connection.request(method, path, body, headers or {})
    reply = connection.getresponse()
    return reply, reply.read()


def register():
    """Without events; the first `next` tells that it is initialised, and never returns."""
    connection = http.client.HTTPConnection(RUNTIME_API)
    headers = {"Lambda-Extension-Name": Path(__file__).name}
    reply, _ = asked(connection, "POST", "/2020-01-01/extension/register", json.dumps({"events": []}), headers)
    known = {"Lambda-Extension-Identifier": reply.headers["Lambda-Extension-Identifier"]}
    threading.Thread(target=asked, args=(connection, "GET", "/2020-01-01/extension/event/next", None, known), daemon=True).start()


def await_readiness():
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end:
        try:
            return socket.create_connection(("127.0.0.1", PORT), 1).close()
        except OSError:
            time.sleep(0.01)
    raise SystemExit("the web server did not listen in time")


def forwarded(event):
    """An event of API Gateway (format 2.0) or a function URL as an HTTP request; the reply as they expect it."""
    http_context = event["requestContext"]["http"]
    headers = {**event.get("headers", {}), "x-amzn-request-context": json.dumps(event["requestContext"])}
    if event.get("cookies"):
        headers["cookie"] = "; ".join(event["cookies"])
    body = event.get("body") or ""
    content = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    path = event["rawPath"] + ("?" + event["rawQueryString"] if event.get("rawQueryString") else "")
    reply, answer = asked(http.client.HTTPConnection("127.0.0.1", PORT), http_context["method"], path, content, headers)
    shown = [(name.lower(), value) for name, value in reply.getheaders()]
    text = reply.headers.get_content_maintype() == "text" or reply.headers.get_content_type() == "application/json"
    return {
        "statusCode": reply.status,
        "headers": {name: value for name, value in shown if name != "set-cookie"},
        "cookies": [value for name, value in shown if name == "set-cookie"],
        "body": answer.decode() if text else base64.b64encode(answer).decode(),
        "isBase64Encoded": not text,
    }


def main():
    register()
    await_readiness()
    runtime = http.client.HTTPConnection(RUNTIME_API)
    while True:
        reply, event = asked(runtime, "GET", "/2018-06-01/runtime/invocation/next")
        answer = json.dumps(forwarded(json.loads(event))).encode()
        asked(
            runtime, "POST", f"/2018-06-01/runtime/invocation/{reply.headers['Lambda-Runtime-Aws-Request-Id']}/response", answer
        )


main()
