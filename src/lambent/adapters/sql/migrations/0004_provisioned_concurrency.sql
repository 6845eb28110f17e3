-- `qualifier`: a version's number or an alias. What is really there at the moment is not stored: it is asked of the data plane.

CREATE TABLE provisioned_concurrency (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    qualifier TEXT NOT NULL,
    requested BIGINT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (account, region, name, qualifier),
    FOREIGN KEY (account, region, name) REFERENCES function (account, region, name)
);
