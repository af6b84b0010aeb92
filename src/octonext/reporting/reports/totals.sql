-- Everything counted and summed for reconciliation, one row per branch and currency.
SELECT branch_id, currency,
       sum(sales) AS sale_count, sum(returns) AS return_count, sum(lines) AS line_count,
       sum(quantities) AS quantity, sum(totals) AS total, sum(nets) AS net, sum(taxes) AS tax,
       sum(discounts) AS discount, sum(roundings) AS rounding,
       sum(line_totals) AS line_total, sum(line_taxes) AS line_tax,
       sum(payments) AS payment_count, sum(amounts) AS paid,
       sum(ledger_lines) AS ledger_line_count, sum(debits) AS debit, sum(credits) AS credit
FROM (
  SELECT branch_id, currency, if(kind = 'sale', count(), 0) AS sales, if(kind = 'return', count(), 0) AS returns,
         toUInt64(0) AS lines, toInt64(0) AS quantities,
         sum(x.total) AS totals, sum(x.net) AS nets, sum(x.tax) AS taxes,
         if(kind = 'return', -sum(x.discount), sum(x.discount)) AS discounts, sum(x.rounding) AS roundings,
         toInt64(0) AS line_totals, toInt64(0) AS line_taxes,
         toUInt64(0) AS payments, toInt64(0) AS amounts,
         toUInt64(0) AS ledger_lines, toInt64(0) AS debits, toInt64(0) AS credits
  FROM sale AS x
  WHERE business_date BETWEEN {from:Date32} AND {to:Date32}
    AND ({everywhere:UInt8} = 1 OR branch_id IN {branches:Array(Int32)})
  GROUP BY branch_id, currency, kind
  UNION ALL
  SELECT branch_id, currency, 0, 0, count(), sum(x.quantity), 0, 0, 0, 0, 0, sum(x.total), sum(x.tax),
         0, 0, 0, 0, 0
  FROM sale_line AS x
  WHERE business_date BETWEEN {from:Date32} AND {to:Date32}
    AND ({everywhere:UInt8} = 1 OR branch_id IN {branches:Array(Int32)})
  GROUP BY branch_id, currency
  UNION ALL
  SELECT branch_id, currency, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, count(), sum(x.amount), 0, 0, 0
  FROM payment AS x
  WHERE business_date BETWEEN {from:Date32} AND {to:Date32}
    AND ({everywhere:UInt8} = 1 OR branch_id IN {branches:Array(Int32)})
  GROUP BY branch_id, currency
  UNION ALL
  SELECT branch_id, currency, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, count(), sum(x.debit), sum(x.credit)
  FROM ledger AS x
  WHERE business_date BETWEEN {from:Date32} AND {to:Date32}
    AND ({everywhere:UInt8} = 1 OR branch_id IN {branches:Array(Int32)})
  GROUP BY branch_id, currency
)
GROUP BY branch_id, currency
ORDER BY branch_id, currency
LIMIT {limit:UInt32}
