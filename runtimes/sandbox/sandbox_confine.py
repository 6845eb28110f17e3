"""Locks one sandbox: what its first process does, in which order, between being forked from the zygote and starting the runtime.

Namespaces first, while root may still make mounts and sockets in them; the user namespace last, so that it owns none of the
others: whatever capability code finds in it has no power over anything. Standard library only, CPython 3.8 and newer.
"""

import os
import resource
import select
import socket

import sandbox_kernel as kernel

USER, GROUP = 993, 990
"""Who the function is inside: Lambda's sbx_user1051."""
RUNTIME_API_PORT, ENDPOINT_PORT = 9001, 4566
_BACKLOG = 128
_HOST_NAME = "localhost"
_SEPARATE = (
    # JUSTIFICATION: own mounts, interfaces, message queues, host name and view of control groups; the process namespace is made
    # by the fork itself, the user namespace comes last.
    kernel.CLONE_NEWNS | kernel.CLONE_NEWNET | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS | kernel.CLONE_NEWCGROUP
)
_PROC_FLAGS = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
# JUSTIFICATION: what container runtimes hide of /proc: it shows or changes the whole machine and is of no use to a function.
HIDDEN_FILES = ("kcore", "keys", "key-users", "kmsg", "kpagecgroup", "kpagecount", "kpageflags", "latency_stats", "sched_debug")
HIDDEN_FILES += ("sysrq-trigger", "timer_list", "timer_stats", "vmallocinfo", "kallsyms", "modules")
HIDDEN_FOLDERS = ("acpi", "asound", "driver", "scsi")
READ_ONLY = ("bus", "fs", "irq", "sys")
_LIMITS = (
    # JUSTIFICATION: 1,024 open files and processes are Lambda's, and one is ours; the control group counts threads too.
    (resource.RLIMIT_NOFILE, 1024),
    (resource.RLIMIT_NPROC, 1025),
    # JUSTIFICATION: a core file could fill /tmp; locked memory and message queues are the kernel's, not the function's.
    (resource.RLIMIT_CORE, 0),
    (resource.RLIMIT_MEMLOCK, 65536),
    (resource.RLIMIT_MSGQUEUE, 819200),
    (resource.RLIMIT_NICE, 0),
    (resource.RLIMIT_RTPRIO, 0),
)


def existing(folder="/proc"):
    """Which of the names above this kernel has: (files to hide, folders to hide, to make read-only)."""
    return [
        [name for name in names if os.path.exists(os.path.join(folder, name))]
        for names in (HIDDEN_FILES, HIDDEN_FOLDERS, READ_ONLY)
    ]


def join_control_groups(descriptors):
    """Before anything else, so that all this process does and starts is counted and held."""
    for descriptor in descriptors:
        os.write(descriptor, b"0")
        os.close(descriptor)


def separate(proc_entries):
    """Own namespaces, but the user's; a fresh /proc. Returns descriptors: both listeners, mount and network namespace."""
    kernel.unshare(_SEPARATE)
    socket.sethostname(_HOST_NAME)
    _mount_proc(*proc_entries)
    kernel.raise_loopback()
    listeners = [_listen(port) for port in (RUNTIME_API_PORT, ENDPOINT_PORT)]
    return listeners + [os.open("/proc/self/ns/" + kind, os.O_RDONLY | os.O_CLOEXEC) for kind in ("mnt", "net")]


def _mount_proc(hidden_files, hidden_folders, read_only):
    # JUSTIFICATION: hidepid hides the first process; the rest of /proc shows this process namespace only.
    kernel.mount("proc", "/proc", "proc", _PROC_FLAGS, "hidepid=2")
    locked = kernel.MOUNT_ATTR_RDONLY | kernel.MOUNT_ATTR_NOSUID | kernel.MOUNT_ATTR_NODEV | kernel.MOUNT_ATTR_NOEXEC
    for name in read_only:
        kernel.bind("/proc/" + name, "/proc/" + name, locked)
    for name in hidden_folders:
        kernel.bind("/mnt", "/proc/" + name, locked)  # /mnt is empty until the sandbox is assigned
    for name in hidden_files:
        kernel.bind("/dev/null", "/proc/" + name, kernel.MOUNT_ATTR_RDONLY | kernel.MOUNT_ATTR_NOSUID | kernel.MOUNT_ATTR_NOEXEC)


def _listen(port):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(_BACKLOG)
        return listener.detach()


def give_up_privileges(host_user, lifeline):
    """Become the one unprivileged host user of this sandbox, in a user namespace that owns nothing; no way back.

    Returns a descriptor of the user namespace. `lifeline` is readable when the zygote is gone.
    """
    os.setsid()
    for limit, most in _LIMITS:
        hard = resource.getrlimit(limit)[1]
        value = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(limit, (value, value))
    os.umask(0o022)
    kernel.become(host_user, host_user)
    kernel.set_dumpable(True)  # else /proc/self is root's, and the maps cannot be written
    kernel.unshare(kernel.CLONE_NEWUSER)
    for name, content in (
        ("setgroups", "deny"),
        ("gid_map", "%d %d 1" % (GROUP, host_user)),
        ("uid_map", "%d %d 1" % (USER, host_user)),
    ):
        file = os.open("/proc/self/" + name, os.O_WRONLY)
        os.write(file, content.encode())
        os.close(file)
    user_namespace = os.open("/proc/self/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    kernel.drop_capabilities()
    kernel.set_dumpable(False)
    # A change of user cancels the death signal: ask again, then look whether the zygote died in between.
    kernel.die_with_parent()
    if select.select([lifeline], [], [], 0)[0]:
        os._exit(1)
    return user_namespace
