"""The Node client on every Node of this machine: finding and loading handlers, wrappers, Node's own options."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from harness import Answer, Client, write_files

TASK = {
    "index.js": "exports.handler = async (event) => ['index.js', event]; exports.a = { b: { c: async () => 'nested' } }; exports.text = 'x'",
    "dir/file.cjs": "exports.handler = async () => 'cjs'",
    "esm.mjs": "await null; export const handler = async () => import.meta.url.split('/').pop(); export default { only: async () => 'default' }",
    "package/package.json": '{"type": "module"}',
    "package/main.js": "export const handler = async () => 'module by package.json'",
    "extensionless": "exports.handler = async () => 'extensionless'",
    "node_modules/library/index.js": "exports.handler = async () => 'from node_modules'",
    "syntax.js": "exports.handler = async ( => 1",
    "missing.js": "require('nowhere')",
    "throws.js": "throw new RangeError('at load')",
    "rejects.js": "Promise.reject(new Error('left behind')); exports.handler = async () => 1; const end = Date.now() + 50; while (Date.now() < end);",
}


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        ("index.handler", ["index.js", {"k": "grüße"}]),
        ("index.a.b.c", "nested"),
        ("dir/file.handler", "cjs"),
        ("esm.handler", "esm.mjs"),
        ("package/main.handler", "module by package.json"),
        ("library.handler", "from node_modules"),
    ],
)
def test_handlers_are_found_where_lambda_finds_them(run_node: Callable[..., Client], handler: str, expected: object) -> None:
    assert run_node(TASK, handler).start().invoke({"k": "grüße"}).document == expected


def test_a_file_without_extension_is_found_by_callback_runtimes(run_node: Callable[..., Client], is_modern: bool) -> None:
    client = run_node(TASK, "extensionless.handler").start()
    assert client.invoke().document == "extensionless"
    assert is_modern in (True, False)


def test_the_default_export_is_looked_into_by_modern_runtimes_only(run_node: Callable[..., Client], is_modern: bool) -> None:
    assert run_node(TASK, "esm.only").assign().kind == ("R" if is_modern else "X")


def test_modules_of_layers_are_found_through_node_path(run_node: Callable[..., Client], tmp_path: Path) -> None:
    write_files(tmp_path / "layers", {"nodejs/node_modules/layered/index.js": "exports.name = 'layered'"})
    client = run_node(
        "const l = require('layered'); exports.handler = async () => l.name",
        NODE_PATH=str(tmp_path / "layers/nodejs/node_modules"),
    )
    assert client.start().invoke().document == "layered"


REFUSED = {
    "index.nothing": ("Runtime.HandlerNotFound", "index.nothing is undefined or not exported"),
    "index.text": ("Runtime.HandlerNotFound", "index.text is not a function"),
    "index": ("Runtime.MalformedHandlerName", "Bad handler"),
    "../index.handler": (
        "Runtime.MalformedHandlerName",
        "'../index.handler' is not a valid handler name. Use absolute paths when specifying root directories in handler names.",
    ),
    "nowhere.handler": ("Runtime.ImportModuleError", "Error: Cannot find module 'nowhere'\nRequire stack:"),
    "missing.handler": ("Runtime.ImportModuleError", "Error: Cannot find module 'nowhere'\nRequire stack:"),
    "syntax.handler": ("Runtime.UserCodeSyntaxError", "SyntaxError: "),
    "throws.handler": ("RangeError", "at load"),
}


@pytest.mark.parametrize("handler", REFUSED)
def test_a_failure_to_load_is_an_init_error(run_node: Callable[..., Client], handler: str, is_modern: bool) -> None:
    client = run_node(TASK, handler)
    answer = client.assign()
    error_type, message = REFUSED[handler]
    assert (answer.kind, answer.error_type) == ("X", error_type)
    assert list(answer.document) == ["errorType", "errorMessage", "trace"]
    assert answer.document["errorType"] == error_type
    assert answer.document["errorMessage"].startswith(message)
    assert client.wait() == (1 if is_modern else 129)
    words = r"undefined\tERROR\tUncaught Exception \t" if not is_modern else r"-\tERROR\tInit Error \t"
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\t" + words + r"\{", client.records()[0].message)


def test_a_rejection_left_behind_while_loading(run_node: Callable[..., Client], is_modern: bool) -> None:
    client = run_node(TASK, "rejects.handler")
    if is_modern:
        with pytest.raises(EOFError):
            client.assign()
        assert client.wait() == 1
        return
    answer = client.assign()
    assert (answer.kind, answer.error_type) == ("X", "Runtime.UnhandledPromiseRejection")
    assert client.wait() == 128


def test_modern_runtimes_refuse_callback_handlers(run_node: Callable[..., Client], is_modern: bool) -> None:
    answer = run_node("exports.handler = (event, context, callback) => callback(null, 1)").assign()
    if not is_modern:
        assert answer == Answer(kind="R")
        return
    assert (answer.kind, answer.error_type) == ("X", "Runtime.CallbackHandlerDeprecated")
    assert "removed support for callback-based function handlers starting with Node.js 24" in answer.document["errorMessage"]


def test_an_exec_wrapper_and_node_s_own_options_take_effect(run_node: Callable[..., Client], tmp_path: Path) -> None:
    wrapper = '#!/bin/sh\nexport WRAPPED=yes _HANDLER=other.handler\nexec "$@"\n'
    other = "exports.handler = async () => { console.log('framed'); return [process.env.WRAPPED, process.env._LAMBENT_WRAPPED, process.execArgv, globalThis.early] }"
    files = {"wrapper": wrapper, "other.js": other, "early.js": "globalThis.early = 1"}
    client = run_node(
        files, AWS_LAMBDA_EXEC_WRAPPER=str(tmp_path / "task/wrapper"), NODE_OPTIONS=f"--require {tmp_path}/task/early.js"
    )
    assert client.assign(hellos=2) == Answer(kind="R")
    assert client.invoke().document == ["yes", None, [], 1]
    assert client.close() == 0
    assert client.records()[0].message.endswith("framed\n")


def test_node_options_alone_start_node_anew_but_source_maps_do_not(run_node: Callable[..., Client]) -> None:
    source = "exports.handler = async () => typeof gc"
    assert run_node(source, NODE_OPTIONS="--enable-source-maps").assign() == Answer(kind="R")
    assert run_node(source, NODE_OPTIONS="--stack-trace-limit=3").assign(hellos=2) == Answer(kind="R")


def test_a_process_started_anew_ends_as_its_handler_ends(run_node: Callable[..., Client]) -> None:
    client = run_node(
        "exports.handler = async (event) => process.kill(process.pid, event) && new Promise((r) => setTimeout(r, 9999))",
        NODE_OPTIONS="--no-warnings",
    )
    assert client.assign(hellos=2) == Answer(kind="R")
    client.submit("SIGKILL")
    with pytest.raises(EOFError):
        client.answer()
    assert client.wait() == -9


@pytest.mark.parametrize(("name", "status", "words"), [("absent", 127, "does not exist"), ("plain", 126, "is not an executable")])
def test_a_wrapper_that_cannot_run_ends_as_in_a_shell(
    run_node: Callable[..., Client], tmp_path: Path, name: str, status: int, words: str
) -> None:
    client = run_node({"plain": ""}, AWS_LAMBDA_EXEC_WRAPPER=str(tmp_path / "task" / name))
    (tmp_path / "task" / "plain").chmod(0o644)
    with pytest.raises(EOFError):
        client.assign()
    assert client.wait() == status
    assert client.lines() == f"{tmp_path}/task/{name}: {words}\n"
