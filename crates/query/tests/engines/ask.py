"""Asks another engine the queries of a file about the same tables: `ask.py ENGINE QUESTIONS`.

QUESTIONS is JSON: {"tables": {name: [data files]}, "queries": [sql]}; for `chdb_delta` a table is [URL, key, secret], for `pyspark_ddl` [folder]. Prints JSON: a list of rows of texts for each query.
"""

import datetime
import decimal
import json
import sys


def text(value):
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, decimal.Decimal):
        value = float(value)
    if isinstance(value, float):
        return str(int(value)) if value == int(value) else f"{value:.6f}"
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, datetime.date):
        return value.isoformat()
    return str(value)


def duckdb(tables, queries):
    import duckdb as engine

    connection = engine.connect()
    for name, files in tables.items():
        listed = ", ".join("'" + file + "'" for file in files)
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet([{listed}])")
    return [connection.execute(query).fetchall() for query in queries]


def chdb(tables, queries):
    from chdb import session

    connection = session.Session()
    # Joins give NULL for what is not there, as standard SQL has it.
    settings = " SETTINGS join_use_nulls = 1"
    for name, files in tables.items():
        parts = " UNION ALL ".join(f"SELECT * FROM file('{file}', 'Parquet')" for file in files)
        connection.query(f"CREATE VIEW {name} AS {parts}")
    answers = []
    for query in queries:
        lines = str(connection.query(query + settings, "JSONCompactEachRow")).splitlines()
        answers.append([json.loads(line) for line in lines])
    return answers


def chdb_delta(tables, queries):
    from chdb import session

    connection = session.Session()
    for name, (url, key, secret) in tables.items():
        connection.query(f"CREATE VIEW {name} AS SELECT * FROM deltaLake('{url}', '{key}', '{secret}')")
    answers = []
    for query in queries:
        lines = str(connection.query(query + " SETTINGS join_use_nulls = 1", "JSONCompactEachRow")).splitlines()
        answers.append([json.loads(line) for line in lines])
    return answers


def spark_session():
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.sql.session.timeZone", "UTC").config("spark.driver.bindAddress", "127.0.0.1")
    builder = builder.config("spark.sql.shuffle.partitions", "1")
    spark = builder.config("spark.driver.host", "127.0.0.1").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def pyspark_ddl(tables, queries):
    spark = spark_session()
    for name, (folder,) in tables.items():
        spark.sql(f"CREATE TABLE {name} USING PARQUET LOCATION '{folder}'")
        spark.sql(f"MSCK REPAIR TABLE {name}")
    return [[tuple(row) for row in spark.sql(query).collect()] for query in queries]


def pyspark(tables, queries):
    spark = spark_session()
    for name, files in tables.items():
        spark.read.parquet(*files).createOrReplaceTempView(name)
    return [[tuple(row) for row in spark.sql(query).collect()] for query in queries]


def main():
    engines = [duckdb, chdb, chdb_delta, pyspark, pyspark_ddl]
    engine = {engine.__name__: engine for engine in engines}[sys.argv[1]]
    with open(sys.argv[2], encoding="utf-8") as file:
        asked = json.load(file)
    answers = engine(asked["tables"], asked["queries"])
    print(json.dumps([[[text(value) for value in row] for row in rows] for rows in answers]))


main()
