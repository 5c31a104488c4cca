-- Secrets that the service makes for itself at its first start.
CREATE TABLE secret (
    name  text  COLLATE "C" PRIMARY KEY,
    value bytea NOT NULL
);
COMMENT ON TABLE secret IS 'Secrets that the service made for itself';
