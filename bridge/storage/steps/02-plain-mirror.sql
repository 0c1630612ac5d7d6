-- The mirror in ordinary columns, that anybody can read with the command sqlite3.

-- directory: the MSP's customers
CREATE TABLE client (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    lead INTEGER NOT NULL,
    favorite INTEGER NOT NULL,
    currency TEXT NOT NULL,                -- ISO 4217
    archived INTEGER NOT NULL,
    region TEXT NOT NULL DEFAULT ''        -- country of its primary location, ISO 3166; empty: unknown
) STRICT;

-- directory: contacts, locations and vendors; numbers as ITFlow has them
CREATE TABLE entry (
    kind TEXT NOT NULL,                    -- contact, location or vendor
    id INTEGER NOT NULL,
    client_id INTEGER NOT NULL,            -- 0: of no client
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    title TEXT NOT NULL,
    department TEXT NOT NULL,
    is_primary INTEGER NOT NULL,
    important INTEGER NOT NULL,
    billing INTEGER NOT NULL,
    technical INTEGER NOT NULL,
    has_pin INTEGER NOT NULL,              -- the PIN itself is not stored
    archived INTEGER NOT NULL,
    country TEXT NOT NULL,                 -- of a location, as ITFlow has it
    phone_country_code TEXT NOT NULL,
    phone TEXT NOT NULL,
    extension TEXT NOT NULL,
    mobile_country_code TEXT NOT NULL,
    mobile TEXT NOT NULL,
    read_as TEXT,                          -- the region and the release that its numbers were read with; null: not yet
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX entry_of_client ON entry (client_id);

-- directory: who has which number; E.164 with the plus sign, or a short number
CREATE TABLE number (
    kind TEXT NOT NULL,
    id INTEGER NOT NULL,
    place INTEGER NOT NULL,                -- the order of an entry's numbers
    number TEXT NOT NULL,
    label TEXT NOT NULL,                   -- work or mobile
    extension TEXT NOT NULL,               -- dialled after the call is up
    PRIMARY KEY (kind, id, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX number_to_entry ON number (number);

-- directory: who is shown: neither archived nor of a client that is archived or gone
CREATE VIEW live_entry AS
SELECT * FROM entry
WHERE NOT archived AND (
    client_id = 0
    OR EXISTS (SELECT 1 FROM client WHERE client.id = entry.client_id AND NOT client.archived)
    OR EXISTS (SELECT 1 FROM mirror_modules WHERE module = 'clients' AND gap <> '')
);

-- directory: archived invoices and payments too, for ITFlow's own balance counts them; amounts as decimal texts
CREATE TABLE invoice (
    id INTEGER PRIMARY KEY,
    client_id INTEGER NOT NULL,
    number TEXT NOT NULL,                  -- as printed, prefix and number
    status TEXT NOT NULL,
    date TEXT,
    due TEXT,
    currency TEXT NOT NULL,
    amount TEXT NOT NULL
) STRICT;
CREATE INDEX invoice_of_client ON invoice (client_id);

CREATE TABLE payment (
    id INTEGER PRIMARY KEY,
    invoice_id INTEGER NOT NULL,
    amount TEXT NOT NULL
) STRICT;
CREATE INDEX payment_of_invoice ON payment (invoice_id);

-- directory: rows of ITFlow that cannot be read and are left out, or kept as they were known before
CREATE TABLE odd_row (
    module TEXT NOT NULL,
    id INTEGER NOT NULL,                   -- 0: the id is what cannot be read
    reason TEXT NOT NULL,                  -- names the column, never the value
    client_id INTEGER,                     -- whose it is; null: not known, or of a payment
    invoice_id INTEGER,                    -- of a payment, what it pays; null: not known
    PRIMARY KEY (module, id)
) STRICT, WITHOUT ROWID;

-- What release 1.0 had stored goes over, so that callers have names at the first start.
INSERT INTO client (id, name, lead, favorite, currency, archived, region)
SELECT id, ifnull(record ->> 'name', ''), ifnull(record ->> 'lead', 0), ifnull(record ->> 'favorite', 0),
    ifnull(record ->> 'currency', ''), archived, ''
FROM (SELECT id, archived, CAST(record AS TEXT) AS record FROM mirror_rows WHERE module = 'clients');

INSERT INTO entry
SELECT rtrim(module, 's'), id, client_id, ifnull(record ->> 'name', ''), ifnull(record ->> 'email', ''),
    ifnull(record ->> 'title', ''), ifnull(record ->> 'department', ''), ifnull(record ->> 'primary', 0),
    ifnull(record ->> 'important', 0), ifnull(record ->> 'billing', 0), ifnull(record ->> 'technical', 0),
    ifnull(record ->> 'has_pin', 0), archived, ifnull(record ->> 'country', ''),
    ifnull(record ->> 'phone_country_code', ''), ifnull(record ->> 'phone', ''), ifnull(record ->> 'extension', ''),
    ifnull(record ->> 'mobile_country_code', ''), ifnull(record ->> 'mobile', ''), NULL
FROM (
    SELECT module, id, client_id, archived, CAST(record AS TEXT) AS record FROM mirror_rows
    WHERE module IN ('contacts', 'locations', 'vendors')
);

INSERT INTO number
SELECT rtrim(module, 's'), mirror_rows.id, phone.key,
    substr(phone.value, 2, instr(phone.value || ';', ';') - 2),
    iif(substr(phone.value, 1, 1) = 'm', 'mobile', 'work'),
    substr(phone.value, instr(phone.value || ';', ';') + 1)
FROM mirror_rows, json_each(CAST(mirror_rows.entry AS TEXT), '$[2]') AS phone
WHERE module IN ('contacts', 'locations', 'vendors') AND mirror_rows.entry IS NOT NULL AND phone.type = 'text';

INSERT INTO invoice
SELECT id, client_id, ifnull(record ->> 'prefix', '') || ifnull(record ->> 'number', ''), record ->> 'status',
    record ->> 'date', record ->> 'due', ifnull(record ->> 'currency', ''), record ->> 'amount'
FROM (SELECT id, client_id, CAST(record AS TEXT) AS record FROM mirror_rows WHERE module = 'invoices');

INSERT INTO payment
SELECT id, record ->> 'invoice_id', record ->> 'amount'
FROM (SELECT id, CAST(record AS TEXT) AS record FROM mirror_rows WHERE module = 'payments');

-- The pages were marked for other columns than are kept now: the next pull reads them all.
DELETE FROM mirror_marks;
DELETE FROM mirror_facts WHERE name NOT IN ('generation', 'payments');
-- The version of the mirror counts; its origin tells two files apart.
INSERT INTO mirror_facts VALUES ('version', '1'), ('origin', lower(hex(randomblob(6))));
DROP TABLE mirror_rows;
DROP TABLE mirror_pages;
