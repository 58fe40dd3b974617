-- Version 1 of the database: every table, index, view and trigger.
--
-- This file never changes after a release: a later change is a new step at the end of
-- `migrations.py`. Every table is STRICT. Days are in the campaign's time zone; `at` and `*_at` are
-- UTC text where people read them, and whole seconds since 1970 where the program compares them. A
-- BLOB of 32 bytes is a digest or a keyed code, from which nothing can be recovered.


-- 0. Which site this is --------------------------------------------------------------------

-- `id` is created with the database and is also in the file next to it (`.id`), so that a different
-- database in its place is detected. The other rows are fingerprints of the site's keys.
CREATE TABLE site (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO site VALUES ('id', lower(hex(randomblob(16))));


-- 1. Signatures and their letters ----------------------------------------------------------

-- One person's act: the minimum needed to count it.
--
-- `receipt` is the digest of the receipt's token. The token is made from `salt` and from the key of
-- the form that was sent, of which only the code `form` is stored; so one form can hold the acts of
-- several people, each with its own receipt. `content` is a digest, keyed with the form, of
-- everything that was sent: sending the same again changes nothing. `changed` is the time of the
-- last correction.
--
-- `by_email` and `by_address` are keyed codes of the person (`persons.py`); the unique indexes on
-- them enforce one signature per person. `near` and `alike` hold codes for finding other spellings.
-- All four are erased when the person withdraws, so that they can sign again and the row says
-- nothing about anyone. For a 'repeated' row, `earlier` is the standing signature of the same
-- person; `replaces` means that it came from the same house, so that details sealed with it replace
-- those sealed before.
--
-- `district` is a number of a `congress`: with new lines, the same number means other people.
-- `town` is NULL unless the campaign keeps towns. `own_share` is the percentage of the letters that
-- the person wrote. `letters` counts those to a seat that is not vacant.
CREATE TABLE signatures (
    id INTEGER PRIMARY KEY,
    receipt BLOB NOT NULL UNIQUE CHECK (length(receipt) = 32),
    form BLOB CHECK (length(form) = 16),
    salt BLOB CHECK (length(salt) = 8),
    content BLOB CHECK (length(content) = 16),
    campaign TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN
        ('counted', 'held', 'unconfirmed', 'withdrawn', 'repeated', 'test')),
    withdrawn INTEGER NOT NULL DEFAULT 0 CHECK (withdrawn IN (0, 1)),
    earlier INTEGER REFERENCES signatures (id) ON DELETE SET NULL,
    replaces INTEGER NOT NULL DEFAULT 0 CHECK (replaces IN (0, 1)),
    changed TEXT,
    day TEXT NOT NULL CHECK (day GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'),
    at TEXT NOT NULL,
    state TEXT NOT NULL CHECK (length(state) = 2),
    district INTEGER NOT NULL CHECK (district BETWEEN 0 AND 99),
    congress INTEGER NOT NULL DEFAULT 119 CHECK (congress BETWEEN 119 AND 999),
    town TEXT,
    template TEXT NOT NULL,
    version TEXT NOT NULL,
    length TEXT NOT NULL,
    language TEXT NOT NULL,
    match TEXT NOT NULL,
    source TEXT NOT NULL,
    edited INTEGER NOT NULL CHECK (edited IN (0, 1)),
    own_share INTEGER NOT NULL CHECK (own_share BETWEEN 0 AND 100),
    letters INTEGER NOT NULL CHECK (letters >= 0),
    by_email BLOB CHECK (length(by_email) = 16),
    by_address BLOB CHECK (length(by_address) = 24),
    near BLOB,
    alike BLOB,
    -- A standing signature has a code of its person; one that was to be forgotten has none.
    CHECK (CASE WHEN status IN ('counted', 'held', 'unconfirmed')
        THEN coalesce(by_email, by_address) IS NOT NULL
        WHEN withdrawn = 1 OR status <> 'repeated'
        THEN coalesce(by_email, by_address, near, alike) IS NULL ELSE 1 END)
) STRICT;

CREATE UNIQUE INDEX one_signature_per_mailbox_and_name ON signatures (campaign, by_email)
    WHERE status IN ('counted', 'held', 'unconfirmed') AND by_email IS NOT NULL;
CREATE UNIQUE INDEX one_signature_per_house_and_name ON signatures (campaign, by_address)
    WHERE status IN ('counted', 'held', 'unconfirmed') AND by_address IS NOT NULL;
CREATE INDEX signatures_by_form ON signatures (form) WHERE form IS NOT NULL;
CREATE INDEX signatures_by_earlier ON signatures (earlier) WHERE earlier IS NOT NULL;

-- Covers what a page about one office counts, so that it reads only its state's part of the index.
CREATE INDEX signatures_by_place ON signatures
    (campaign, status, state, district, congress, day, own_share, template, town);

-- One letter to one seat; `bioguide` is NULL if the seat was vacant. `cause` is who or what put the
-- letter into its state; `before_report` is the state before the person's last report, so that they
-- can undo it. Clustered by signature: one person's letters are stored together.
CREATE TABLE letters (
    signature INTEGER NOT NULL REFERENCES signatures (id) ON DELETE CASCADE,
    seat TEXT NOT NULL,
    bioguide TEXT,
    ask TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN
        ('written', 'downloaded', 'copied', 'printed', 'mailed to self', 'line busy',
         'call later', 'pasted', 'mailed', 'spoke by phone', 'left a voicemail', 'queued',
         'accepted by the office''s system', 'refused', 'unknown', 'not attempted')),
    state_at TEXT NOT NULL,
    cause TEXT NOT NULL DEFAULT 'signed' CHECK (cause IN
        ('signed', 'vacant seat', 'person', 'mail server', 'office system', 'withdrawn')),
    before_report TEXT,
    PRIMARY KEY (signature, seat)
) STRICT, WITHOUT ROWID;

