"""First program inside a bwrap sandbox: makes its listeners and hands them out, sets limits, becomes the runtime client.

Usage: listen.py HAND CHANNEL TELEMETRY USER FILE_BYTES STAY PROGRAM [ARGUMENT ...]
HAND, CHANNEL and TELEMETRY are descriptors: over the Unix socket HAND go the listening sockets of the Runtime API and of the AWS
endpoint; the client finds the others as 3 and 4. USER is the number to become, or - to stay. STAY is 1 where extensions may have
to be started: this program then goes on as the supervisor (sandbox_supervisor.py, over HAND), and 0 elsewhere. Only the standard
library of 3.8.
"""

import array
import fcntl
import os
import resource
import signal
import socket
import sys

RUNTIME_API_PORT, ENDPOINT_PORT = 9001, 4566
_BACKLOG = 128
_OPEN_FILES = 1024
_PROCESSES = 1024
_PR_CAPBSET_DROP = 24
_CAPABILITIES = 64
_CAPABILITY_VERSION_3 = 0x20080522


def listeners():
    """Connections wait in them until the platform accepts."""
    made = []
    for port in (RUNTIME_API_PORT, ENDPOINT_PORT):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(_BACKLOG)
        made.append(listener)
    return made


def hand_over(hand, sockets):
    """Send them to the platform. They stay open there when they close here."""
    numbers = array.array("i", [each.fileno() for each in sockets])
    hand.sendmsg([b"L"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, numbers)])
    for each in sockets:
        each.close()


def limit(file_bytes):
    """What needs no control group; hard limits, so they only go down."""
    for kind, most in (
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_NPROC, _PROCESSES),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 64 * 1024),
    ):
        _, hard = resource.getrlimit(kind)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))
    # A write beyond the file limit is an error to be handled, not the end of the process.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def become(user):
    """Drop root for good: the user, every capability, and the way to get any back."""
    if user == "-":
        return
    import ctypes  # bwrap needs no help where the server is not root

    libc = ctypes.CDLL(None, use_errno=True)
    for capability in range(_CAPABILITIES):
        libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    number = int(user)
    os.setgroups([])
    os.setresgid(number, number, number)
    os.setresuid(number, number, number)
    # Permitted and effective went with the user; the inheritable set would stay.
    header, nothing = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0), (ctypes.c_uint32 * 6)()
    if libc.capset(header, nothing) != 0:
        os._exit(126)


def main(arguments):
    """Does not return."""
    number, channel, telemetry = (int(each) for each in arguments[:3])
    hand = socket.socket(fileno=number)
    hand_over(hand, listeners())
    limit(int(arguments[4]))
    become(arguments[3])
    command = arguments[6:]
    if arguments[5] == "0":
        execute(channel, telemetry, command)
    client = os.fork()
    if client == 0:
        execute(channel, telemetry, command)
    supervise(hand, client)


def execute(channel, telemetry, command):
    """Become the client."""
    # Out of the way first: 3 and 4 may be each other's number.
    spare = [fcntl.fcntl(each, fcntl.F_DUPFD, 64) for each in (channel, telemetry)]
    os.dup2(spare[0], 3)
    os.dup2(spare[1], 4)
    # Everything else, such as what bwrap was given to mount, must not be the function's.
    os.closerange(5, _OPEN_FILES)
    for number in (signal.SIGPIPE, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    os.execv(command[0], command)


def supervise(hand, client):
    """Stay, with nothing open but the way to the platform and what this program says when it fails."""
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    from sandbox_supervisor import Supervisor

    control = fcntl.fcntl(hand.detach(), fcntl.F_DUPFD_CLOEXEC, _OPEN_FILES - 1)
    os.closerange(3, control)
    Supervisor(socket.socket(fileno=control), client).serve()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
