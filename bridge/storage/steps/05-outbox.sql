-- outbox: what was promised to callers and what became of it. Waits count by the time since the machine's start, and
-- end with it; no time decides whether something was written.
CREATE TABLE outbox_journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,                    -- a key of KINDS
    client_id INTEGER NOT NULL,
    name TEXT NOT NULL,                    -- for people
    identity TEXT NOT NULL,                -- alike in requests that mean the same
    fields TEXT NOT NULL,                  -- JSON: every field as the caller gave it, by ITFlow's names
    key TEXT NOT NULL,                     -- name of the bridge's key that it came with
    state TEXT NOT NULL DEFAULT 'pending',
    accepted TEXT NOT NULL,                -- a moment of clock.py
    boot TEXT NOT NULL DEFAULT '',         -- the start of the machine that the next two belong to
    due_s REAL NOT NULL DEFAULT 0,         -- when it is looked at next
    repeat_s REAL NOT NULL DEFAULT 0,      -- before that, a write without an answer is not repeated
    tries INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    tag TEXT NOT NULL,                     -- goes along to ITFlow with the number of the sending
    sends INTEGER NOT NULL DEFAULT 0,
    lost TEXT NOT NULL DEFAULT '[]',       -- JSON: numbers of sendings of which nobody knows what became
    looks INTEGER NOT NULL DEFAULT 0,      -- how often they were looked for since it was settled
    reason TEXT NOT NULL DEFAULT '',       -- why it is not in ITFlow yet
    itflow_id INTEGER
) STRICT;

-- Release 1.0 sent without a tag: what it had no answer for cannot be found again, so people look.
INSERT INTO outbox_journal (id, kind, client_id, name, identity, fields, key, state, accepted, tries, failures, tag,
    reason, itflow_id)
SELECT id, 'asset', client_id, name, json_array(name, serial), fields, key,
    iif(state = 'pending' AND sent_at IS NOT NULL, 'refused', state),
    strftime('%Y-%m-%dT%H:%M:%S+00:00', accepted_at, 'unixepoch'), tries, failures, lower(hex(randomblob(8))),
    iif(state = 'pending' AND sent_at IS NOT NULL, 'An older release of the bridge sent it and lost the answer. Look '
        || 'in ITFlow: if the asset is not there, run `itflow-bridge journal retry ' || id || '`.', reason),
    asset_id
FROM journal;

DROP TABLE journal;
ALTER TABLE outbox_journal RENAME TO journal;
CREATE INDEX journal_by_state ON journal (state, client_id, id);
CREATE INDEX journal_watched ON journal (id) WHERE lost <> '[]';
CREATE INDEX journal_by_identity ON journal (client_id, kind, identity);
