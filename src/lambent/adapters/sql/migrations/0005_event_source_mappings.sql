-- A mapping outlives its function, so it refers to none. `identity`: what no two mappings of an owner may have alike.
-- `source_arn`: empty for self-managed Kafka.

CREATE TABLE event_source_mapping (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    uuid TEXT NOT NULL,
    identity TEXT NOT NULL,
    source_arn TEXT NOT NULL,
    function_arn TEXT NOT NULL,
    revision_id TEXT NOT NULL,
    unsettled INTEGER NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (account, region, uuid)
);
CREATE UNIQUE INDEX event_source_mapping_identity ON event_source_mapping (account, region, identity);
CREATE INDEX event_source_mapping_source ON event_source_mapping (account, region, source_arn, uuid);
CREATE INDEX event_source_mapping_function ON event_source_mapping (account, region, function_arn, uuid);
CREATE INDEX event_source_mapping_unsettled ON event_source_mapping (account, region, uuid) WHERE unsettled = 1;
