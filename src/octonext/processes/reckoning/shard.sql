-- What a shard holds, summed up for the reckoning. Every statement spans the shard's branches on purpose:
-- each row names its branch, and all of them are compared.

-- name: receipts
-- Sales and returns of each branch.
SELECT branch_id, currency,
       count(*) FILTER (WHERE kind = 'sale')   AS sales,
       count(*) FILTER (WHERE kind = 'return') AS returns,
       sum(total)::bigint AS total, sum(tax)::bigint AS tax, sum(rounding)::bigint AS rounding
  FROM sale GROUP BY branch_id, currency;

-- name: lines
-- What was on them.
SELECT branch_id, currency, count(*) AS lines, sum(quantity)::bigint AS quantity,
       sum(total)::bigint AS line_total, sum(tax)::bigint AS line_tax
  FROM sale_line GROUP BY branch_id, currency;

-- name: payments
-- How it was paid.
SELECT branch_id, currency, tender, sum(amount)::bigint AS amount
  FROM sale_payment GROUP BY branch_id, currency, tender;

-- name: accounts
-- What the ledger made of it: debit less credit.
SELECT branch_id, currency, account, (sum(debit) - sum(credit))::bigint AS balance
  FROM ledger_line GROUP BY branch_id, currency, account;

-- name: movements
-- What moved, by reason and product.
SELECT branch_id, reason, product_id, sum(quantity)::bigint AS quantity
  FROM stock_movement GROUP BY branch_id, reason, product_id;

-- name: balances
-- What is on the shelves.
SELECT branch_id, product_id, on_hand FROM stock_balance;
