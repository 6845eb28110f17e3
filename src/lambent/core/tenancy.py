"""Tenant isolation: environments that are never shared between tenants, of which each invocation names one (facts I4)."""

from lambent.core.errors import InvalidParameterValue
from lambent.core.function import FunctionConfiguration


def is_isolated(configuration: FunctionConfiguration) -> bool:
    """Whether the function was made with TenancyConfig; that never changes."""
    return "TenancyConfig" in configuration.settings


def check_tenant(*, isolated: bool, tenant_id: str | None) -> None:
    """Raise InvalidParameterValue for an invocation that lacks its tenant, or names one that the function does not know."""
    if isolated and tenant_id is None:
        raise InvalidParameterValue(
            "The invoked function is enabled with tenancy configuration. Add a valid tenant ID in your request and try again."
        )
    if not isolated and tenant_id is not None:
        raise InvalidParameterValue(
            "The invoked function is not enabled with tenancy configuration. "
            "Remove the tenant ID from your request and try again."
        )


def refuse_tenancy(configuration: FunctionConfiguration, feature: str) -> None:
    """Raise InvalidParameterValue where a feature calls a function without a tenant, or keeps environments for all."""
    if is_isolated(configuration):
        raise InvalidParameterValue(f"{feature} is not supported for functions with tenancy configuration.")
