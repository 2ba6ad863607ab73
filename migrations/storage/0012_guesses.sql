-- Half of the password hashing is reserved for networks from which an account was confirmed. Each password looks up its
-- network here.

CREATE INDEX sessions_by_confirmed_network ON sessions (network, confirmed_at) WHERE confirmed_at IS NOT NULL;

-- A block of many networks may have made hundreds of guesses, so this index covers the count.
DROP INDEX attempts_by_subject;
CREATE INDEX attempts_by_subject ON attempts (kind, subject, at, undecided);
