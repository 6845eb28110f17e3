"""A function as anybody writes it for AWS Lambda."""

import logging
import os

logging.getLogger().setLevel("INFO")


def handler(event, context):
    logging.info("saying hello in %s", os.environ["AWS_REGION"])
    return {"message": f"Hello {event.get('name', 'world')}!", "remaining_ms": context.get_remaining_time_in_millis()}
