//! The shop's books in SQLite, asked the wrong way on purpose.
//!
//! [`Books::search`], [`Books::product`] and [`Books::log_in`] paste the visitor's text into the statement: these are
//! the holes a scanner is meant to find. The damage is bounded all the same: the database lives in memory, refuses
//! writes and other files, and stops a statement that grows past the limits below.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use crate::catalogue::PRODUCTS;

/// One value may not grow past this, so that `RANDOMBLOB(500000000)` costs nothing.
const VALUE_BYTES_MAX: i32 = 1024 * 1024;
/// One answer holds at most this many rows.
const ROWS_MAX: usize = 200;
/// A statement is stopped after `BUDGET_STEPS` times this many instructions of SQLite's machine (about 0.2 s).
const STEP_INSTRUCTIONS: i32 = 10_000;
const BUDGET_STEPS: u32 = 1_000;

/// A customer as the table `customers` holds one; every secret is made up.
#[derive(Debug, Clone, Copy)]
pub struct Customer {
    /// Login name.
    pub name: &'static str,
    /// Login password, in the clear as careless shops keep it.
    pub password: &'static str,
    /// Mail address under the reserved domain `example`.
    pub email: &'static str,
    /// What stands for the customer's card at the payment company.
    pub card_token: &'static str,
    /// A line nobody else should read.
    pub secret_note: &'static str,
}

/// Everyone in the table `customers`; the first may log in to `/admin`.
pub const CUSTOMERS: &[Customer] = &[
    Customer {
        name: "admin",
        password: "kaminari-mon-88",
        email: "admin@shop.example",
        card_token: "cardtoken-admin-5f1d07",
        secret_note: "the safe opens with 3-5-9",
    },
    Customer {
        name: "hanako",
        password: "sakura-2026",
        email: "hanako@mail.example",
        card_token: "cardtoken-hanako-c20e94",
        secret_note: "surprise party on the ninth",
    },
    Customer {
        name: "taro",
        password: "fuji-san-3776",
        email: "taro@mail.example",
        card_token: "cardtoken-taro-77b3aa",
        secret_note: "buys the lamp for his mother",
    },
    Customer {
        name: "alice",
        password: "looking-glass-7",
        email: "alice@mail.example",
        card_token: "cardtoken-alice-e1960c",
        secret_note: "moves to Osaka in spring",
    },
    Customer {
        name: "kenji",
        password: "ginga-tetsudo",
        email: "kenji@mail.example",
        card_token: "cardtoken-kenji-04d8f2",
        secret_note: "is writing under a pen name",
    },
];

/// A row of `products` as the pages show it; every column is text, since an injected row may hold anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listing {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) note: String,
    pub(crate) price_yen: String,
}

/// The open database.
#[derive(Debug)]
pub(crate) struct Books {
    connection: Connection,
    steps_left: Arc<AtomicU32>,
}

impl Books {
    /// Opens the database in memory, writes the tables and then refuses all further writes.
    pub(crate) fn new() -> rusqlite::Result<Self> {
        let mut connection = Connection::open_in_memory()?;
        seed(&mut connection)?;
        connection.pragma_update(None, "query_only", true)?;
        connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX)?;
        connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
        let steps_left = Arc::new(AtomicU32::new(BUDGET_STEPS));
        let counter = Arc::clone(&steps_left);
        let out_of_budget = move || {
            let left = counter.load(Ordering::Relaxed).saturating_sub(1);
            counter.store(left, Ordering::Relaxed);
            left == 0
        };
        connection.progress_handler(STEP_INSTRUCTIONS, Some(out_of_budget))?;
        Ok(Self { connection, steps_left })
    }

    /// Products whose title contains `text`. Injectable.
    ///
    /// Somebody once reported that "O'Reilly" finds nothing, so an apostrophe inside a word is doubled; nobody asked
    /// about the others. That half-repair is what real holes look like.
    pub(crate) fn search(&self, text: &str) -> rusqlite::Result<Vec<Listing>> {
        let text = double_apostrophes_in_words(text);
        self.listings(&format!("SELECT id, title, note, price_yen FROM products WHERE title LIKE '%{text}%'"))
    }

    /// The product of that number. Injectable: the number is pasted as it came.
    pub(crate) fn product(&self, id: &str) -> rusqlite::Result<Option<Listing>> {
        let sql = format!("SELECT id, title, note, price_yen FROM products WHERE id = {id}");
        Ok(self.listings(&sql)?.into_iter().next())
    }

    /// The customer of that name and password. Injectable.
    pub(crate) fn log_in(&self, name: &str, password: &str) -> rusqlite::Result<Option<String>> {
        let sql = format!("SELECT name FROM customers WHERE name = '{name}' AND password = '{password}'");
        Ok(self.rows(&sql, |row| cell(row, 0))?.into_iter().next())
    }

    /// The price of a product, asked the right way.
    pub(crate) fn price_yen(&self, id: u32) -> rusqlite::Result<Option<u32>> {
        self.steps_left.store(BUDGET_STEPS, Ordering::Relaxed);
        let mut statement = self.connection.prepare("SELECT price_yen FROM products WHERE id = ?1")?;
        let mut rows = statement.query([id])?;
        rows.next()?.map(|row| row.get(0)).transpose()
    }

    fn listings(&self, sql: &str) -> rusqlite::Result<Vec<Listing>> {
        self.rows(sql, |row| {
            Ok(Listing { id: cell(row, 0)?, title: cell(row, 1)?, note: cell(row, 2)?, price_yen: cell(row, 3)? })
        })
    }

    fn rows<T>(&self, sql: &str, read: impl Fn(&Row<'_>) -> rusqlite::Result<T>) -> rusqlite::Result<Vec<T>> {
        self.steps_left.store(BUDGET_STEPS, Ordering::Relaxed);
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            if found.len() == ROWS_MAX {
                break;
            }
            found.push(read(row)?);
        }
        Ok(found)
    }
}

