//! The files records are kept in: names, places, and the one being written.
//!
//! A segment's name says where its archive will be, so that a crash at any point leaves only one place the records can
//! go to, whatever the settings are afterwards.
//!
//! Source: AWS WAF Developer Guide, "Sending traffic logs to an Amazon S3 bucket" (naming of log files).

use std::fs::{self, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sekisho_model::Timestamp;

use super::settings::{JournalError, JournalSettings};

/// Names tried for a new segment before giving up: as many segments may begin in a minute.
const NAMES_MAX: u32 = 10_000;

/// Where active segments are.
pub(super) fn active_folder(data: &Path) -> PathBuf {
    data.join("decisions").join("active")
}

/// The name of a segment, without an ending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SegmentName {
    account: String,
    region: String,
    acl: String,
    /// The minute it began: `YYYYMMDDTHHmmZ`.
    minute: String,
    /// Tells apart segments of one minute: eight hexadecimal digits.
    hash: String,
}

impl SegmentName {
    fn new(settings: &JournalSettings, started: Timestamp, attempt: u32) -> Self {
        let mut hasher = DefaultHasher::new();
        (&settings.acl, started, std::process::id(), attempt).hash(&mut hasher);
        Self {
            account: settings.account.clone(),
            region: settings.region.clone(),
            acl: settings.acl.clone(),
            minute: minute(started),
            hash: format!("{:08x}", hasher.finish() as u32),
        }
    }

    /// Reads a file name such as `123_waflogs_local_shop_20261121T2225Z_0badcafe.log`.
    pub(super) fn parse(file_name: &str) -> Option<Self> {
        let stem = file_name.strip_suffix(".log")?;
        let (account, rest) = stem.split_once("_waflogs_")?;
        let (region, rest) = rest.split_once('_')?;
        let (rest, hash) = rest.rsplit_once('_')?;
        let (acl, minute) = rest.rsplit_once('_')?;
        let well_formed = minute.len() == 14
            && minute.bytes().enumerate().all(|(at, byte)| match at {
                8 => byte == b'T',
                13 => byte == b'Z',
                _ => byte.is_ascii_digit(),
            })
            && hash.len() == 8
            && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
            && !account.is_empty()
            && !region.is_empty()
            && !acl.is_empty();
        well_formed.then(|| Self {
            account: account.to_owned(),
            region: region.to_owned(),
            acl: acl.to_owned(),
            minute: minute.to_owned(),
            hash: hash.to_owned(),
        })
    }

    fn stem(&self) -> String {
        let Self { account, region, acl, minute, hash } = self;
        format!("{account}_waflogs_{region}_{acl}_{minute}_{hash}")
    }

    /// The active file.
    pub(super) fn plain_path(&self, data: &Path) -> PathBuf {
        active_folder(data).join(format!("{}.log", self.stem()))
    }

    /// Gives the new, empty file its second name. Without one it must not be written to, and goes.
    fn follow(&self, data: &Path) -> Result<(), JournalError> {
        let (path, folder) = (self.plain_path(data), JournalSettings::followed_folder(data));
        let second = folder.join(path.file_name().expect("a segment has a name"));
        let linked = fs::hard_link(&path, &second).map_err(JournalError::io("link segment to", &second));
        let linked = linked.and_then(|()| sync_folder(&folder));
        if linked.is_err() {
            fs::remove_file(&path).map_err(JournalError::io("remove segment", &path))?;
        }
        linked
    }

    /// The archive.
    pub(super) fn archive_path(&self, data: &Path) -> PathBuf {
        let Self { account, region, acl, minute, .. } = self;
        let mut path = data.join("AWSLogs");
        path.extend([account.as_str(), "WAFLogs", region, acl]);
        path.extend([&minute[..4], &minute[4..6], &minute[6..8], &minute[9..11], &minute[11..13]]);
        path.join(format!("{}.log.gz", self.stem()))
    }
}

fn minute(at: Timestamp) -> String {
    let at = i64::try_from(at.unix_ms()).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    at.unwrap_or(jiff::Timestamp::UNIX_EPOCH).strftime("%Y%m%dT%H%MZ").to_string()
}

/// The segment being written.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) name: SegmentName,
    pub(super) file: Arc<File>,
    /// Bytes in it.
    pub(super) bytes: u64,
    pub(super) started: Timestamp,
    /// Names it was given.
    names: u64,
}

