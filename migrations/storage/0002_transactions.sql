-- What a transaction needs beyond a sign-in: pictures of its own, and a code for it alone.

ALTER TABLE approvals ADD COLUMN logos TEXT NOT NULL DEFAULT '[]'; -- a JSON array
ALTER TABLE approvals ADD COLUMN code_sent_by TEXT CHECK (code_sent_by IN ('sms', 'call'));
