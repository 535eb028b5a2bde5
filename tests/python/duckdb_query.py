"""Asks DuckDB about a table of the lake: prints the seconds it took, then the rows as CSV.

Usage: duckdb_query.py TABLE-FOLDER SQL   (SQL says TABLE where the table's name would stand)
"""

import csv
import sys
import time

import duckdb
from delta_files import delta_files

table, sql = sys.argv[1:]
connection = duckdb.connect()
connection.execute("SET threads = 2")
files = delta_files(table)
started = time.monotonic()
result = connection.execute(sql.replace("TABLE", "read_parquet($files, hive_partitioning = true)"), {"files": files})
rows = result.fetchall()
print(time.monotonic() - started)
writer = csv.writer(sys.stdout)
writer.writerow([column[0] for column in result.description])
for row in rows:
    writer.writerow(["" if value is None else str(value).lower() if isinstance(value, bool) else value for value in row])
