"""When a file in a zip was last modified: kept, since Python checks its compiled files against it."""

import calendar
import struct
import zipfile

_EXTENDED_TIMESTAMP = 0x5455
_HAS_MODIFICATION_TIME = 1
_EARLIEST = (1980, 1, 1, 0, 0, 0)


def modified(info: zipfile.ZipInfo) -> int:
    """Epoch seconds: from the extended timestamp (Info-ZIP's extra field `UT`), or the zip's own time taken as UTC."""
    for kind, data in _extra_fields(info.extra):
        if kind == _EXTENDED_TIMESTAMP and len(data) >= 5 and data[0] & _HAS_MODIFICATION_TIME:
            return int(struct.unpack_from("<i", data, 1)[0])
    year, month, day, hour, minute, second = info.date_time
    if not (1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second < 62):
        return calendar.timegm(_EARLIEST)
    return calendar.timegm((year, month, day, hour, minute, second))


def _extra_fields(extra: bytes) -> list[tuple[int, bytes]]:
    fields = []
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        fields.append((kind, extra[4 : 4 + length]))
        extra = extra[4 + length :]
    return fields
