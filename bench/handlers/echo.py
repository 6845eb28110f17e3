"""The warm function: its event is its result, as the echo server's is. `hold` (seconds) keeps an environment busy."""

import time


def handler(event, _context):
    if "hold" in event:
        time.sleep(event["hold"])
    return event
