-- What hangs on one qualifier of a function, or on a layer version, and goes away with it. The code deletes these rows itself.

CREATE TABLE event_invoke_config (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    qualifier TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (account, region, name, qualifier),
    FOREIGN KEY (account, region, name) REFERENCES function (account, region, name)
);

-- `kind`: function or layer. `qualifier`: empty, a version or an alias of a function; the number of a layer version.
CREATE TABLE resource_policy (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    qualifier TEXT NOT NULL,
    revision_id TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (account, region, kind, name, qualifier)
);
