-- The same job in Flink SQL: calls by hour, call type and disposition, repeats of (id, call time)
-- removed. flink_sql.py fills in the names behind dollar signs.

CREATE TABLE calls (
    crime_id STRING,
    call_date_time STRING,
    original_crime_type_name STRING,
    disposition STRING,
    arrived AS PROCTIME()
) WITH (
    'connector' = 'kafka',
    'topic' = '${topic}',
    'properties.bootstrap.servers' = '${bootstrap_servers}',
    'scan.startup.mode' = 'earliest-offset',
    'scan.bounded.mode' = '${read_until}',
    'format' = 'json'
);

CREATE TABLE cell (
    call_hour STRING,
    call_type STRING,
    disposition STRING,
    calls BIGINT,
    PRIMARY KEY (call_hour, call_type, disposition) NOT ENFORCED
) WITH (
    'connector' = 'jdbc',
    'url' = '${jdbc_url}',
    'username' = '${user}',
    'password' = '${password}',
    'table-name' = 'cell',
    'sink.buffer-flush.max-rows' = '${flush_rows}',
    'sink.buffer-flush.interval' = '${flush_interval}'
);

INSERT INTO cell
SELECT call_hour, call_type, disposition, COUNT(*) AS calls
FROM (
    SELECT
        SUBSTRING(call_date_time, 1, 13) AS call_hour,
        TRIM(REGEXP_REPLACE(original_crime_type_name, '\s+', ' ')) AS call_type,
        TRIM(disposition) AS disposition,
        ROW_NUMBER() OVER (
            PARTITION BY crime_id, call_date_time ORDER BY arrived ASC
        ) AS occurrence
    FROM calls
)
WHERE occurrence = 1
GROUP BY call_hour, call_type, disposition;
