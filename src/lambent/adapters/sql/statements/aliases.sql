-- name: alias_get
SELECT document FROM alias WHERE account = :account AND region = :region AND name = :name AND alias = :alias;

-- name: alias_list
SELECT document FROM alias
WHERE account = :account AND region = :region AND name = :name AND alias > :after
ORDER BY alias LIMIT :limit;

-- name: alias_list_of_version
SELECT document FROM alias
WHERE account = :account AND region = :region AND name = :name AND alias > :after AND EXISTS (
    SELECT 1 FROM alias_target
    WHERE alias_target.account = alias.account AND alias_target.region = alias.region
      AND alias_target.name = alias.name AND alias_target.alias = alias.alias AND alias_target.version = :version
)
ORDER BY alias LIMIT :limit;

-- name: alias_add
INSERT INTO alias (account, region, name, alias, revision_id, document)
VALUES (:account, :region, :name, :alias, :revision_id, :document)
ON CONFLICT DO NOTHING;

-- name: alias_replace
UPDATE alias SET revision_id = :revision_id, document = :document
WHERE account = :account AND region = :region AND name = :name AND alias = :alias AND revision_id = :expected_revision;

-- name: alias_delete
DELETE FROM alias WHERE account = :account AND region = :region AND name = :name AND alias = :alias;

-- name: alias_delete_all
DELETE FROM alias WHERE account = :account AND region = :region AND name = :name;

-- name: alias_target_add
INSERT INTO alias_target (account, region, name, alias, version, number)
VALUES (:account, :region, :name, :alias, :version, :number);

-- name: alias_target_delete
DELETE FROM alias_target WHERE account = :account AND region = :region AND name = :name AND alias = :alias;

-- name: alias_target_delete_all
DELETE FROM alias_target WHERE account = :account AND region = :region AND name = :name;
