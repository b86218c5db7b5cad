select t.oid,
       t.evtname::text as "name",
       t.evtevent::text as "event",
       case t.evtenabled when 'D' then 'disabled' when 'R' then 'replica' when 'A' then 'always'
                         else 'origin' end as "enabled",
       t.evtfoid as "function",
       pg_get_userbyid(t.evtowner)::text as "owner",
       t.evttags as "tags"
  from pg_event_trigger t
 order by t.evtname collate "C"
