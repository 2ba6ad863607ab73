-- What a message is, for whoever it is handed on to.

ALTER TABLE messages ADD COLUMN schema TEXT NOT NULL DEFAULT 'callback.v1';
