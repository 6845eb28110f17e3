"""The sandboxes as the warden sees them: slot, control group, namespaces; made, assigned and destroyed. Standard library only."""

import heapq
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from lambent.adapters.sandbox.native import kernel
from lambent.adapters.sandbox.native.chores import Chores
from lambent.adapters.sandbox.native.control_groups import ControlGroups, Group
from lambent.adapters.sandbox.native.identity import SLOTS, Identity
from lambent.adapters.sandbox.native.network import OutboundNetwork
from lambent.adapters.sandbox.native.zygotes import Zygote

Outcome = Callable[[str | None], None]
"""Called with what went wrong, or None."""
_REMOVE_SECONDS = 5.0
_CODE = kernel.MOUNT_ATTR_RDONLY | kernel.MOUNT_ATTR_NOSUID | kernel.MOUNT_ATTR_NODEV
# JUSTIFICATION: code and layers are for reading and running, without set-user-id programs and devices; /tmp also for writing.
_TEMPORARY = kernel.MOUNT_ATTR_NOSUID | kernel.MOUNT_ATTR_NODEV


class Cell:
    """One sandbox."""

    def __init__(self, name: str, slot: int, group: Group, zygote: Zygote) -> None:
        self.name = name
        self.slot = slot
        self.group = group
        self.zygote = zygote
        self.listeners: tuple[int, ...] = ()
        self.namespaces: dict[str, int] = {}
        self.on_outcome: Outcome | None = None
        """Waits for the first process to be ready, or to fail."""
        self.reaped = False
        self.endings: list[Outcome] = []
        """Who waits for the end; not empty while it is being destroyed."""

    def settle(self, error: str | None) -> None:
        """Tell who waits for the beginning, once."""
        on_outcome, self.on_outcome = self.on_outcome, None
        if on_outcome is not None:
            on_outcome(error)

    def close(self) -> None:
        """Let go of its descriptors."""
        for each in (*self.listeners, *self.namespaces.values()):
            os.close(each)
        self.listeners, self.namespaces = (), {}


