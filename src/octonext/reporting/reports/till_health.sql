-- Every till that ever reported: its journal's head, when it was last heard, how far its clock is off,
-- and what somebody has to look at.
SELECT d.branch_id AS branch_id, b.code AS branch, d.device_id AS device_id, t.code AS till,
       t.name AS name, t.status AS status, d.received_at AS last_contact, d.till_at AS till_at,
       d.clock_offset_ms AS clock_offset_ms, d.seq AS head_seq, d.hash AS head_hash,
       d.quarantined AS quarantined_count, d.cases AS case_count
FROM (SELECT * FROM device FINAL WHERE ({everywhere:UInt8} = 1 OR branch_id IN {branches:Array(Int32)})) AS d
LEFT JOIN branch AS b ON b.branch_id = d.branch_id
LEFT JOIN till AS t ON t.device_id = d.device_id
ORDER BY branch, branch_id, till, device_id
LIMIT {limit:UInt32}
