-- The catalogue: what is sold, under which barcodes, at which price, at which cost.

CREATE TABLE category (
    category_id uuid PRIMARY KEY,
    code        text NOT NULL CONSTRAINT category_code_unique UNIQUE
                CONSTRAINT category_code_form CHECK (code ~ '^[A-Z0-9][A-Z0-9-]{0,31}$'),
    -- Set once, and to a category that is already there: so no circle can close.
    parent_id   uuid CONSTRAINT category_parent_known REFERENCES category
                CHECK (parent_id <> category_id),
    name_en     text NOT NULL CHECK (length(name_en) BETWEEN 1 AND 120),
    name_ar     text NOT NULL DEFAULT '' CHECK (length(name_ar) <= 120)
);

CREATE TABLE product (
    product_id  uuid PRIMARY KEY,
    sku         text NOT NULL CONSTRAINT product_sku_unique UNIQUE
                CHECK (length(sku) BETWEEN 1 AND 64 AND sku !~ '[[:cntrl:]]'),
    name_en     text NOT NULL CHECK (length(name_en) BETWEEN 1 AND 400),
    name_ar     text NOT NULL DEFAULT '' CHECK (length(name_ar) <= 400),
    -- Quantities are thousandths of it: one piece, or one kilogram.
    unit        text NOT NULL DEFAULT 'piece' CHECK (unit IN ('piece', 'kg')),
    category_id uuid CONSTRAINT product_category_known REFERENCES category,
    tax_class   text NOT NULL DEFAULT 'standard'
                CHECK (tax_class IN ('standard', 'zero', 'exempt', 'none')),
    active      boolean NOT NULL DEFAULT true,
    created_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE barcode (
    barcode    text PRIMARY KEY CHECK (barcode ~ '^[A-Za-z0-9._/-]{1,32}$'),
    product_id uuid NOT NULL
               CONSTRAINT barcode_product_known REFERENCES product ON DELETE CASCADE,
    kind       text NOT NULL CHECK (kind IN ('ean13', 'ean8', 'upca', 'gtin14', 'internal'))
);
CREATE INDEX barcode_of_product ON barcode (product_id);
-- A UPC-A is an EAN-13 without its leading zero: both name one trade item, so only one may be held.
CREATE UNIQUE INDEX barcode_gtin_unique ON barcode (lpad(barcode, 14, '0')) WHERE kind <> 'internal';

CREATE TABLE price_list (
    price_list_id uuid PRIMARY KEY,
    code          text NOT NULL CONSTRAINT price_list_code_unique UNIQUE
                  CONSTRAINT price_list_code_form CHECK (code ~ '^[A-Z0-9][A-Z0-9-]{0,31}$'),
    name          text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    region_id     int  NOT NULL,
    branch_id     int,
    currency      text NOT NULL,
    tax_inclusive boolean NOT NULL,
    -- The higher wins; see catalog.domain.price_on.
    priority      int NOT NULL DEFAULT 0 CHECK (priority BETWEEN 0 AND 1000),
    -- A price is in the money of its region.
    CONSTRAINT price_list_region_currency FOREIGN KEY (region_id, currency)
        REFERENCES region (region_id, currency),
    CONSTRAINT price_list_branch_in_region FOREIGN KEY (branch_id, region_id)
        REFERENCES branch (branch_id, region_id),
    UNIQUE (price_list_id, currency)
);

CREATE TABLE price (
    price_list_id uuid   NOT NULL,
    product_id    uuid   NOT NULL CONSTRAINT price_product_known REFERENCES product ON DELETE CASCADE,
    valid_from    date   NOT NULL,
    -- The last day on which it holds; null means until further notice.
    valid_until   date   CONSTRAINT price_validity CHECK (valid_until >= valid_from),
    -- Minor units of the currency.
    amount        bigint NOT NULL CHECK (amount BETWEEN 0 AND 1000000000000),
    currency      text   NOT NULL,
    PRIMARY KEY (price_list_id, product_id, valid_from),
    CONSTRAINT price_list_known FOREIGN KEY (price_list_id, currency)
        REFERENCES price_list (price_list_id, currency)
);
CREATE INDEX price_of_product ON price (product_id);

CREATE TABLE cost (
    region_id  int    NOT NULL,
    product_id uuid   NOT NULL CONSTRAINT cost_product_known REFERENCES product ON DELETE CASCADE,
    -- Minor units of the region's currency, per unit of the product.
    cost       bigint NOT NULL CHECK (cost BETWEEN 0 AND 1000000000000),
    currency   text   NOT NULL,
    PRIMARY KEY (region_id, product_id),
    CONSTRAINT cost_region_currency FOREIGN KEY (region_id, currency)
        REFERENCES region (region_id, currency)
);

-- No two prices of one product in one list on one day. An exclusion constraint over (uuid, daterange)
-- would need the btree_gist extension, which a PostgreSQL server need not have; locking the lists
-- first makes this check as safe: the statement after the lock sees what the holder committed.
CREATE FUNCTION refuse_price_overlap() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $body$
DECLARE
    v_overlap record;
BEGIN
    PERFORM 1 FROM price_list
    WHERE price_list_id IN (SELECT price_list_id FROM new_rows)
    ORDER BY price_list_id FOR NO KEY UPDATE;

    SELECT n.product_id, n.valid_from, p.valid_from AS other_from INTO v_overlap
    FROM new_rows AS n
    JOIN price AS p ON p.price_list_id = n.price_list_id AND p.product_id = n.product_id
         AND p.valid_from <> n.valid_from
         AND daterange(p.valid_from, p.valid_until, '[]') && daterange(n.valid_from, n.valid_until, '[]')
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'price of product % from % overlaps the one from %',
            v_overlap.product_id, v_overlap.valid_from, v_overlap.other_from
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'price_overlap';
    END IF;
    RETURN NULL;
END $body$;

CREATE TRIGGER price_overlap_insert AFTER INSERT ON price REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_price_overlap();
CREATE TRIGGER price_overlap_update AFTER UPDATE ON price REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_price_overlap();

CREATE VIEW reference_category AS
SELECT category_id, category_id::text AS key, NULL::int AS scope_region_id, NULL::int AS scope_branch_id,
       jsonb_build_object('category_id', category_id, 'parent_id', parent_id,
           'name_en', name_en, 'name_ar', name_ar) AS payload
FROM category;

CREATE VIEW reference_product AS
SELECT p.product_id, p.product_id::text AS key,
       NULL::int AS scope_region_id, NULL::int AS scope_branch_id,
       jsonb_build_object('product_id', p.product_id, 'sku', p.sku, 'name_en', p.name_en,
           'name_ar', p.name_ar, 'unit', p.unit, 'category_id', p.category_id,
           'tax_class', p.tax_class,
           'barcodes', (SELECT coalesce(jsonb_agg(b.barcode ORDER BY b.barcode), '[]'::jsonb)
                        FROM barcode AS b WHERE b.product_id = p.product_id),
           'active', p.active) AS payload
FROM product AS p;

CREATE VIEW reference_price_list AS
SELECT price_list_id, price_list_id::text AS key,
       region_id AS scope_region_id, branch_id AS scope_branch_id,
       jsonb_build_object('price_list_id', price_list_id, 'name', name, 'region_id', region_id,
           'branch_id', branch_id, 'currency', currency, 'tax_inclusive', tax_inclusive,
           'priority', priority) AS payload
FROM price_list;

CREATE VIEW reference_price AS
SELECT p.price_list_id, p.product_id, p.valid_from,
       concat_ws(':', p.price_list_id, p.product_id, to_char(p.valid_from, 'YYYY-MM-DD')) AS key,
       l.region_id AS scope_region_id, l.branch_id AS scope_branch_id,
       jsonb_build_object('price_list_id', p.price_list_id, 'product_id', p.product_id,
           'amount', p.amount, 'currency', p.currency,
           'valid_from', p.valid_from, 'valid_until', p.valid_until) AS payload
FROM price AS p JOIN price_list AS l USING (price_list_id);

CREATE VIEW reference_cost AS
SELECT region_id, product_id, concat_ws(':', region_id, product_id) AS key,
       region_id AS scope_region_id, NULL::int AS scope_branch_id,
       jsonb_build_object('region_id', region_id, 'product_id', product_id,
           'cost', cost, 'currency', currency) AS payload
FROM cost;

CALL publish_changes('category', 'category', 'own', 'category_id');
CALL publish_changes('product', 'product', 'own', 'product_id');
CALL publish_changes('barcode', 'product', 'part', 'product_id');
CALL publish_changes('price_list', 'price_list', 'own', 'price_list_id');
CALL publish_changes('price', 'price', 'own', 'price_list_id', 'product_id', 'valid_from');
CALL publish_changes('cost', 'cost', 'own', 'region_id', 'product_id');

CREATE TRIGGER category_scope BEFORE UPDATE ON category FOR EACH ROW
    EXECUTE FUNCTION refuse_change('category_id', 'parent_id');
CREATE TRIGGER product_scope BEFORE UPDATE ON product FOR EACH ROW
    EXECUTE FUNCTION refuse_change('product_id');
CREATE TRIGGER price_list_scope BEFORE UPDATE ON price_list FOR EACH ROW
    EXECUTE FUNCTION refuse_change('price_list_id', 'region_id', 'branch_id', 'currency');
