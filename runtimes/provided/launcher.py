"""Lambent's launcher for `provided` runtimes: waits blank, then replaces itself by the function's own `bootstrap`.

Runs as a program (channel on descriptor 3, telemetry pipe on 4), or as `main(channel, telemetry)` in a process that is already
locked down: after it is imported it needs no further module and no file but the function's own. The protocol is
docs/frame-protocol.md; what is looked for, and the words when it is not found, are Lambda's (facts B2, E7).
"""

import errno
import json
import os
import signal
import stat

INVALID_ENTRYPOINT = "Runtime.InvalidEntrypoint"
_WORDS = {errno.EACCES: "permission denied", errno.ENOEXEC: "exec format error", errno.ENOENT: "no such file or directory"}
_TELEMETRY = 4
_NUMBERS_AT_MOST = 1 << 20


class ChannelClosed(Exception):
    """The server is gone."""


class CannotStart(Exception):
    """The function has no bootstrap that can run; the message is for the caller."""


def main(channel, telemetry):
    """Say hello, await the assignment and become the function's bootstrap. Does not return: ends the process when it cannot."""
    try:
        _send(channel, b"H")
        assignment = json.loads(_receive(channel, b"I").decode())
        try:
            _become_bootstrap(assignment["environment"], telemetry)
        except CannotStart as failure:
            _report(channel, str(failure))
    except (ChannelClosed, OSError):
        os._exit(0)
    os._exit(1)


def _become_bootstrap(environment, telemetry):
    variables = dict(environment)
    task_root = variables.get("LAMBDA_TASK_ROOT", "/var/task")
    layers_root = variables.pop("LAMBENT_LAYERS_ROOT", "/opt")
    candidates = [task_root + "/bootstrap", layers_root + "/bootstrap"]
    bootstrap = next((path for path in candidates if _is_file(path)), None)
    if bootstrap is None:
        raise CannotStart("Couldn't find valid bootstrap(s): [" + " ".join(candidates) + "]")
    _arrange_descriptors(telemetry if "_LAMBDA_TELEMETRY_LOG_FD" in variables else None)
    try:
        os.chdir(task_root)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and what it starts would go on doing so
        os.execve(bootstrap, [bootstrap], variables)
    except OSError as error:
        reason = _WORDS.get(error.errno, os.strerror(error.errno).lower())
        raise CannotStart("fork/exec " + bootstrap + ": " + reason) from None


def _is_file(path):
    try:
        return not stat.S_ISDIR(os.stat(path).st_mode)
    except OSError:
        return False


def _arrange_descriptors(telemetry):
    """Leave standard input, output, error and the telemetry pipe to the bootstrap; the rest closes when it starts, not before."""
    if telemetry is not None:
        os.set_inheritable(telemetry, True)
    for number in _open_descriptors():
        if number > 2 and number != telemetry:
            try:
                os.set_inheritable(number, False)
            except OSError:  # the number of the listing itself, closed by now
                continue


def _open_descriptors():
    try:
        return [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError:  # no /proc in here
        return range(3, min(os.sysconf("SC_OPEN_MAX"), _NUMBERS_AT_MOST))


def _report(channel, message):
    """Tell the server. The message lacks the `RequestId: ... ` in front: only the server knows whose request this is."""
    document = json.dumps({"errorType": INVALID_ENTRYPOINT, "errorMessage": "Error: " + message})
    name = INVALID_ENTRYPOINT.encode()
    _send(channel, b"X" + bytes((len(name),)) + name + document.encode())


def _send(channel, content):
    frame = len(content).to_bytes(4, "big") + content
    while frame:
        frame = frame[os.write(channel, frame) :]


def _receive(channel, kind):
    """The body of the next frame, which must be of this kind."""
    content = _exactly(channel, int.from_bytes(_exactly(channel, 4), "big"))
    if content[:1] != kind:
        raise ChannelClosed
    return content[1:]


def _exactly(channel, size):
    content = b""
    while len(content) < size:
        chunk = os.read(channel, size - len(content))
        if not chunk:
            raise ChannelClosed
        content += chunk
    return content


if __name__ == "__main__":
    main(3, _TELEMETRY)