class Cells:
    """All of them, and the free slots."""

    def __init__(self, identity: Identity, groups: ControlGroups, network: OutboundNetwork, chores: Chores) -> None:
        self._identity = identity
        self._groups = groups
        self._network = network
        self._chores = chores
        self._cells: dict[str, Cell] = {}
        self._free = list(range(SLOTS - 4))
        self._own_mounts = os.open("/proc/self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)

    def get(self, name: str) -> Cell | None:
        """By its name."""
        return self._cells.get(name)

    def make(self, name: str, zygote: Zygote) -> Cell:
        """A slot and a control group. Raises OSError."""
        if not self._free:
            raise OSError("too many sandboxes")
        slot = heapq.heappop(self._free)
        try:
            group = self._groups.group(str(slot))
        except OSError:
            heapq.heappush(self._free, slot)
            raise
        cell = self._cells[name] = Cell(name, slot, group, zygote)
        return cell

    def spawn(self, cell: Cell, descriptors: list[int]) -> None:
        """Have its zygote fork it, with these inner ends. Raises OSError."""
        joining = cell.group.joining()
        order = {"order": "spawn", "sandbox": cell.name, "user": self._identity.user(cell.slot)}
        try:
            cell.zygote.order(order, [*descriptors, *joining])
        except OSError:
            cell.reaped = True
            raise
        finally:
            for each in joining:
                os.close(each)

    def assign(self, request: dict[str, Any], temporary: str) -> None:
        """Give it code, /tmp, limits and network. Raises OSError, LookupError, NetworkFault."""
        cell = self._cells.get(request["sandbox"])
        if cell is None or cell.reaped or cell.endings or "mnt" not in cell.namespaces:
            raise LookupError("the sandbox is gone, or not blank")
        cell.group.limit(request["memory_mib"], request["quota_us"])
        trees = [(kernel.copy_mount(request["task"], _CODE), "/var/task")]
        if request["layers"] is not None:
            trees.append((kernel.copy_mount(request["layers"], _CODE), "/opt"))
        # Files of an earlier sandbox on this storage belong to the same user inside, who is another one outside.
        trees.append((kernel.copy_mount(temporary, _TEMPORARY, cell.namespaces["user"]), "/tmp"))  # noqa: S108 - inside
        self._attach(cell, trees)
        if request["network"]:
            self._network.allow(cell.slot)

    def _attach(self, cell: Cell, trees: list[tuple[int, str]]) -> None:
        kernel.enter_mounts(cell.namespaces["mnt"])
        try:
            for tree, target in trees:
                kernel.attach_mount(tree, target)
        finally:
            kernel.enter_mounts(self._own_mounts)
            for tree, _ in trees:
                os.close(tree)
        os.close(cell.namespaces.pop("mnt"))

    def destroy(self, cell: Cell, on_end: Outcome) -> None:
        """Kill all of it; `on_end` is called when nothing is left, or with what could not be removed."""
        cell.endings.append(on_end)
        if len(cell.endings) > 1:
            return
        cell.settle("destroyed")
        cell.group.kill()
        if not cell.reaped:
            with suppress(OSError):
                cell.zygote.order({"order": "kill", "sandbox": cell.name})
                return
            cell.reaped = True
        self._clear(cell)

    def on_event(self, event: dict[str, Any], descriptors: list[int]) -> None:
        """What a zygote or a first process said: ready (with descriptors), failed, reaped."""
        cell = self._cells.get(event["sandbox"])
        if cell is None or event["event"] != "ready":
            for each in descriptors:
                os.close(each)
        if cell is None:
            return
        if event["event"] == "ready":
            self._ready(cell, descriptors)
        elif event["event"] == "failed":
            cell.settle(event["reason"])
        else:
            self._reaped(cell)

    def on_zygote_lost(self, zygote: Zygote, reason: str) -> None:
        """Its children die with it."""
        for cell in [each for each in self._cells.values() if each.zygote is zygote]:
            cell.settle(reason)
            self._reaped(cell)

    def close(self) -> None:
        """After the zygotes: remove what is left, within bounds."""
        for cell in list(self._cells.values()):
            cell.close()
            cell.group.kill()
            _remove(cell.group)
        for folder in self._groups.folders.values():
            with suppress(OSError):
                folder.rmdir()

    def _ready(self, cell: Cell, descriptors: list[int]) -> None:
        cell.listeners = tuple(descriptors[:2])
        cell.namespaces = dict(zip(("mnt", "net", "user"), descriptors[2:], strict=True))
        if cell.endings:
            return
        error = None
        try:
            self._network.attach(cell.slot, cell.namespaces["net"])
        except Exception as failure:  # noqa: BLE001 - a sandbox without its network is not handed out
            error = str(failure)
        os.close(cell.namespaces.pop("net"))
        cell.settle(error)

    def _reaped(self, cell: Cell) -> None:
        if cell.reaped:
            return
        cell.reaped = True
        cell.settle("the sandbox ended while it was being made")
        if cell.endings:
            self._clear(cell)

    def _clear(self, cell: Cell) -> None:
        cell.close()
        self._network.detach(cell.slot)
        self._chores.do(lambda: _remove(cell.group), lambda gone, _: self._cleared(cell, gone=bool(gone)))

    def _cleared(self, cell: Cell, *, gone: bool) -> None:
        self._cells.pop(cell.name, None)
        if gone:  # else the slot is lost: its user may still be somebody
            heapq.heappush(self._free, cell.slot)
        for on_end in cell.endings:
            on_end(None if gone else f"control group {cell.slot} could not be removed")


def _remove(group: Group) -> bool:
    for pause in _pauses():
        if group.remove():
            return True
        group.kill()
        time.sleep(pause)
    return False


def _pauses() -> Iterator[float]:
    """Short at first: the kernel takes its time over what has ended."""
    left, pause = _REMOVE_SECONDS, 0.001
    while left > 0:
        yield pause
        left -= pause
        pause = min(pause * 2, 0.1)
