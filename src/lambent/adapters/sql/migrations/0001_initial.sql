-- Types are PostgreSQL's; SQLite gives each of them the right affinity. Documents are JSON made by codec.py; what queries
-- need stands beside them in columns of its own. Foreign keys have no cascades: deletes name what they delete.

CREATE TABLE account_usage (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    code_bytes BIGINT NOT NULL,
    functions BIGINT NOT NULL,
    reserved_concurrency BIGINT NOT NULL,
    PRIMARY KEY (account, region)
);

CREATE TABLE function (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    revision_id TEXT NOT NULL,
    next_version BIGINT NOT NULL,
    unsettled INTEGER NOT NULL,
    code_bytes BIGINT NOT NULL,
    reserved_concurrency BIGINT NOT NULL,
    packages TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (account, region, name)
);
CREATE INDEX function_unsettled ON function (account, region, name) WHERE unsettled = 1;
CREATE INDEX function_packages ON function (packages);

-- What outlives a deleted function: the number that its next version gets.
CREATE TABLE function_memory (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    next_version BIGINT NOT NULL,
    PRIMARY KEY (account, region, name)
);

CREATE TABLE version (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    number BIGINT NOT NULL,
    revision_id TEXT NOT NULL,
    unsettled INTEGER NOT NULL,
    code_bytes BIGINT NOT NULL,
    packages TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (account, region, name, number),
    FOREIGN KEY (account, region, name) REFERENCES function (account, region, name)
);
CREATE INDEX version_unsettled ON version (account, region, name) WHERE unsettled = 1;
CREATE INDEX version_packages ON version (packages);

CREATE TABLE alias (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    alias TEXT NOT NULL,
    revision_id TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (account, region, name, alias),
    FOREIGN KEY (account, region, name) REFERENCES function (account, region, name)
);

-- The versions that an alias refers to; `number` is null for $LATEST, which is no row of `version`.
CREATE TABLE alias_target (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    alias TEXT NOT NULL,
    version TEXT NOT NULL,
    number BIGINT,
    PRIMARY KEY (account, region, name, alias, version),
    FOREIGN KEY (account, region, name, alias) REFERENCES alias (account, region, name, alias),
    FOREIGN KEY (account, region, name, number) REFERENCES version (account, region, name, number)
);
CREATE INDEX alias_target_number ON alias_target (account, region, name, number);

CREATE TABLE layer (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    next_version BIGINT NOT NULL,
    PRIMARY KEY (account, region, name)
);

CREATE TABLE layer_version (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    number BIGINT NOT NULL,
    code_bytes BIGINT NOT NULL,
    packages TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (account, region, name, number),
    FOREIGN KEY (account, region, name) REFERENCES layer (account, region, name)
);
CREATE INDEX layer_version_packages ON layer_version (packages);

-- `available`: when the event may be leased next, which is its due time or the end of its lease.
CREATE TABLE async_event (
    event_id TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    function TEXT NOT NULL,
    qualifier TEXT,
    accepted DOUBLE PRECISION NOT NULL,
    due DOUBLE PRECISION NOT NULL,
    available DOUBLE PRECISION NOT NULL,
    attempts BIGINT NOT NULL,
    trace_id TEXT NOT NULL,
    tenant_id TEXT,
    payload BYTEA NOT NULL
);
CREATE INDEX async_event_available ON async_event (available, accepted, event_id);
