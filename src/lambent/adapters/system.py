"""Time and chance of the real world."""

import os
import random
import time
from typing import Final

_VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
_DRAWN_BYTES: Final = 4096
"""Asked of the kernel at once."""


class SystemClock:
    """The machine's clocks."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


class SystemChance:
    """The kernel's randomness: identifiers cannot be guessed."""

    def __init__(self) -> None:
        self._drawn: list[str] = []

    def uuid(self) -> str:
        # uuid.uuid4, without the object: an identifier is made several times in every invocation.
        digits = self._draw()
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{_VARIANT[digits[16]]}{digits[17:20]}-{digits[20:]}"

    def roll(self) -> float:
        return random.random()  # noqa: S311 - routes requests by weight: nothing is secret

    def token(self, length: int) -> str:
        token = self._draw() + self._draw()
        while len(token) < length:
            token += self._draw()
        return token[:length]

    def _draw(self) -> str:
        """32 hex digits that nobody has had. The kernel is asked once for many: the call costs more than its bytes.

        Several threads may draw at once, since a list gives each item to one of them only. A child of `fork` would draw the
        same again, so none may use its parent's.
        """
        try:
            return self._drawn.pop()
        except IndexError:
            digits = os.urandom(_DRAWN_BYTES).hex()
            fresh = [digits[start : start + 32] for start in range(0, len(digits), 32)]
            own = fresh.pop()
            self._drawn += fresh
            return own
