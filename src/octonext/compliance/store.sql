-- Taxes at head office. They belong to a jurisdiction, so every statement spans branches.

-- name: list_taxes
-- All taxes, of one jurisdiction or of every one; there are four of each.
SELECT jurisdiction, tax_class, tax_code, rate_ppm, name_en, name_ar FROM tax
WHERE $1::text IS NULL OR jurisdiction = $1 ORDER BY jurisdiction, tax_class;

-- name: put_tax
-- A tax as it is from now on.
INSERT INTO tax (jurisdiction, tax_class, tax_code, rate_ppm, name_en, name_ar)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (jurisdiction, tax_class) DO UPDATE
SET tax_code = excluded.tax_code, rate_ppm = excluded.rate_ppm,
    name_en = excluded.name_en, name_ar = excluded.name_ar
RETURNING jurisdiction, tax_class, tax_code, rate_ppm, name_en, name_ar;
