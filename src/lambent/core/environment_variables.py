"""The environment variables that a function finds (facts E5): what is reserved, what is a default, what the user set."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lambent.core.environment import InitializationType
from lambent.core.function import FunctionVersion
from lambent.core.ports import SandboxPaths
from lambent.core.runtime import RuntimeFamily, RuntimeInstallation

_XRAY_HOST, _XRAY_PORT = "169.254.79.129", "2000"
_OF_THE_RUNTIME = frozenset(
    {
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
        "_HANDLER",
        "_LAMBDA_TELEMETRY_LOG_FD",
        "LAMBENT_LAYERS_ROOT",
    }
)
_OF_THE_RUNTIME_BEGIN = ("AWS_XRAY_", "_AWS_XRAY_")


@dataclass(frozen=True, kw_only=True, slots=True)
class Credentials:
    """What the function signs its AWS calls with."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What one execution environment adds to its function version."""

    runtime: RuntimeInstallation
    paths: SandboxPaths
    runtime_api_address: str
    """`host:port`."""
    endpoint_url: str | None
    """Where AWS SDKs inside shall call; None leaves them alone."""
    telemetry_descriptor: int
    log_stream: str
    credentials: Credentials
    initialization_type: InitializationType = InitializationType.ON_DEMAND


def environment_variables(version: FunctionVersion, surroundings: Surroundings) -> dict[str, str]:
    """All variables, complete: reserved ones win over the user's, the user's over the defaults."""
    return {
        **_unlike_lambda(surroundings.paths),
        **_defaults(surroundings),
        **(version.configuration.environment or {}),
        **_reserved(version, surroundings),
    }


def library_path(paths: SandboxPaths) -> str:
    """LD_LIBRARY_PATH as Lambda sets it. Dynamic loaders read it when a process starts, so a blank one has it already."""
    own = (f"{paths.language}/lib", "/lib64", "/usr/lib64", paths.runtime, f"{paths.runtime}/lib")
    return ":".join((*own, paths.task, f"{paths.task}/lib", f"{paths.layers}/lib"))


def extension_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """What an external extension gets of a function's variables: all but the runtime's own (facts E3)."""
    return {
        name: value
        for name, value in variables.items()
        if name not in _OF_THE_RUNTIME and not name.startswith(_OF_THE_RUNTIME_BEGIN)
    }


def _unlike_lambda(paths: SandboxPaths) -> dict[str, str]:
    """Tells the runtime client where layers are at a level that cannot show them at /opt; the client takes it away."""
    return {} if paths.layers == "/opt" else {"LAMBENT_LAYERS_ROOT": paths.layers}


def _defaults(at: Surroundings) -> dict[str, str]:
    paths = at.paths
    defaults = {
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": f"{paths.language}/bin:/usr/local/bin:/usr/bin/:/bin:{paths.layers}/bin",
        "LD_LIBRARY_PATH": library_path(paths),
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": f"{_XRAY_HOST}:{_XRAY_PORT}",
        "_AWS_XRAY_DAEMON_ADDRESS": _XRAY_HOST,
        "_AWS_XRAY_DAEMON_PORT": _XRAY_PORT,
    }
    if paths.temporary != SandboxPaths().temporary:
        defaults["TMPDIR"] = paths.temporary
    if at.endpoint_url is not None:
        defaults["AWS_ENDPOINT_URL"] = at.endpoint_url
    return {**defaults, **_of_family(at)}


def _of_family(at: Surroundings) -> dict[str, str]:
    paths = at.paths
    if at.runtime.family is RuntimeFamily.PYTHON:
        return {"PYTHONPATH": paths.runtime}
    if at.runtime.family is RuntimeFamily.NODE:
        major = "".join(re.findall(r"\d+", at.runtime.identifier)[:1])
        modules = f"{paths.layers}/nodejs/node{major}/node_modules:{paths.layers}/nodejs/node_modules"
        return {"NODE_PATH": f"{modules}:{paths.runtime}/node_modules"}
    if at.runtime.family is RuntimeFamily.RUBY:
        api = at.runtime.identifier.removeprefix("ruby") + ".0"
        return {
            "GEM_PATH": f"{paths.task}/vendor/bundle/ruby/{api}:{paths.layers}/ruby/gems/{api}",
            "RUBYLIB": f"{paths.task}:{paths.runtime}/lib:{paths.layers}/ruby/lib",
        }
    return {}


def _reserved(version: FunctionVersion, at: Surroundings) -> dict[str, str]:
    configuration, owner = version.configuration, version.key.owner
    reserved = {
        "_HANDLER": configuration.handler or "",
        "AWS_REGION": owner.region,
        "AWS_DEFAULT_REGION": owner.region,
        "AWS_LAMBDA_FUNCTION_NAME": version.key.name,
        "AWS_LAMBDA_FUNCTION_VERSION": version.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(configuration.memory_size),
        "AWS_LAMBDA_INITIALIZATION_TYPE": at.initialization_type.value,
        "AWS_LAMBDA_LOG_GROUP_NAME": configuration.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": at.log_stream,
        "AWS_LAMBDA_LOG_FORMAT": configuration.log_format,
        "AWS_LAMBDA_RUNTIME_API": at.runtime_api_address,
        "LAMBDA_TASK_ROOT": at.paths.task,
        "LAMBDA_RUNTIME_DIR": at.paths.runtime,
        **_credentials(at.credentials),
    }
    if configuration.application_log_level is not None:
        reserved["AWS_LAMBDA_LOG_LEVEL"] = configuration.application_log_level
    if at.runtime.family is not RuntimeFamily.PROVIDED:
        reserved["AWS_EXECUTION_ENV"] = f"AWS_Lambda_{at.runtime.identifier}"
        reserved["_LAMBDA_TELEMETRY_LOG_FD"] = str(at.telemetry_descriptor)
    return reserved


def _credentials(credentials: Credentials) -> dict[str, str]:
    variables = {
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_ACCESS_KEY": credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
    }
    return variables if credentials.session_token is None else {**variables, "AWS_SESSION_TOKEN": credentials.session_token}
