"""Layer versions as rows, and the counter of each layer that outlives them."""

from dataclasses import replace

from lambent.adapters.sql.attachment_table import drop_attachments
from lambent.adapters.sql.codec import encode_layer
from lambent.adapters.sql.function_table import Parameters, use
from lambent.adapters.sql.sqlite import Connection
from lambent.adapters.sql.statements import STATEMENTS
from lambent.core.layer import LayerKey, LayerVersion
from lambent.core.resource_policy import PolicyKind


def add_layer_version(connection: Connection, layer: LayerVersion) -> LayerVersion:
    """Insert under the layer's next number."""
    names = layer_parameters(layer.key)
    layer = replace(layer, version=connection.execute(STATEMENTS["layer_number"], names).fetchone()[0])
    row = {
        "number": layer.version,
        "code_bytes": layer.package.unpacked_size,
        "packages": layer.package.digest,
        "document": encode_layer(layer),
    }
    connection.execute(STATEMENTS["layer_version_add"], names | row)
    use(connection, layer.key.owner, code_bytes=layer.package.unpacked_size)
    return layer


def delete_layer_version(connection: Connection, key: LayerKey, version: int) -> bool:
    """Delete; whether there was one."""
    names = layer_parameters(key)
    deleted = connection.execute(STATEMENTS["layer_version_delete"], names | {"number": version}).fetchall()
    drop_attachments(connection, names, str(version), kind=PolicyKind.LAYER)
    use(connection, key.owner, code_bytes=-sum(row[0] for row in deleted))
    return bool(deleted)


def layer_parameters(key: LayerKey) -> Parameters:
    """The key of a layer."""
    return {"account": key.owner.account, "region": key.owner.region, "name": key.name}
