-- name: layer_number
INSERT INTO layer (account, region, name, next_version)
VALUES (:account, :region, :name, 2)
ON CONFLICT (account, region, name) DO UPDATE SET next_version = layer.next_version + 1
RETURNING next_version - 1;

-- name: layer_version_add
INSERT INTO layer_version (account, region, name, number, code_bytes, packages, document)
VALUES (:account, :region, :name, :number, :code_bytes, :packages, :document);

-- name: layer_version_get
SELECT document FROM layer_version WHERE account = :account AND region = :region AND name = :name AND number = :number;

-- name: layer_version_list
SELECT document FROM layer_version
WHERE account = :account AND region = :region AND name = :name AND number < :before
ORDER BY number DESC LIMIT :limit;

-- name: layer_list
SELECT document FROM layer_version
WHERE account = :account AND region = :region AND name > :after AND number = (
    SELECT MAX(newest.number) FROM layer_version AS newest
    WHERE newest.account = layer_version.account AND newest.region = layer_version.region AND newest.name = layer_version.name
)
ORDER BY name LIMIT :limit;

-- name: layer_version_delete
DELETE FROM layer_version WHERE account = :account AND region = :region AND name = :name AND number = :number
RETURNING code_bytes;
