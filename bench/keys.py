"""Every figure that the benchmark knows: what it means, its unit, which direction is better, and what it should reach."""

from dataclasses import dataclass
from enum import StrEnum


class Better(StrEnum):
    HIGHER = "higher"
    LOWER = "lower"


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """One figure."""

    name: str
    unit: str
    better: Better
    meaning: str
    target: float | None = None
    """At least this when higher is better, else at most this. None: shown, not promised."""

    def reached(self, value: float) -> bool | None:
        """Whether `value` reaches the target; None when there is no target."""
        if self.target is None:
            return None
        return value >= self.target if self.better is Better.HIGHER else value <= self.target


def _rate(name: str, meaning: str, target: float | None = None) -> Key:
    return Key(name=name, unit="x", better=Better.HIGHER, meaning=meaning, target=target)


def _lower(name: str, unit: str, meaning: str, target: float | None = None) -> Key:
    return Key(name=name, unit=unit, better=Better.LOWER, meaning=meaning, target=target)


KEYS = (
    _rate("warm_c1_rps_frames_over_rie", "warm rate, one client, Lambent's Python client / AWS RIE with awslambdaric", 5.0),
    _rate("warm_c1_rps_ric_over_rie", "the same with awslambdaric inside Lambent's sandbox / AWS RIE", 2.0),
    _rate("warm_c1_rps_frames_over_ministack", "warm rate, one client, Lambent / MiniStack"),
    _rate("warm_c1_rps_frames_over_serverless_offline", "warm rate, one client, Lambent / serverless-offline (Python)"),
    _rate("warm_c10_rps_frames_over_echo", "warm rate, ten clients over ten environments / a bare HTTP echo"),
    _lower("cold_python_ms_p50", "ms", "cold Python invoke, request to response, blank pool full", 5.0),
    _lower("cold_node_ms_p50", "ms", "cold Node.js invoke, request to response, blank pool full", 6.0),
    _lower("cold_ruby_ms_p50", "ms", "cold Ruby invoke, request to response, blank pool full", 10.0),
    _lower("cold_provided_ms_p50", "ms", "cold invoke of a shell bootstrap with curl, blank pool full"),
    _lower("provisioned_first_ms_p50", "ms", "first invocation of a provisioned Python environment, request to response", 3.0),
    _lower("cold_python_over_ministack", "x", "cold Python p50, Lambent / MiniStack"),
    _lower("cold_python_over_serverless_offline", "x", "cold Python p50, Lambent / serverless-offline"),
    _lower("cold_node_over_serverless_offline", "x", "cold Node.js p50, Lambent / serverless-offline"),
    _lower("boto3_p50_over_floor_ms", "ms", "warm boto3 invoke p50, Lambent minus a server with a canned reply"),
    _lower("idle_python_pss_mb", "MB", "memory of one idle Python environment (proportional set size)"),
    _lower("idle_node_pss_mb", "MB", "memory of one idle Node.js environment"),
    _lower("idle_ruby_pss_mb", "MB", "memory of one idle Ruby environment"),
    _lower("start_ms", "ms", "exec of `lambent start` to the first answered request, empty store"),
    _lower("start_1000_functions_ms", "ms", "the same with 1,000 functions stored", 500.0),
    _lower("get_function_ms_p50", "ms", "GetFunction, one client, 10,000 functions stored"),
    _lower("list_functions_ms_p50", "ms", "ListFunctions, pages of 50 out of 10,000 functions"),
    _lower("create_function_10mb_ms", "ms", "CreateFunction with a zip of 10 MB, 10,000 functions stored"),
    _lower("code_in_memory_mb", "MB", "growth of the server's memory over 20 uploads of 10 MB", 30.0),
    _lower("lost_at_c50", "", "invocations failed, lost or run twice: 50 clients over 10 environments", 0.0),
)
BY_NAME = {key.name: key for key in KEYS}
