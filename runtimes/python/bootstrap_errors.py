"""How failures of a Python function look to its caller: error documents, as Lambda's own runtime client writes them.

Every shape, key order and message here is that of awslambdaric 4.2.2 (bootstrap.py, lambda_runtime_exception.py).
"""

import os
import traceback

_OURS = os.path.dirname(os.path.abspath(__file__)) + "/bootstrap_"

IMPORT_MODULE_ERROR = "Runtime.ImportModuleError"
HANDLER_NOT_FOUND = "Runtime.HandlerNotFound"
MALFORMED_HANDLER_NAME = "Runtime.MalformedHandlerName"
USER_CODE_SYNTAX_ERROR = "Runtime.UserCodeSyntaxError"
BUILT_IN_MODULE_CONFLICT = "Runtime.BuiltInModuleConflict"
UNMARSHAL_ERROR = "Runtime.UnmarshalError"
MARSHAL_ERROR = "Runtime.MarshalError"
LAMBDA_CONTEXT_UNMARSHAL_ERROR = "Runtime.LambdaContextUnmarshalError"

RESPONSE_BYTES_AT_MOST = 6 * 1024 * 1024 + 100
RESPONSE_TOO_LARGE = "Function.ResponseSizeTooLarge"
RESPONSE_TOO_LARGE_DOCUMENT = {
    "errorType": RESPONSE_TOO_LARGE,
    "errorMessage": f"Response payload size exceeded maximum allowed payload size ({RESPONSE_BYTES_AT_MOST} bytes).",
}

UNHANDLED_EXCEPTION_WARNING = (
    "LAMBDA_WARNING: Unhandled exception. The most likely cause is an issue in the function code. "
    "However, in rare cases, a Lambda runtime update can cause unexpected function behavior. "
    "For functions using managed runtimes, runtime updates can be triggered by a function change, "
    "or can be applied automatically. "
    "To determine if the runtime has been updated, check the runtime version in the INIT_START log entry. "
    "If this error correlates with a change in the runtime version, "
    "you may be able to mitigate this error by temporarily rolling back to the previous runtime version. "
    "For more information, see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-update.html\r"
)
PREVIEW_WARNING = (
    "LAMBDA_WARNING: This is a preview runtime version and should not be used for production workloads. "
    "For further information and to provide feedback, see https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html\r"
)


class FaultException(Exception):
    """A failure that has a Lambda error type of its own, and no stack trace but `trace`."""

    def __init__(self, exception_type, msg, trace=None):
        self.exception_type = exception_type
        self.msg = msg
        self.trace = trace


def make_error(message, error_type, stack_trace, request_id=None):
    """The error document: a dict in Lambda's key order."""
    return {
        "errorMessage": message or "",
        "errorType": error_type or "",
        "requestId": request_id if request_id is not None else "",
        "stackTrace": stack_trace or [],
    }


def error_of_fault(fault, request_id=None):
    return make_error(fault.msg, fault.exception_type, fault.trace, request_id)


def error_of_exception(error, request_id=None):
    """The error document of what a handler (or a module being imported) raised."""
    return make_error(str(error), type(error).__name__, _stack_trace(error.__traceback__), request_id)


def _stack_trace(frames):
    rows = [(frame.filename, frame.lineno, frame.name, frame.line) for frame in traceback.extract_tb(frames)]
    for index, row in enumerate(rows):
        if "/bootstrap.py" not in row[0] and not row[0].startswith(_OURS):
            return traceback.format_list(rows[index:])
    return traceback.format_list([_as_lambda_shows_it(row) for row in rows])


def _as_lambda_shows_it(row):
    """Only our own frames (a handler with a wrong signature): named by where Lambda keeps its client, not by a host's path."""
    return (os.environ.get("LAMBDA_RUNTIME_DIR", "/var/runtime") + "/bootstrap.py", *row[1:3], row[3] or "")
