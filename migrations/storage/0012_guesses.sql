-- Networks from which an account was confirmed keep half of the password hashing. Each password asks for its network.

CREATE INDEX sessions_by_confirmed_network ON sessions (network, confirmed_at) WHERE confirmed_at IS NOT NULL;

-- A block of many networks may have made hundreds of guesses: they are counted from the index alone.
DROP INDEX attempts_by_subject;
CREATE INDEX attempts_by_subject ON attempts (kind, subject, at, undecided);
