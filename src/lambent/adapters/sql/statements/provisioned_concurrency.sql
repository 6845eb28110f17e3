-- name: provisioned_concurrency_list
SELECT document FROM provisioned_concurrency
WHERE account = :account AND region = :region AND name = :name
ORDER BY qualifier;

-- name: provisioned_concurrency_put
INSERT INTO provisioned_concurrency (account, region, name, qualifier, requested, document)
VALUES (:account, :region, :name, :qualifier, :requested, :document)
ON CONFLICT (account, region, name, qualifier) DO UPDATE SET requested = excluded.requested, document = excluded.document;

-- name: provisioned_concurrency_delete
DELETE FROM provisioned_concurrency
WHERE account = :account AND region = :region AND name = :name AND qualifier = :qualifier;

-- name: provisioned_concurrency_delete_all
DELETE FROM provisioned_concurrency WHERE account = :account AND region = :region AND name = :name;

-- name: provisioned_concurrency_functions
SELECT DISTINCT account, region, name FROM provisioned_concurrency ORDER BY account, region, name;

-- name: provisioned_concurrency_unreserved
SELECT COALESCE(SUM(provisioned_concurrency.requested), 0) FROM provisioned_concurrency
JOIN function ON function.account = provisioned_concurrency.account AND function.region = provisioned_concurrency.region
  AND function.name = provisioned_concurrency.name
WHERE provisioned_concurrency.account = :account AND provisioned_concurrency.region = :region
  AND function.reserved_concurrency = 0;
