-- Roles of the generated platform, run once per cluster on the database postgres by the superuser.
-- Passwords are set afterwards, by SCRAM verifiers. A role without a password cannot log in at all.
-- Planted faults carry the rule that must find them; docs/sandbox.md lists them all.

CREATE ROLE mail_app LOGIN;                       -- PG13: the application owns the tables
CREATE ROLE postern_reader LOGIN BYPASSRLS;       -- the platform profile's login: backups see everything
GRANT pg_read_all_data TO postern_reader;
CREATE ROLE postern_writer LOGIN BYPASSRLS;       -- applies plans to the platform database, and nothing else
GRANT pg_read_all_data, pg_write_all_data TO postern_writer;
GRANT pg_maintain TO postern_writer;              -- erasures make views and statistics anew
CREATE ROLE postern_owner LOGIN;                  -- owns postern's own database
CREATE ROLE postern_state LOGIN;                  -- what daily commands use there

CREATE ROLE mail_reader NOLOGIN;
CREATE ROLE mail_support NOLOGIN;
CREATE ROLE mail_billing NOLOGIN;

-- Services.
CREATE ROLE svc_delivery LOGIN VALID UNTIL '2027-01-01 00:00:00+00';
CREATE ROLE svc_search LOGIN;                     -- PG26 stays quiet: a service, not a person
CREATE ROLE svc_analytics LOGIN;
GRANT pg_read_all_data TO svc_analytics;          -- PG05: reads every table, mail included
CREATE ROLE svc_export LOGIN;
GRANT pg_write_server_files TO svc_export;        -- PG06
CREATE ROLE legacy_import LOGIN;                  -- PG27: nobody owns it; PW02: its password is a compromised one

-- People.
CREATE ROLE alice_meyer LOGIN VALID UNTIL '2026-12-31 00:00:00+00' IN ROLE mail_support;
CREATE ROLE bob_tan LOGIN IN ROLE mail_support;   -- PG26: no VALID UNTIL
CREATE ROLE carol_diaz LOGIN IN ROLE mail_reader; -- HR01: left the company on 2026-02-28
CREATE ROLE dave_kim LOGIN BYPASSRLS;             -- PG02
CREATE ROLE erin_novak LOGIN CREATEROLE;          -- PG04
CREATE ROLE frank_haas LOGIN SUPERUSER;           -- PG01
CREATE ROLE grace_lee LOGIN REPLICATION;          -- PG03
CREATE ROLE henry_vogel LOGIN;
GRANT mail_reader TO henry_vogel WITH INHERIT FALSE, SET TRUE;                -- PG07: only by SET ROLE
CREATE ROLE iris_costa LOGIN;
GRANT mail_reader TO iris_costa WITH ADMIN TRUE, INHERIT FALSE, SET FALSE;    -- PG08: can grant it to herself
CREATE ROLE jan_kowalski LOGIN VALID UNTIL '2026-12-31 00:00:00+00' IN ROLE mail_billing;
ALTER ROLE dave_kim SET log_statement = 'none';   -- PG20
-- PG25: an md5 verifier, of a random password that nobody knows.
ALTER ROLE svc_search PASSWORD 'md5c0ffee6e8c1f4b6f9a57d6e2a1b3c4d5';
GRANT SET ON PARAMETER log_min_duration_statement TO erin_novak;              -- PG24
