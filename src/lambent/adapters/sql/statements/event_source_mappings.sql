-- name: mapping_get
SELECT document FROM event_source_mapping WHERE account = :account AND region = :region AND uuid = :uuid;

-- name: mapping_like
SELECT document FROM event_source_mapping WHERE account = :account AND region = :region AND identity = :identity;

-- name: mapping_list
SELECT document FROM event_source_mapping
WHERE account = :account AND region = :region AND uuid > :after
ORDER BY uuid LIMIT :limit;

-- name: mapping_list_of_source
SELECT document FROM event_source_mapping
WHERE account = :account AND region = :region AND source_arn = :source_arn AND uuid > :after
ORDER BY uuid LIMIT :limit;

-- name: mapping_list_of_function
SELECT document FROM event_source_mapping
WHERE account = :account AND region = :region AND function_arn = :function_arn AND uuid > :after
ORDER BY uuid LIMIT :limit;

-- name: mapping_list_of_both
SELECT document FROM event_source_mapping
WHERE account = :account AND region = :region AND source_arn = :source_arn AND function_arn = :function_arn AND uuid > :after
ORDER BY uuid LIMIT :limit;

-- name: mapping_unsettled
SELECT document FROM event_source_mapping WHERE unsettled = 1 ORDER BY account, region, uuid;

-- name: mapping_add
INSERT INTO event_source_mapping
    (account, region, uuid, identity, source_arn, function_arn, revision_id, unsettled, document)
VALUES
    (:account, :region, :uuid, :identity, :source_arn, :function_arn, :revision_id, :unsettled, :document)
ON CONFLICT DO NOTHING;

-- name: mapping_other_alike
SELECT 1 FROM event_source_mapping
WHERE account = :account AND region = :region AND identity = :identity AND uuid <> :uuid;

-- name: mapping_expected
SELECT 1 FROM event_source_mapping
WHERE account = :account AND region = :region AND uuid = :uuid AND revision_id = :expected_revision;

-- name: mapping_replace
UPDATE event_source_mapping
SET identity = :identity, source_arn = :source_arn, function_arn = :function_arn, revision_id = :revision_id,
    unsettled = :unsettled, document = :document
WHERE account = :account AND region = :region AND uuid = :uuid AND revision_id = :expected_revision;

-- name: mapping_delete
DELETE FROM event_source_mapping
WHERE account = :account AND region = :region AND uuid = :uuid AND revision_id = :expected_revision;
