-- outbox: notes are written with the key of the person who took the call; tickets are looked for by their ids
ALTER TABLE journal ADD COLUMN person TEXT NOT NULL DEFAULT '';
ALTER TABLE journal ADD COLUMN floor INTEGER;

-- directory: tickets; of those that are resolved, closed or archived only the id, so that it is known which are new
CREATE TABLE ticket (
    id INTEGER PRIMARY KEY,
    client_id INTEGER NOT NULL,            -- 0: of no client
    open INTEGER NOT NULL,
    number TEXT NOT NULL,                  -- as shown, prefix and number
    subject TEXT NOT NULL,
    contact_id INTEGER NOT NULL,           -- 0: of nobody
    assigned_to INTEGER NOT NULL,          -- a user of ITFlow; 0: nobody
    status TEXT NOT NULL,                  -- ITFlow's number: 1 new, 2 open, 3 on hold, from 6 on the firm's own
    updated TEXT NOT NULL                  -- as ITFlow has it, in its own time zone
) STRICT;
CREATE INDEX open_ticket_of_client ON ticket (client_id) WHERE open;
