"""Functions and their versions as rows: what each write does inside its transaction, the account's usage kept with it."""

from dataclasses import replace

from lambent.adapters.sql.codec import encode_function, encode_version
from lambent.adapters.sql.sqlite import Connection
from lambent.adapters.sql.statements import STATEMENTS
from lambent.core.function import Function, FunctionKey, FunctionVersion, Owner
from lambent.core.function_states import is_unsettled
from lambent.core.ports import AlreadyStored, StaleWrite

Parameters = dict[str, object]


def add_function(connection: Connection, function: Function) -> Function:
    """Insert, with the version number that an earlier function of this name came to. Raises AlreadyStored, StaleWrite."""
    names = key_parameters(function.key)
    remembered = connection.execute(STATEMENTS["function_memory_get"], names).fetchone()
    if remembered is not None:
        function = replace(function, next_version=max(function.next_version, remembered[0]))
    parameters = function_parameters(function)
    if connection.execute(STATEMENTS["function_add"], parameters).rowcount != 1:
        raise AlreadyStored(function.key.arn)
    _expect_code_signing_config(connection, function, parameters)
    use(
        connection,
        function.key.owner,
        code_bytes=function.latest.code.unpacked_size,
        functions=1,
        reserved_concurrency=function.reserved_concurrency or 0,
    )
    return function


def replace_function(connection: Connection, function: Function, parameters: Parameters) -> None:
    """Compare and swap; `parameters` are function_parameters with `expected_revision`. Raises StaleWrite."""
    _expect_code_signing_config(connection, function, parameters)
    before = connection.execute(STATEMENTS["function_facts"], parameters).fetchone()
    if before is None or connection.execute(STATEMENTS["function_replace"], parameters).rowcount != 1:
        raise StaleWrite(function.key.arn)
    code_bytes, reserved_concurrency = before
    use(
        connection,
        function.key.owner,
        code_bytes=function.latest.code.unpacked_size - code_bytes,
        reserved_concurrency=(function.reserved_concurrency or 0) - reserved_concurrency,
    )


def add_version(connection: Connection, version: FunctionVersion, parameters: Parameters) -> None:
    """Insert a published version. Raises AlreadyStored."""
    if connection.execute(STATEMENTS["version_add"], parameters).rowcount != 1:
        raise AlreadyStored(version.qualified_arn)
    use(connection, version.key.owner, code_bytes=version.code.unpacked_size)


def replace_version(connection: Connection, version: FunctionVersion, parameters: Parameters) -> None:
    """Compare and swap; `parameters` are version_parameters with `expected_revision`. Raises StaleWrite."""
    before = connection.execute(STATEMENTS["version_facts"], parameters).fetchone()
    if before is None or connection.execute(STATEMENTS["version_replace"], parameters).rowcount != 1:
        raise StaleWrite(version.qualified_arn)
    use(connection, version.key.owner, code_bytes=version.code.unpacked_size - before[0])


def delete_version(connection: Connection, key: FunctionKey, number: int) -> bool:
    """Delete; whether there was one. An alias that refers to it makes the database refuse."""
    deleted = connection.execute(STATEMENTS["version_delete"], key_parameters(key) | {"number": number}).fetchall()
    use(connection, key.owner, code_bytes=-sum(row[0] for row in deleted))
    return bool(deleted)


def delete_function(connection: Connection, key: FunctionKey) -> bool:
    """Delete all of a function, and remember its next version number; whether there was one."""
    names = key_parameters(key)
    function = connection.execute(STATEMENTS["function_counted"], names).fetchone()
    if function is None:
        return False
    next_version, code_bytes, reserved_concurrency = function
    connection.execute(STATEMENTS["alias_target_delete_all"], names)
    connection.execute(STATEMENTS["alias_delete_all"], names)
    versions = connection.execute(STATEMENTS["version_delete_all"], names).fetchall()
    connection.execute(STATEMENTS["function_delete"], names)
    connection.execute(STATEMENTS["function_memory_put"], names | {"next_version": next_version})
    use(
        connection,
        key.owner,
        code_bytes=-code_bytes - sum(row[0] for row in versions),
        functions=-1,
        reserved_concurrency=-reserved_concurrency,
    )
    return True


def use(connection: Connection, owner: Owner, *, code_bytes: int, functions: int = 0, reserved_concurrency: int = 0) -> None:
    """Add to, or take from, what the account uses."""
    if code_bytes or functions or reserved_concurrency:
        used = {"code_bytes": code_bytes, "functions": functions, "reserved_concurrency": reserved_concurrency}
        connection.execute(STATEMENTS["usage_add"], owner_parameters(owner) | used)


def owner_parameters(owner: Owner) -> Parameters:
    """The first two parts of every key."""
    return {"account": owner.account, "region": owner.region}


def key_parameters(key: FunctionKey) -> Parameters:
    """The key of a function."""
    return {"account": key.owner.account, "region": key.owner.region, "name": key.name}


def function_parameters(function: Function) -> Parameters:
    """A function as a row."""
    held = [function.latest, *([function.serving] if function.serving else [])]
    return key_parameters(function.key) | {
        "revision_id": function.latest.revision_id,
        "next_version": function.next_version,
        "unsettled": int(is_unsettled(function.latest)),
        "code_bytes": function.latest.code.unpacked_size,
        "reserved_concurrency": function.reserved_concurrency or 0,
        "packages": _packages(*held),
        "code_signing_config": function.code_signing_config,
        "document": encode_function(function),
    }


def version_parameters(version: FunctionVersion) -> Parameters:
    """A published version as a row."""
    return key_parameters(version.key) | {
        "number": int(version.version),
        "revision_id": version.revision_id,
        "unsettled": int(is_unsettled(version)),
        "code_bytes": version.code.unpacked_size,
        "packages": _packages(version),
        "document": encode_version(version),
    }


def _expect_code_signing_config(connection: Connection, function: Function, parameters: Parameters) -> None:
    identifier = function.code_signing_config
    key = parameters | {"identifier": identifier}
    if identifier is not None and connection.execute(STATEMENTS["code_signing_config_get"], key).fetchone() is None:
        raise StaleWrite(function.key.arn)


def _packages(*versions: FunctionVersion) -> str:
    """The digests of code and layers, each once, between spaces; images are not in the PackageStore."""
    layers = (each.package.digest for version in versions for each in version.configuration.layers)
    code = (version.code.digest for version in versions if version.code.image is None)
    return " ".join(sorted({*code, *layers}))
