"""Lambent's Python client: loads a handler and answers invocations over the frame protocol (docs/frame-protocol.md).

It runs inside the sandbox under the function's own interpreter, CPython 3.8 to 3.15, on the standard library alone. Two ways to
start: as a program, `python -I -S bootstrap.py`, with the channel on descriptor 3 and the telemetry pipe on 4; or in a fork of a
zygote that has called `preload()`, by `after_fork()` and `main(channel, telemetry)`. Behaviour is that of awslambdaric 4.2.2.
"""

import atexit
import builtins
import fcntl
import gc
import json
import os
import sys
import threading

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, _HERE)

import bootstrap_errors as errors  # noqa: E402 - found through the line above
import bootstrap_handler as handlers  # noqa: E402
from bootstrap_channel import Channel, ChannelClosed  # noqa: E402
from bootstrap_context import LambdaContext, parse_json_header  # noqa: E402
from bootstrap_json import Marshaller, unmarshal  # noqa: E402
from bootstrap_logs import CurrentInvocation, Logs, Unbuffered  # noqa: E402

sys.path.remove(_HERE)
for _name in [name for name in sys.modules if name.startswith("bootstrap_")]:
    del sys.modules[_name]  # names are the function's to use

_PRELOADED = (
    "asyncio base64 collections.abc concurrent.futures contextlib contextvars copy csv dataclasses datetime email.message "
    "email.parser email.utils enum functools getpass glob gzip hashlib heapq hmac html http.client http.cookies inspect io "
    "itertools mimetypes operator pathlib platform queue random re secrets select shutil signal socket sqlite3 ssl stat string "
    "struct subprocess tempfile textwrap traceback types typing unicodedata urllib.parse urllib.request uuid warnings weakref "
    "xml.etree.ElementTree zipfile zlib zoneinfo"
).split()
_HIGH = 60
"""Descriptors from here on hold the protocol, out of the way of code that closes or writes to low ones by number."""
_REHEARSALS = 20
"""Enough for the interpreter to have specialised the code of a cold start."""
_SAMPLE_HEAD = ("00000000-0000-0000-0000-000000000000", "", "0", "arn", "", "", "", "")


def preload():
    """In the zygote: import what handlers commonly need, and settle memory so that forks share it."""
    handlers.preload(_PRELOADED)
    for _ in range(_REHEARSALS):
        rehearse()
    gc.collect()
    gc.freeze()


def after_fork():
    """In the fork: forks of one zygote must not share random state."""
    modules = sys.modules
    if "random" in modules:
        modules["random"].seed()
    if "ssl" in modules:
        modules["ssl"].RAND_add(os.urandom(32), 32.0)
    if "uuid" in modules:
        modules["uuid"]._node = None  # noqa: SLF001 - it would be the same in all forks
    if "tempfile" in modules:
        modules["tempfile"]._name_sequence = None  # noqa: SLF001


def rehearse():
    """Do once what a cold start does, for nothing.

    In a fork this takes most copy-on-write faults of the cold start while nobody waits for it: 1.4 ms of 2 ms.
    """
    path, variables = sys.path[:], dict(os.environ)
    sample = json.dumps({"variable_%d" % number: "value" for number in range(40)})
    handlers.replace_environment(json.loads(sample))
    marshaller = Marshaller(None)
    Logs(None, marshaller.encode).handler()
    handlers.set_module_path("/nonexistent", "/nonexistent")
    sys.path[:] = path
    namespace = {}
    exec(compile("def handler(event, context):\n    return {'event': event}\n", "rehearsal", "exec"), namespace)
    handlers.load_handler("colorsys.rgb_to_yiq")
    del sys.modules["colorsys"]
    handle_event_request(namespace["handler"], _SAMPLE_HEAD, b'{"key": "value"}', marshaller)
    handlers.replace_environment(variables)


def main(channel, telemetry):
    """Serve invocations on these descriptors.

    Never returns: ends the process as an interpreter ends, or at once when the server is gone.
    """
    try:
        _open_output()
        serve(Channel(_concealed(channel)), _concealed(telemetry), (channel, telemetry))
        status = 0
    except ChannelClosed:
        os._exit(0)
    except SystemExit as leaving:
        status = _exit_status(leaving.code)
    except BaseException as error:
        _show(error)
        status = 1
    _leave(status)


def serve(link, telemetry, given):
    """From hello to the end. `given` are the descriptors' numbers as an exec wrapper's process must find them."""
    rehearse()
    link.send(b"H")
    frame = link.receive()
    if frame[4:5] != b"I":
        raise ChannelClosed
    assignment = json.loads(str(frame[5:], "utf-8"))
    handler_name = assignment["handler"]
    if os.environ.pop(handlers.WRAPPED, None):
        handler_name = os.environ.get("_HANDLER", handler_name)
    else:
        handlers.replace_environment(assignment["environment"])
        wrapper = os.environ.get("AWS_LAMBDA_EXEC_WRAPPER")
        descriptors = list(zip((link.descriptor, telemetry), given))
        if wrapper:
            handlers.exec_wrapper(wrapper, descriptors)
        handlers.exec_for_libraries(descriptors)
    link.keep_from_forks()
    if getattr(sys.modules.get("bootstrap"), "__file__", None) == __file__:
        del sys.modules["bootstrap"]  # this name, too, is the function's to use
    run(link, handler_name, telemetry)


