"""What a user is told whose function needs an interpreter that this host lacks."""

from lambent.core.runtime_sources import source_of


def missing_runtime_message(identifier: str) -> str:
    """For the caller of such a function: Lambent never runs it on another interpreter, and how to get the right one."""
    return (
        f"This host has no interpreter for the runtime {identifier}, and Lambent never runs a function on another one. "
        f"To mend it, {_advice(identifier)}, then start Lambent again."
    )


def _advice(identifier: str) -> str:
    if source_of(identifier) is not None:
        return f"`lambent runtimes install {identifier}`, or {_elsewhere(identifier)}"
    return _elsewhere(identifier)


def _elsewhere(identifier: str) -> str:
    if identifier.startswith("python"):
        version = identifier.removeprefix("python")
        return (
            f"install CPython {version}: `uv python install {version}`, `pyenv install {version}` or your distribution's package"
        )
    if identifier.startswith("nodejs"):
        version = identifier.removeprefix("nodejs").removesuffix(".x")
        return f"install Node.js {version}: `nvm install {version}`, `mise use node@{version}` or your distribution's package"
    if identifier.startswith("ruby"):
        version = identifier.removeprefix("ruby")
        return f"install Ruby {version}: `rbenv install {version}`, `mise use ruby@{version}` or your distribution's package"
    return "use a runtime that `lambent runtimes` lists (Lambent has no client for this one yet)"
