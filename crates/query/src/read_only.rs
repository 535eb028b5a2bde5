//! What is let through: one query that reads, of bounded size.
//!
//! Three fences: the text is measured before it is parsed, the statement must be of a kind that reads, and the plan must hold nothing that
//! changes tables, files or settings. There are no functions that read files or the network, and names are those of [`crate::catalog`].

use std::collections::VecDeque;
use std::ops::ControlFlow;

use datafusion::error::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::sql::parser::{DFParserBuilder, Statement as DfStatement};
use datafusion::sql::sqlparser::ast::{Query, SetExpr, Statement, visit_relations};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::ParserError;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use crate::error::QueryError;

/// Longest query: room for some ten thousand addresses in a list.
const SQL_BYTES_MAX: usize = 256 << 10;
/// Operators: each may be a level of nesting, which planning goes down by recursion.
const OPERATORS_MAX: usize = 2_000;
/// Tables named, counting each time: planning of joins takes more than linear time.
const RELATIONS_MAX: usize = 64;
/// Parentheses and the like within each other.
const DEPTH_MAX: usize = 50;

/// The dialect that is read.
const DIALECT: PostgreSqlDialect = PostgreSqlDialect {};

/// What no plan may hold.
pub(crate) fn options() -> SQLOptions {
    SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false)
}

/// The one statement of a text, if it only reads.
pub(crate) fn statement(sql: &str) -> Result<DfStatement, QueryError> {
    measure(sql)?;
    let parser = DFParserBuilder::new(sql).with_dialect(&DIALECT).with_recursion_limit(DEPTH_MAX).build();
    let statements = parser.and_then(|mut parser| parser.parse_statements());
    let statements = statements.map_err(|error| match error.find_root() {
        DataFusionError::SQL(error, _) if matches!(**error, ParserError::RecursionLimitExceeded) => {
            QueryError::Sql(format!("the query is nested deeper than {DEPTH_MAX} levels"))
        }
        _ => QueryError::Sql(error.strip_backtrace()),
    })?;
    let statement = one(statements)?;
    check(&statement)?;
    Ok(statement)
}

fn one(mut statements: VecDeque<DfStatement>) -> Result<DfStatement, QueryError> {
    match (statements.pop_front(), statements.len()) {
        (Some(statement), 0) => Ok(statement),
        (None, _) => Err(QueryError::Sql("there is no query".to_owned())),
        (Some(_), more) => Err(QueryError::Sql(format!("one query at a time, not {}", more + 1))),
    }
}

/// Bounds what is handed to the parser and the planner.
fn measure(sql: &str) -> Result<(), QueryError> {
    let large = |what, found, max| if found > max { Err(QueryError::Large { what, found, max }) } else { Ok(()) };
    large("bytes", sql.len(), SQL_BYTES_MAX)?;
    let tokens = Tokenizer::new(&DIALECT, sql).tokenize().map_err(|error| QueryError::Sql(error.to_string()))?;
    let is_operator = |token: &&Token| match token {
        Token::Word(word) => {
            use Keyword::{
                AND, BETWEEN, CASE, EXCEPT, FROM, ILIKE, IN, INTERSECT, IS, JOIN, LIKE, NOT, OR, SELECT, UNION, WITH,
            };
            matches!(
                word.keyword,
                AND | BETWEEN
                    | CASE
                    | EXCEPT
                    | FROM
                    | ILIKE
                    | IN
                    | INTERSECT
                    | IS
                    | JOIN
                    | LIKE
                    | NOT
                    | OR
                    | SELECT
                    | UNION
                    | WITH
            )
        }
        Token::Number(..) | Token::SingleQuotedString(_) | Token::Whitespace(_) | Token::EOF => false,
        Token::Comma | Token::Period | Token::LParen | Token::RParen | Token::SemiColon => false,
        _ => true,
    };
    large("operators", tokens.iter().filter(is_operator).count(), OPERATORS_MAX)
}

fn check(statement: &DfStatement) -> Result<(), QueryError> {
    match statement {
        DfStatement::Statement(statement) => check_sql(statement),
        DfStatement::Explain(explain) => check(&explain.statement),
        DfStatement::CreateExternalTable(_) => Err(refused("CREATE EXTERNAL TABLE")),
        DfStatement::CopyTo(_) => Err(refused("COPY")),
        DfStatement::Reset(_) => Err(refused("RESET")),
    }
}

