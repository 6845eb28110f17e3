"""Time and chance of the real world."""

import random
import secrets
import time
import uuid


class SystemClock:
    """The machine's clocks."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


class SystemChance:
    """The kernel's randomness: identifiers cannot be guessed."""

    def uuid(self) -> str:
        return str(uuid.uuid4())

    def roll(self) -> float:
        return random.random()  # noqa: S311 - routes requests by weight: nothing is secret

    def token(self, length: int) -> str:
        return secrets.token_hex((length + 1) // 2)[:length]
