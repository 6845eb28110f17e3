"""Who may name which function from where: account, Region and qualifier rules on top of `names` (facts A4)."""

from lambent.core.errors import AccessDenied, InvalidParameterValue, ResourceNotFound, ValidationFailed
from lambent.core.function import LATEST, FunctionKey, Owner
from lambent.core.names import FunctionReference, function_reference

NAME_CHARACTERS = 64
"""The length of a bare function name; whole ARNs are bounded by the service model."""


def local_function(text: str, *, caller: Owner, action: str, qualifier: str | None = None) -> FunctionReference:
    """Read a function's name or ARN, and refuse one of another Region or account.

    `action` is the IAM action that the call needs, such as `GetFunction`, for the message. Raises ValidationFailed (a name
    that is too long), InvalidParameterValue (no such form), ResourceNotFound (other Region), AccessDenied (other account).
    """
    reference = function_reference(text, caller=caller, qualifier=qualifier)
    _check_length(reference.key.name, "functionName")
    refuse_other_owner(reference.key.owner, caller=caller, action=action, arn=reference.arn)
    return reference


def reachable_function(text: str, *, caller: Owner, qualifier: str | None = None) -> FunctionReference:
    """As `local_function`, but for an operation that another account may be allowed: the caller decides on that."""
    reference = function_reference(text, caller=caller, qualifier=qualifier)
    _check_length(reference.key.name, "functionName")
    _refuse_other_region(reference.key.owner, caller)
    return reference


def whole_function(text: str, *, caller: Owner, action: str) -> FunctionKey:
    """As `local_function`, for operations on a function as a whole: a version or alias is refused, `$LATEST` is not."""
    reference = local_function(text, caller=caller, action=action)
    if reference.qualifier not in (None, LATEST):
        raise InvalidParameterValue(
            "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. "
            "Please specify either a function name or an unqualified function ARN."
        )
    return reference.key


def refuse_other_owner(owner: Owner, *, caller: Owner, action: str, arn: str) -> None:
    """Raise ResourceNotFound for another Region and AccessDenied for another account, as Lambda does."""
    _refuse_other_region(owner, caller)
    if owner.account != caller.account:
        raise not_authorized(caller, action=action, arn=arn)


def not_authorized(caller: Owner, *, action: str, arn: str) -> AccessDenied:
    """The refusal of a call on another account's resource without a resource policy that allows it."""
    return AccessDenied(
        f"User: arn:aws:iam::{caller.account}:root is not authorized to perform: lambda:{action} on resource: {arn} "
        f"because no resource-based policy allows the lambda:{action} action"
    )


def denied_explicitly(caller: Owner, *, action: str, arn: str) -> AccessDenied:
    """The refusal of a call that a resource policy denies."""
    return AccessDenied(
        f"User: arn:aws:iam::{caller.account}:root is not authorized to perform: lambda:{action} on resource: {arn} "
        "with an explicit deny in a resource-based policy"
    )


def function_not_found(arn: str) -> ResourceNotFound:
    """The answer for a function or version that does not exist; the ARN is qualified as asked."""
    return ResourceNotFound(f"Function not found: {arn}")


def _refuse_other_region(owner: Owner, caller: Owner) -> None:
    if owner.region != caller.region:
        raise ResourceNotFound(f"Functions from '{owner.region}' are not reachable in this region ('{caller.region}')")


def _check_length(name: str, member: str) -> None:
    if len(name) > NAME_CHARACTERS:
        raise ValidationFailed(
            f"1 validation error detected: Value '{name}' at '{member}' failed to satisfy constraint: "
            f"Member must have length less than or equal to {NAME_CHARACTERS}"
        )
