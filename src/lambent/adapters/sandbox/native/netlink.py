"""Netlink by hand: the few messages by which the kernel is told about links, addresses, routes and firewall rules.

A library would bring two hundred milliseconds of import and many megabytes into a process whose forks are to be cheap.
Numbers are those of linux/netlink.h.
"""

import os
import socket
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

NETLINK_ROUTE, NETLINK_NETFILTER = 0, 12
REQUEST, ACKNOWLEDGE, DUMP, EXCLUSIVE, CREATE, APPEND = 0x1, 0x4, 0x300, 0x200, 0x400, 0x800
_ERROR, _DONE = 2, 3
_NESTED = 0x8000
_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_ANSWER_SECONDS = 5.0
_READ_BYTES = 1 << 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One request, as yet without its sequence number."""

    kind: int
    flags: int
    body: bytes


class Netlink:
    """One socket, in the network namespace in which it was made. Blocking, with a deadline; not for several threads."""

    def __init__(self, protocol: int) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
        self._socket.bind((0, 0))
        self._socket.settimeout(_ANSWER_SECONDS)
        self._sequence = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Idempotent."""
        self._socket.close()

    def request(self, *messages: Message) -> None:
        """Send all at once; returns when every one has been carried out. Raises OSError for the first that was not."""
        self._exchange([Message(kind=each.kind, flags=each.flags | ACKNOWLEDGE, body=each.body) for each in messages])

    def transaction(self, begin: Message, messages: Sequence[Message], end: Message) -> None:
        """The same for nftables, which carries out all or none. `begin` and `end` are not acknowledged."""
        acknowledged = [Message(kind=each.kind, flags=each.flags | ACKNOWLEDGE, body=each.body) for each in messages]
        self._exchange([begin, *acknowledged, end])

    def dump(self, message: Message) -> list[bytes]:
        """The bodies of all answers."""
        self._send([Message(kind=message.kind, flags=message.flags | DUMP, body=message.body)])
        bodies: list[bytes] = []
        while True:
            for kind, _, body in self._receive():
                if kind == _DONE:
                    return bodies
                if kind == _ERROR:
                    _raise_error(body)
                bodies.append(body)

    def _exchange(self, messages: Sequence[Message]) -> None:
        awaited = self._send(messages)
        failure: OSError | None = None
        while awaited:
            for _, sequence, body in self._receive():
                failure = failure or _failure(body)
                if failure is not None and sequence not in awaited:
                    raise failure  # a transaction that was refused as a whole: nothing more will be said
                awaited.discard(sequence)
        if failure is not None:
            raise failure

    def _send(self, messages: Sequence[Message]) -> set[int]:
        """Returns the sequence numbers that will be acknowledged."""
        data = b""
        awaited = set()
        for each in messages:
            self._sequence += 1
            data += _HEADER.pack(_HEADER.size + len(each.body), each.kind, each.flags | REQUEST, self._sequence, 0) + each.body
            if each.flags & ACKNOWLEDGE:
                awaited.add(self._sequence)
        self._socket.send(data)
        return awaited

    def _receive(self) -> Iterator[tuple[int, int, bytes]]:
        data = self._socket.recv(_READ_BYTES)
        at = 0
        while at + _HEADER.size <= len(data):
            length, kind, _, sequence, _ = _HEADER.unpack_from(data, at)
            yield kind, sequence, data[at + _HEADER.size : at + length]
            at += _aligned(length)


def attribute(kind: int, value: bytes | int | str) -> bytes:
    """One attribute: text ends with NUL, a number is a u32 in host order."""
    if isinstance(value, str):
        value = value.encode() + b"\0"
    elif isinstance(value, int):
        value = struct.pack("=I", value)
    length = _ATTRIBUTE.size + len(value)
    return _ATTRIBUTE.pack(length, kind) + value + b"\0" * (_aligned(length) - length)


def nested(kind: int, *attributes: bytes) -> bytes:
    """An attribute of attributes."""
    return attribute(kind | _NESTED, b"".join(attributes))


def attributes(data: bytes) -> dict[int, bytes]:
    """The attributes in `data` by kind; the last of each kind."""
    found = {}
    at = 0
    while at + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, at)
        if length < _ATTRIBUTE.size:
            break
        found[kind & ~_NESTED] = data[at + _ATTRIBUTE.size : at + length]
        at += _aligned(length)
    return found


def _aligned(length: int) -> int:
    return length + 3 & ~3


def _failure(body: bytes) -> OSError | None:
    code = -int(struct.unpack_from("=i", body)[0])
    return OSError(code, os.strerror(code)) if code else None


def _raise_error(body: bytes) -> None:
    failure = _failure(body)
    if failure is not None:
        raise failure
