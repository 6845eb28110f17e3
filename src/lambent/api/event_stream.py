"""Frames of `application/vnd.amazon.eventstream`: what operations that stream answer in (facts B4)."""

import struct
from collections.abc import Mapping
from typing import Final
from zlib import crc32

_STRING: Final = 7
"""The header value type of text."""


def frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One frame: lengths, their checksum, headers, payload, checksum of all. Names at most 255 bytes, values 65,535."""
    encoded = b"".join(map(_header, headers.keys(), headers.values()))
    prelude = struct.pack(">II", 16 + len(encoded) + len(payload), len(encoded))
    checked = b"".join((prelude, struct.pack(">I", crc32(prelude)), encoded, payload))
    return checked + struct.pack(">I", crc32(checked))


def _header(name: str, value: str) -> bytes:
    encoded_name, encoded_value = name.encode(), value.encode()
    return b"".join((bytes((len(encoded_name),)), encoded_name, struct.pack(">BH", _STRING, len(encoded_value)), encoded_value))


def event(name: str, content_type: str, payload: bytes) -> bytes:
    """A frame that carries an event of the model's stream, such as `PayloadChunk`."""
    return frame({":message-type": "event", ":event-type": name, ":content-type": content_type}, payload)


def exception(name: str, content_type: str, payload: bytes) -> bytes:
    """A frame that carries an exception of the model's stream; the last one."""
    return frame({":message-type": "exception", ":exception-type": name, ":content-type": content_type}, payload)
