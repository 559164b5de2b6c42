-- The rights that the service's database account needs. The owner of the tables grants them, after each migration.
--   psql "$OWNER_URL" -v ON_ERROR_STOP=1 -v role=billing_bff -f docs/runtime-role.sql
-- No UPDATE, DELETE or TRUNCATE on the trail. The account owns nothing.
-- It makes and drops months by functions of the owner. How long months are kept stands in audit_retention, which only
-- the owner can write: by `npm run migrate` with AUDIT_RETENTION_DAYS, or by hand:
--   insert into audit_retention (days) values (400) on conflict (only_row) do update set days = excluded.days;
grant usage on schema public to :"role";
grant select, insert on audit_record, audit_set_aside, audit_log_key_end to :"role";
grant select, insert, delete on audit_pending, customer_alias to :"role";
grant select on audit_retention to :"role";
grant select, insert, update on audit_log, audit_tile, audit_cosignature, audit_log_key, app_key, tenant, tenant_token, lease to :"role";
grant select, insert, update, delete on operation, idempotency_key, customer_key, customer_lease, tenants_file_reader to :"role";
grant select on kysely_migration, kysely_migration_lock to :"role";
grant execute on function audit_event_missing_months(), audit_event_create_month(timestamptz), audit_event_old_months(),
  audit_event_drop_month(timestamptz), audit_event_in_default() to :"role";
