-- agi: wrong PINs of a caller or a client, until a right one
CREATE TABLE pin_locks (
    subject TEXT PRIMARY KEY,         -- "caller +12125550101" or "client 7"
    wrong INTEGER NOT NULL,           -- since the last lock
    locks INTEGER NOT NULL,           -- how often it was locked already
    at TEXT NOT NULL                  -- of the last wrong PIN: a moment of clock.py
) STRICT;
-- calls: whether the network vouches for the caller's number: verified, failed or empty
ALTER TABLE calls ADD COLUMN attestation TEXT NOT NULL DEFAULT '';
