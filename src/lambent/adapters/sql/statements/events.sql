-- name: event_put
INSERT INTO async_event
    (event_id, account, region, function, qualifier, accepted, due, available, attempts, trace_id, tenant_id, payload)
VALUES
    (:event_id, :account, :region, :function, :qualifier, :accepted, :due, :due, :attempts, :trace_id, :tenant_id, :payload)
ON CONFLICT DO NOTHING;

-- name: event_lease
UPDATE async_event SET available = :until
WHERE event_id IN (
    SELECT event_id FROM async_event WHERE available <= :now
    ORDER BY available, accepted, event_id LIMIT :limit
)
RETURNING event_id, account, region, function, qualifier, payload, accepted, due, attempts, trace_id, tenant_id;

-- name: event_acknowledge
DELETE FROM async_event WHERE event_id = :event_id;

-- name: event_retry
UPDATE async_event SET attempts = :attempts, due = :due, available = :due WHERE event_id = :event_id;

-- name: event_next_due
SELECT MIN(available) FROM async_event;