def run(link, handler_name, telemetry):
    """Load the handler, then answer invocations until the channel closes."""
    marshaller = Marshaller(os.environ.get("AWS_EXECUTION_ENV"))
    framed = os.environ.pop("_LAMBDA_TELEMETRY_LOG_FD", None) is not None
    logs = Logs(telemetry if framed else None, marshaller.encode)
    LambdaContext.read_environment()
    logs.set_up()
    task_root = os.environ.get("LAMBDA_TASK_ROOT", "/var/task")
    os.chdir(task_root)
    handlers.set_module_path(task_root, os.environ.pop("LAMBENT_LAYERS_ROOT", "/opt"))
    request_handler = _loaded(link, handler_name, logs, marshaller)
    link.send(b"R")
    receive, send, environment = link.receive, link.send, os.environ
    while True:
        frame = receive()
        if frame[4:5] != b"V":
            raise ChannelClosed
        end = 9 + int.from_bytes(frame[5:9], "big")
        head = str(frame[9:end], "utf-8").split("\0")
        request_id, trace_id = head[0], head[4]
        CurrentInvocation.request_id = request_id
        CurrentInvocation.tenant_id = head[7] or None
        if trace_id:
            environment["_X_AMZN_TRACE_ID"] = trace_id
        else:
            environment.pop("_X_AMZN_TRACE_ID", None)
        result = handle_event_request(request_handler, head, frame[end:], marshaller)
        if type(result) is str:
            result = result.encode()  # a lone surrogate ends Lambda's client, too
        if type(result) is bytes and len(result) <= errors.RESPONSE_BYTES_AT_MOST:
            send(b"S", request_id.encode(), result)
        else:
            _send_error(link, request_id, result, logs, marshaller)


def handle_event_request(request_handler, head, event_body, marshaller):
    """Run one invocation: its result (JSON text, or bytes), or the error document (a dict)."""
    request_id, _, deadline, function_arn, _, client_context, identity, tenant_id = head
    try:
        lambda_context = LambdaContext(
            request_id,
            parse_json_header(client_context, "Client Context") if client_context else None,
            parse_json_header(identity, "Cognito Identity") if identity else None,
            int(deadline),
            function_arn,
            tenant_id or None,
        )
        event = unmarshal(event_body)
        response = request_handler(event, lambda_context)
        return marshaller.marshal(response)
    except errors.FaultException as fault:
        return errors.error_of_fault(fault, request_id)
    except Exception as error:
        return errors.error_of_exception(error, request_id)


def _loaded(link, handler_name, logs, marshaller):
    try:
        if os.environ.get("AWS_EXECUTION_ENV") == "AWS_Lambda_python3.15" and not os.environ.get("LAMBDA_DISABLE_PREVIEW_WARN"):
            logs.announce(errors.PREVIEW_WARNING)
        return handlers.load_handler(handler_name)
    except errors.FaultException as fault:
        error = errors.error_of_fault(fault)
    except Exception as failure:
        error = errors.error_of_exception(failure)
    logs.announce(errors.UNHANDLED_EXCEPTION_WARNING)
    logs.log_error(error)
    link.send(b"X", _type_bytes(error), marshaller.encode(error).encode())
    raise SystemExit(1)


def _send_error(link, request_id, result, logs, marshaller):
    error = result
    if type(error) is dict:
        logs.log_error(error)
        body = marshaller.encode(error).encode()
    if type(error) is not dict or len(body) > errors.RESPONSE_BYTES_AT_MOST:
        error = errors.RESPONSE_TOO_LARGE_DOCUMENT
        body = marshaller.encode(error).encode()
    link.send(b"E", request_id.encode() + _type_bytes(error), body)


def _type_bytes(error):
    name = error["errorType"].encode()[:255]
    return bytes((len(name),)) + name


def _concealed(low):
    """A descriptor moved out of the way, that no program started by the function inherits."""
    high = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, _HIGH)
    os.close(low)
    return high


def _open_output():
    """Standard output and error of our own: a zygote's may have another encoding, or be gone."""
    sys.stdout = Unbuffered(open(1, "w", encoding="utf-8", closefd=False))
    sys.stderr = Unbuffered(open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False))


def _exit_status(code):
    if code is None or isinstance(code, int):
        return (code or 0) & 0xFF
    print(code, file=sys.stderr)
    return 1


def _show(error):
    """As the interpreter shows what nobody caught, but for the frames of this file."""
    frames = error.__traceback__
    while frames.tb_next and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    sys.excepthook(type(error), error.with_traceback(frames), frames)


def _leave(status):
    """End as an interpreter does (threads awaited, exit functions called), but without our callers: they may be a zygote's."""
    try:
        threading._shutdown()  # noqa: SLF001 - what the interpreter itself calls
        atexit._run_exitfuncs()  # noqa: SLF001
    finally:
        os._exit(status)


def _add_site_builtins():
    """`exit`, `quit`, `help`: functions expect them, and -S leaves them out."""
    import site

    if not hasattr(builtins, "exit"):
        site.setquit()
        site.setcopyright()
        site.sethelper()


_add_site_builtins()

if __name__ == "__main__":
    main(3, 4)
