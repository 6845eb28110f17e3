"""The front door of the data plane: invoke now, or accept for later."""

from collections.abc import Callable

from lambent.core.async_event import AsyncEvent
from lambent.core.function import FunctionVersion
from lambent.core.invocation import Invocation, InvokeRequest, InvokeResult
from lambent.core.names import FunctionReference
from lambent.core.ports import Chance, Clock, EventQueue
from lambent.core.tenancy import check_tenant
from lambent.invoke.pool import Pool
from lambent.invoke.resolver import Resolver


class Invoker:
    """The same door for synchronous invocations, asynchronous events and event sources."""

    def __init__(self, *, resolver: Resolver, pool: Pool, queue: EventQueue, clock: Clock, chance: Chance) -> None:
        self._resolver = resolver
        self._pool = pool
        self._queue = queue
        self._clock = clock
        self._chance = chance
        self.on_accepted: Callable[[], None] = lambda: None
        """Called after an event was accepted: wakes the event worker."""

    async def invoke(self, request: InvokeRequest) -> InvokeResult:
        """Run the function and return how that ended; a function error is in the result.

        Cancelling this is the caller going away: the function runs to its end, and its log is written, all the same.

        Raises ResourceNotFound, ResourceConflict (Pending, Failed), ResourceNotReady (Inactive), InvalidParameterValue (a tenant
        that is missing, or is one too many), TooManyRequests (with its reason), InvalidRuntime (this host has no interpreter for
        it) and ServiceFault.
        """
        reference = request.reference
        route = self._resolver.cached(reference) or await self._resolver.resolve(reference)
        if route.isolated is not (request.tenant_id is not None):
            check_tenant(isolated=route.isolated, tenant_id=request.tenant_id)
        version = route.choose(self._chance.roll)
        seat = route.gate.admit(version.version)
        if request.response_sink is not None:
            request.response_sink.resolved(version.version)
        borrowed = self._pool.borrow(version, request.tenant_id)
        try:
            with borrowed as environment:
                return await environment.run(self._invocation(request), log_tail=request.log_tail)
        finally:
            if borrowed.seeing_out is None:
                seat.release()
            else:
                borrowed.seeing_out.add_done_callback(lambda _: seat.release())

    async def accept(self, request: InvokeRequest) -> None:
        """Queue the event; it is durable when this returns. Raises what `resolve` raises."""
        route = await self._resolver.resolve(request.reference)
        check_tenant(isolated=route.isolated, tenant_id=request.tenant_id)
        now = self._clock.now()
        owner = request.reference.key.owner
        event = AsyncEvent(
            event_id=request.request_id,
            account=owner.account,
            region=owner.region,
            function=request.reference.key.name,
            qualifier=request.reference.qualifier,
            payload=request.payload,
            accepted=now,
            due=now,
            trace_id=request.trace_id,
            tenant_id=request.tenant_id,
        )
        await self._queue.put(event)
        self.on_accepted()

    async def resolve(self, reference: FunctionReference) -> FunctionVersion:
        """The version that an invocation of this reference would run (DryRun). Raises as `invoke`, throttles excepted."""
        return (await self._resolver.resolve(reference)).choose(self._chance.roll)

    def _invocation(self, request: InvokeRequest) -> Invocation:
        return Invocation(
            request_id=request.request_id,
            invocation_id=self._chance.uuid(),
            function_arn=request.reference.arn,
            payload=request.payload,
            trace_id=request.trace_id,
            client_context=request.client_context,
            cognito_identity=request.cognito_identity,
            tenant_id=request.tenant_id,
            response_sink=request.response_sink,
        )
