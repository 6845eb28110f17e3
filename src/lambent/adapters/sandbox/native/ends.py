"""The descriptors between the server and one sandbox: our ends, the inner ends, and what is read and written on them."""

import os
import socket
from contextlib import suppress

_MEBIBYTE = 1024 * 1024


class Ends:
    """Made before the sandbox; `close` frees all that is left of it. Our ends are non-blocking."""

    def __init__(self) -> None:
        self.channel, channel_inside = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self.channel.settimeout(0)
        self.output, output_inside = os.pipe()
        self.telemetry, telemetry_inside = os.pipe()
        self.control, control_inside = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for each in (self.output, self.telemetry):
            os.set_blocking(each, False)
        self.inside = [channel_inside.detach(), output_inside, telemetry_inside, control_inside.detach()]
        """In the order in which the zygote takes them."""

    def close_inside(self) -> None:
        """The sandbox has its own copies: without ours, its end is noticed."""
        while self.inside:
            os.close(self.inside.pop())

    def close(self) -> None:
        """Idempotent."""
        self.close_inside()
        self.channel.close()
        self.control.close()
        for each in (self.output, self.telemetry):
            with suppress(OSError):
                os.close(each)
        self.output = self.telemetry = -1


class Gauges:
    """Open files of a sandbox's control groups. Once closed, everything is a no-op."""

    def __init__(self, descriptors: list[int], *, freezer: int, quota: int) -> None:
        """`freezer` and `quota` are the control group versions of these files."""
        self._freezer, self._peak, self._events, self._quota = descriptors
        self._words = (b"FROZEN", b"THAWED") if freezer == 1 else (b"1", b"0")
        self._quota_version = quota
        self._open = True

    def freeze(self) -> None:
        """One write; the kernel stops the processes in its own time."""
        self._write(self._freezer, self._words[0])

    def thaw(self) -> None:
        """The reverse."""
        self._write(self._freezer, self._words[1])

    def hold_cpu(self, quota_us: int, period_us: int) -> None:
        """Microseconds of CPU per period."""
        self._write(self._quota, f"{quota_us} {period_us}".encode() if self._quota_version == 2 else str(quota_us).encode())

    def memory_peak_mib(self) -> int:
        """Rounded up; 0 when gone."""
        with suppress(OSError, ValueError):
            if self._open:
                return -(-int(os.pread(self._peak, 32, 0)) // _MEBIBYTE)
        return 0

    def was_out_of_memory(self) -> bool:
        """The count of `oom_kill`, in memory.oom_control or memory.events."""
        with suppress(OSError):
            if self._open:
                lines = os.pread(self._events, 512, 0).decode().splitlines()
                return any(line.startswith("oom_kill ") and line != "oom_kill 0" for line in lines)
        return False

    def close(self) -> None:
        """Idempotent."""
        if self._open:
            self._open = False
            for each in (self._freezer, self._peak, self._events, self._quota):
                os.close(each)

    def _write(self, descriptor: int, content: bytes) -> None:
        with suppress(OSError):
            if self._open:
                os.pwrite(descriptor, content, 0)
