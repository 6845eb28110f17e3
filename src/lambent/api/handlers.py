"""All operations of the control plane, wired from the ports: the one entry for the composition root."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lambent.api.account import AccountHandlers
from lambent.api.aliases import AliasHandlers
from lambent.api.call import Handler
from lambent.api.code_signing import CodeSigningHandlers
from lambent.api.concurrency import ConcurrencyHandlers
from lambent.api.event_invoke import EventInvokeHandlers
from lambent.api.event_source_mappings import EventSourceMappingHandlers
from lambent.api.function_settings import FunctionSettingsHandlers
from lambent.api.function_urls import FunctionUrlHandlers
from lambent.api.functions import FunctionHandlers, Link
from lambent.api.layers import LayerHandlers
from lambent.api.policies import PolicyHandlers
from lambent.api.provisioned_concurrency import ProvisionedConcurrencyHandlers
from lambent.api.tags import TagHandlers
from lambent.api.versions import VersionHandlers
from lambent.control.aliases import AliasControl
from lambent.control.code import CodeIntake, CodeSources, Signers
from lambent.control.code_signing import CodeSigningControl, CodeSigningTags
from lambent.control.concurrency import ConcurrencyControl
from lambent.control.deployment import Deployment
from lambent.control.event_invoke import EventInvokeControl
from lambent.control.event_source_mappings import EventSourceMappingControl
from lambent.control.function_settings import FunctionSettingsControl
from lambent.control.function_urls import FunctionUrlControl
from lambent.control.functions import FunctionControl
from lambent.control.layers import LayerControl
from lambent.control.mapping_tags import MappingTags
from lambent.control.policies import PolicyControl
from lambent.control.provisioned_concurrency import ProvisionedConcurrencyControl
from lambent.control.signature_check import SignatureCheck
from lambent.control.tags import FunctionTags, TagControl, Taggable
from lambent.control.updates import UpdateControl
from lambent.control.versions import VersionControl
from lambent.core.ports import Chance, Clock, ImageSource, ObjectSource, PackageStore, Store
from lambent.core.provisioned_concurrency import Standings, nothing_stands


@dataclass(frozen=True, kw_only=True, slots=True)
class ControlPorts:
    """The doors that the control plane goes out by."""

    store: Store
    packages: PackageStore
    objects: ObjectSource
    images: ImageSource
    signers: Signers
    clock: Clock
    chance: Chance
    scratch: Path | None = None
    """Folder for code that is being fetched from S3; None is the system's."""
    standings: Standings = nothing_stands
    """What the data plane has of provisioned environments."""


def control_handlers(ports: ControlPorts, *, link: Link, account_concurrency: int) -> Mapping[str, Handler]:
    """Handlers by operation name, Invoke and its kind excepted. `account_concurrency` is the limit of each account and Region.

    `link` makes a download link from an endpoint and a package's digest. Activation (`control.activation.Activator`) must
    run beside it on the same Store and PackageStore, or functions stay Pending; so must `control.mapping_transitions`, or event
    source mappings stay Creating.
    """
    store, clock, chance = ports.store, ports.clock, ports.chance
    sources = CodeSources(objects=ports.objects, images=ports.images)
    intake = CodeIntake(store, ports.packages, sources, ports.signers, scratch=ports.scratch)
    layers = LayerControl(store, intake, clock)
    reserving = asyncio.Lock()
    concurrency = ConcurrencyControl(store, chance, reserving=reserving, account_concurrency=account_concurrency)
    provisioned = ProvisionedConcurrencyControl(
        store, clock, chance, reserving=reserving, standings=ports.standings, account_concurrency=account_concurrency
    )
    mappings = EventSourceMappingControl(store, clock, chance)
    signatures = SignatureCheck(store, ports.signers.profiles, clock)
    deployment = Deployment(code=intake, layers=layers, signatures=signatures)
    code_signing = CodeSigningControl(store, clock, chance)
    kinds: Mapping[str, Taggable] = {
        "function": FunctionTags(store, chance),
        "code-signing-config": CodeSigningTags(code_signing),
        "event-source-mapping": MappingTags(mappings),
    }
    topics = (
        FunctionHandlers(
            FunctionControl(store, deployment, clock, chance), UpdateControl(store, deployment, clock, chance), link
        ),
        CodeSigningHandlers(code_signing),
        VersionHandlers(VersionControl(store, chance)),
        AliasHandlers(AliasControl(store, chance, reserving=reserving)),
        LayerHandlers(layers, link),
        TagHandlers(TagControl(kinds)),
        ConcurrencyHandlers(concurrency),
        ProvisionedConcurrencyHandlers(provisioned),
        AccountHandlers(concurrency),
        FunctionSettingsHandlers(FunctionSettingsControl(store, chance)),
        FunctionUrlHandlers(FunctionUrlControl(store, clock, chance)),
        PolicyHandlers(PolicyControl(store, chance)),
        EventInvokeHandlers(EventInvokeControl(store, clock, chance)),
        EventSourceMappingHandlers(mappings),
    )
    return {name: handler for topic in topics for name, handler in topic.handlers().items()}
