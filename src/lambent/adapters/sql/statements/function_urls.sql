-- name: function_url_get
SELECT document FROM function_url
WHERE account = :account AND region = :region AND name = :name AND qualifier = :qualifier;

-- name: function_url_list
SELECT document FROM function_url
WHERE account = :account AND region = :region AND name = :name AND qualifier > :after
ORDER BY qualifier LIMIT :limit;

-- name: function_url_list_all
SELECT document FROM function_url
WHERE account = :account AND region = :region AND name = :name
ORDER BY qualifier LIMIT :limit;

-- name: function_url_put
INSERT INTO function_url (account, region, name, qualifier, url_id, document)
VALUES (:account, :region, :name, :qualifier, :url_id, :document)
ON CONFLICT (account, region, name, qualifier) DO UPDATE SET url_id = excluded.url_id, document = excluded.document;

-- name: function_url_delete
DELETE FROM function_url WHERE account = :account AND region = :region AND name = :name AND qualifier = :qualifier;

-- name: function_url_delete_all
DELETE FROM function_url WHERE account = :account AND region = :region AND name = :name;
