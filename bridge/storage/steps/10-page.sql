-- page: browsers that a person is signed in with
CREATE TABLE page_sessions (
    secret_hash BLOB PRIMARY KEY,          -- SHA-256 of the cookie
    person TEXT NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL
) STRICT;
CREATE INDEX page_sessions_by_person ON page_sessions (person);

-- access: what people may see and do on the page; who has no row has the everyday rights
CREATE TABLE people_rights (
    person TEXT PRIMARY KEY,
    options TEXT NOT NULL                  -- JSON: features, clients, networks, as of keys
) STRICT;
