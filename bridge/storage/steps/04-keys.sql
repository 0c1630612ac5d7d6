-- access: whether a secret can be guessed; null: it was taken over or made by release 1.0, which did not ask
ALTER TABLE keys ADD COLUMN weak INTEGER;

-- access: secrets that were replaced, and still open their key for a while
CREATE TABLE key_replaced (
    secret_hash BLOB PRIMARY KEY,
    name TEXT NOT NULL,                    -- of the key
    weak INTEGER,
    until TEXT NOT NULL
) STRICT;

-- access: when and from where each key was last used, used by a replaced secret, and refused
CREATE TABLE key_uses (
    name TEXT NOT NULL,
    what TEXT NOT NULL,                    -- used, replaced, refused
    at REAL NOT NULL,                      -- seconds since 1970
    address TEXT NOT NULL,
    times INTEGER NOT NULL,
    PRIMARY KEY (name, what)
) STRICT;
