"""What makes a blank sandbox one version's: its code and layers, its limits, its extensions and its environment variables."""

from collections.abc import Sequence
from dataclasses import dataclass

from lambent.core.environment import InitializationType
from lambent.core.environment_variables import Surroundings, environment_variables
from lambent.core.errors import ServiceFault
from lambent.core.function import FunctionVersion
from lambent.core.ports import Sandbox, TemporaryStorage, Workload
from lambent.core.runtime import RuntimeInstallation
from lambent.invoke.host import Host


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """What an environment's variables say of the environment itself."""

    runtime: RuntimeInstallation
    log_stream: str
    initialization_type: InitializationType


async def workload_of(version: FunctionVersion, storage: TemporaryStorage, host: Host) -> tuple[Workload, Sequence[str]]:
    """The workload, and the names of the external extensions in the version's layers.

    Raises ServiceFault when the code is not there.
    """
    configuration, packages = version.configuration, host.packages
    try:
        task = await packages.unpacked(version.code.digest)
        layers = await packages.merged([each.package.digest for each in configuration.layers])
        external = () if layers is None else await packages.external_extensions(layers)
    except KeyError as missing:
        raise ServiceFault("The function's code package is missing.") from missing
    workload = Workload(
        task_directory=task,
        layers_directory=layers,
        memory_mib=configuration.memory_size,
        temporary_storage=storage,
        network=host.network,
    )
    return workload, external


def variables_of(version: FunctionVersion, sandbox: Sandbox, origin: Origin, host: Host) -> dict[str, str]:
    """Everything that the function finds in its environment (facts E5)."""
    inside = sandbox.endpoint_address
    surroundings = Surroundings(
        runtime=origin.runtime,
        paths=sandbox.paths,
        runtime_api_address=sandbox.runtime_api_address,
        endpoint_url=host.platform_url if inside is None else f"http://{inside}",
        telemetry_descriptor=sandbox.telemetry_inside,
        log_stream=origin.log_stream,
        credentials=host.credentials(version.key.owner),
        initialization_type=origin.initialization_type,
    )
    return environment_variables(version, surroundings)
