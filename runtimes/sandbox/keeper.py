"""Keeps one runtime process and all that it starts: reaps them, reports its end, kills them all when told or orphaned.

Usage: keeper.py CHANNEL TELEMETRY CONTROL PROGRAM [ARGUMENT ...]   (three descriptor numbers, then what to run)
The program gets CHANNEL as descriptor 3 and TELEMETRY as 4. On CONTROL the keeper is the program's supervisor
(sandbox_supervisor.py). SIGTERM, or the death of the parent, ends everything. Standard library only.
"""

import ctypes
import fcntl
import os
import signal
import socket
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from sandbox_supervisor import Supervisor  # noqa: E402 - found through the line above

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def descendants(pid):
    """Process ids of all that descend from `pid`, nearest first; what ends meanwhile is left out."""
    found = []
    for task in _listed("/proc/%d/task" % pid):
        try:
            with open("/proc/%d/task/%s/children" % (pid, task)) as file:
                children = [int(each) for each in file.read().split()]
        except OSError:
            continue
        for child in children:
            found.append(child)
            found.extend(descendants(child))
    return found


def _listed(folder):
    try:
        return os.listdir(folder)
    except OSError:
        return []


def end_all():
    """Kill until nobody is left. As a subreaper the keeper inherits the orphans of whom it kills, so a fork bomb ends too."""
    while True:
        victims = descendants(os.getpid())
        for sign in (signal.SIGSTOP, signal.SIGKILL):  # stopped first, so that none forks while the others are being killed
            _signal_all(victims, sign)
        if not _reap_all() and not descendants(os.getpid()):
            return


def _signal_all(victims, sign):
    for pid in victims:
        try:
            os.kill(pid, sign)
        except OSError:
            pass


def _reap_all():
    """Whether a child is left after reaping those that have ended."""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if pid == 0:
            return True


def run(channel, telemetry, control, command):
    """Start the command and stay until it has ended."""
    parent = os.getppid()
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
    signal.signal(signal.SIGTERM, _told_to_end)
    child = os.fork()
    if child == 0:
        _become(channel, telemetry, command)
    for descriptor in (channel, telemetry):
        os.close(descriptor)
    os.set_inheritable(control, False)
    Supervisor(socket.socket(fileno=control), child).serve()
    end_all()


def _told_to_end(*_):
    end_all()
    os._exit(0)


def _become(channel, telemetry, command):
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.setsid()
        # Out of the way first: 3 and 4 may be each other's or the report's number.
        spare_channel, spare_telemetry = _above(channel), _above(telemetry)
        os.dup2(spare_channel, 3)
        os.dup2(spare_telemetry, 4)
        os.closerange(5, 4096)
        os.execvpe(command[0], command, os.environ)
    except OSError as error:
        os.write(2, ("cannot start %s: %s\n" % (command[0], error)).encode())
    os._exit(127)


def _above(descriptor):
    return fcntl.fcntl(descriptor, fcntl.F_DUPFD, 10)


if __name__ == "__main__":
    run(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
