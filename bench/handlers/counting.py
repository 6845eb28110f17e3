"""Says which environment answered, and how many invocations it has had: a new environment answers `call: 1`."""

import os

ENVIRONMENT = os.urandom(8).hex()
CALLS = 0


def handler(event, _context):
    global CALLS  # noqa: PLW0603 - module state is what tells environments apart
    CALLS += 1
    if event.get("name_environment"):
        return {"n": event["n"], "call": CALLS, "environment": ENVIRONMENT}
    return {"n": event["n"], "call": CALLS}
