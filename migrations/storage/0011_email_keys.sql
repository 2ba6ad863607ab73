-- All spellings of one email address have one key. SQL cannot compute it (UTS 46), so the next process that opens the
-- database adds the keys of existing rows. The younger of two accounts with one address keeps a null, and is found only
-- by its exact spelling, like an account whose address can have no key.

ALTER TABLE users ADD COLUMN email_key TEXT;
ALTER TABLE users ADD COLUMN email_settled INTEGER NOT NULL DEFAULT 0 CHECK (email_settled IN (0, 1));

CREATE UNIQUE INDEX users_by_email_key ON users (email_key) WHERE active_at IS NOT NULL;
CREATE INDEX users_unsettled ON users (email_settled, created_at) WHERE email_settled = 0;
