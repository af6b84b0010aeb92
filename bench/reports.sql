-- The chain that the reports are measured on, made inside the OLAP store from a seed: 300 branches of
-- 8 countries, 18 months, 60,000 products with a long tail, three lines a receipt, one receipt in 25 a
-- return. Lines are made first; receipts, payments, movements and ledger follow from them, so that all
-- agree. These statements span the branches because they make them.

-- name: make_lines
-- The lines of the receipts from `first` on, all on days of one month.
INSERT INTO sale_line
WITH intDiv(number, 3) AS receipt,
     toInt32(number % 3 + 1) AS line,
     cityHash64({seed:UInt64}, receipt) AS r,
     cityHash64({seed:UInt64}, receipt, line) AS l,
     toInt32(floor(300 * pow((r % 1000003) / 1000003, 1.3))) + 1 AS branch,
     (branch - 1) % 8 + 1 AS region,
     ({first_day:Date32} + toIntervalDay(intDiv(r, 1000003) % {days:UInt32})) AS day,
     if(intDiv(r, 7) % 25 = 0, -1, 1) AS sign,
     arrayMap(k -> toUInt64(floor(60000 * pow((cityHash64({seed:UInt64}, receipt, k) % 1000033) / 1000033, 3))),
              [toInt32(1), toInt32(2), toInt32(3)]) AS products,
     products[line] AS product,
     toInt64(1000 * (1 + if(intDiv(l, 11) % 4 = 0, intDiv(l, 13) % 5, 0))) AS amount,
     toInt64(250 + cityHash64(product) % 9750) AS price,
     if(intDiv(l, 17) % 10 = 0, intDiv(price * amount, 10000), 0) AS off,
     intDiv(price * amount, 1000) - off AS due,
     [0, 150000, 50000, 0, 100000, 50000, 200000, 80000][region] AS rate,
     intDiv(due * rate, 1000000 + rate) AS included
SELECT 1000 + intDiv(receipt, 100), receipt * 4096 + line, concat('s-', toString(region)),
       branch, toInt32(branch * 10 + intDiv(r, 3) % 4), toInt64(receipt + 1), line,
       if(sign < 0, 'return', 'sale'), day,
       toDateTime64(day, 6, 'UTC') + toIntervalSecond(8 * 3600 + intDiv(r, 5) % 50000),
       toUUID(concat('0199c0de-0000-7000-8000-', leftPad(lower(hex(product)), 12, '0'))),
       sign * amount, price, off, sign * (due - included), sign * included, sign * due,
       concat(['KW', 'SA', 'AE', 'QA', 'BH', 'OM', 'GB', 'US'][region], if(rate = 0, '-N', '-S')),
       ['KWD', 'SAR', 'AED', 'QAR', 'BHD', 'OMR', 'GBP', 'USD'][region],
       indexOf(products, product) = line
FROM numbers({first:UInt64} * 3, {count:UInt64} * 3)
SETTINGS min_insert_block_size_rows = 524288, max_insert_threads = 1;

-- name: make_receipts
-- The receipts of those lines.
INSERT INTO sale
SELECT any(feed_xid), any(bitAnd(feed_id, bitNot(toUInt64(4095)))), any(source), branch_id, device_id, seq,
       any(kind), NULL, NULL, any(occurred_at), any(occurred_at) + toIntervalHour(3), any(occurred_at),
       any(occurred_at), any(business_date), any(currency), sum(x.total), sum(x.net), sum(x.tax),
       sum(x.discount), 0, toInt32(count()),
       if(any(kind) = 'return' AND seq % 3 > 0, branch_id + toInt32(seq % 2), NULL),
       if(any(kind) = 'return' AND seq % 3 > 0, device_id, NULL),
       if(any(kind) = 'return' AND seq % 3 > 0, seq - 1, NULL), any(kind) = 'return' AND seq % 11 = 0
FROM sale_line AS x WHERE business_date BETWEEN {first_day:Date32} AND {last_day:Date32}
GROUP BY branch_id, device_id, seq;

-- name: make_payments
-- One payment for each receipt.
INSERT INTO payment
SELECT feed_xid, feed_id, source, branch_id, device_id, seq, 1, business_date, occurred_at,
       ['cash', 'card', 'knet', 'mada', 'voucher'][seq % 5 + 1], total, currency
FROM sale WHERE business_date BETWEEN {first_day:Date32} AND {last_day:Date32};

-- name: make_movements
-- Each line's movement of stock.
INSERT INTO movement
SELECT feed_xid, feed_id, source, branch_id, device_id, seq, line_no, product_id, -quantity, kind, occurred_at
FROM sale_line WHERE business_date BETWEEN {first_day:Date32} AND {last_day:Date32};

-- name: make_ledger
-- Three ledger lines for each receipt: what was taken, turnover, tax.
INSERT INTO ledger
SELECT feed_xid, feed_id + account.1, source, branch_id, device_id, seq, account.1, account.2,
       if(account.3 > 0, account.3, 0), if(account.3 < 0, -account.3, 0), currency, business_date
