"""The first process of a sandbox, once the runtime runs: starts extensions beside it, signals it, makes sockets, tells ends.

It obeys the server over one SOCK_SEQPACKET socket, in JSON. Orders: {"order": "start", "path", "environment"} with the write
end of the extension's output beside it, {"order": "signal", "number"} for the runtime, {"order": "kill", "path"} and
{"order": "socket"}.
It says {"event": "started" or "refused" or "exited", "path", "number"}, {"event": "socket"} with an unconnected TCP socket beside
it, and four bytes (i32 in host order): the wait status of the runtime. What it starts is under the same user, filter and limits
as it is itself. Standard library only, CPython 3.8 and newer.
"""

import array
import errno
import json
import os
import select
import signal
import socket
import struct

_MESSAGE = 65536
_STATUS = struct.Struct("=i")
_MOST_DESCRIPTORS = 4096
_HANDLED = (signal.SIGCHLD, signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGXFSZ)


class Supervisor:
    """Owns what it started. `serve` returns when the runtime has ended and nothing else was started, or the server is gone."""

    def __init__(self, control, runtime):
        """`control` is its end of the socket, `runtime` the process id of the runtime, already started."""
        self.control = control
        self.runtime = runtime
        self.extensions = {}
        self.alone = True
        self._woken, self._waker = os.pipe()
        for end in (self._woken, self._waker):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def serve(self):
        poller = select.poll()
        poller.register(self.control, select.POLLIN)
        poller.register(self._woken, select.POLLIN)
        self._reap()  # what ended before the signal was asked for
        while self.runtime or not self.alone:
            ready = [descriptor for descriptor, _ in poller.poll()]
            if self._woken in ready:
                self._reap()
            if self.control.fileno() in ready and not self._obey():
                return

    def _obey(self):
        try:
            data, ancillary, _, _ = self.control.recvmsg(_MESSAGE, socket.CMSG_SPACE(16), socket.MSG_CMSG_CLOEXEC)
        except OSError:
            return False
        if not data:
            return False
        descriptors = array.array("i")
        for level, kind, content in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                descriptors.frombytes(content[: len(content) - len(content) % descriptors.itemsize])
        order = json.loads(data)
        getattr(self, "_do_" + order["order"])(order, list(descriptors))
        for each in descriptors:
            os.close(each)
        return True

    def _do_start(self, order, descriptors):
        path = order["path"]
        self.alone = False
        reading, writing = os.pipe()
        try:
            child = os.fork()
        except OSError as error:
            os.close(writing)
            os.close(reading)
            self._say({"event": "refused", "path": path, "number": error.errno})
            return
        if child == 0:
            self._become(path, order["environment"], descriptors[0], writing)
        os.close(writing)
        failure = os.read(reading, _STATUS.size)  # the end of the pipe: it is executed
        os.close(reading)
        if failure:
            os.waitpid(child, 0)
            self._say({"event": "refused", "path": path, "number": _STATUS.unpack(failure)[0]})
        else:
            self.extensions[child] = path
            self._say({"event": "started", "path": path, "number": child})

    def _do_signal(self, order, _):
        if self.runtime:
            self._send_signal(self.runtime, order["number"])

    def _do_kill(self, order, _):
        for process, path in self.extensions.items():
            if path == order["path"]:
                self._send_signal(process, signal.SIGKILL)

    def _do_socket(self, *_):
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as made:
                self._say({"event": "socket"}, [made.fileno()])
        except OSError:
            self._say({"event": "socket"})

    def _send_signal(self, process, number):
        try:
            os.kill(process, number)
        except OSError:
            pass

    def _reap(self):
        try:
            while os.read(self._woken, 4096):
                pass
        except BlockingIOError:
            pass
        while True:
            try:
                process, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if process == 0:
                return
            if process == self.runtime:
                self.runtime = 0
                self._send(_STATUS.pack(status))
            elif process in self.extensions:
                self._say({"event": "exited", "path": self.extensions.pop(process), "number": status})

    def _say(self, message, descriptors=()):
        self._send(json.dumps(message).encode(), descriptors)

    def _send(self, content, descriptors=()):
        beside = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        try:
            self.control.sendmsg([content], beside, socket.MSG_NOSIGNAL)
        except OSError:
            pass  # the server is gone: its end of the socket says so, too

    def _become(self, path, environment, output, report):
        """In the child: the extension. Does not return."""
        try:
            signal.set_wakeup_fd(-1)
            for number in _HANDLED:
                signal.signal(number, signal.SIG_DFL)
            os.setsid()
            os.chdir("/")
            null = os.open("/dev/null", os.O_RDONLY)
            for source, number in ((null, 0), (output, 1), (output, 2)):
                os.dup2(source, number)
            os.closerange(3, report)
            os.closerange(report + 1, _MOST_DESCRIPTORS)
            os.execve(path, [path], environment)
        except OSError as error:
            os.write(report, _STATUS.pack(error.errno))
        except ValueError:  # a name or a value that no program can be given
            os.write(report, _STATUS.pack(errno.EINVAL))
        finally:
            os._exit(127)