fn cell(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    Ok(match row.get_ref(column)? {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    })
}

fn double_apostrophes_in_words(text: &str) -> String {
    let mut doubled = String::with_capacity(text.len() + 8);
    let mut chars = text.chars().peekable();
    let mut before = ' ';
    while let Some(char) = chars.next() {
        doubled.push(char);
        if char == '\'' && before.is_alphabetic() && chars.peek().is_some_and(|after| after.is_alphabetic()) {
            doubled.push('\'');
        }
        before = char;
    }
    doubled
}

fn seed(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(
        "CREATE TABLE products (id INTEGER PRIMARY KEY, title TEXT, note TEXT, price_yen INTEGER);
         CREATE TABLE customers (
             id INTEGER PRIMARY KEY, name TEXT, password TEXT, email TEXT, card_token TEXT, secret_note TEXT
         );",
    )?;
    for product in PRODUCTS {
        let row = (product.id, product.title, product.note, product.price_yen);
        transaction.execute("INSERT INTO products VALUES (?1, ?2, ?3, ?4)", row)?;
    }
    for (customer, id) in CUSTOMERS.iter().zip(1_u32..) {
        let row = (id, customer.name, customer.password, customer.email, customer.card_token, customer.secret_note);
        transaction.execute("INSERT INTO customers VALUES (?1, ?2, ?3, ?4, ?5, ?6)", row)?;
    }
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::{Books, CUSTOMERS, PRODUCTS};

    #[test]
    fn every_title_finds_its_own_product() {
        let books = Books::new().unwrap();
        for product in PRODUCTS {
            let found = books.search(product.title).unwrap();
            assert!(found.iter().any(|listing| listing.id == product.id.to_string()), "{}", product.title);
        }
    }

    #[test]
    fn a_union_in_the_search_reads_another_table() {
        let books = Books::new().unwrap();
        let found = books.search("zzz' UNION SELECT id, name, card_token, password FROM customers -- ").unwrap();
        assert_eq!(found.len(), CUSTOMERS.len());
        assert!(found.iter().any(|listing| listing.note == CUSTOMERS[0].card_token));
    }

    #[test]
    fn the_login_can_be_talked_round() {
        let books = Books::new().unwrap();
        assert_eq!(books.log_in("hanako", "sakura-2026").unwrap().as_deref(), Some("hanako"));
        assert_eq!(books.log_in("hanako", "wrong").unwrap(), None);
        assert_eq!(books.log_in("admin' --", "").unwrap().as_deref(), Some("admin"));
    }

    #[test]
    fn an_injection_cannot_write_or_open_files() {
        let books = Books::new().unwrap();
        assert!(books.product("1; DELETE FROM products").is_err());
        assert!(books.rows("ATTACH 'x.db' AS x", |_| Ok(())).is_err());
        assert!(books.rows("DELETE FROM products", |_| Ok(())).is_err());
        assert_eq!(books.search("").unwrap().len(), PRODUCTS.len());
    }

    #[test]
    fn an_injection_cannot_run_for_ever_or_fill_memory() {
        let books = Books::new().unwrap();
        let endless = "0 UNION SELECT 1, max(n), 3, 4 FROM \
                       (WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT n FROM t)";
        assert!(books.product(endless).is_err());
        assert!(books.product("0 UNION SELECT 1, RANDOMBLOB(500000000), 3, 4").is_err());
        assert!(books.product("1").unwrap().is_some(), "the next statement starts with a full budget");
    }
}
