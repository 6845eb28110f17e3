"""The extensions of one sandbox: who they are, where each is, what it waits for; the doors call it, the environment awaits it."""

import asyncio
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from lambent.core.environment import Exit, Phase
from lambent.core.errors import ServiceFault
from lambent.core.extension import (
    ALREADY_REGISTERED,
    CRASH,
    EXIT_ERROR,
    EXTENSIONS_AT_MOST,
    INIT_ERROR,
    LAUNCH_ERROR,
    LEGAL_EXTENSION_MOVES,
    LIMIT_REACHED,
    REGISTRATION_CLOSED,
    ExtendedFunction,
    ExtensionEvent,
    ExtensionRefusal,
    ExtensionState,
    exit_words,
    illegal_move,
    invoke_event,
    registered_events,
    unknown_extension,
)
from lambent.core.invocation import Invocation
from lambent.invoke.door import Door
from lambent.invoke.session import Session

Hand = Callable[[bytes], None]
"""Gives an event to the connection that waits for it. Must not block."""


class Extension:
    """One of them. Only Extensions changes it."""

    __slots__ = ("error_type", "events", "external", "hand", "identifier", "name", "pending", "state")

    def __init__(self, name: str, *, external: bool) -> None:
        self.name = name
        self.external = external
        self.identifier = ""
        """UUID; empty until it is registered."""
        self.state = ExtensionState.STARTED
        self.events: Collection[ExtensionEvent] = ()
        self.error_type: str | None = None
        """For the EXTENSION line."""
        self.hand: Hand | None = None
        """Set while it waits."""
        self.pending: bytes | None = None
        """An event that came while its waiting connection was lost."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExtensionHost:
    """What an execution environment gives to the extensions in it."""

    function: ExtendedFunction
    new_identifier: Callable[[], str]
    """Makes UUIDs."""
    now: Callable[[], float]
    """Epoch seconds."""


class Extensions:
    """Made with its sandbox, and nearly nothing until the first extension comes: `any` is all that others need to look at."""

    __slots__ = ("_all", "_changed", "_closed", "_fatal", "_runtime_waits", "_session", "_shutdown", "any", "failure", "host")

    def __init__(self, session: Session) -> None:
        self._session = session
        self.any = False
        """Whether there is, or was, an extension."""
        self.host: ExtensionHost | None = None
        """Set when the sandbox has been assigned."""
        self.failure: tuple[str, str] | None = None
        """Error type and words of the first extension that failed."""
        self._all: dict[str, Extension] = {}
        self._closed = False
        self._fatal: str | None = None
        """What an extension reported; it counts when its process ends."""
        self._runtime_waits = False
        self._shutdown: bytes | None = None
        self._changed = asyncio.Event()

    def __iter__(self) -> Iterator[Extension]:
        return iter(tuple(self._all.values()))

    def count(self, *, external: bool) -> int:
        """How many there are of this kind."""
        return sum(each.external is external for each in self._all.values())

    # ---------------------------------------------------------------- the extensions' side: called by the door, never blocks

    def register(self, name: str, body: bytes) -> Extension | ExtensionRefusal:
        """A name that no external extension has is an internal one's."""
        extension = self._all.get(name)
        events = registered_events(body, external=extension is not None and extension.external)
        if isinstance(events, ExtensionRefusal):
            return events
        if extension is None:
            if not self._open:
                return REGISTRATION_CLOSED
            if len(self._all) >= EXTENSIONS_AT_MOST:
                return LIMIT_REACHED
            extension = self._add(Extension(name, external=False))
        elif not extension.external:
            return ALREADY_REGISTERED
        refusal = self._move(extension, ExtensionState.REGISTERED)
        if refusal is not None:
            return refusal
        extension.events = events
        extension.identifier = self.host.new_identifier() if self.host is not None else ""
        return extension

    def next(self, identifier: str, hand: Hand) -> ExtensionRefusal | None:
        """It waits for an event: during init this says that it is ready, after one that it is done with it."""
        extension = self.known(identifier)
        if extension is None:
            return unknown_extension(identifier)
        if extension.pending is not None:
            event, extension.pending = extension.pending, None
            hand(event)
            return None
        if extension.state is not ExtensionState.READY or extension.hand is not None:  # a lost connection may ask again
            refusal = self._move(extension, ExtensionState.READY)
            if refusal is not None:
                return refusal
        extension.hand = hand
        if self._shutdown is not None:
            self._tell_end(extension, self._shutdown)
        return None

    def withdraw(self, identifier: str, hand: Hand) -> None:
        """The waiting connection went away: nothing may be handed to it."""
        extension = self.known(identifier)
        if extension is not None and extension.hand == hand:
            extension.hand = None

    def report_error(self, identifier: str, error_type: str, *, at_init: bool) -> ExtensionRefusal | None:
        """`/init/error` or `/exit/error`; it takes effect when the process ends."""
        extension = self.known(identifier)
        if extension is None:
            return unknown_extension(identifier)
        refusal = self._move(extension, ExtensionState.INIT_ERROR if at_init else ExtensionState.EXIT_ERROR)
        if refusal is None:
            extension.error_type = extension.error_type or error_type[:128]
            self._fatal = self._fatal or (INIT_ERROR if at_init else EXIT_ERROR)
        return refusal

    def known(self, identifier: str) -> Extension | None:
        """Who has this identifier."""
        return next((each for each in self._all.values() if identifier and each.identifier == identifier), None)

    def runtime_waits(self) -> None:
        """The runtime asked for its next invocation over HTTP."""
        self._runtime_waits = True
        self._changed.set()

    # ---------------------------------------------------------------- the environment's side

    def launched(self, name: str) -> Extension:
        """An external one is about to be started."""
        return self._add(Extension(name, external=True))

    def not_launched(self, name: str, error_type: str, words: str) -> None:
        """It could not be."""
        extension = self._all[name]
        self._move(extension, ExtensionState.LAUNCH_ERROR)
        extension.error_type = error_type
        self.fail(LAUNCH_ERROR, words)

    def exited(self, name: str, how: Exit) -> None:
        """The process of an external one has ended: expected in the shutdown phase only."""
        extension = self._all[name]
        extension.hand = None
        self._move(extension, ExtensionState.EXITED)
        self.fail(self._fatal or CRASH, exit_words(how))

    def fail(self, error_type: str, words: str) -> None:
        """The end of this sandbox, and of what it runs. The first failure counts."""
        if self.failure is None and not self._closed:
            self.failure = (error_type, words)
            self._session.breach(words, error_type)
        self._changed.set()

    def invoke(self, invocation: Invocation, deadline_ms: int) -> None:
        """Hand the event to all that registered for it."""
        self._runtime_waits = False
        event = invoke_event(invocation, deadline_ms)
        for extension in self._all.values():
            if ExtensionEvent.INVOKE in extension.events:
                self._hand_over(extension, event)

    async def registered(self) -> None:
        """Wait until every external one is registered, or one has failed. Raises ServiceFault when closed meanwhile."""
        await self._until(lambda: all(each.state is not ExtensionState.STARTED for each in self._all.values()))

    async def back(self) -> None:
        """Wait until the runtime and all of them wait for the next event, or one has failed. Raises ServiceFault as above."""
        await self._until(self._all_wait)

    def shutting_down(self) -> None:
        """The shutdown phase begins: an end is no failure any more, and who waits gets ServiceFault. Idempotent."""
        self._closed = True
        self._changed.set()

    def shut_down(self, event: bytes) -> None:
        """Hand the SHUTDOWN event over, now or as each asks."""
        self._shutdown = event
        for extension in self._all.values():
            self._tell_end(extension, event)

    async def gone(self) -> None:
        """Wait until every external one has exited."""
        ended = (ExtensionState.EXITED, ExtensionState.LAUNCH_ERROR)
        while not all(each.state in ended for each in self._all.values() if each.external):
            self._changed.clear()
            await self._changed.wait()

    # ---------------------------------------------------------------- moves

    def _add(self, extension: Extension) -> Extension:
        self.any = True
        self._all[extension.name] = extension
        return extension

    def _move(self, extension: Extension, to: ExtensionState) -> ExtensionRefusal | None:
        if (extension.state, to) not in LEGAL_EXTENSION_MOVES:
            return illegal_move(extension.state, to, extension.identifier or extension.name)
        extension.state = to
        self._changed.set()
        return None

    def _hand_over(self, extension: Extension, event: bytes) -> None:
        if self._move(extension, ExtensionState.RUNNING) is not None:
            return
        hand, extension.hand = extension.hand, None
        if hand is None:
            extension.pending = event
        else:
            hand(event)

    def _tell_end(self, extension: Extension, event: bytes) -> None:
        if ExtensionEvent.SHUTDOWN in extension.events and extension.state is ExtensionState.READY:
            extension.events = ()  # once
            self._hand_over(extension, event)

    @property
    def _open(self) -> bool:
        """Until the runtime is ready (the emulator: registration is turned off then)."""
        return self.host is not None and not self._closed and self._session.phase in (Phase.BLANK, Phase.INIT)

    def _all_wait(self) -> bool:
        if self._session.door is Door.HTTP and not self._runtime_waits:
            return False
        return all(each.state is ExtensionState.READY for each in self._all.values())

    async def _until(self, reached: Callable[[], bool]) -> None:
        while self.failure is None and not reached():
            if self._closed:
                raise ServiceFault("The execution environment was shut down.")
            self._changed.clear()
            await self._changed.wait()
