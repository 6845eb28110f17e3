-- name: function_get
SELECT document FROM function WHERE account = :account AND region = :region AND name = :name;

-- name: function_list
SELECT document FROM function
WHERE account = :account AND region = :region AND name > :after
ORDER BY name LIMIT :limit;

-- name: function_owners
SELECT account, region FROM account_usage WHERE functions > 0 ORDER BY account, region;

-- name: function_unsettled
SELECT account, region, name FROM function WHERE unsettled = 1
UNION
SELECT account, region, name FROM version WHERE unsettled = 1
ORDER BY account, region, name;

-- name: function_memory_get
SELECT next_version FROM function_memory WHERE account = :account AND region = :region AND name = :name;

-- name: function_memory_put
INSERT INTO function_memory (account, region, name, next_version)
VALUES (:account, :region, :name, :next_version)
ON CONFLICT (account, region, name) DO UPDATE SET next_version = excluded.next_version;

-- name: function_add
INSERT INTO function
    (account, region, name, revision_id, next_version, unsettled, code_bytes, reserved_concurrency, packages,
     code_signing_config, document)
VALUES
    (:account, :region, :name, :revision_id, :next_version, :unsettled, :code_bytes, :reserved_concurrency, :packages,
     :code_signing_config, :document)
ON CONFLICT DO NOTHING;

-- name: function_counted
SELECT next_version, code_bytes, reserved_concurrency FROM function
WHERE account = :account AND region = :region AND name = :name;

-- name: function_facts
SELECT code_bytes, reserved_concurrency FROM function
WHERE account = :account AND region = :region AND name = :name AND revision_id = :expected_revision;

-- name: function_replace
UPDATE function
SET revision_id = :revision_id, next_version = :next_version, unsettled = :unsettled, code_bytes = :code_bytes,
    reserved_concurrency = :reserved_concurrency, packages = :packages, code_signing_config = :code_signing_config,
    document = :document
WHERE account = :account AND region = :region AND name = :name AND revision_id = :expected_revision;

-- name: function_delete
DELETE FROM function WHERE account = :account AND region = :region AND name = :name;

-- name: version_get
SELECT document FROM version WHERE account = :account AND region = :region AND name = :name AND number = :number;

-- name: version_list
SELECT document FROM version
WHERE account = :account AND region = :region AND name = :name AND number > :after
ORDER BY number LIMIT :limit;

-- name: version_list_all
SELECT name, 0 AS number, document FROM function
WHERE account = :account AND region = :region AND (name, 0) > (:after_name, :after_number)
UNION ALL
SELECT name, number, document FROM version
WHERE account = :account AND region = :region AND (name, number) > (:after_name, :after_number)
ORDER BY name, number LIMIT :limit;

-- name: version_add
INSERT INTO version (account, region, name, number, revision_id, unsettled, code_bytes, packages, document)
VALUES (:account, :region, :name, :number, :revision_id, :unsettled, :code_bytes, :packages, :document)
ON CONFLICT DO NOTHING;

-- name: version_facts
SELECT code_bytes FROM version
WHERE account = :account AND region = :region AND name = :name AND number = :number AND revision_id = :expected_revision;

-- name: version_replace
UPDATE version
SET revision_id = :revision_id, unsettled = :unsettled, code_bytes = :code_bytes, packages = :packages, document = :document
WHERE account = :account AND region = :region AND name = :name AND number = :number AND revision_id = :expected_revision;

-- name: version_delete
DELETE FROM version WHERE account = :account AND region = :region AND name = :name AND number = :number
RETURNING code_bytes;

-- name: version_delete_all
DELETE FROM version WHERE account = :account AND region = :region AND name = :name
RETURNING code_bytes;

-- name: usage_get
SELECT code_bytes, functions, reserved_concurrency FROM account_usage WHERE account = :account AND region = :region;

-- name: usage_add
INSERT INTO account_usage (account, region, code_bytes, functions, reserved_concurrency)
VALUES (:account, :region, :code_bytes, :functions, :reserved_concurrency)
ON CONFLICT (account, region) DO UPDATE
SET code_bytes = account_usage.code_bytes + excluded.code_bytes,
    functions = account_usage.functions + excluded.functions,
    reserved_concurrency = account_usage.reserved_concurrency + excluded.reserved_concurrency;

-- name: packages_in_use
SELECT DISTINCT packages FROM function
UNION
SELECT DISTINCT packages FROM version
UNION
SELECT DISTINCT packages FROM layer_version;
