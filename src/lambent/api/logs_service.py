"""CloudWatch Logs on this endpoint: all operations of its model that are carried, over the LogStore (facts H4)."""

from collections.abc import Mapping

from lambent.api.call import Handler
from lambent.api.json_service import JsonService, StreamHandler
from lambent.api.live_tail import LiveTail
from lambent.api.log_groups import LogGroupHandlers
from lambent.api.logs import LogHandlers
from lambent.api.model import Service
from lambent.core.ports import Chance, Clock, LogStore


def log_handlers(logs: LogStore, clock: Clock) -> Mapping[str, Handler]:
    """By operation name."""
    return {**LogHandlers(logs).handlers(), **LogGroupHandlers(logs, clock).handlers()}


def log_streams(logs: LogStore, clock: Clock, chance: Chance) -> Mapping[str, StreamHandler]:
    """Those that answer with an event stream."""
    return {"StartLiveTail": LiveTail(logs, clock, chance).start}


def logs_service(model: Service, logs: LogStore, clock: Clock, chance: Chance) -> JsonService:
    """The service."""
    return JsonService(model, log_handlers(logs, clock), log_streams(logs, clock, chance))
