-- calls: what the events of phone systems come to; what the log of announced calls held goes over
ALTER TABLE calls RENAME TO announced;
CREATE TABLE calls (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,                      -- when it began, UTC
    key TEXT NOT NULL,                     -- name of the bridge's key that told it; empty: none
    number TEXT NOT NULL,                  -- of the other side: E.164, or as sent; as calls.numbers lets it be kept
    name TEXT NOT NULL,                    -- what the other side was called when the call was told
    attestation TEXT NOT NULL DEFAULT '',  -- whether the network vouches for the number: verified, failed or empty
    source TEXT NOT NULL DEFAULT 'incoming_call',
    call_id TEXT NOT NULL DEFAULT (lower(hex(randomblob(8)))),
    change INTEGER NOT NULL DEFAULT 0,     -- of call_changes: when it was changed last
    up INTEGER NOT NULL DEFAULT 0,
    missed INTEGER NOT NULL DEFAULT 0,
    direction TEXT NOT NULL DEFAULT 'in',  -- in, out, internal
    result TEXT NOT NULL DEFAULT '',       -- of the look-up: hit, miss, ambiguous, withheld; empty: none was made
    client_id INTEGER,
    client TEXT NOT NULL DEFAULT '',
    contact_id INTEGER,
    extensions TEXT NOT NULL DEFAULT '[]', -- JSON: who was rung or talked
    call TEXT NOT NULL DEFAULT '',         -- JSON: all of it; empty: it was announced, and nothing more is known
    events TEXT,                           -- JSON: what it was made of; null: nothing that comes later changes it
    done_by TEXT NOT NULL DEFAULT '',      -- who marked a missed call as done
    done_at TEXT,
    UNIQUE (source, call_id)
) STRICT;
INSERT INTO calls (id, at, key, number, name, attestation)
SELECT id, at, key, number, name, attestation FROM announced;
DROP TABLE announced;
CREATE INDEX calls_by_change ON calls (change);
CREATE INDEX calls_by_time ON calls (at);
CREATE INDEX calls_up ON calls (up) WHERE up;
CREATE INDEX calls_unsettled ON calls (at) WHERE events IS NOT NULL;

-- calls: how many changes there were, so that no number is given twice; and how often calls were forgotten
CREATE TABLE call_changes (
    last INTEGER NOT NULL,
    forgotten INTEGER NOT NULL
) STRICT;
INSERT INTO call_changes VALUES (0, 0);

-- calls: people who answer calls
CREATE TABLE people (
    name TEXT PRIMARY KEY,
    email TEXT NOT NULL DEFAULT '',
    itflow_user_id INTEGER,
    key_file TEXT NOT NULL DEFAULT '',     -- file with the person's own ITFlow key
    password TEXT NOT NULL DEFAULT '',     -- an Argon2 hash; empty: none
    created_at TEXT NOT NULL
) STRICT;

-- calls: extensions, and names that phone systems have for people
CREATE TABLE people_names (
    called TEXT PRIMARY KEY,
    kind TEXT NOT NULL,                    -- extension or login
    place INTEGER NOT NULL,                -- the order of a person's
    person TEXT NOT NULL
) STRICT;

-- calls: links that sign a person in, once
CREATE TABLE people_links (
    secret_hash BLOB PRIMARY KEY,          -- SHA-256
    person TEXT NOT NULL,
    expires_at TEXT NOT NULL
) STRICT;