FROM sale
ARRAY JOIN [(1, if(seq % 5 = 0, 1010, 1020), total), (2, 4010, -net), (3, 2210, -tax)] AS account
WHERE business_date BETWEEN {first_day:Date32} AND {last_day:Date32};

-- name: make_regions
-- Eight countries.
INSERT INTO dimension (feed_xid, feed_id, source, kind, key, present, region_id, code, name_en, name_ar, currency)
SELECT 1, number, 'hq', 'region', toString(number), true, number,
       ['KW', 'SA', 'AE', 'QA', 'BH', 'OM', 'GB', 'US'][number], 'Country', 'بلد',
       ['KWD', 'SAR', 'AED', 'QAR', 'BHD', 'OMR', 'GBP', 'USD'][number]
FROM numbers(1, 8);

-- name: make_branches
-- Three hundred branches.
INSERT INTO dimension (feed_xid, feed_id, source, kind, key, present, region_id, branch_id, code, name_en,
                       name_ar, shard_id)
SELECT 1, number, 'hq', 'branch', toString(number), true, (number - 1) % 8 + 1, number,
       concat('B', leftPad(toString(number), 3, '0')), concat('Branch ', toString(number)),
       concat('فرع ', toString(number)), concat('s-', toString((number - 1) % 8 + 1))
FROM numbers(1, 300);

-- name: make_tills
-- Four tills a branch, with their heads.
INSERT INTO dimension (feed_xid, feed_id, source, kind, key, present, branch_id, code, name_en, status)
SELECT 1, number, 'hq', 'device', toString((intDiv(number, 4) + 1) * 10 + number % 4), true,
       intDiv(number, 4) + 1, concat('T', toString(number % 4 + 1)), 'Till', 'enrolled'
FROM numbers(1200);

-- name: make_heads
-- Where the tills stand.
INSERT INTO device
SELECT 1000, branch_id * 4096 + device_id, any(source), branch_id, device_id, max(seq), repeat('ab', 32),
       max(occurred_at), max(occurred_at), toInt64(device_id % 90) - 45, 0, device_id % 3
FROM sale GROUP BY branch_id, device_id;

-- name: make_categories
-- A hundred categories.
INSERT INTO dimension (feed_xid, feed_id, source, kind, key, present, code, name_en, name_ar)
SELECT 1, number, 'hq', 'category', concat('c-', toString(number)), true, toString(number),
       concat('Category ', toString(number)), concat('صنف ', toString(number))
FROM numbers(100);

-- name: make_products
-- Sixty thousand products.
INSERT INTO dimension (feed_xid, feed_id, source, kind, key, present, code, name_en, name_ar, parent_id, unit)
SELECT 1, number, 'hq', 'product',
       concat('0199c0de-0000-7000-8000-', leftPad(lower(hex(number)), 12, '0')), true,
       concat('P-', leftPad(toString(number), 6, '0')), concat('Product ', toString(number)),
       concat('منتج ', toString(number)), concat('c-', toString(number % 100)), 'piece'
FROM numbers(60000);

-- name: make_costs
-- A cost of each product in each region.
INSERT INTO dimension (feed_xid, feed_id, source, kind, key, present, region_id, product_id, cost, currency)
SELECT 1, number, 'hq', 'cost', concat(toString(region), ':', product), true, region, product,
       100 + cityHash64(number) % 5000,
       ['KWD', 'SAR', 'AED', 'QAR', 'BHD', 'OMR', 'GBP', 'USD'][region]
FROM (SELECT number, toInt32(number % 8 + 1) AS region,
             concat('0199c0de-0000-7000-8000-', leftPad(lower(hex(intDiv(number, 8))), 12, '0')) AS product
      FROM numbers(480000));

-- name: bare_sum
-- The floor: one sum over the lines of some days and branches.
SELECT sum(x.total + 0) FROM sale_line AS x
WHERE business_date BETWEEN {from:Date32} AND {to:Date32} AND branch_id IN {branches:Array(Int32)};

-- name: make_bare_lines
-- A table of lines like the real one, without any sums.
CREATE TABLE bare_line (
    feed_xid UInt64, feed_id UInt64, source LowCardinality(String),
    branch_id Int32, device_id Int32, seq Int64, line_no Int32, kind LowCardinality(String),
    business_date Date32, occurred_at DateTime64(6, 'UTC'), product_id UUID,
    quantity Int64, unit_price Int64, discount Int64, net Int64, tax Int64, total Int64,
    tax_code LowCardinality(String), currency LowCardinality(String)
) ENGINE = MergeTree PARTITION BY toYear(business_date)
ORDER BY (intDiv(toInt32(business_date) + 3, 7), currency, branch_id, business_date, product_id, device_id,
          seq, line_no)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- name: count_merges
-- How many merges run.
SELECT count() FROM system.merges;

-- name: count_parts
-- How many parts the table with the most has.
SELECT max(parts) FROM (
  SELECT table, count() AS parts FROM system.parts
  WHERE active AND database = currentDatabase() GROUP BY table);

-- name: count_bytes
-- What the tables take on disk, without the parts that were merged and are about to go.
SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = currentDatabase();
