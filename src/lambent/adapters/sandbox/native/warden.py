"""The warden: the one privileged helper of a server. It alone makes mounts and control groups, and it owns the zygotes.

Usage: python -m lambent.adapters.sandbox.native.warden LINK PARENT   (descriptor of a SOCK_SEQPACKET socket; server's process id)
Requests and replies are JSON objects with descriptors beside them; `id` joins a reply to its request. The first one configures.
The death of the server ends it, and its death ends the zygotes and with them every sandbox. One thread, but for slow work on /tmp
images and control groups (native/chores.py). Standard library only, and little of it: it has to start at once.
"""

import os
import resource
import selectors
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from lambent.adapters.sandbox.native import control_groups, kernel
from lambent.adapters.sandbox.native.cells import Cell, Cells
from lambent.adapters.sandbox.native.chores import Chores
from lambent.adapters.sandbox.native.identity import Identity, claim
from lambent.adapters.sandbox.native.images import Images
from lambent.adapters.sandbox.native.network import NetworkFault, OutboundNetwork
from lambent.adapters.sandbox.native.zygotes import GONE, Zygote, receive, send

Request = dict[str, Any]


class Warden:
    """Carries out requests: zygote, create, assign, destroy, storage, release."""

    def __init__(self, link: socket.socket, configuration: Request) -> None:
        """Takes its place on this host. Raises OSError or control_groups.Unavailable; the message is for people."""
        self._link = link
        self._selector = selectors.DefaultSelector()
        self._programs = Path(configuration["programs"])
        self.identity: Identity = claim(Path(configuration["registry"]))
        mounts, own = Path("/proc/self/mountinfo").read_text(), Path("/proc/self/cgroup").read_text()
        groups = control_groups.ControlGroups(control_groups.detect(mounts, own), self.identity.name)
        groups.prepare()
        self._versions = {"version": groups.version, "freezer": 2 if "" in groups.folders else 1}
        self.identity.record(list(groups.folders.values()))
        self._network = OutboundNetwork()
        self._images = Images(Path(configuration["images"]), self.identity.folder / "tmp")
        self._chores = Chores()
        self._cells = Cells(self.identity, groups, self._network, self._chores)
        self._zygotes: dict[str, Zygote] = {}
        self._storages: dict[str, str] = {}
        self._storage_count = 0
        self._token = os.urandom(8).hex()
        """Names of an earlier warden's storages must not be found among ours."""
        self._watch(link, self._on_request)
        self._watch(self._chores, self._chores.finish)

    @property
    def place(self) -> str:
        """An empty folder where a zygote may build its root, in its own mount namespace."""
        return str(self.identity.folder / "root")

    def run(self) -> None:
        """Until the server is gone."""
        self._running = True
        while self._running:
            for key, _ in self._selector.select():
                key.data()

    def close(self) -> None:
        """Leave nothing behind."""
        for zygote in self._zygotes.values():
            zygote.close()
        self._chores.wait()
        self._cells.close()
        for place in self._storages.values():
            self._images.free(place)
        self._network.close()
        self.identity.leave()

    def _watch(self, source: Any, on_readable: Callable[[], None]) -> None:  # noqa: ANN401 - anything with a fileno
        self._selector.register(source, selectors.EVENT_READ, on_readable)

    # ---------------------------------------------------------------- requests

    def _on_request(self) -> None:
        try:
            request, descriptors = receive(self._link)
        except OSError:
            request, descriptors = None, []
        if request is None:
            self._running = False
            return
        try:
            getattr(self, "_do_" + request["order"])(request, descriptors)
        except (OSError, LookupError, NetworkFault) as failure:
            self._reply(request, error=_words(failure))
        finally:
            for each in descriptors:
                os.close(each)

    def _reply(self, request: Request, *descriptors: int, **answer: Any) -> None:  # noqa: ANN401 - JSON
        with suppress(OSError):  # a server that is gone is noticed when its end of the socket closes
            send(self._link, {"id": request["id"], **answer}, descriptors)

    def _do_network(self, request: Request, _: list[int]) -> None:
        """Open it; `problem` says why there is none. The kernel takes 100 ms over its rules, so a start does not wait for it."""
        self._network.open(f"pid-{os.getppid()}")
        self._reply(request, problem=self._network.problem)

    def _do_zygote(self, request: Request, _: list[int]) -> None:
        name = request["runtime"]
        if name not in self._zygotes:
            zygote = Zygote(self._programs, {**request["plan"], "place": self.place}, request["settings"])
            self._zygotes[name] = zygote
            self._watch(zygote.link, lambda: self._on_zygote(name, zygote))
        self._reply(request)

    def _do_create(self, request: Request, descriptors: list[int]) -> None:
        """Descriptors: channel, output, telemetry, report, each the inner end."""
        zygote = self._zygotes.get(request["runtime"])
        if zygote is None:
            self._reply(request, error=GONE)
            return
        cell = self._cells.make(request["sandbox"], zygote)

        def on_outcome(error: str | None) -> None:
            if error is None:
                watching = cell.group.watching()
                self._reply(request, *cell.listeners, *watching, **self._versions)
                for each in (*cell.listeners, *watching):
                    os.close(each)
                cell.listeners = ()
            else:
                self._cells.destroy(cell, lambda _: self._reply(request, error=error))

        cell.on_outcome = on_outcome
        try:
            self._cells.spawn(cell, descriptors)
        except OSError as failure:
            cell.settle(_words(failure))

    def _do_assign(self, request: Request, _: list[int]) -> None:
        place = self._storages.get(request["storage"])
        if place is None:
            raise LookupError("there is no such temporary storage")
        self._cells.assign(request, place)
        self._reply(request)

    def _do_destroy(self, request: Request, _: list[int]) -> None:
        cell: Cell | None = self._cells.get(request["sandbox"])
        if cell is None:
            self._reply(request)
        else:
            self._cells.destroy(cell, lambda error: self._reply(request, error=error))

    def _do_storage(self, request: Request, _: list[int]) -> None:
        self._storage_count += 1
        name = f"{self._token}-{self._storage_count}"

        def made(place: Any, error: OSError | None) -> None:  # noqa: ANN401 - what the chore returned
            if error is None:
                self._storages[name] = place
                self._reply(request, storage=name)
            else:
                self._reply(request, error=f"temporary storage: {error}")

        self._chores.do(lambda: self._images.make(name, request["size_mib"]), made)

    def _do_release(self, request: Request, _: list[int]) -> None:
        place = self._storages.pop(request["storage"], None)
        if place is not None:
            self._chores.do(lambda: self._images.free(place), lambda *_: self._reply(request))
        else:
            self._reply(request)

    # ---------------------------------------------------------------- zygotes

    def _on_zygote(self, name: str, zygote: Zygote) -> None:
        try:
            event, descriptors = receive(zygote.link)
        except OSError:
            event, descriptors = None, []
        if event is None or event["event"] == "broken":
            self._lost(name, zygote, event["reason"] if event else GONE)
        elif event["event"] == "started":
            zygote.on_started()
        else:
            self._cells.on_event(event, descriptors)

    def _lost(self, name: str, zygote: Zygote, reason: str) -> None:
        self._selector.unregister(zygote.link)
        del self._zygotes[name]
        zygote.close()
        self._cells.on_zygote_lost(zygote, reason)


def _words(failure: Exception) -> str:
    return str(failure) or type(failure).__name__


def main(link_descriptor: int, parent: int) -> None:
    """Serve until the server is gone."""
    kernel.die_with_parent()
    if os.getppid() != parent:
        sys.exit(1)
    for number in (signal.SIGINT, signal.SIGTERM):  # Ctrl-C and a service's stop are for the server, which then closes the link
        signal.signal(number, signal.SIG_IGN)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    os.chdir("/")
    os.umask(0o022)
    link = socket.socket(fileno=link_descriptor)
    request, _ = receive(link)
    if request is None:
        return
    try:
        kernel.unshare(kernel.CLONE_NEWNS)
        # JUSTIFICATION: nothing mounted here shows on the host; what the host unmounts is not kept busy from here.
        kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_SLAVE)
        warden = Warden(link, request)
    except (OSError, control_groups.Unavailable) as failure:
        send(link, {"id": request["id"], "error": _words(failure)})
        return
    send(link, {"id": request["id"], "name": warden.identity.name})
    try:
        warden.run()
    finally:
        warden.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
