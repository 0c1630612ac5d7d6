-- followup: what a call has left in ITFlow, and which ticket a person has chosen for it
CREATE TABLE followup (
    call INTEGER PRIMARY KEY,              -- its row in the log of calls
    ticket_id INTEGER,                     -- that was chosen; null: none was
    entry INTEGER                          -- of the journal; null: nothing was written
) STRICT;

-- followup: the last change of the log of calls that was dealt with; no row: none yet
CREATE TABLE followup_place (change INTEGER NOT NULL) STRICT;
