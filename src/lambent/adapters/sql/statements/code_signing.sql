-- name: code_signing_config_add
INSERT INTO code_signing_config (account, region, identifier, document)
VALUES (:account, :region, :identifier, :document)
ON CONFLICT DO NOTHING;

-- name: code_signing_config_get
SELECT document FROM code_signing_config WHERE account = :account AND region = :region AND identifier = :identifier;

-- name: code_signing_config_list
SELECT document FROM code_signing_config
WHERE account = :account AND region = :region AND identifier > :after
ORDER BY identifier LIMIT :limit;

-- name: code_signing_config_replace
UPDATE code_signing_config SET document = :document
WHERE account = :account AND region = :region AND identifier = :identifier AND document = :expected;

-- name: code_signing_config_delete
DELETE FROM code_signing_config WHERE account = :account AND region = :region AND identifier = :identifier;

-- name: code_signing_config_functions
SELECT name FROM function
WHERE account = :account AND region = :region AND code_signing_config = :identifier AND name > :after
ORDER BY name LIMIT :limit;
