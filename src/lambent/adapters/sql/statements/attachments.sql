-- name: event_invoke_config_get
SELECT document FROM event_invoke_config
WHERE account = :account AND region = :region AND name = :name AND qualifier = :qualifier;

-- name: event_invoke_config_list
SELECT document FROM event_invoke_config
WHERE account = :account AND region = :region AND name = :name AND qualifier > :after
ORDER BY qualifier LIMIT :limit;

-- name: event_invoke_config_put
INSERT INTO event_invoke_config (account, region, name, qualifier, document)
VALUES (:account, :region, :name, :qualifier, :document)
ON CONFLICT (account, region, name, qualifier) DO UPDATE SET document = excluded.document;

-- name: event_invoke_config_delete
DELETE FROM event_invoke_config
WHERE account = :account AND region = :region AND name = :name AND qualifier = :qualifier;

-- name: event_invoke_config_delete_all
DELETE FROM event_invoke_config WHERE account = :account AND region = :region AND name = :name;

-- name: resource_policy_get
SELECT document FROM resource_policy
WHERE account = :account AND region = :region AND kind = :kind AND name = :name AND qualifier = :qualifier;

-- name: resource_policy_add
INSERT INTO resource_policy (account, region, kind, name, qualifier, revision_id, document)
VALUES (:account, :region, :kind, :name, :qualifier, :revision_id, :document)
ON CONFLICT DO NOTHING;

-- name: resource_policy_replace
UPDATE resource_policy SET revision_id = :revision_id, document = :document
WHERE account = :account AND region = :region AND kind = :kind AND name = :name AND qualifier = :qualifier
  AND revision_id = :expected_revision;

-- name: resource_policy_delete
DELETE FROM resource_policy
WHERE account = :account AND region = :region AND kind = :kind AND name = :name AND qualifier = :qualifier
  AND revision_id = :expected_revision;

-- name: resource_policy_drop
DELETE FROM resource_policy
WHERE account = :account AND region = :region AND kind = :kind AND name = :name AND qualifier = :qualifier;

-- name: resource_policy_drop_all
DELETE FROM resource_policy WHERE account = :account AND region = :region AND kind = 'function' AND name = :name;
