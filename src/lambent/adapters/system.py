"""Time and chance of the real world."""

import os
import random
import secrets
import time

_VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))


class SystemClock:
    """The machine's clocks."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


class SystemChance:
    """The kernel's randomness: identifiers cannot be guessed."""

    def uuid(self) -> str:
        # uuid.uuid4, without the object: an identifier is made several times in every invocation.
        digits = os.urandom(16).hex()
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{_VARIANT[digits[16]]}{digits[17:20]}-{digits[20:]}"

    def roll(self) -> float:
        return random.random()  # noqa: S311 - routes requests by weight: nothing is secret

    def token(self, length: int) -> str:
        return secrets.token_hex((length + 1) // 2)[:length]
