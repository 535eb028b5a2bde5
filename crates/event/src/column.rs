//! The promoted columns: one catalogue for all tables, so that a name means the same everywhere.

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// UTF-8 text.
    Text,
    /// A signed whole number of 64 bits.
    Int,
    /// True or false.
    Bool,
    /// A moment: microseconds since 1970-01-01T00:00:00Z.
    Time,
    /// Several texts, in order.
    Texts,
}

macro_rules! columns {
    ($($(#[doc = $doc:literal])+ $column:ident: $kind:ident = $name:literal, $ocsf:literal, $ecs:literal;)+) => {
        /// A promoted column.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u16)]
        pub enum Column {
            $($(#[doc = $doc])+ $column,)+
        }

        impl Column {
            /// All of them, by number.
            pub const ALL: &'static [Self] = &[$(Self::$column),+];

            /// Its name in SQL.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$column => $name,)+ }
            }

            /// What it holds.
            #[must_use]
            pub const fn kind(self) -> Kind {
                match self { $(Self::$column => Kind::$kind,)+ }
            }

            /// The OCSF attribute it holds, as a path; empty if OCSF has none.
            #[must_use]
            pub const fn ocsf(self) -> &'static str {
                match self { $(Self::$column => $ocsf,)+ }
            }

            /// The field of the Elastic Common Schema with the same meaning; empty if there is none.
            #[must_use]
            pub const fn ecs(self) -> &'static str {
                match self { $(Self::$column => $ecs,)+ }
            }

            /// What it means, in a sentence.
            #[must_use]
            pub const fn about(self) -> &'static str {
                match self { $(Self::$column => concat!($($doc),+),)+ }
            }
        }
    };
}

