-- The audit trail is swept out by age; and whether it says of a reached limit already is asked by account, kind and time.

CREATE INDEX audit_by_time ON audit (at);
DROP INDEX audit_by_user;
CREATE INDEX audit_by_user ON audit (user_id, kind, at);
