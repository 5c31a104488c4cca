-- Secrets that the service makes for itself at its first start.
CREATE TABLE secret (
    name  TEXT PRIMARY KEY, -- what it is for: device-token
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