columns! {
    // What every event has.
    /// When it happened.
    Time: Time = "time", "time", "@timestamp";
    /// What happened: the number of the OCSF class.
    ClassUid: Int = "class_uid", "class_uid", "";
    /// What was done, within the class.
    ActivityId: Int = "activity_id", "activity_id", "";
    /// How bad it is: 0 unknown, 1 informational to 6 fatal.
    SeverityId: Int = "severity_id", "severity_id", "event.severity";
    /// Whether it succeeded: `Success`, `Failure` or the source's own word.
    Status: Text = "status", "status", "event.outcome";
    /// The source's code for how it ended.
    StatusCode: Text = "status_code", "status_code", "error.code";
    /// Why it ended so.
    StatusDetail: Text = "status_detail", "status_detail", "error.message";
    /// What a person reads first.
    Message: Text = "message", "message", "message";
    /// The source's own id of the event.
    EventUid: Text = "event_uid", "metadata.uid", "event.id";
    /// Whose product told it.
    Product: Text = "product", "metadata.product.name", "observer.product";
    /// The cloud account it is about.
    AccountUid: Text = "account_uid", "cloud.account.uid", "cloud.account.id";
    /// The cloud region it is about.
    Region: Text = "region", "cloud.region", "cloud.region";
    /// How long it took, in milliseconds.
    DurationMs: Int = "duration_ms", "duration", "event.duration";

    // Who, from where, to where.
    /// Address of who began it.
    SrcIp: Text = "src_ip", "src_endpoint.ip", "source.ip";
    /// Port of who began it.
    SrcPort: Int = "src_port", "src_endpoint.port", "source.port";
    /// Country of that address, ISO 3166-1 alpha-2.
    SrcCountry: Text = "src_country", "src_endpoint.location.country", "source.geo.country_iso_code";
    /// Autonomous system of that address.
    SrcAsn: Int = "src_asn", "src_endpoint.autonomous_system.number", "source.as.number";
    /// Name of the host it began at.
    SrcHost: Text = "src_host", "src_endpoint.hostname", "source.domain";
    /// Network interface it began at.
    SrcInterface: Text = "src_interface", "src_endpoint.interface_uid", "";
    /// Instance it began at.
    SrcInstance: Text = "src_instance", "src_endpoint.instance_uid", "cloud.instance.id";
    /// Virtual network it began in.
    SrcVpc: Text = "src_vpc", "src_endpoint.vpc_uid", "";
    /// Subnet it began in.
    SrcSubnet: Text = "src_subnet", "src_endpoint.subnet_uid", "";
    /// Address it went to.
    DstIp: Text = "dst_ip", "dst_endpoint.ip", "destination.ip";
    /// Port it went to.
    DstPort: Int = "dst_port", "dst_endpoint.port", "destination.port";
    /// Name of the host it went to.
    DstHost: Text = "dst_host", "dst_endpoint.hostname", "destination.domain";
    /// Service it went to.
    DstService: Text = "dst_service", "dst_endpoint.svc_name", "service.name";
    /// Transport protocol, in lower case.
    Protocol: Text = "protocol", "connection_info.protocol_name", "network.transport";
    /// Direction: `Inbound`, `Outbound`, `Lateral` or the source's own word.
    Direction: Text = "direction", "connection_info.direction", "network.direction";
    /// Flags of TCP, as a number.
    TcpFlags: Int = "tcp_flags", "connection_info.tcp_flags", "";
    /// Bytes in both directions, or as many as the source counts.
    Bytes: Int = "bytes", "traffic.bytes", "network.bytes";
    /// Bytes from who began it.
    BytesIn: Int = "bytes_in", "traffic.bytes_in", "source.bytes";
    /// Bytes to who began it.
    BytesOut: Int = "bytes_out", "traffic.bytes_out", "destination.bytes";
    /// Packets in both directions, or as many as the source counts.
    Packets: Int = "packets", "traffic.packets", "network.packets";
    /// Begin of what the event sums up.
    StartTime: Time = "start_time", "start_time", "event.start";
    /// End of what the event sums up.
    EndTime: Time = "end_time", "end_time", "event.end";
    /// What was decided, in the source's own word: `ALLOW`, `BLOCK`, `ACCEPT`, `REJECT`.
    Action: Text = "action", "action", "event.action";

    // HTTP.
    /// Method of the request.
    Method: Text = "method", "http_request.http_method", "http.request.method";
    /// Scheme of the URL.
    Scheme: Text = "scheme", "http_request.url.scheme", "url.scheme";
    /// Host the request asks for.
    Host: Text = "host", "http_request.url.hostname", "url.domain";
    /// Path of the URL, as it came.
    Path: Text = "path", "http_request.url.path", "url.path";
    /// Query string of the URL, as it came.
    Query: Text = "query", "http_request.url.query_string", "url.query";
    /// The URL, as it came.
    Url: Text = "url", "http_request.url.url_string", "url.full";
    /// Version of HTTP, as the source writes it.
    HttpVersion: Text = "http_version", "http_request.version", "http.version";
    /// What the client calls itself.
    UserAgent: Text = "user_agent", "http_request.user_agent", "user_agent.original";
    /// Where the client came from.
    Referrer: Text = "referrer", "http_request.referrer", "http.request.referrer";
    /// Addresses the request says it was forwarded for.
    ForwardedFor: Texts = "forwarded_for", "http_request.x_forwarded_for", "";
    /// Header fields of the request, as a JSON array.
    RequestHeaders: Text = "request_headers", "http_request.http_headers", "";
    /// Id of the request.
    RequestUid: Text = "request_uid", "http_request.uid", "http.request.id";
    /// Bytes of the request.
    RequestBytes: Int = "request_bytes", "http_request.length", "http.request.bytes";
    /// Status of the response.
    HttpStatus: Int = "http_status", "http_response.code", "http.response.status_code";
    /// Content type of the response.
    ContentType: Text = "content_type", "http_response.content_type", "http.response.mime_type";
    /// Bytes of the response.
    ResponseBytes: Int = "response_bytes", "http_response.length", "http.response.bytes";
    /// Time until the response began, in milliseconds.
    LatencyMs: Int = "latency_ms", "http_response.latency", "";
    /// Version of TLS.
    TlsVersion: Text = "tls_version", "tls.version", "tls.version";
    /// Cipher suite of TLS.
    TlsCipher: Text = "tls_cipher", "tls.cipher", "tls.cipher";
    /// Name the client asked for in TLS.
    TlsSni: Text = "tls_sni", "tls.sni", "tls.client.server_name";
    /// Fingerprint of the client's TLS greeting, JA3.
    Ja3: Text = "ja3", "tls.ja3_hash.value", "tls.client.ja3";
    /// Fingerprint of the client's TLS greeting, JA4.
    Ja4: Text = "ja4", "ja4_fingerprint_list.value", "";

    // Rules.
    /// The rule that decided.
    RuleUid: Text = "rule_uid", "firewall_rule.uid", "rule.id";
    /// Name of the rule that decided.
    RuleName: Text = "rule_name", "firewall_rule.name", "rule.name";
    /// Kind of the rule that decided.
    RuleType: Text = "rule_type", "firewall_rule.type", "rule.category";
    /// The set of rules that was asked: a web ACL.
    Policy: Text = "policy", "policy.uid", "rule.ruleset";
    /// All rules that matched, those that only count too.
    MatchedRules: Texts = "matched_rules", "", "";
    /// What rules matched on.
    MatchedData: Texts = "matched_data", "", "";
    /// Labels that rules gave.
    Labels: Texts = "labels", "metadata.labels", "labels";
    /// Sum of scores, where rules score.
    Score: Int = "score", "risk_score", "event.risk_score";

    // Calls of interfaces, users, sessions.
    /// What was called.
    Operation: Text = "operation", "api.operation", "event.action";
    /// Whose interface was called.
    Service: Text = "service", "api.service.name", "event.provider";
    /// Id of the call.
    CallUid: Text = "call_uid", "api.request.uid", "";
    /// What was asked, as JSON.
    RequestData: Text = "request_data", "api.request.data", "";
    /// What was answered, as JSON.
    ResponseData: Text = "response_data", "api.response.data", "";
    /// Code of the error that was answered.
    ErrorCode: Text = "error_code", "api.response.error", "error.code";
    /// Words of the error that was answered.
    ErrorMessage: Text = "error_message", "api.response.error_message", "error.message";
    /// Whether nothing could be changed by it.
    ReadOnly: Bool = "read_only", "", "";
    /// Kind of who did it: `IAMUser`, `AssumedRole`, `Root`.
    UserType: Text = "user_type", "actor.user.type", "";
    /// Name of who did it.
    UserName: Text = "user_name", "actor.user.name", "user.name";
    /// Id of who did it.
    UserUid: Text = "user_uid", "actor.user.uid", "user.id";
    /// Full id (ARN) of who did it.
    UserArn: Text = "user_arn", "actor.user.uid_alt", "";
    /// Account of who did it.
    UserAccount: Text = "user_account", "actor.user.account.uid", "";
    /// Key that was used.
    AccessKey: Text = "access_key", "actor.user.credential_uid", "";
    /// Who gave the session: the role that was assumed.
    SessionIssuer: Text = "session_issuer", "actor.session.issuer", "";
    /// When the session began.
    SessionTime: Time = "session_time", "actor.session.created_time", "";
    /// Whether a second factor was used.
    Mfa: Bool = "mfa", "actor.session.is_mfa", "";
    /// Service or program on whose behalf it was done.
    InvokedBy: Text = "invoked_by", "actor.invoked_by", "";
    /// What it was done to.
    Resources: Texts = "resources", "resources.uid", "";
    /// Kinds of what it was done to.
    ResourceTypes: Texts = "resource_types", "resources.type", "";
    /// User it was done to.
    TargetUser: Text = "target_user", "user.name", "user.target.name";
    /// Group it was done to.
    TargetGroup: Text = "target_group", "group.name", "group.name";
    /// How someone logged in.
    AuthProtocol: Text = "auth_protocol", "auth_protocol", "";
    /// What someone logged in to.
    AuthService: Text = "auth_service", "service.name", "service.name";

    // Names.
    /// Name that was asked for.
    QueryName: Text = "query_name", "query.hostname", "dns.question.name";
    /// Kind of answer that was asked for.
    QueryType: Text = "query_type", "query.type", "dns.question.type";
    /// Code of the answer.
    Rcode: Text = "rcode", "rcode", "dns.response_code";
    /// Answers.
    Answers: Texts = "answers", "answers.rdata", "dns.resolved_ip";

    // Hosts and processes.
    /// Host it happened on.
    DeviceHost: Text = "device_host", "device.hostname", "host.hostname";
    /// Id of the process.
    Pid: Int = "pid", "process.pid", "process.pid";
    /// Name of the process.
    ProcessName: Text = "process_name", "process.name", "process.name";
    /// File of the process.
    ProcessPath: Text = "process_path", "process.file.path", "process.executable";
    /// Command line of the process.
    CommandLine: Text = "command_line", "process.cmd_line", "process.command_line";
    /// Folder the process worked in.
    WorkingDirectory: Text = "working_directory", "process.working_directory", "process.working_directory";
    /// Id of the process that began it.
    ParentPid: Int = "parent_pid", "process.parent_process.pid", "process.parent.pid";
    /// Terminal the process had.
    Terminal: Text = "terminal", "process.session.terminal", "process.tty";
    /// File it was done to.
    FilePath: Text = "file_path", "file.path", "file.path";
    /// Kind of record or message, in the source's own word.
    RecordType: Text = "record_type", "metadata.log_name", "event.code";
    /// Facility of syslog, or the like.
    Facility: Text = "facility", "metadata.loggers.name", "log.syslog.facility.name";

    // Findings.
    /// Id of the finding.
    FindingUid: Text = "finding_uid", "finding_info.uid", "";
    /// Title of the finding.
    Title: Text = "title", "finding_info.title", "rule.description";
    /// What was found, in sentences.
    Description: Text = "description", "finding_info.desc", "";
    /// Kinds of the finding.
    FindingTypes: Texts = "finding_types", "finding_info.types", "";
    /// When it was first seen.
    FirstSeen: Time = "first_seen", "finding_info.first_seen_time", "";
    /// When it was last seen.
    LastSeen: Time = "last_seen", "finding_info.last_seen_time", "";
    /// Severity in the source's own word.
    Severity: Text = "severity", "severity", "";
    /// Severity as the source's number, times ten.
    SeverityTenths: Int = "severity_tenths", "", "";
    /// What has become of the finding, in the source's own word.
    FindingStatus: Text = "finding_status", "", "";
    /// Outcome of a check, in the source's own word.
    ComplianceStatus: Text = "compliance_status", "compliance.status", "";
    /// What to do about it.
    Remediation: Text = "remediation", "remediation.desc", "";
    /// Vulnerabilities it is about.
    Cves: Texts = "cves", "vulnerabilities.cve.uid", "vulnerability.id";
    /// Packages it is about.
    Packages: Texts = "packages", "vulnerabilities.affected_packages.name", "package.name";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_plain_and_unique() {
        let names: BTreeSet<_> = Column::ALL.iter().map(|column| column.name()).collect();
        assert_eq!(names.len(), Column::ALL.len());
        assert!(
            names.iter().all(|name| name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'))
        );
        assert!(Column::ALL.iter().enumerate().all(|(at, column)| *column as usize == at));
    }
}
