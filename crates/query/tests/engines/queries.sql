SELECT count(*) FROM http_activity
SELECT count(*), count(rule_uid), count(src_port) FROM http_activity
SELECT action, count(*) FROM http_activity GROUP BY action
SELECT src_ip, count(*) FROM http_activity GROUP BY src_ip HAVING count(*) > 14
SELECT min(record), max(record), sum(duration_ms) FROM http_activity
SELECT min(duration_ms), max(duration_ms), avg(duration_ms) FROM http_activity WHERE action = 'BLOCK'
SELECT CAST(time AS DATE), count(*) FROM http_activity GROUP BY CAST(time AS DATE)
SELECT record, src_ip, path, http_status FROM http_activity WHERE src_ip = '203.0.113.7'
SELECT record FROM http_activity WHERE path LIKE '%login.php%' AND duration_ms < 50
SELECT count(*) FROM http_activity WHERE src_ip IN ('203.0.113.7', '198.51.100.1', 'none')
SELECT count(*) FROM http_activity WHERE rule_uid IS NULL
SELECT count(*) FROM http_activity WHERE rule_uid IS NOT NULL AND http_status <> 403
SELECT DISTINCT method, host, http_status FROM http_activity
SELECT host, path, http_status, action, method, count(*), sum(duration_ms) FROM http_activity GROUP BY host, path, http_status, action, method
SELECT record FROM http_activity ORDER BY time DESC, record DESC LIMIT 5
SELECT raw FROM http_activity WHERE record BETWEEN 100 AND 110
SELECT count(*) FROM http_activity WHERE path LIKE '%東京%'
SELECT length(path), count(*) FROM http_activity WHERE action = 'BLOCK' GROUP BY length(path)
SELECT CASE WHEN http_status >= 400 THEN 'bad' ELSE 'good' END, count(*) FROM http_activity GROUP BY CASE WHEN http_status >= 400 THEN 'bad' ELSE 'good' END
SELECT coalesce(rule_uid, 'none'), count(*) FROM http_activity GROUP BY coalesce(rule_uid, 'none')
SELECT operation, user_name, count(*) FROM api_activity GROUP BY operation, user_name
SELECT count(DISTINCT src_ip), count(DISTINCT operation) FROM api_activity
SELECT record, operation FROM api_activity WHERE operation = 'DeleteBucket' AND record > 500
SELECT upper(region), lower(operation), count(*) FROM api_activity GROUP BY upper(region), lower(operation)
SELECT sum(bytes), min(bytes), max(bytes) FROM network_activity
SELECT src_ip, sum(bytes) FROM network_activity GROUP BY src_ip HAVING sum(bytes) > 3000
SELECT a.operation, count(*) FROM api_activity a JOIN http_activity h ON a.time = h.time WHERE h.action = 'BLOCK' GROUP BY a.operation
SELECT count(*) FROM http_activity h LEFT JOIN network_activity n ON h.time = n.time WHERE n.bytes IS NULL
SELECT source, count(*) FROM (SELECT source FROM http_activity UNION ALL SELECT source FROM api_activity UNION ALL SELECT source FROM network_activity) s GROUP BY source
SELECT reason, source, count(*), count(raw), count(raw_bytes) FROM quarantine GROUP BY reason, source
