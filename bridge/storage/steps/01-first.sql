-- Release 1.0, and every table of the file as it was then, by the room that owns it.

-- access: the bridge's own keys; a secret is kept as its SHA-256 only
CREATE TABLE IF NOT EXISTS keys (
    name TEXT PRIMARY KEY,
    secret_hash BLOB NOT NULL UNIQUE,
    options TEXT NOT NULL,            -- JSON: features, clients, networks, settings
    created_at TEXT NOT NULL,
    expires_at TEXT,
    revoked_at TEXT
) STRICT;

-- access: calls that a phone system announced
CREATE TABLE IF NOT EXISTS calls (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    key TEXT NOT NULL,
    number TEXT NOT NULL,
    name TEXT NOT NULL
) STRICT;

-- directory: what is known of each module of ITFlow; pull counts the pulls, so that two pullers cannot mix
CREATE TABLE IF NOT EXISTS mirror_modules (
    module TEXT PRIMARY KEY,
    pull INTEGER NOT NULL DEFAULT 0,
    rows INTEGER,                     -- of mirror_rows; null: to be counted
    pulled_at TEXT,
    doubt TEXT NOT NULL DEFAULT '',   -- why the last pull was not believed
    gap TEXT NOT NULL DEFAULT '',     -- why the key has never been able to read it
    fault TEXT NOT NULL DEFAULT ''    -- why the last pull failed
) STRICT;

-- directory: ITFlow's rows, reduced to what the bridge uses, and what was made of them
CREATE TABLE IF NOT EXISTS mirror_rows (
    module TEXT NOT NULL,
    id INTEGER NOT NULL,
    client_id INTEGER NOT NULL,
    archived INTEGER NOT NULL,
    record BLOB NOT NULL,             -- JSON of a record of itflow/records.py
    region TEXT,                      -- the region its numbers were read with; null: not read yet
    entry BLOB,                       -- see directory/coding.py
    keys BLOB,                        -- of its numbers, see directory/pages.py
    PRIMARY KEY (module, id)
) STRICT, WITHOUT ROWID;

-- directory: the pages of the last whole pull, to know them again undecoded
CREATE TABLE IF NOT EXISTS mirror_marks (
    module TEXT NOT NULL,
    page_offset INTEGER NOT NULL,
    digest BLOB NOT NULL,
    count INTEGER NOT NULL,
    first_id INTEGER NOT NULL,
    last_id INTEGER NOT NULL,
    PRIMARY KEY (module, page_offset)
) STRICT, WITHOUT ROWID;

-- directory: the snapshot; stored counts the snapshots, so that a reader takes only pages that are new to it
CREATE TABLE IF NOT EXISTS mirror_pages (
    section TEXT NOT NULL,
    page INTEGER NOT NULL,
    digest BLOB NOT NULL,
    stored INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (section, page)
) STRICT;

-- directory: facts about the whole
CREATE TABLE IF NOT EXISTS mirror_facts (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
-- assets: what was promised to callers and what became of it; moments are seconds since 1970
CREATE TABLE IF NOT EXISTS journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    client_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    serial TEXT NOT NULL,
    fields TEXT NOT NULL,             -- JSON: every field as it goes to ITFlow
    key TEXT NOT NULL,                -- name of the bridge's key that it came with
    state TEXT NOT NULL DEFAULT 'pending',
    accepted_at REAL NOT NULL,
    next_try_at REAL NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    sent_at REAL,                     -- last time it was sent without a clear answer, or is being sent
    known_ids TEXT,                   -- JSON: ids of assets that looked alike before it was first sent
    reason TEXT NOT NULL DEFAULT '',  -- why it is not in ITFlow yet
    asset_id INTEGER,
    done_at REAL
) STRICT;
CREATE INDEX IF NOT EXISTS journal_by_state ON journal (state, client_id, id);
-- access: which phone last fetched which phonebook
CREATE TABLE IF NOT EXISTS phones (
    address TEXT NOT NULL,
    mac TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    format TEXT NOT NULL,
    key TEXT NOT NULL,
    fetched_at TEXT NOT NULL,
    entries INTEGER NOT NULL,
    fetches INTEGER NOT NULL,
    PRIMARY KEY (address, mac, user_agent, format, key)
) STRICT;
