"""Imports JSON lines into one Parquet file with DuckDB: what the lake's ingest is measured beside.

Nested values stay JSON: inferred whole, real CloudTrail events have members that differ in case only, which DuckDB refuses.

Usage: duckdb_import.py GLOB PARQUET
"""

import sys

import duckdb

source, target = sys.argv[1:]
connection = duckdb.connect()
connection.execute("SET threads = 2")
connection.execute("SET memory_limit = '2GB'")
connection.execute(
    "COPY (SELECT * FROM read_json_auto($source, format = 'newline_delimited', maximum_object_size = 4194304,"
    " maximum_depth = 1))"
    f" TO '{target}' (FORMAT parquet, COMPRESSION zstd)",
    {"source": source},
)
