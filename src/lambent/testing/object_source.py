"""An S3 in memory to fetch code from, for tests."""

import asyncio
from pathlib import Path

from lambent.core.errors import InvalidParameterValue


class FakeObjectSource:
    """`objects` maps (bucket, key, version or None) to content; tests put what they need there."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str, str | None], bytes] = {}

    async def fetch(self, *, bucket: str, key: str, version: str | None, into: Path, limit: int) -> None:
        if bucket not in {each[0] for each in self.objects}:
            raise _refused("NoSuchBucket", "The specified bucket does not exist")
        content = self.objects.get((bucket, key, version))
        if content is None:
            raise _refused("NoSuchKey", "The specified key does not exist.")
        if len(content) > limit:
            raise InvalidParameterValue(f"The S3 object is {len(content)} bytes, over the limit of {limit} bytes")
        await asyncio.to_thread(into.write_bytes, content)


def _refused(code: str, message: str) -> InvalidParameterValue:
    return InvalidParameterValue(f"Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {message}")
