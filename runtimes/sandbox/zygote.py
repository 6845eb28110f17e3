"""The zygote of one runtime: a started interpreter that forks one blank sandbox per command, so that none waits for a start.

Started by enter.py, which has made the sandbox's root the root of this process. It obeys the warden over one SOCK_SEQPACKET
socket: JSON messages, descriptors beside them. Two kinds: for Python it runs on the function's own interpreter and the fork goes
on as the runtime client; for the others it runs on Lambent's interpreter and the fork executes the client. Standard library only,
CPython 3.8 and newer.
"""

import array
import base64
import fcntl
import json
import os
import select
import signal
import socket
import sys
import traceback
import types

if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import sandbox_confine as confine  # noqa: E402 - found through the line above
import sandbox_kernel as kernel  # noqa: E402
import sandbox_supervisor as supervisor  # noqa: E402

_MESSAGE = 65536
_DESCRIPTORS = 32
_LEAF = 5
"""The runtime keeps descriptors below this: /dev/null, output twice, channel, telemetry."""
_OWN = ("sandbox_confine", "sandbox_kernel", "sandbox_supervisor", "zygote", "__main__")
_RESET = (signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM)


class Link:
    """The socket to the warden."""

    def __init__(self, descriptor):
        self.socket = socket.socket(fileno=descriptor)

    def receive(self):
        """A message and its descriptors; (None, []) when the warden is gone."""
        data, ancillary, _, _ = self.socket.recvmsg(_MESSAGE, socket.CMSG_SPACE(4 * _DESCRIPTORS), socket.MSG_CMSG_CLOEXEC)
        descriptors = array.array("i")
        for level, kind, content in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                descriptors.frombytes(content[: len(content) - len(content) % descriptors.itemsize])
        return (json.loads(data) if data else None), list(descriptors)

    def send(self, message, descriptors=()):
        beside = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        self.socket.sendmsg([json.dumps(message).encode()], beside)


class Zygote:
    """Owns its children: only it can kill one, by a process id that cannot be anyone else's until it has been reaped."""

    def __init__(self, link, process_namespace, proc_entries, settings):
        """`proc_entries` as of `confine.existing`; `settings`: filter (base64), command and environment of what is executed."""
        self.link = link
        self.process_namespace = process_namespace
        self.filter = base64.b64decode(settings["filter"])
        self.proc_entries = proc_entries
        self.command = settings["command"]
        self.environment = settings["environment"]
        self.client = None
        self.children = {}
        self.lifeline, self._alive = os.pipe()
        self._woken, waker = os.pipe()
        for end in (self._woken, waker):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def serve(self):
        """Obey until the warden is gone."""
        self.link.send({"event": "started"})
        poller = select.poll()
        poller.register(self.link.socket, select.POLLIN)
        poller.register(self._woken, select.POLLIN)
        while True:
            ready = [descriptor for descriptor, _ in poller.poll()]
            if self._woken in ready:
                self._reap()
            if self.link.socket.fileno() in ready and not self._obey():
                os._exit(0)  # the death signal takes every sandbox along

    def _obey(self):
        message, descriptors = self.link.receive()
        if message is None:
            return False
        if message["order"] == "spawn":
            self._spawn(message, descriptors)
        else:
            self._kill(message["sandbox"])
        return True

    def _kill(self, sandbox):
        for process, name in self.children.items():
            if name == sandbox:
                os.kill(process, signal.SIGKILL)

    def _reap(self):
        try:
            while os.read(self._woken, 4096):
                pass
        except BlockingIOError:
            pass
        while self.children:
            process, _ = os.waitpid(-1, os.WNOHANG)
            if process == 0:
                return
            self.link.send({"event": "reaped", "sandbox": self.children.pop(process)})

    def _spawn(self, order, descriptors):
        try:
            kernel.unshare(kernel.CLONE_NEWPID)
            try:
                process = os.fork()
            finally:
                if os.getpid() != 1:
                    kernel.set_namespace(self.process_namespace, kernel.CLONE_NEWPID)
        except OSError as error:
            self.link.send({"event": "failed", "sandbox": order["sandbox"], "reason": "fork: %s" % error})
            self.link.send({"event": "reaped", "sandbox": order["sandbox"]})
        else:
            if process == 0:
                self._first_process(order, descriptors)
            self.children[process] = order["sandbox"]
        for descriptor in descriptors:
            os.close(descriptor)

    def _first_process(self, order, descriptors):
        """Process 1 of a sandbox, from here to its end."""
        try:
            self._lock(order, descriptors)
            self._run(descriptors[:4])
        except Exception:
            try:
                self.link.send({"event": "failed", "sandbox": order["sandbox"], "reason": traceback.format_exc()[-2000:]})
            except (OSError, ValueError):
                pass
        os._exit(1)

    def _lock(self, order, descriptors):
        kernel.die_with_parent()
        os.close(self._alive)
        signal.set_wakeup_fd(-1)
        for number in _RESET:
            signal.signal(number, signal.SIG_DFL)
        confine.join_control_groups(descriptors[4:])
        outside = confine.separate(self.proc_entries)
        outside.append(confine.give_up_privileges(order["user"], self.lifeline))
        self.link.send({"event": "ready", "sandbox": order["sandbox"]}, outside)
        kernel.install_filter(self.filter)

    def _run(self, ends):
        channel, output, telemetry, control = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 100) for end in ends)
        leaf = os.fork()
        if leaf == 0:
            self._leaf(channel, output, telemetry)
        os.dup2(control, 3, inheritable=False)
        kernel.close_from(4)
        supervisor.Supervisor(socket.socket(fileno=3), leaf).serve()
        os._exit(0)  # and with process 1 ends everything in here

    def _leaf(self, channel, output, telemetry):
        try:
            os.setsid()
            kernel.set_dumpable(True)  # for its own /proc/self
            for source, number in (
                (os.open("/dev/null", os.O_RDONLY), 0),
                (output, 1),
                (output, 2),
                (channel, 3),
                (telemetry, 4),
            ):
                os.dup2(source, number)
            kernel.close_from(_LEAF)
            if self.client is None:
                os.execve(self.command[0], self.command, self.environment)
            signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # these two as in every Python
            signal.signal(signal.SIGINT, signal.default_int_handler)
            if hasattr(self.client, "after_fork"):
                self.client.after_fork()
            self.client.main(3, 4)
        except BaseException:
            os.write(2, traceback.format_exc().encode("utf-8", "replace"))
        os._exit(1)


def hide_own_modules():
    """These names are the function's to use. Returns what must be kept alive."""
    kept = [sys.modules.pop(name) for name in _OWN if name in sys.modules]
    sys.modules["__main__"] = types.ModuleType("__main__")
    sys.argv[:] = [""]
    return kept


def main(link_descriptor, process_namespace, proc_entries):
    """As a program, inside the sandbox's root, on the function's own interpreter."""
    link = Link(link_descriptor)
    try:
        zygote = Zygote(link, process_namespace, proc_entries, link.receive()[0])
        sys.path.pop(0)
        kernel.unmount("/tmp", kernel.MNT_DETACH)  # where this program was shown
        sys.path.insert(0, "/var/runtime")
        import bootstrap

        sys.path.remove("/var/runtime")
        if hasattr(bootstrap, "preload"):
            bootstrap.preload()
        zygote.client = bootstrap
    except Exception:
        link.send({"event": "broken", "reason": traceback.format_exc()[-4000:]})
        os._exit(1)
    kept = hide_own_modules()
    zygote.serve()
    del kept


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3]))
