"""The context object of a Python handler: Lambda's members, member for member (awslambdaric 4.2.2, lambda_context.py)."""

import json
import logging
import os
import sys
import time

from bootstrap_errors import LAMBDA_CONTEXT_UNMARSHAL_ERROR, FaultException

_W3C_FIELDS = ("traceparent", "tracestate", "baggage")


class LambdaContext:
    """What a handler learns of its invocation. `memory_limit_in_mb` is text, as in Lambda."""

    # What is the same for every invocation of an execution environment: read once, by `read_environment`.
    _of_environment = (None, None, None, None, None)

    def __init__(
        self, invoke_id, client_context, cognito_identity, epoch_deadline_time_in_ms, invoked_function_arn=None, tenant_id=None
    ):
        self.aws_request_id = invoke_id
        (
            self.log_group_name,
            self.log_stream_name,
            self.function_name,
            self.memory_limit_in_mb,
            self.function_version,
        ) = self._of_environment
        self.invoked_function_arn = invoked_function_arn
        self.tenant_id = tenant_id
        self._w3c_fields = _taken_w3c(client_context) if client_context else {}
        self.client_context = ClientContext(client_context) if client_context is not None else None
        self.identity = CognitoIdentity()
        if cognito_identity is not None:
            self.identity.cognito_identity_id = cognito_identity.get("cognitoIdentityId")
            self.identity.cognito_identity_pool_id = cognito_identity.get("cognitoIdentityPoolId")
        self._epoch_deadline_time_in_ms = epoch_deadline_time_in_ms

    @classmethod
    def read_environment(cls):
        variables = ("LOG_GROUP_NAME", "LOG_STREAM_NAME", "FUNCTION_NAME", "FUNCTION_MEMORY_SIZE", "FUNCTION_VERSION")
        cls._of_environment = tuple(os.environ.get("AWS_LAMBDA_" + name) for name in variables)

    def get_remaining_time_in_millis(self):
        """Milliseconds until the function's timeout, 0 or more."""
        return max(self._epoch_deadline_time_in_ms - int(time.time() * 1000), 0)

    def w3c(self):
        """The W3C trace context at invoke time: traceparent, tracestate, baggage, as far as the caller sent them."""
        return dict(self._w3c_fields)

    def log(self, msg):
        for handler in logging.getLogger().handlers:
            if hasattr(handler, "log_sink"):
                handler.log_sink.log(str(msg))
                return
        sys.stdout.write(str(msg))

    def __repr__(self):
        shown = (
            *("aws_request_id", "log_group_name", "log_stream_name", "function_name", "memory_limit_in_mb", "function_version"),
            *("invoked_function_arn", "client_context", "identity", "tenant_id"),
        )
        return _shown(self, shown)


class CognitoIdentity:
    """Who called, as Cognito knows them; both None when the caller sent nothing."""

    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")

    def __init__(self):
        self.cognito_identity_id = self.cognito_identity_pool_id = None

    def __repr__(self):
        return _shown(self, self.__slots__)


class Client:
    """The calling application (AWS Mobile SDK)."""

    __slots__ = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")

    def __init__(self, fields):
        for name in self.__slots__:
            setattr(self, name, fields.get(name))

    def __repr__(self):
        return _shown(self, self.__slots__)


class ClientContext:
    """What the caller sent as X-Amz-Client-Context."""

    __slots__ = ("custom", "env", "client")

    def __init__(self, fields):
        self.custom = fields.get("custom")
        self.env = fields.get("env")
        self.client = Client(fields["client"]) if fields.get("client") is not None else None

    def __repr__(self):
        return _shown(self, self.__slots__)


def parse_json_header(text, name):
    """Client context or identity. Raises FaultException (Runtime.LambdaContextUnmarshalError)."""
    try:
        return json.loads(text)
    except Exception as error:
        raise FaultException(LAMBDA_CONTEXT_UNMARSHAL_ERROR, "Unable to parse " + name + " JSON: " + str(error)) from None


def _shown(value, names):
    return type(value).__name__ + "([" + ",".join(name + "=" + str(getattr(value, name)) for name in names) + "])"


def _taken_w3c(client_context):
    """Take `w3c` out of the client context, so that it is seen through `w3c()` only; keep known fields that are text."""
    fields = client_context.pop("w3c", None) if isinstance(client_context, dict) else None
    if not isinstance(fields, dict):
        return {}
    return {name: fields[name] for name in _W3C_FIELDS if isinstance(fields.get(name), str)}
