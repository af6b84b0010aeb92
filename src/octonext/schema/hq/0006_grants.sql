-- What the application may do. It never writes the feed, never changes where a row belongs, and
-- deletes only what has no history: a product, a till or a token is switched off instead.

GRANT SELECT ON ALL TABLES IN SCHEMA public TO octonext_app;

GRANT INSERT ON organisation, region, shard, branch, device, enrolment,
    cashier, cashier_branch, user_account, user_role, role_permission, api_token,
    category, product, barcode, price_list, price, cost, tax TO octonext_app;

GRANT UPDATE (name_en, name_ar) ON organisation TO octonext_app;
GRANT UPDATE (name_en, name_ar, time_zone) ON region TO octonext_app;
GRANT UPDATE (region_code, sync_public_key) ON shard TO octonext_app;
GRANT UPDATE (name_en, name_ar, active) ON branch TO octonext_app;
GRANT UPDATE (name, status, reason, public_key, share_key, share_generation, footprint, enrolled_at,
    unlocked_at) ON device TO octonext_app;
GRANT UPDATE (code_digest, expires_at, created_at) ON enrolment TO octonext_app;
GRANT UPDATE (name_en, name_ar, role, pin_hash, active) ON cashier TO octonext_app;
-- For its lock only: who changes what a role may do holds it.
GRANT UPDATE (description) ON role TO octonext_app;
GRANT UPDATE (full_name, password_hash, regions, active) ON user_account TO octonext_app;
GRANT UPDATE (revoked_at) ON api_token TO octonext_app;
GRANT UPDATE (name_en, name_ar) ON category TO octonext_app;
GRANT UPDATE (sku, name_en, name_ar, unit, category_id, tax_class, active) ON product TO octonext_app;
GRANT UPDATE (name, tax_inclusive, priority) ON price_list TO octonext_app;
GRANT UPDATE (valid_until, amount) ON price TO octonext_app;
GRANT UPDATE (cost) ON cost TO octonext_app;
GRANT UPDATE (tax_code, rate_ppm, name_en, name_ar) ON tax TO octonext_app;

GRANT DELETE ON enrolment, cashier_branch, user_role, role_permission, barcode, price, cost TO octonext_app;
