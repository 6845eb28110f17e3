"""Says which environment answered, how it was initialised, and how many invocations it has had: a new one answers `call: 1`."""

import os

ENVIRONMENT = os.urandom(8).hex()
CALLS = 0


def handler(event, _context):
    global CALLS  # noqa: PLW0603 - module state is what tells environments apart
    CALLS += 1
    if event.get("name_environment"):
        return {"n": event["n"], "call": CALLS, "environment": ENVIRONMENT}
    if event.get("name_initialization"):
        return {"n": event["n"], "call": CALLS, "initialization": os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"]}
    return {"n": event["n"], "call": CALLS}
