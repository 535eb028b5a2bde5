//! Tables, and the columns each has.

use crate::Column::{self, *};

/// Columns of every table.
const COMMON: [Column; 13] = [
    Time,
    ClassUid,
    ActivityId,
    SeverityId,
    Status,
    StatusCode,
    StatusDetail,
    Message,
    EventUid,
    Product,
    AccountUid,
    Region,
    DurationMs,
];

macro_rules! tables {
    ($($(#[doc = $doc:literal])+ $table:ident = $name:literal, [$($column:ident),+ $(,)?];)+) => {
        /// A table.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Table {
            $($(#[doc = $doc])+ $table,)+
        }

        impl Table {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$table),+];

            /// Its name in SQL.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$table => $name,)+ }
            }

            /// What it holds, in a sentence.
            #[must_use]
            pub const fn about(self) -> &'static str {
                match self { $(Self::$table => concat!($($doc),+),)+ }
            }

            /// Its promoted columns, in order.
            #[must_use]
            pub fn columns(self) -> &'static [Column] {
                match self {
                    $(Self::$table => {
                        const OWN: &[Column] = &[$($column),+];
                        const ALL: [Column; COMMON.len() + OWN.len()] = joined(OWN);
                        &ALL
                    })+
                }
            }
        }
    };
}

/// The common columns and a table's own.
const fn joined<const N: usize>(own: &[Column]) -> [Column; N] {
    let mut all = [Time; N];
    let mut at = 0;
    while at < N {
        all[at] = if at < COMMON.len() { COMMON[at] } else { own[at - COMMON.len()] };
        at += 1;
    }
    all
}

tables! {
    /// Requests and responses, and what was decided about them.
    Http = "http_activity", [
        SrcIp, SrcPort, SrcCountry, SrcAsn, SrcHost, DstIp, DstPort, DstHost, DstService, Action, Method, Scheme, Host, Path, Query, Url,
        HttpVersion, UserAgent, Referrer, ForwardedFor, RequestHeaders, RequestUid, RequestBytes, HttpStatus, ContentType, ResponseBytes,
        LatencyMs, BytesIn, BytesOut, TlsVersion, TlsCipher, TlsSni, Ja3, Ja4, RuleUid, RuleName, RuleType, Policy, MatchedRules,
        MatchedData, Labels, Score, Operation, UserName, UserArn, AuthProtocol, StartTime, DeviceHost, Resources, ErrorCode, Facility,
    ];
    /// Calls of a cloud's interface and changes of its accounts.
    ApiActivity = "api_activity", [
        SrcIp, SrcHost, SrcCountry, SrcAsn, SrcVpc, UserAgent, Operation, Service, CallUid, RequestData, ResponseData, ErrorCode, ErrorMessage,
        ReadOnly, UserType, UserName, UserUid, UserArn, UserAccount, AccessKey, SessionIssuer, SessionTime, Mfa, InvokedBy, Resources,
        ResourceTypes, TargetUser, TargetGroup, TlsVersion, TlsCipher, RecordType, DstHost, RequestUid,
    ];
    /// Who logged in, where from, and whether it worked.
    Authentication = "authentication", [
        SrcIp, SrcPort, SrcHost, SrcCountry, SrcAsn, UserAgent, Operation, Service, UserType, UserName, UserUid, UserArn, UserAccount,
        AccessKey, SessionIssuer, SessionTime, Mfa, InvokedBy, TargetUser, AuthProtocol, AuthService, DeviceHost, ProcessName, Pid, Terminal,
        RecordType, ErrorCode, ErrorMessage, RequestData, ResponseData, CallUid, ReadOnly, Resources, ResourceTypes, TlsVersion, TlsCipher,
        RequestUid, SrcVpc, DstHost, Facility, Action,
    ];
    /// Connections and questions to the name system.
    Network = "network_activity", [
        SrcIp, SrcPort, SrcHost, SrcCountry, SrcAsn, SrcInterface, SrcInstance, SrcVpc, SrcSubnet, DstIp, DstPort, DstHost, DstService, Protocol, Direction,
        TcpFlags, Bytes, BytesIn, BytesOut, Packets, StartTime, EndTime, Action, QueryName, QueryType, Rcode, Answers, RuleUid, Resources,
        DeviceHost, RecordType, Policy,
    ];
    /// Processes, and what they did to files.
    Process = "process_activity", [
        DeviceHost, Pid, ProcessName, ProcessPath, CommandLine, WorkingDirectory, ParentPid, Terminal, UserName, UserUid, TargetUser, FilePath,
        RecordType, Operation, SrcIp, SrcHost, Action, RuleName, Facility,
    ];
    /// What detectors and checks have found.
    Findings = "findings", [
        FindingUid, Title, Description, FindingTypes, FirstSeen, LastSeen, Severity, SeverityTenths, FindingStatus, ComplianceStatus, Remediation,
        Cves, Packages, Resources, ResourceTypes, RuleUid, RuleName, SrcIp, SrcPort, SrcCountry, SrcAsn, DstIp, DstPort, UserName, UserArn, UserType, AccessKey,
        Operation, Service, Protocol, Direction, Action, QueryName, FilePath, DeviceHost, SrcInstance, RecordType, Score,
    ];
    /// Anything else: messages of systems and programs.
    System = "system_activity", [
        DeviceHost, ProcessName, Pid, Facility, Severity, RecordType, UserName, SrcIp, SrcPort, SrcHost, DstIp, DstPort, Operation, Action, FilePath, RequestUid,
        Labels, HttpStatus, Path, Host,
    ];
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::Class;

    #[test]
    fn tables_have_each_column_once_and_no_column_is_without_a_table() {
        let mut used: BTreeSet<&Column> = BTreeSet::new();
        for table in Table::ALL {
            let columns: BTreeSet<_> = table.columns().iter().collect();
            assert_eq!(columns.len(), table.columns().len(), "{}", table.name());
            assert!(columns.len() <= 80, "{} has {}", table.name(), columns.len());
            used.extend(columns);
        }
        let unused: Vec<_> = Column::ALL.iter().filter(|column| !used.contains(column)).collect();
        assert!(unused.is_empty(), "{unused:?}");
    }

    #[test]
    fn every_table_has_a_class() {
        for table in Table::ALL {
            assert!(Class::ALL.iter().any(|class| class.table() == *table), "{}", table.name());
        }
    }
}
