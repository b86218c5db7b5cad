-- Triggers, functions, views, row security. Run as mail_app.

-- F-S03: copies personal data to another table on every change of a contact.
CREATE FUNCTION mail.record_contact_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO mail.contact_timeline (contact_id, changed_at, change)
  VALUES (OLD.id, clock_timestamp(), jsonb_build_object('name', OLD.full_name, 'email', OLD.email, 'phone', OLD.phone));
  RETURN NEW;
END $$;
CREATE TRIGGER contact_changes BEFORE UPDATE ON mail.contacts FOR EACH ROW EXECUTE FUNCTION mail.record_contact_change();

-- PG09, PG10: anybody may run it with its owner's rights, and its search path is the caller's.
CREATE FUNCTION mail.message_count(account bigint) RETURNS bigint LANGUAGE sql SECURITY DEFINER STABLE AS
  'SELECT count(*) FROM mail.messages m JOIN mail.mailboxes b ON b.id = m.mailbox_id WHERE b.account_id = $1';

-- PG12: row security binds everybody but the owner, who is the application (no FORCE).
ALTER TABLE mail.messages ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON mail.messages USING (tenant_id = NULLIF(current_setting('app.tenant', true), '')::integer);

-- PG11: a view with its owner's rights over mail, past row security.
CREATE VIEW mail.message_overview AS
  SELECT m.id, m.tenant_id, b.account_id, m.sent_at, m.sender_ref, m.subject
  FROM mail.messages m JOIN mail.mailboxes b ON b.id = m.mailbox_id;
CREATE VIEW mail.own_messages WITH (security_invoker = true) AS SELECT id, sent_at, subject FROM mail.messages;

-- F-S04: a copy of addresses that no delete reaches until the next refresh.
CREATE MATERIALIZED VIEW mail.frequent_senders AS
  SELECT tenant_id, lower(sender_ref) AS sender, count(*) AS messages
  FROM mail.messages GROUP BY tenant_id, lower(sender_ref) ORDER BY count(*) DESC, 2, 1 LIMIT 1000;
