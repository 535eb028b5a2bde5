//! Classes of events. Source: OCSF schema 1.8.

use crate::Table;

macro_rules! classes {
    ($($(#[doc = $doc:literal])+ $class:ident = $uid:literal, $name:literal, $table:ident;)+) => {
        /// A class of events.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Class {
            $($(#[doc = $doc])+ $class,)+
        }

        impl Class {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$class),+];

            /// Its number in OCSF.
            #[must_use]
            pub const fn uid(self) -> i64 {
                match self { $(Self::$class => $uid,)+ }
            }

            /// Its name in OCSF.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$class => $name,)+ }
            }

            /// Where its events are kept.
            #[must_use]
            pub const fn table(self) -> Table {
                match self { $(Self::$class => Table::$table,)+ }
            }
        }
    };
}

classes! {
    /// Requests and responses.
    HttpActivity = 4002, "http_activity", Http;
    /// Calls of an interface, as of a cloud.
    ApiActivity = 6003, "api_activity", ApiActivity;
    /// Someone logged in or out.
    Authentication = 3002, "authentication", Authentication;
    /// An account was made or changed.
    AccountChange = 3001, "account_change", ApiActivity;
    /// Rights were given or taken.
    UserAccess = 3005, "user_access", ApiActivity;
    /// A group was changed.
    GroupManagement = 3006, "group_management", ApiActivity;
    /// Connections.
    NetworkActivity = 4001, "network_activity", Network;
    /// Questions to the name system.
    DnsActivity = 4003, "dns_activity", Network;
    /// Processes begin and end.
    ProcessActivity = 1007, "process_activity", Process;
    /// Files are made, read and changed.
    FileActivity = 1001, "file_activity", Process;
    /// A check of a resource against a standard.
    ComplianceFinding = 2003, "compliance_finding", Findings;
    /// Something that was detected.
    DetectionFinding = 2004, "detection_finding", Findings;
    /// A known weakness of a program.
    VulnerabilityFinding = 2002, "vulnerability_finding", Findings;
    /// Anything else.
    BaseEvent = 0, "base_event", System;
}
