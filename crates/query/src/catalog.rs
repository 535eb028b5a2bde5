//! What a query can name: the tables of the lake and their views, each as of when the query first names its table.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{SchemaProvider, TableProvider};
use datafusion::error::{DataFusionError, Result};
use sekisho_tables::{TableName, Tables};
use tokio::sync::Mutex;

use crate::lake_table::{LakeTable, Texts};
use crate::progress::Planned;
use crate::received_hours;
use crate::view::{self, Named};
use crate::word_files::WordFiles;

/// The names of one query.
#[derive(Debug)]
pub(crate) struct Catalog {
    tables: Arc<Tables>,
    word_files: Arc<WordFiles>,
    planned: Arc<Planned>,
    texts: Texts,
    /// A query that names a table twice sees it as of one moment.
    known: Mutex<HashMap<TableName, Arc<LakeTable>>>,
}

impl Catalog {
    pub(crate) fn new(tables: Arc<Tables>, word_files: Arc<WordFiles>, planned: Arc<Planned>, texts: Texts) -> Self {
        Self { tables, word_files, planned, texts, known: Mutex::default() }
    }

    async fn lake_table(&self, name: TableName) -> Result<Arc<LakeTable>> {
        let mut known = self.known.lock().await;
        if let Some(table) = known.get(&name) {
            return Ok(Arc::clone(table));
        }
        let snapshot = self.tables.snapshot(name).await.map_err(|error| DataFusionError::External(Box::new(error)))?;
        let (word_files, planned) = (Arc::clone(&self.word_files), Arc::clone(&self.planned));
        let table = LakeTable::new(Arc::clone(&self.tables), word_files, planned, snapshot, self.texts);
        Ok(Arc::clone(known.entry(name).or_insert(Arc::new(table))))
    }
}

#[async_trait]
impl SchemaProvider for Catalog {
    fn table_names(&self) -> Vec<String> {
        view::names()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        if name == received_hours::NAME {
            let mut tables: Vec<(TableName, Arc<dyn TableProvider>)> = Vec::new();
            for table in TableName::all() {
                tables.push((table, self.lake_table(table).await?));
            }
            return received_hours::over(tables).map(Some);
        }
        let Some(named) = Named::find(name) else { return Ok(None) };
        let table = self.lake_table(named.table()).await?;
        named.over(table).map(Some)
    }

    fn table_exist(&self, name: &str) -> bool {
        name == received_hours::NAME || Named::find(name).is_some()
    }
}
