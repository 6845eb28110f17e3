"""One native sandbox as the server holds it: descriptors to its inside, its gauges, and requests to the warden for the rest."""

import asyncio
import logging
import signal
import socket
from collections.abc import Mapping
from typing import Any

from lambent.adapters.sandbox.native.control_groups import PERIOD_US, quota_us
from lambent.adapters.sandbox.native.ends import Ends, Gauges
from lambent.adapters.sandbox.native.warden_link import WardenLink
from lambent.adapters.sandbox.supervisor_link import SupervisorLink
from lambent.core.environment import Exit
from lambent.core.limits import INIT_SECONDS
from lambent.core.ports import SandboxFault, SandboxPaths, Workload
from lambent.core.runtime import RuntimeInstallation

log = logging.getLogger(__name__)

_ASSIGN_SECONDS = 10.0
_DESTROY_SECONDS = 20.0
_RUNTIME_API = "127.0.0.1:9001"
_ENDPOINT = "127.0.0.1:4566"


class NativeSandbox:
    """Made by the provider, with what the warden gave for it."""

    telemetry_inside = 4

    def __init__(
        self, identifier: str, runtime: RuntimeInstallation, *, link: WardenLink, ends: Ends, reply: Mapping[str, Any]
    ) -> None:
        """`reply["descriptors"]`: both listeners, then the gauges."""
        self.identifier = identifier
        self.runtime = runtime
        self.paths = SandboxPaths()
        self.channel = ends.channel
        self.output = ends.output
        self.telemetry = ends.telemetry
        runtime_api, endpoint, *gauges = reply["descriptors"]
        self.runtime_api = socket.socket(fileno=runtime_api)
        self.endpoint: socket.socket | None = socket.socket(fileno=endpoint)
        for each in (self.runtime_api, self.endpoint):
            each.settimeout(0)
        self.exited: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self._link = link
        self._ends = ends
        self._gauges = Gauges(gauges, freezer=reply["freezer"], quota=reply["version"])
        self._assigned = False
        self._share_us = 0
        self._burst: asyncio.TimerHandle | None = None
        self._ending: asyncio.Task[None] | None = None
        self._supervisor = SupervisorLink(ends.control, self._runtime_ended)

    @property
    def supervisor(self) -> SupervisorLink:
        return self._supervisor

    @property
    def runtime_api_address(self) -> str:
        return _RUNTIME_API

    @property
    def endpoint_address(self) -> str | None:
        return _ENDPOINT

    async def assign(self, workload: Workload) -> None:
        if self._assigned or self._ending is not None:
            raise SandboxFault("a sandbox is assigned once")
        self._assigned = True
        self._share_us = quota_us(workload.memory_mib)
        burst_us = quota_us(workload.memory_mib, least_cpus=1.0)
        fields = {
            "sandbox": self.identifier,
            "task": str(workload.task_directory),
            "layers": None if workload.layers_directory is None else str(workload.layers_directory),
            "memory_mib": workload.memory_mib,
            "quota_us": burst_us,
            "storage": workload.temporary_storage.identifier,
            "network": workload.network,
        }
        await self._link.request("assign", fields, deadline=_ASSIGN_SECONDS)
        if burst_us != self._share_us:
            # Init runs with a full CPU (facts E2); it is over, at the latest, when its time is.
            self._burst = asyncio.get_running_loop().call_later(INIT_SECONDS, self.end_burst)

    def end_burst(self) -> None:
        # Happens by itself at the first freeze, or after 10 s.
        if self._burst is not None:
            self._burst.cancel()
            self._burst = None
            self._gauges.hold_cpu(self._share_us, PERIOD_US)

    def freeze(self) -> None:
        self.end_burst()
        self._gauges.freeze()

    def thaw(self) -> None:
        self._gauges.thaw()

    def memory_peak_mib(self) -> int:
        return self._gauges.memory_peak_mib()

    def was_out_of_memory(self) -> bool:
        return self._gauges.was_out_of_memory()

    async def destroy(self) -> None:
        if self._ending is None:
            self._ending = asyncio.get_running_loop().create_task(self._destroy())
        await asyncio.shield(self._ending)  # who waits may give up; the end goes on

    async def _destroy(self) -> None:
        if self._burst is not None:
            self._burst.cancel()
            self._burst = None
        try:
            await self._link.request("destroy", {"sandbox": self.identifier}, deadline=_DESTROY_SECONDS)
        except SandboxFault as fault:
            # A warden that is gone has taken the sandbox with it.
            log.log(logging.DEBUG if self._link.broken else logging.ERROR, "sandbox_not_destroyed", extra={"reason": str(fault)})
        self._supervisor.close()
        self._gauges.close()
        self._ends.close()
        self.runtime_api.close()
        if self.endpoint is not None:
            self.endpoint.close()
        self.output = self.telemetry = -1

    def _runtime_ended(self, how: Exit) -> None:
        if not self.exited.done():
            killed = how.signal == signal.SIGKILL
            self.exited.set_result(Exit(code=how.code, signal=how.signal, out_of_memory=killed and self.was_out_of_memory()))
