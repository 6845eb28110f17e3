"""Builds a runtime's root folder, makes it the root of this process and becomes the zygote in it.

Usage: enter.py LINK PARENT   (descriptor of the socket to the warden; the warden's process id). Runs as root on Lambent's own
interpreter. The first message on the socket is the plan of the root (made by Lambent's native/root_plan.py), the second the
zygote's settings.
"""

import importlib
import json
import os
import shutil
import stat
import sys
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import sandbox_kernel as kernel  # noqa: E402 - found through the line above
import zygote  # noqa: E402
from sandbox_confine import existing  # noqa: E402

_DEVICES = {"null": 3, "zero": 5, "full": 7, "random": 8, "urandom": 9}
_TTY = (5, 0)
_MEMORY_DEVICES = 1
_LOCKED = kernel.MOUNT_ATTR_RDONLY | kernel.MOUNT_ATTR_NOSUID


def build(plan, place):
    """Make the tree at `place` (an empty folder), everything in it read-only, and turn it into the root."""
    kernel.unshare(kernel.CLONE_NEWNS)
    # Nothing that happens here may be seen on the host, nor the reverse.
    kernel.mount(None, "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    # JUSTIFICATION: a small memory file system for folders and a few files; it is made read-only below.
    kernel.mount("root", place, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "size=4m,mode=755")
    for folder in plan["folders"]:
        os.makedirs(place + folder, exist_ok=True)
    for name, content in plan["files"].items():
        _write(place + name, content)
    for source, target in plan["copies"]:
        shutil.copyfile(source, place + target)
    for name, target in plan["links"].items():
        os.symlink(target, place + name)
    _make_devices(place + "/dev")
    for source, target in plan["binds"]:
        if not os.path.isdir(source):
            _write(place + target, "")
        # JUSTIFICATION: the host's programs and libraries, for reading only; no set-user-id bit and no device works through them.
        kernel.bind(source, place + target, _LOCKED | kernel.MOUNT_ATTR_NODEV, recursive=True)
    tree = os.open(place, os.O_PATH)
    kernel.set_attributes(tree, _LOCKED | kernel.MOUNT_ATTR_NODEV)
    os.close(tree)
    os.chdir(place)
    kernel.pivot_root_here()
    kernel.unmount(".", kernel.MNT_DETACH)
    os.chdir("/")


def _write(path, content):
    with open(path, "w", encoding="utf-8") as file:
        file.write(content)


def _make_devices(folder):
    # JUSTIFICATION: the five memory devices and the process's own terminal, which it has none of; nothing else can be made: the
    # mount is read-only and sandboxes have no CAP_MKNOD.
    kernel.mount("dev", folder, "tmpfs", kernel.MS_NOSUID | kernel.MS_NOEXEC, "size=64k,mode=755")
    previous = os.umask(0)
    for name, minor in _DEVICES.items():
        os.mknod("%s/%s" % (folder, name), stat.S_IFCHR | 0o666, os.makedev(_MEMORY_DEVICES, minor))
    os.mknod(folder + "/tty", stat.S_IFCHR | 0o666, os.makedev(*_TTY))
    os.umask(previous)
    for name, target in (("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        os.symlink(target, "%s/%s" % (folder, name))
    tree = os.open(folder, os.O_PATH)
    kernel.set_attributes(tree, _LOCKED | kernel.MOUNT_ATTR_NOEXEC)
    os.close(tree)


def main(link_descriptor, parent):
    """Do what the plan says; does not return."""
    kernel.die_with_parent()
    if os.getppid() != parent:
        os._exit(1)
    link = zygote.Link(link_descriptor)
    try:
        plan, _ = link.receive()
        process_namespace = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        if plan["interpreter"] is None:
            _stay(link, process_namespace, plan)
        proc_entries = existing()
        build(plan, plan["place"])
        os.set_inheritable(process_namespace, True)
        os.set_inheritable(link_descriptor, True)
        command = [plan["interpreter"], "-I", "-S", "-B", "/tmp/zygote.py"]
        command += [str(link_descriptor), str(process_namespace), json.dumps(proc_entries)]
        os.execve(command[0], command, plan["environment"])
    except Exception:
        link.send({"event": "broken", "reason": traceback.format_exc()[-4000:]})
    os._exit(1)


def _stay(link, process_namespace, plan):
    """Be the zygote without another interpreter. Whatever it needs later must be loaded now: its files will be out of reach."""
    settings, _ = link.receive()
    client = None
    if plan["client"]:
        sys.path.insert(0, os.path.dirname(plan["client"]))
        client = importlib.import_module(os.path.splitext(os.path.basename(plan["client"]))[0])
    for name in ("latin-1", "ascii", "utf-8", "idna"):
        "".encode(name)
    proc_entries = existing()
    build(plan, plan["place"])
    ready = zygote.Zygote(link, process_namespace, proc_entries, settings)
    ready.client = client
    ready.serve()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