fn check_sql(statement: &Statement) -> Result<(), QueryError> {
    match statement {
        Statement::Query(query) => {
            if !reads(query) {
                return Err(refused("a query that writes"));
            }
            let mut relations = 0;
            let _: ControlFlow<()> = visit_relations(statement, |_| {
                relations += 1;
                ControlFlow::Continue(())
            });
            if relations > RELATIONS_MAX {
                return Err(QueryError::Large { what: "tables", found: relations, max: RELATIONS_MAX });
            }
            Ok(())
        }
        Statement::ShowTables { .. }
        | Statement::ShowColumns { .. }
        | Statement::ShowFunctions { .. }
        | Statement::ExplainTable { .. } => Ok(()),
        Statement::Explain { statement, .. } => check_sql(statement),
        other => {
            let text = other.to_string();
            let verb: Vec<_> = text.split_whitespace().take(2).collect();
            Err(refused(&verb.join(" ")))
        }
    }
}

/// Whether a query and what it is made of only read. What stands in conditions is left to the plan.
fn reads(query: &Query) -> bool {
    is_read(&query.body) && query.with.iter().flat_map(|with| &with.cte_tables).all(|table| reads(&table.query))
}

fn is_read(body: &SetExpr) -> bool {
    match body {
        SetExpr::Select(select) => select.into.is_none(),
        SetExpr::Query(query) => reads(query),
        SetExpr::SetOperation { left, right, .. } => is_read(left) && is_read(right),
        SetExpr::Values(_) | SetExpr::Table(_) => true,
        _ => false,
    }
}

fn refused(what: &str) -> QueryError {
    QueryError::NotReadOnly(format!("{what} is not allowed, only SELECT, SHOW, DESCRIBE and EXPLAIN"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refuses(sql: &str, expect: &str) {
        let shown: String = sql.chars().take(80).collect();
        let error = statement(sql).expect_err(&shown).to_string();
        assert!(error.contains(expect), "{shown}: {error}");
    }

    #[test]
    fn queries_pass() {
        for sql in [
            "SELECT 1",
            "select * from http where action='BLOCK';",
            "WITH a AS (SELECT 1) SELECT * FROM a UNION ALL SELECT 2",
            "SHOW TABLES",
            "DESCRIBE http",
            "EXPLAIN SELECT 1",
            "EXPLAIN ANALYZE SELECT 1",
            "VALUES (1), (2)",
        ] {
            assert!(statement(sql).is_ok(), "{sql}: {:?}", statement(sql).err());
        }
    }

    #[test]
    fn what_changes_something_is_refused() {
        for sql in [
            "CREATE TABLE a AS SELECT 1",
            "CREATE VIEW a AS SELECT 1",
            "CREATE EXTERNAL TABLE a STORED AS CSV LOCATION '/etc/passwd'",
            "COPY (SELECT 1) TO '/tmp/x.csv'",
            "INSERT INTO http VALUES (1)",
            "DELETE FROM http",
            "UPDATE http SET action='x'",
            "DROP TABLE http",
            "TRUNCATE TABLE http",
            "SET datafusion.execution.batch_size = 1",
            "RESET datafusion.execution.batch_size",
            "PREPARE a AS SELECT 1",
            "BEGIN",
            "EXPLAIN COPY (SELECT 1) TO '/tmp/x'",
            "EXPLAIN INSERT INTO http VALUES (1)",
            "SELECT 1 INTO a",
            "(SELECT 1 INTO a) UNION SELECT 2",
            "WITH a AS (DELETE FROM http RETURNING *) SELECT * FROM a",
            "WITH a AS (INSERT INTO http VALUES (1)) SELECT 1",
            "ATTACH DATABASE 'x' AS y",
            "CALL x()",
        ] {
            assert!(statement(sql).is_err(), "{sql}");
        }
        refuses("DROP TABLE http", "DROP TABLE is not allowed");
        refuses("SELECT 1; DROP TABLE http", "one query at a time, not 2");
        refuses(" ", "there is no query");
    }

    #[test]
    fn size_and_depth_are_bounded() {
        refuses(&format!("SELECT '{}'", "a".repeat(SQL_BYTES_MAX)), "bytes");
        refuses(&format!("SELECT 1{}", "+1".repeat(OPERATORS_MAX + 1)), "operators");
        refuses(&format!("SELECT {}1{}", "(".repeat(60_000), ")".repeat(60_000)), "deeper than 50");
        refuses(&format!("SELECT {}1", "- ".repeat(60_000)), "operators");
        refuses(&format!("SELECT * FROM {}http", "http, ".repeat(RELATIONS_MAX)), "tables");
        refuses(&format!("SELECT{} 1", " CASE WHEN 1 THEN".repeat(30_000)), "bytes");
    }
}
