-- Grants, with the planted access faults. Run by the superuser on the platform database.
GRANT USAGE ON SCHEMA mail TO mail_reader, mail_support, mail_billing, svc_delivery, svc_search;
GRANT USAGE ON SCHEMA ops TO mail_support;
GRANT SELECT ON ALL TABLES IN SCHEMA mail TO mail_reader;
GRANT SELECT ON ops.support_tickets, ops.agent_grants TO mail_support;
GRANT SELECT ON mail.message_overview TO mail_support;                        -- PG11: support reads subjects of all tenants
GRANT SELECT ON mail.invoices, mail.tenants TO mail_billing;
GRANT INSERT, SELECT ON mail.delivery_log TO svc_delivery;
GRANT SELECT (id, subject) ON mail.messages TO svc_search;                    -- PG18
GRANT SELECT ON mail.email_verifications TO PUBLIC;                           -- PG14
GRANT CREATE ON SCHEMA ops TO PUBLIC;                                         -- PG15
-- PG16: PUBLIC keeps CONNECT and TEMPORARY on the database mail, as PostgreSQL's default has it.
GRANT SELECT ON mail.contacts TO bob_tan WITH GRANT OPTION;                   -- PG17
ALTER DEFAULT PRIVILEGES FOR ROLE mail_app IN SCHEMA mail GRANT SELECT ON TABLES TO carol_diaz;  -- PG19
CREATE TABLE ops.scratch_export (email text, exported_on date);
ALTER TABLE ops.scratch_export OWNER TO bob_tan;                              -- PG21, and F-S09: the data map calls it free of personal data
INSERT INTO ops.scratch_export SELECT email, date '2026-03-14' FROM mail.accounts WHERE id <= 5 ORDER BY id;
-- PG22: credentials in a user mapping.
CREATE FOREIGN DATA WRAPPER crm;
CREATE SERVER crm FOREIGN DATA WRAPPER crm OPTIONS (host 'crm.internal.example');
CREATE USER MAPPING FOR svc_analytics SERVER crm OPTIONS ("user" 'sync', password 'not-a-real-credential');
-- Where an erasure keeps which rows it treats, until it is done.
CREATE SCHEMA postern_work AUTHORIZATION postern_writer;
