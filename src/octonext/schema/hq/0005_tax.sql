-- Taxes, per jurisdiction and class of goods. What is due is computed by compliance.domain.

CREATE TABLE tax (
    jurisdiction text   NOT NULL CHECK (jurisdiction ~ '^[A-Z]{2}$'),
    tax_class    text   NOT NULL CHECK (tax_class IN ('standard', 'zero', 'exempt', 'none')),
    -- What stands on receipts and in the tax report. Its last letter is the duty category of
    -- UN/CEFACT 5305, as the e-invoices of the region use it: S, Z, E, or O for outside of any tax.
    tax_code     text   NOT NULL CHECK (tax_code ~ '^[A-Z]{2}-[A-Z0-9]{1,8}$'),
    -- Parts per million: 15 % is 150000.
    rate_ppm     int    NOT NULL CHECK (rate_ppm BETWEEN 0 AND 1000000),
    name_en      text   NOT NULL CHECK (length(name_en) BETWEEN 1 AND 120),
    name_ar      text   NOT NULL CHECK (length(name_ar) <= 120),
    PRIMARY KEY (jurisdiction, tax_class),
    CONSTRAINT tax_class_rate CHECK (tax_class = 'standard' OR rate_ppm = 0)
);

CREATE VIEW reference_tax AS
SELECT jurisdiction, tax_class, concat_ws(':', jurisdiction, tax_class) AS key,
       NULL::int AS scope_region_id, NULL::int AS scope_branch_id,
       jsonb_build_object('jurisdiction', jurisdiction, 'tax_class', tax_class, 'tax_code', tax_code,
           'rate_ppm', rate_ppm, 'name_en', name_en, 'name_ar', name_ar) AS payload
FROM tax;

CALL publish_changes('tax', 'tax', 'own', 'jurisdiction', 'tax_class');

-- The rates of the six Gulf states. Each source is named in compliance.domain, and a test holds the
-- two equal. Kuwait and Qatar have no VAT: every class of goods is outside of any tax there.
INSERT INTO tax (jurisdiction, tax_class, tax_code, rate_ppm, name_en, name_ar)
SELECT j.code, c.tax_class, j.code || '-' || CASE WHEN j.standard_ppm = 0 THEN 'O' ELSE c.letter END,
       CASE WHEN c.tax_class = 'standard' THEN j.standard_ppm ELSE 0 END,
       CASE WHEN j.standard_ppm = 0 THEN 'No tax' ELSE c.name_en END,
       CASE WHEN j.standard_ppm = 0 THEN 'بدون ضريبة' ELSE c.name_ar END
FROM (VALUES ('AE', 50000), ('BH', 100000), ('KW', 0), ('OM', 50000), ('QA', 0), ('SA', 150000))
     AS j (code, standard_ppm)
CROSS JOIN (VALUES ('standard', 'S', 'VAT', 'ضريبة القيمة المضافة'),
                   ('zero', 'Z', 'VAT zero-rated', 'ضريبة القيمة المضافة بنسبة الصفر'),
                   ('exempt', 'E', 'VAT exempt', 'معفى من ضريبة القيمة المضافة'),
                   ('none', 'O', 'No tax', 'بدون ضريبة'))
     AS c (tax_class, letter, name_en, name_ar);
