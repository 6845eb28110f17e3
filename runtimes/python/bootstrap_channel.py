"""The client end of the frame protocol (docs/frame-protocol.md): u32be length, kind, body, over one Unix stream socket."""

import os

_READ = 64 * 1024


class ChannelClosed(Exception):
    """The server is gone, or the function has closed our end."""


class Channel:
    """The frame protocol's client end. The server speaks only when spoken to, so at most one frame is ever waiting."""

    def __init__(self, fd):
        self._fd = fd

    @property
    def descriptor(self):
        return self._fd

    def keep_from_forks(self):
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self):
        os.close(self._fd)
        self._fd = -1

    def receive(self):
        """The next frame, whole, with its length. Raises ChannelClosed."""
        try:
            frame = os.read(self._fd, _READ)
            missing = int.from_bytes(frame[:4], "big") + 4 - len(frame)
            if missing == 0 and len(frame) > 4:
                return frame
            return self._rest(frame)
        except OSError:
            raise ChannelClosed from None

    def _rest(self, frame):
        """A frame that did not come in one piece, into one buffer of its size."""
        while len(frame) < 4:
            more = os.read(self._fd, 4 - len(frame))
            if not more:
                raise ChannelClosed
            frame += more
        whole = memoryview(bytearray(int.from_bytes(frame[:4], "big") + 4))
        if len(whole) < max(5, len(frame)):
            raise ChannelClosed
        whole[: len(frame)] = frame
        filled = len(frame)
        while filled < len(whole):
            count = os.readv(self._fd, [whole[filled:]])
            if not count:
                raise ChannelClosed
            filled += count
        return whole

    def send(self, kind, head=b"", body=b""):
        """Send one frame. Raises ChannelClosed."""
        start = (1 + len(head) + len(body)).to_bytes(4, "big") + kind + head
        try:
            if len(body) < _READ:
                start += body
                body = b""
            sent = os.write(self._fd, start) if not body else os.writev(self._fd, [start, body])
            if sent < len(start) + len(body):
                self._finish(
                    start + body if sent < len(start) else memoryview(body)[sent - len(start) :], sent if sent < len(start) else 0
                )
        except OSError:
            raise ChannelClosed from None

    def _finish(self, rest):
        while rest:
            rest = rest[os.write(self._fd, rest) :]