-- The texts that signatures refer to. Never overwritten.
CREATE TABLE letter_versions (
    campaign TEXT NOT NULL,
    template TEXT NOT NULL,
    length TEXT NOT NULL,
    version TEXT NOT NULL,
    source TEXT NOT NULL,
    PRIMARY KEY (campaign, template, length, version)
) STRICT;

-- Imports of paper signatures that still stand, so that each can be undone as a whole. One that is
-- not 'done' was interrupted, and what it stored is removed.
CREATE TABLE paper_imports (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- an old “Undo” must never apply to a newer import
    campaign TEXT NOT NULL,
    at TEXT NOT NULL,
    who TEXT NOT NULL,
    source TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('working', 'done', 'undoing'))
) STRICT;

-- The signatures that an import stored.
CREATE TABLE paper_rows (
    signature INTEGER PRIMARY KEY REFERENCES signatures (id) ON DELETE CASCADE,
    import INTEGER NOT NULL REFERENCES paper_imports (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX paper_rows_by_import ON paper_rows (import);

-- What organizers said the columns of their sheets contain, by header; empty for “not read”.
CREATE TABLE paper_headers (
    header TEXT PRIMARY KEY,
    role TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Imports that can be undone, with how many of their signatures are not withdrawn and how many of
-- their people have continued online since.
CREATE VIEW standing_imports AS
SELECT i.id, i.campaign, i.at, i.who, i.source,
    (SELECT count(*) FROM paper_rows r JOIN signatures s ON s.id = r.signature
     WHERE r.import = i.id AND s.withdrawn = 0) AS signatures,
    (SELECT count(*) FROM paper_rows r WHERE r.import = i.id
     AND (EXISTS (SELECT 1 FROM signatures a WHERE a.earlier = r.signature)
       OR EXISTS (SELECT 1 FROM signatures o WHERE o.id = r.signature AND o.template <> 'paper')))
        AS taken_up
FROM paper_imports i WHERE i.state = 'done';


-- 2. Signatures that wait for an organizer's review, or for a click in an email ------------

CREATE TABLE held (
    signature INTEGER PRIMARY KEY REFERENCES signatures (id) ON DELETE CASCADE,
    reason TEXT NOT NULL CHECK (reason IN
        ('field filled in', 'field missing', 'too fast', 'no proof', 'crowd', 'no address',
         'by hand')),
    decision TEXT NOT NULL DEFAULT '' CHECK (decision IN ('', 'released', 'set aside'))
) STRICT;

-- `token` is the digest of the token in the link.
CREATE TABLE confirmations (
    signature INTEGER PRIMARY KEY REFERENCES signatures (id) ON DELETE CASCADE,
    token BLOB NOT NULL UNIQUE CHECK (length(token) = 32),
    at TEXT NOT NULL,
    confirmed TEXT
) STRICT;

-- Signatures whose sealed details replace earlier ones: not withdrawn, and not waiting for anyone.
CREATE VIEW replacements AS
SELECT s.id AS signature, s.earlier FROM signatures s
WHERE s.replaces = 1 AND s.withdrawn = 0
AND NOT EXISTS (SELECT 1 FROM confirmations c WHERE c.signature = s.id AND c.confirmed IS NULL)
AND NOT EXISTS (SELECT 1 FROM held h WHERE h.signature = s.id AND h.decision <> 'released');


-- 3. What is kept of a person, encrypted ---------------------------------------------------

-- Details that a person asked us to keep for a purpose, each in its own box. `key` is the id of the
-- public key that the box is sealed to. A box begins with the bytes 'DCSEAL1\n'.
CREATE TABLE sealed (
    id INTEGER PRIMARY KEY,
    signature INTEGER NOT NULL REFERENCES signatures (id) ON DELETE CASCADE,
    purpose TEXT NOT NULL CHECK (purpose IN ('packet', 'contact')),
    key TEXT NOT NULL CHECK (length(key) = 20),
    box BLOB NOT NULL CHECK (substr(box, 1, 8) = x'44435345414c310a'),
    day TEXT NOT NULL CHECK (day GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'),
    UNIQUE (signature, purpose)
) STRICT;

CREATE INDEX sealed_by_key ON sealed (key);

-- The words of a person's letters, if they asked for it, encrypted with a key derived from their
-- receipt's token, which this site does not store.
CREATE TABLE kept_letters (
    signature INTEGER PRIMARY KEY REFERENCES signatures (id) ON DELETE CASCADE,
    box BLOB NOT NULL CHECK (substr(box, 1, 8) = x'44435345414c310a'),
    day TEXT NOT NULL CHECK (day GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]')
) STRICT;


-- Has one row while the files may still hold deleted data, mostly because a long read has kept the
-- WAL from being truncated.
CREATE TABLE unerased (
    id INTEGER PRIMARY KEY CHECK (id = 1)
) STRICT;


-- 4. What leaves the site ------------------------------------------------------------------

-- One row for each message to one address, and for each letter ('house', 'senate') that its writer
-- wants delivered to the office's own system.
--
-- `payload` is what leaves, encrypted with the site's own key; a constraint makes sure that no row
-- in an end state has one. `once` is an idempotency key. `receipt` and `seats` (a JSON list) are the
-- letters that the row stands for. `recipient` is a keyed code of the address, for the daily limit,
-- and is erased after a day. 'held' waits for the person's own click on the link behind `release`,
-- 'sending' has been claimed by a worker, and from 'handing over' on the server may have accepted
-- it. `maybe` means that an attempt ended without an answer, so that an office may have it. `round`
-- counts further requests after a refusal. At `until`, a held message is dropped and a letter is no
-- longer tried.
CREATE TABLE outbound (
    id TEXT PRIMARY KEY CHECK (length(id) = 32),
    once BLOB NOT NULL UNIQUE CHECK (length(once) = 32),
    kind TEXT NOT NULL,
    receipt BLOB CHECK (length(receipt) = 32),
    seats TEXT NOT NULL DEFAULT '[]' CHECK (json_type(seats) = 'array'),
    recipient BLOB CHECK (length(recipient) = 32),
    release BLOB UNIQUE CHECK (length(release) = 32),
    round INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL CHECK (state IN ('held', 'queued', 'sending', 'handing over', 'deferred',
        'accepted', 'failed', 'refused', 'unknown', 'not attempted')),
    attempts INTEGER NOT NULL DEFAULT 0,
    maybe INTEGER NOT NULL DEFAULT 0 CHECK (maybe IN (0, 1)),
    cause TEXT NOT NULL DEFAULT '',
    queued_at INTEGER NOT NULL,
    state_at INTEGER NOT NULL,
    next_at INTEGER NOT NULL,
    until INTEGER,
    payload BLOB,
    CHECK ((payload IS NULL) = (state IN
        ('accepted', 'failed', 'refused', 'unknown', 'not attempted'))),
    CHECK (kind NOT IN ('house', 'senate')
        OR receipt IS NOT NULL AND until IS NOT NULL AND json_array_length(seats) = 1)
) STRICT;

CREATE INDEX outbound_waiting ON outbound (next_at) WHERE payload IS NOT NULL;
CREATE INDEX outbound_by_recipient ON outbound (recipient, queued_at) WHERE recipient IS NOT NULL;
CREATE INDEX outbound_by_receipt ON outbound (receipt) WHERE receipt IS NOT NULL;

-- No letter waits for a message that no longer exists, however it was deleted.
CREATE TRIGGER no_letter_waits_without_its_message
AFTER DELETE ON outbound WHEN OLD.payload IS NOT NULL AND OLD.kind IN ('house', 'senate')
BEGIN
    UPDATE letters SET state = CASE OLD.maybe WHEN 1 THEN 'unknown' ELSE 'not attempted' END,
        cause = 'office system', state_at = strftime('%Y-%m-%dT%H:%MZ', 'now')
    WHERE signature = (SELECT id FROM signatures WHERE receipt = OLD.receipt)
    AND seat = OLD.seats ->> 0 AND state = 'queued';
END;


-- 5. Withdrawal: whichever code path leads to it, nothing is left behind --------------------

CREATE TRIGGER sealed_goes_with_withdrawal
AFTER UPDATE OF status, withdrawn ON signatures
WHEN NEW.status = 'withdrawn' OR NEW.withdrawn = 1
BEGIN DELETE FROM sealed WHERE signature = NEW.id; END;

CREATE TRIGGER kept_letters_go_with_withdrawal
AFTER UPDATE OF status, withdrawn ON signatures
WHEN NEW.status = 'withdrawn' OR NEW.withdrawn = 1
BEGIN DELETE FROM kept_letters WHERE signature = NEW.id; END;

-- A slow concurrent request cannot put it back.
CREATE TRIGGER nothing_sealed_after_withdrawal
BEFORE INSERT ON sealed
WHEN (SELECT status = 'withdrawn' OR withdrawn = 1 FROM signatures WHERE id = NEW.signature)
BEGIN SELECT RAISE(IGNORE); END;

CREATE TRIGGER no_letters_kept_after_withdrawal
BEFORE INSERT ON kept_letters
WHEN (SELECT status = 'withdrawn' OR withdrawn = 1 FROM signatures WHERE id = NEW.signature)
BEGIN SELECT RAISE(IGNORE); END;

-- What the same person gave when they signed again from the same house goes too.
CREATE TRIGGER further_signings_go_with_withdrawal
AFTER UPDATE OF withdrawn ON signatures WHEN NEW.withdrawn = 1 AND OLD.withdrawn = 0
BEGIN
    UPDATE signatures SET withdrawn = 1, by_email = NULL, by_address = NULL, near = NULL,
        alike = NULL, form = NULL, content = NULL, town = NULL
    WHERE earlier = NEW.id AND replaces = 1 AND withdrawn = 0;
    DELETE FROM sealed WHERE signature IN
        (SELECT id FROM signatures WHERE earlier = NEW.id AND replaces = 1);
END;

-- So do an open question and a hold.
CREATE TRIGGER nothing_waits_after_withdrawal
AFTER UPDATE OF withdrawn ON signatures WHEN NEW.withdrawn = 1
BEGIN
    DELETE FROM confirmations WHERE signature = NEW.id;
    DELETE FROM held WHERE signature = NEW.id;
END;

-- Whatever has not left is taken out of the queue: mail, and letters to offices' own systems with
-- all records of their delivery. What is leaving now, or may have left, ends in the usual way.
CREATE TRIGGER nothing_leaves_after_withdrawal
AFTER UPDATE OF withdrawn ON signatures WHEN NEW.withdrawn = 1 AND OLD.withdrawn = 0
BEGIN
    UPDATE letters SET state = 'not attempted', cause = 'withdrawn',
        state_at = strftime('%Y-%m-%dT%H:%MZ', 'now')
    WHERE signature = NEW.id AND state = 'queued' AND NOT EXISTS (SELECT 1 FROM outbound o
        WHERE o.receipt = NEW.receipt AND o.kind IN ('house', 'senate')
        AND o.seats ->> 0 = letters.seat
        AND (o.state IN ('sending', 'handing over') OR o.maybe = 1));
    DELETE FROM outbound WHERE receipt = NEW.receipt AND maybe = 0
    AND (state IN ('held', 'queued', 'deferred')
        OR payload IS NULL AND kind IN ('house', 'senate'));
END;

CREATE TRIGGER nothing_leaves_after_deletion
AFTER DELETE ON signatures
BEGIN
    DELETE FROM outbound WHERE receipt = OLD.receipt
    AND (state IN ('held', 'queued', 'deferred') OR kind IN ('house', 'senate'));
END;

-- A signature that its owner never confirmed is deleted with the question. So is a repeated one,
-- which must look the same from outside.
CREATE TRIGGER unconfirmed_goes_with_its_question
AFTER DELETE ON confirmations WHEN OLD.confirmed IS NULL
BEGIN
    DELETE FROM signatures
    WHERE id = OLD.signature AND status IN ('unconfirmed', 'repeated') AND withdrawn = 0;
END;


-- 6. Counts, kept by triggers as rows arrive -----------------------------------------------

-- What each signature is counted by: one column for each breakdown, named after it. This is the one
-- definition for the tallies, a recount, and counts under a finer filter. Reads rows in storage
-- order: an index would only slow down a full count.
CREATE VIEW countable AS
SELECT id, campaign, status, letters,
    day,
    state,
    state || '-' || district || CASE congress WHEN 119 THEN '' ELSE '/' || congress END
        AS district,
    template,
    template || ' ' || length || ' ' || version AS version,
    language,
    match,
    source,
    CASE edited WHEN 0 THEN 'no' ELSE 'yes' END AS edited,
    printf('%02d', min(own_share / 10, 9) * 10) AS own_share
FROM signatures NOT INDEXED;

-- The breakdowns, once for a whole campaign and once within each of the most common filters of a
-- page of counts. They are read for every signature, so they are rows: SQLite would rebuild a list
-- of VALUES each time. A letter is counted by its `way`. `all in state CA` and `state in state CA`
-- are left out: `state` has their numbers as the value CA.
CREATE TABLE breakdowns (
    breakdown TEXT NOT NULL,
    within TEXT NOT NULL,
    PRIMARY KEY (breakdown, within)
) STRICT, WITHOUT ROWID;

INSERT INTO breakdowns
SELECT breakdown.column1, within.column1
FROM (VALUES ('all'), ('day'), ('state'), ('district'), ('template'), ('version'), ('language'),
    ('match'), ('source'), ('edited'), ('own_share'), ('way')) AS breakdown
CROSS JOIN (VALUES (''), ('state'), ('day'), ('template'), ('source')) AS within
WHERE within.column1 = '' OR breakdown.column1 NOT IN ('all', within.column1);

-- The same with one row for each breakdown: `day in state CA` as well as `day`. So a filtered page
-- reads tallies too, and a range of days is a range of the key.
CREATE VIEW signature_dimensions AS
SELECT id AS signature, campaign, status,
    breakdown || CASE within
        WHEN '' THEN ''
        WHEN 'state' THEN ' in state ' || state
        WHEN 'day' THEN ' in day ' || day
        WHEN 'template' THEN ' in template ' || template
        WHEN 'source' THEN ' in source ' || source
    END AS dimension,
    CASE breakdown
        WHEN 'all' THEN ''
        WHEN 'day' THEN day
        WHEN 'state' THEN state
        WHEN 'district' THEN district
        WHEN 'template' THEN template
        WHEN 'version' THEN version
        WHEN 'language' THEN language
        WHEN 'match' THEN match
        WHEN 'source' THEN source
        WHEN 'edited' THEN edited
        WHEN 'own_share' THEN own_share
    END AS value,
    letters
FROM countable CROSS JOIN breakdowns WHERE breakdown <> 'way';

-- What each letter to a seat that is not vacant is counted by: its recipient, and its state,
-- filtered as above. The state counts no people, because one person's letters may be in several
-- states.
CREATE VIEW letter_dimensions AS
SELECT l.signature, l.seat, s.campaign, s.status, 'recipient' AS dimension, l.bioguide AS value,
    1 AS signatures
FROM letters l JOIN signatures s ON s.id = l.signature WHERE l.bioguide IS NOT NULL
UNION ALL
SELECT l.signature, l.seat, s.campaign, s.status,
    breakdown || CASE within
        WHEN '' THEN ''
        WHEN 'state' THEN ' in state ' || s.state
        WHEN 'day' THEN ' in day ' || s.day
        WHEN 'template' THEN ' in template ' || s.template
        WHEN 'source' THEN ' in source ' || s.source
    END,
    l.state, 0
FROM letters l JOIN signatures s ON s.id = l.signature CROSS JOIN breakdowns
WHERE breakdown = 'way' AND l.bioguide IS NOT NULL;

-- The number of people and letters in a campaign and a status, for one value of one breakdown. A
-- page of counts reads a few hundred of these rows and never the signatures.
CREATE TABLE tallies (
    campaign TEXT NOT NULL,
    status TEXT NOT NULL,
    dimension TEXT NOT NULL,
    value TEXT NOT NULL,
    signatures INTEGER NOT NULL,
    letters INTEGER NOT NULL,
    PRIMARY KEY (campaign, status, dimension, value)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER tally_signature_insert AFTER INSERT ON signatures
BEGIN
    INSERT INTO tallies (campaign, status, dimension, value, signatures, letters)
    SELECT campaign, status, dimension, value, 1, letters FROM signature_dimensions
    WHERE signature = NEW.id
    ON CONFLICT DO UPDATE SET signatures = signatures + excluded.signatures,
        letters = letters + excluded.letters;
END;

-- A change is subtracted while the rows still have the old values, and added again afterwards. A
-- statement that may be abandoned between the two (UPDATE OR IGNORE) must not be used here.
CREATE TRIGGER tally_signature_before_update BEFORE UPDATE OF campaign, status, day, state, district,
    congress, template, version, length, language, match, source, edited, own_share, letters ON signatures
BEGIN
    INSERT INTO tallies (campaign, status, dimension, value, signatures, letters)
    SELECT campaign, status, dimension, value, -1, -letters FROM signature_dimensions
    WHERE signature = OLD.id
    UNION ALL
    SELECT campaign, status, dimension, value, -signatures, -1 FROM letter_dimensions
    WHERE signature = OLD.id
    ON CONFLICT DO UPDATE SET signatures = signatures + excluded.signatures,
        letters = letters + excluded.letters;
END;

CREATE TRIGGER tally_signature_update AFTER UPDATE OF campaign, status, day, state, district,
    congress, template, version, length, language, match, source, edited, own_share, letters ON signatures
BEGIN
    INSERT INTO tallies (campaign, status, dimension, value, signatures, letters)
    SELECT campaign, status, dimension, value, 1, letters FROM signature_dimensions
    WHERE signature = NEW.id
    UNION ALL
    SELECT campaign, status, dimension, value, signatures, 1 FROM letter_dimensions
    WHERE signature = NEW.id
    ON CONFLICT DO UPDATE SET signatures = signatures + excluded.signatures,
        letters = letters + excluded.letters;
END;

-- The foreign key deletes its letters only once the row is gone, so they are subtracted here.
CREATE TRIGGER tally_signature_delete BEFORE DELETE ON signatures
BEGIN
    INSERT INTO tallies (campaign, status, dimension, value, signatures, letters)
    SELECT campaign, status, dimension, value, -1, -letters FROM signature_dimensions
    WHERE signature = OLD.id
    UNION ALL
    SELECT campaign, status, dimension, value, -signatures, -1 FROM letter_dimensions
    WHERE signature = OLD.id
    ON CONFLICT DO UPDATE SET signatures = signatures + excluded.signatures,
        letters = letters + excluded.letters;
END;

CREATE TRIGGER tally_letter_insert AFTER INSERT ON letters
BEGIN
    INSERT INTO tallies (campaign, status, dimension, value, signatures, letters)
    SELECT campaign, status, dimension, value, signatures, 1 FROM letter_dimensions
    WHERE signature = NEW.signature AND seat = NEW.seat
    ON CONFLICT DO UPDATE SET signatures = signatures + excluded.signatures,
        letters = letters + excluded.letters;
END;

CREATE TRIGGER tally_letter_delete BEFORE DELETE ON letters
BEGIN
    INSERT INTO tallies (campaign, status, dimension, value, signatures, letters)
    SELECT campaign, status, dimension, value, -signatures, -1 FROM letter_dimensions
    WHERE signature = OLD.signature AND seat = OLD.seat
    ON CONFLICT DO UPDATE SET signatures = signatures + excluded.signatures,
        letters = letters + excluded.letters;
END;

CREATE TRIGGER tally_letter_before_update BEFORE UPDATE OF signature, bioguide ON letters
WHEN OLD.signature <> NEW.signature OR OLD.bioguide IS NOT NEW.bioguide
BEGIN
    INSERT INTO tallies (campaign, status, dimension, value, signatures, letters)
    SELECT campaign, status, dimension, value, -signatures, -1 FROM letter_dimensions
    WHERE signature = OLD.signature AND seat = OLD.seat
    ON CONFLICT DO UPDATE SET signatures = signatures + excluded.signatures,
        letters = letters + excluded.letters;
END;

CREATE TRIGGER tally_letter_update AFTER UPDATE OF signature, bioguide ON letters
WHEN OLD.signature <> NEW.signature OR OLD.bioguide IS NOT NEW.bioguide
BEGIN
    INSERT INTO tallies (campaign, status, dimension, value, signatures, letters)
    SELECT campaign, status, dimension, value, signatures, 1 FROM letter_dimensions
    WHERE signature = NEW.signature AND seat = NEW.seat
    ON CONFLICT DO UPDATE SET signatures = signatures + excluded.signatures,
        letters = letters + excluded.letters;
END;

-- By far the most frequent change: a letter's state.
CREATE TRIGGER tally_letter_state AFTER UPDATE OF state ON letters
WHEN OLD.signature = NEW.signature AND OLD.bioguide = NEW.bioguide AND OLD.state <> NEW.state
BEGIN
    INSERT INTO tallies (campaign, status, dimension, value, signatures, letters)
    SELECT campaign, status, dimension, OLD.state, 0, -1 FROM letter_dimensions
    WHERE signature = NEW.signature AND seat = NEW.seat AND dimension <> 'recipient'
    UNION ALL
    SELECT campaign, status, dimension, NEW.state, 0, 1 FROM letter_dimensions
    WHERE signature = NEW.signature AND seat = NEW.seat AND dimension <> 'recipient'
    ON CONFLICT DO UPDATE SET signatures = signatures + excluded.signatures,
        letters = letters + excluded.letters;
END;

-- The counts by state that the public table was last built from.
CREATE TABLE shown (
    campaign TEXT NOT NULL,
    state TEXT NOT NULL,
    signatures INTEGER NOT NULL,
    PRIMARY KEY (campaign, state)
) STRICT, WITHOUT ROWID;


-- 8. The campaign's own texts, as edited by organizers -------------------------------------

-- Every text that was ever saved for a file of a campaign, one per row.
--
-- 'draft' is the current draft of a file and 'saved' an earlier state of it; 'live' is what
-- residents see and 'past' what they saw before; 'retired' was the last live text and is no longer
-- offered. A file without a live or retired row uses its text in the folder. `number` is assigned
-- when a text is published. `began_from` is the live row (0: the file in the folder) that a draft
-- started from.
CREATE TABLE campaign_files (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign TEXT NOT NULL,
    name TEXT NOT NULL,
    source TEXT NOT NULL,
    version TEXT NOT NULL CHECK (length(version) = 64),
    status TEXT NOT NULL CHECK (status IN
        ('draft', 'saved', 'discarded', 'live', 'past', 'retired')),
    author TEXT NOT NULL,
    at TEXT NOT NULL,
    note TEXT NOT NULL,
    began_from INTEGER NOT NULL,
    number INTEGER,
    published_by TEXT NOT NULL DEFAULT '',
    published_at TEXT,
    CHECK ((number IS NULL) = (status IN ('draft', 'saved', 'discarded')))
) STRICT;

CREATE UNIQUE INDEX one_live_text ON campaign_files (campaign, name)
    WHERE status IN ('live', 'retired');
CREATE UNIQUE INDEX one_draft ON campaign_files (campaign, name) WHERE status = 'draft';
CREATE UNIQUE INDEX one_number ON campaign_files (campaign, name, number)
    WHERE number IS NOT NULL;
CREATE INDEX files_by_name ON campaign_files (campaign, name, id);

-- Counts changes that residents can see, so that every process can tell with one cheap query
-- whether to reload.
CREATE TABLE campaign_changes (
    campaign TEXT PRIMARY KEY,
    counter INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The campaigns of a site. The one in its settings needs no row: it is open, and on the start page
-- while no other one is. One that is 'preparing' is visible only to organizers, and one that has
-- 'ended' is an archive: neither takes signatures from any source.
CREATE TABLE campaigns (
    slug TEXT PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('preparing', 'open', 'ended')),
    starts INTEGER NOT NULL DEFAULT 0 CHECK (starts IN (0, 1)),
    begun_at TEXT NOT NULL,
    ended_at TEXT,
    CHECK ((ended_at IS NOT NULL) = (state = 'ended')),
    CHECK (starts = 0 OR state <> 'preparing')
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX one_on_the_start_page ON campaigns (starts) WHERE starts = 1;

CREATE TRIGGER only_open_campaigns_take_signatures BEFORE INSERT ON signatures
WHEN NEW.status <> 'test'
    AND EXISTS (SELECT 1 FROM campaigns WHERE slug = NEW.campaign AND state <> 'open')
BEGIN
    SELECT RAISE(ABORT, 'this campaign takes no signatures');
END;


-- 9. Organizers ----------------------------------------------------------------------------

-- `name_key` is the name with case and spaces normalized, so that no two organizers' names look
-- alike. `totp` is sealed; `totp_step` is the step of the last accepted code, so that none works
-- twice; `alerts` is their email address for alerts, encrypted with the site's secret. An organizer
-- is never deleted, because the audit trail names them.
CREATE TABLE organizers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL CHECK (role IN ('editor', 'exporter', 'admin')),
    password TEXT,
    totp BLOB,
    totp_step INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL,
    disabled INTEGER,
    logged_in INTEGER,
    alerts BLOB
) STRICT;

-- One-time links to set a password.
CREATE TABLE organizer_links (
    hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
    organizer INTEGER NOT NULL REFERENCES organizers (id),
    expires INTEGER NOT NULL,
    used INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE organizer_recovery_codes (
    organizer INTEGER NOT NULL REFERENCES organizers (id),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (organizer, hash)
) STRICT, WITHOUT ROWID;

-- Passkeys (WebAuthn), each a second factor in addition to the authenticator app. `uses` is the
-- device's signature counter, which must only increase; 0 for a device that does not count.
CREATE TABLE organizer_passkeys (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    organizer INTEGER NOT NULL REFERENCES organizers (id),
    credential BLOB NOT NULL UNIQUE,
    public_key BLOB NOT NULL,
    uses INTEGER NOT NULL,
    device TEXT NOT NULL,
    created INTEGER NOT NULL,
    used INTEGER
) STRICT;

-- `id` is never reused and may be shown; the token is stored as a digest. `stage` is 'password'
-- after the first half of logging in and 'full' after both.
CREATE TABLE organizer_sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    organizer INTEGER NOT NULL REFERENCES organizers (id),
    stage TEXT NOT NULL CHECK (stage IN ('password', 'full')),
    device TEXT NOT NULL,
    created INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    confirmed INTEGER NOT NULL,
    wrong INTEGER NOT NULL DEFAULT 0,
    passed INTEGER,
    ended INTEGER
) STRICT;

CREATE INDEX organizer_sessions_of ON organizer_sessions (organizer, ended);

-- The audit trail. Rows are never altered; old ones may be purged.
CREATE TABLE audit_events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL CHECK (at GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T*Z'),
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    subject TEXT NOT NULL,
    before TEXT NOT NULL CHECK (json_type(before) = 'object'),
    after TEXT NOT NULL CHECK (json_type(after) = 'object')
) STRICT;

CREATE INDEX audit_events_who ON audit_events (who, number);
CREATE INDEX audit_events_what ON audit_events (what, number);

CREATE TRIGGER audit_events_stay BEFORE UPDATE ON audit_events
BEGIN SELECT RAISE(ABORT, 'an audit event is never altered'); END;

-- Recent failed log-ins, and where an account has logged in successfully. `account` and `source`
-- are keyed codes: neither a name that was typed nor an IP address can be recovered. All three
-- tables are swept as they are used.
CREATE TABLE login_failures (
    account BLOB NOT NULL,
    source BLOB NOT NULL,
    address BLOB NOT NULL,
    step TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;

CREATE INDEX login_failures_account ON login_failures (account, at);
CREATE INDEX login_failures_address ON login_failures (address, at);
CREATE INDEX login_failures_at ON login_failures (at);

CREATE TABLE login_waits (
    account BLOB NOT NULL,
    source BLOB NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (account, source)
) STRICT, WITHOUT ROWID;

CREATE INDEX login_waits_since ON login_waits (since);

CREATE TABLE login_sources (
    account BLOB NOT NULL,
    source BLOB NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (account, source)
) STRICT, WITHOUT ROWID;