impl Segment {
    /// Begins a new segment under a name that no segment and no archive has.
    pub(super) fn create(settings: &JournalSettings, started: Timestamp) -> Result<Self, JournalError> {
        let folder = active_folder(&settings.folder);
        for attempt in 0..NAMES_MAX {
            let name = SegmentName::new(settings, started, attempt);
            let path = name.plain_path(&settings.folder);
            if name.archive_path(&settings.folder).exists() {
                continue;
            }
            match OpenOptions::new().create_new(true).append(true).open(&path) {
                Ok(file) => {
                    if settings.followed {
                        name.follow(&settings.folder)?;
                    }
                    sync_folder(&folder)?;
                    let names = 1 + u64::from(settings.followed);
                    return Ok(Self { name, file: Arc::new(file), bytes: 0, started, names });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(JournalError::io("create segment", &path)(error)),
            }
        }
        Err(JournalError::io("create segment", &folder)(io::Error::other("no free name")))
    }

    /// Whether somebody removed the file, or its second name: what is written to it now would vanish for somebody.
    pub(super) fn is_unlinked(&self) -> bool {
        self.file.metadata().is_ok_and(|metadata| metadata.nlink() < self.names)
    }
}

/// Makes the entries of a folder durable.
pub(super) fn sync_folder(folder: &Path) -> Result<(), JournalError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(JournalError::io("sync folder", folder))
}

/// Creates a folder below `data`, each new level made durable.
pub(super) fn create_folder(data: &Path, folder: &Path) -> Result<(), JournalError> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder).map_err(JournalError::io("create folder", folder))?;
    for level in folder.ancestors().skip(1) {
        sync_folder(level)?;
        if level == data {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(folder: &Path) -> JournalSettings {
        JournalSettings::new(folder, "000000000000", "local", "shop_front-1")
    }

    #[test]
    fn an_archive_lies_where_aws_would_put_it() {
        let name = SegmentName::new(&settings(Path::new("d")), Timestamp::from_unix_ms(1_795_299_944_123), 0);
        let hash = &name.hash;
        assert_eq!(
            name.archive_path(Path::new("d")),
            Path::new(&format!(
                "d/AWSLogs/000000000000/WAFLogs/local/shop_front-1/2026/11/21/22/25/\
                 000000000000_waflogs_local_shop_front-1_20261121T2225Z_{hash}.log.gz"
            ))
        );
    }

    #[test]
    fn a_name_is_read_back_from_its_file() {
        let name = SegmentName::new(&settings(Path::new("d")), Timestamp::from_unix_ms(0), 3);
        let file = name.plain_path(Path::new("d"));
        assert_eq!(SegmentName::parse(file.file_name().unwrap().to_str().unwrap()), Some(name));
    }

    #[test]
    fn other_files_are_no_segments() {
        for file in [
            "lock",
            "a.log",
            "1_waflogs_r_a_20261121T2225Z_0badcafe.log.gz",
            "1_waflogs_r_20261121T2225Z_0badcafe.log",
            "1_waflogs_r_a_20261121T22é5Z_0badcafe.log",
            "1_waflogs_r_a_20261121T2225Z_0badcaf.log",
            "_waflogs_r_a_20261121T2225Z_0badcafe.log",
        ] {
            assert_eq!(SegmentName::parse(file), None, "{file}");
        }
    }

    #[test]
    fn segments_of_one_millisecond_get_names_of_their_own() {
        let data = tempfile::tempdir().unwrap();
        fs::create_dir_all(active_folder(data.path())).unwrap();
        let create = || Segment::create(&settings(data.path()), Timestamp::from_unix_ms(5)).unwrap().name;
        assert_ne!(create(), create());
    }

    #[test]
    fn a_removed_file_is_noticed() {
        let data = tempfile::tempdir().unwrap();
        fs::create_dir_all(active_folder(data.path())).unwrap();
        let segment = Segment::create(&settings(data.path()), Timestamp::from_unix_ms(5)).unwrap();
        assert!(!segment.is_unlinked());
        fs::remove_file(segment.name.plain_path(data.path())).unwrap();
        assert!(segment.is_unlinked());
    }
}
