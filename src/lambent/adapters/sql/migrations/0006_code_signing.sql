-- A function's code signing configuration is of its own account and region: the code holds the one to the other.

CREATE TABLE code_signing_config (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    identifier TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (account, region, identifier)
);
ALTER TABLE function ADD COLUMN code_signing_config TEXT;
CREATE INDEX function_code_signing ON function (account, region, code_signing_config, name) WHERE code_signing_config IS NOT NULL;
