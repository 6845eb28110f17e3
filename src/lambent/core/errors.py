"""Every platform fault that a caller of the Lambda API can meet, as one exception tree.

A *function* error is not here: it is a value (`core.invocation.Outcome`). What is raised from this tree means that the
function did not run, or that the request was refused. The wire body (`Message` or `message`, extra members) is made by the
API layer from the service model; `code` names the model's shape, `status` must equal the model's status (a test compares).

    LambdaError
    |- ClientError (4xx, Type "User")
    |  |- InvalidParameterValue, ValidationFailed, InvalidRequestContent, RequestTooLarge, UnsupportedMediaType
    |  |- ResourceNotFound, ResourceConflict, ResourceInUse, PreconditionFailed
    |  |- CodeSigningConfigNotFound, CodeVerificationFailed, InvalidCodeSignature
    |  |- TooManyRequests, CodeStorageExceeded, PolicyLengthExceeded, AliasLimitExceeded
    |  `- AccessDenied, UnrecognizedClient, InvalidSignature, IncompleteSignature, MissingAuthenticationToken, UnknownOperation
    `- ServiceError (5xx, Type "Service")
       |- ServiceFault, OperationNotImplemented
       `- InvalidRuntime, InvalidZipFile, ResourceNotReady
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import ClassVar


class ThrottleReason(StrEnum):
    """Why an invocation was throttled (botocore `lambda` model, shape ThrottleReason)."""

    ACCOUNT_CONCURRENCY = "ConcurrentInvocationLimitExceeded"
    FUNCTION_RATE = "FunctionInvocationRateLimitExceeded"
    RESERVED_CONCURRENCY = "ReservedFunctionConcurrentInvocationLimitExceeded"
    RESERVED_RATE = "ReservedFunctionInvocationRateLimitExceeded"
    CALLER_RATE = "CallerRateLimitExceeded"


class LambdaError(Exception):
    """A fault with a place on the wire: `code` is the error shape's name, `status` its HTTP status."""

    code: ClassVar[str]
    status: ClassVar[int]

    def __init__(self, message: str, *, members: Mapping[str, str] | None = None) -> None:
        """`members` are the shape's further members, such as Reason, by their wire name."""
        super().__init__(message)
        self.message = message
        self.members: Mapping[str, str] = members or {}


class ClientError(LambdaError):
    """The request is at fault; sending it again unchanged fails again (throttles and conflicts excepted)."""

    status = 400


class ServiceError(LambdaError):
    """Lambent or its configuration is at fault."""

    status = 500


class InvalidParameterValue(ClientError):
    """One of the parameters in the request is not valid."""

    code = "InvalidParameterValueException"


class ValidationFailed(ClientError):
    """A member broke a constraint of the service model: `N validation error(s) detected: ...`."""

    code = "ValidationException"


class InvalidRequestContent(ClientError):
    """The body, or a header, of the request could not be parsed."""

    code = "InvalidRequestContentException"


class Serialization(ClientError):
    """The body is not the JSON document that the operation takes."""

    code = "SerializationException"


class RequestTooLarge(ClientError):
    """The payload is over the limit for its invocation type, or the body over the cap of its operation."""

    code = "RequestTooLargeException"
    status = 413


class UnsupportedMediaType(ClientError):
    """The content type of the Invoke request body is not JSON."""

    code = "UnsupportedMediaTypeException"
    status = 415


class ResourceNotFound(ClientError):
    """No such function, version, alias, layer ..."""

    code = "ResourceNotFoundException"
    status = 404


class ProvisionedConcurrencyConfigNotFound(ClientError):
    """The qualifier has no provisioned concurrency configuration."""

    code = "ProvisionedConcurrencyConfigNotFoundException"
    status = 404


class CodeSigningConfigNotFound(ClientError):
    """No such code signing configuration."""

    code = "CodeSigningConfigNotFoundException"
    status = 404


class CodeVerificationFailed(ClientError):
    """The package is not signed by an allowed publisher, or its signature has expired, and the policy is Enforce."""

    code = "CodeVerificationFailedException"


class InvalidCodeSignature(ClientError):
    """The package was changed after it was signed: refused whatever the policy."""

    code = "InvalidCodeSignatureException"


class ResourceConflict(ClientError):
    """It exists already, or another operation on it is in progress."""

    code = "ResourceConflictException"
    status = 409


class ResourceAlreadyExists(ClientError):
    """A log group or stream of this name exists (CloudWatch Logs)."""

    code = "ResourceAlreadyExistsException"


class LogLimitExceeded(ClientError):
    """A quota of CloudWatch Logs."""

    code = "LimitExceededException"


class ResourceInUse(ClientError):
    """The resource is in a transient state, or something refers to it."""

    code = "ResourceInUseException"


class PreconditionFailed(ClientError):
    """The RevisionId given is not the latest."""

    code = "PreconditionFailedException"
    status = 412


class CodeStorageExceeded(ClientError):
    """The account's code storage is full."""

    code = "CodeStorageExceededException"


class PolicyLengthExceeded(ClientError):
    """The resource policy would be over its size limit."""

    code = "PolicyLengthExceededException"


class TooManyRequests(ClientError):
    """Throttled; `reason` says by which limit. The reply carries `Retry-After` (seconds)."""

    code = "TooManyRequestsException"
    status = 429

    def __init__(self, reason: ThrottleReason, message: str = "Rate Exceeded.") -> None:
        super().__init__(message, members={"Reason": reason.value})
        self.reason = reason


class AccessDenied(ClientError):
    """The caller may not do this."""

    code = "AccessDeniedException"
    status = 403


class MissingAuthenticationToken(ClientError):
    """The request is not signed and authentication is on."""

    code = "MissingAuthenticationTokenException"
    status = 403


class IncompleteSignature(ClientError):
    """The Authorization header cannot be read."""

    code = "IncompleteSignatureException"
    status = 403


class UnrecognizedClient(ClientError):
    """No such access key."""

    code = "UnrecognizedClientException"
    status = 403


class InvalidSignature(ClientError):
    """The signature does not match, or its time or scope is wrong."""

    code = "InvalidSignatureException"
    status = 403


class UnknownOperation(ClientError):
    """No operation of any carried service has this method and path."""

    code = "UnknownOperationException"
    status = 404


class ServiceFault(ServiceError):
    """An internal error. The message never carries internals; the log does, under the request id."""

    code = "ServiceException"


class OperationNotImplemented(ServiceError):
    """The operation is in the service model and Lambent does not do it yet: said plainly, never a made-up success."""

    code = "NotImplementedException"
    status = 501


class InvalidRuntime(ServiceError):
    """This host has no interpreter for the function's runtime; the message says how to get one."""

    code = "InvalidRuntimeException"
    status = 502


class InvalidZipFile(ServiceError):
    """Lambda could not unzip the deployment package at invoke time."""

    code = "InvalidZipFileException"
    status = 502


class ResourceNotReady(ServiceError):
    """The function is inactive, and its resources are being brought back."""

    code = "ResourceNotReadyException"
    status = 502
