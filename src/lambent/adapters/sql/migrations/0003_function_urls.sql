-- `qualifier`: empty for the function itself, or an alias. `url_id`: the first label of the URL's host.

CREATE TABLE function_url (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    qualifier TEXT NOT NULL,
    url_id TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (account, region, name, qualifier),
    FOREIGN KEY (account, region, name) REFERENCES function (account, region, name)
);
CREATE UNIQUE INDEX function_url_id ON function_url (url_id);
