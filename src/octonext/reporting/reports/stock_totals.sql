-- Stock movements counted and summed for reconciliation, one row per branch and reason.
SELECT branch_id, reason, count() AS movement_count, sum(x.quantity) AS quantity
FROM movement AS x
WHERE ({everywhere:UInt8} = 1 OR branch_id IN {branches:Array(Int32)})
GROUP BY branch_id, reason
ORDER BY branch_id, reason
LIMIT {limit:UInt32}
