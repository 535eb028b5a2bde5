//! `storage.toml`: where a lake's tables are, if not below its folder.

use std::io;
use std::path::Path;

use sekisho_disk::{Disk, replace};
use sekisho_tables::{Location, Patience};
use serde::{Deserialize, Serialize};

use crate::error::LakeError;

/// Its name within the lake's folder.
const STORAGE: &str = "storage.toml";
/// Folder of the tables, if they are nowhere else.
const TABLES: &str = "tables";
/// What the file begins with.
const PREAMBLE: &str = "# Where the tables of this lake are. Credentials are not kept here: they are those of the environment (AWS_ACCESS_KEY_ID and so on) or the machine's role.\n";

/// Where tables are. Whoever reads the lake from elsewhere needs the same file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Storage {
    /// All tables: `s3://bucket/prefix`. Without it they are below the lake's folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tables: Option<String>,
    /// Days that are older than `hot_days`: `s3://bucket/prefix`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cold: Option<String>,
    /// Where the buckets are, if not in S3 itself: a URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint_url: Option<String>,
    /// Their region; otherwise `AWS_REGION`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Names of the other logs that write to the same tables. Records of logs that are not named here are taken for inserted when the lake is verified.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub writers: Vec<String>,
}

impl Storage {
    /// What a lake's folder says; nothing if there is no such file.
    ///
    /// # Errors
    ///
    /// If it cannot be read or understood.
    pub fn read(disk: &dyn Disk, folder: &Path) -> Result<Self, LakeError> {
        let path = folder.join(STORAGE);
        let bytes = match disk.read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(LakeError::Disk { action: "read", path, source }),
        };
        let text = String::from_utf8_lossy(&bytes);
        toml::from_str(&text).map_err(|error| LakeError::Storage { path, why: error.to_string() })
    }

    /// Keeps it in a lake's folder, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// If it names no places, the lake has tables elsewhere already, or the disk refuses.
    pub fn write(&self, disk: &dyn Disk, folder: &Path) -> Result<(), LakeError> {
        let path = folder.join(STORAGE);
        let refused = |why: &str| Err(LakeError::Storage { path: path.clone(), why: why.to_owned() });
        let before = Self::read(disk, folder)?;
        // What is only in the write-ahead log goes wherever the tables are.
        let is_begun = folder.join("seal").join("checkpoint").is_file();
        if is_begun && before.tables != self.tables {
            return refused(
                "the lake is begun, and has its tables elsewhere: begin another one there, or give it a second place for older days (--cold)",
            );
        }
        if is_begun && before.cold.is_some() && before.cold != self.cold {
            return refused("older days are elsewhere already: copy them, then change the file by hand");
        }
        self.places(folder)?;
        let text =
            toml::to_string(self).map_err(|error| LakeError::Storage { path: path.clone(), why: error.to_string() })?;
        let written =
            disk.create_folder(folder).and_then(|()| replace(disk, &path, format!("{PREAMBLE}{text}").as_bytes()));
        written.map_err(|source| LakeError::Disk { action: "write", path, source })
    }

    /// The places, the first written to.
    pub(crate) fn places(&self, folder: &Path) -> Result<Vec<Location>, LakeError> {
        let given = [("aws_endpoint", &self.endpoint_url), ("aws_region", &self.region)];
        let options: Vec<_> =
            given.iter().filter_map(|(key, value)| Some(((*key).to_owned(), value.as_ref()?.clone()))).collect();
        let bucket = |url: &String| Location::s3(url, &options, Patience::default());
        let first = match &self.tables {
            Some(url) => bucket(url)?,
            None => Location::folder(&folder.join(TABLES))?,
        };
        Ok([Some(first), self.cold.as_ref().map(bucket).transpose()?].into_iter().flatten().collect())
    }
}

#[cfg(test)]
mod tests {
    use sekisho_disk::FileSystem;

    use super::*;

    fn elsewhere() -> Storage {
        Storage {
            tables: Some("s3://bucket/lake".to_owned()),
            endpoint_url: Some("http://127.0.0.1:9000".to_owned()),
            region: Some("eu-west-1".to_owned()),
            writers: vec!["two.example/lake".to_owned()],
            ..Storage::default()
        }
    }

    #[test]
    fn what_is_written_is_read_and_leads_to_places() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Storage::read(&FileSystem, folder.path()).unwrap(), Storage::default());
        let with_cold = Storage { cold: Some("s3://other/cold".to_owned()), ..elsewhere() };
        with_cold.write(&FileSystem, folder.path()).unwrap();
        assert_eq!(Storage::read(&FileSystem, folder.path()).unwrap(), with_cold);
        let places = with_cold.places(folder.path()).unwrap();
        let urls: Vec<_> = places.iter().map(|place| place.url().as_str()).collect();
        assert_eq!(urls, ["s3://bucket/lake/", "s3://other/cold/"]);
        assert!(!folder.path().join("tables").exists());
    }

    #[test]
    fn what_is_wrong_is_named_and_a_lake_that_is_begun_keeps_its_tables() {
        let folder = tempfile::tempdir().unwrap();
        for wrong in ["tables = 1", "colour = 'red'", "["] {
            std::fs::write(folder.path().join(STORAGE), wrong).unwrap();
            let error = Storage::read(&FileSystem, folder.path()).unwrap_err().to_string();
            assert!(error.contains("storage.toml"), "{error}");
        }
        std::fs::remove_file(folder.path().join(STORAGE)).unwrap();
        let wrong = Storage { tables: Some("http://bucket".to_owned()), ..Storage::default() };
        assert!(wrong.write(&FileSystem, folder.path()).is_err());
        // One that came nowhere, since its bucket was none, may be told of another.
        Storage { tables: Some("s3://none/lake".to_owned()), ..elsewhere() }.write(&FileSystem, folder.path()).unwrap();
        Storage::default().write(&FileSystem, folder.path()).unwrap();
        std::fs::create_dir(folder.path().join("seal")).unwrap();
        std::fs::write(folder.path().join("seal/checkpoint"), "x").unwrap();
        let error = elsewhere().write(&FileSystem, folder.path()).unwrap_err().to_string();
        assert!(error.contains("--cold"), "{error}");
        let cold = Storage { cold: Some("s3://other/cold".to_owned()), tables: None, ..elsewhere() };
        cold.write(&FileSystem, folder.path()).unwrap();
        assert!(Storage { cold: None, ..cold }.write(&FileSystem, folder.path()).is_err());
    }
}
