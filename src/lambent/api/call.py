"""What a handler of an operation is given besides the parsed members, and the shape of such a handler."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lambent.core.function import Owner


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One authenticated request of one operation."""

    operation: str
    """The model's operation name, such as `CreateFunction`."""
    caller: Owner
    """Account (from the access key id, else the configured one) and region (from the credential scope)."""
    request_id: str
    """UUID; the reply's x-amzn-RequestId."""
    endpoint: str
    """The base URL by which the caller reached this server, such as `http://127.0.0.1:4566`: links in replies start with it."""


Members = Mapping[str, Any]
"""Members by wire name (PascalCase), as botocore's parser and serialiser have them: blobs are bytes, `Environment` a dict ..."""

Handler = Callable[[Call, Members], Awaitable[Members]]
"""Takes the parsed and constraint-checked input members, returns the output members (absent members are left out).
Raises `core.errors.LambdaError`. Each topic module offers a class whose `handlers()` maps operation names to these."""
