"""Deploy functions with plain boto3, on whichever server answers the Lambda API."""

from typing import Any

import boto3
from botocore.config import Config

from bench.presigned import ACCESS_KEY, REGION, SECRET_KEY, Target

ROLE = "arn:aws:iam::000000000000:role/bench"
MEMORY_MB = 1769
"""One vCPU, as Lambda gives CPU in proportion to memory: peers limit nothing."""


class Lambda:
    """One server's Lambda API."""

    def __init__(self, port: int) -> None:
        self.port = port
        patience = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=60, max_pool_connections=4)
        self.client: Any = boto3.client(
            "lambda",
            endpoint_url=f"http://127.0.0.1:{port}",
            region_name=REGION,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            config=patience,
        )

    def create(self, name: str, package: bytes, *, runtime: str, handler: str, **settings: object) -> Target:
        """Create without waiting."""
        settings = {"MemorySize": MEMORY_MB, "Timeout": 30, **settings}
        self.client.create_function(
            FunctionName=name, Runtime=runtime, Handler=handler, Role=ROLE, Code={"ZipFile": package}, **settings
        )
        return Target(port=self.port, function=name)

    def deploy(self, name: str, package: bytes, *, runtime: str, handler: str, **settings: object) -> Target:
        """Create and wait until it is active."""
        target = self.create(name, package, runtime=runtime, handler=handler, **settings)
        waiter = self.client.get_waiter("function_active_v2")
        waiter.wait(FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 600})
        return target
