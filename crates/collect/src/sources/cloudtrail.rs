//! AWS CloudTrail: calls of the AWS API, logins at the console.
//!
//! Source: AWS CloudTrail User Guide, "CloudTrail record contents for management, data, and network activity events" (event versions to
//! 1.11), "CloudTrail userIdentity element", "AWS Management Console sign-in events".

use std::borrow::Cow;

use sekisho_event::{Class, Column, Event};

use crate::json::Object;
use crate::source::{Context, Refusal, Source};
use crate::split::Framing;

/// CloudTrail's files, and its events in a stream.
pub(super) const SOURCE: Source = Source {
    name: "cloudtrail",
    about: "AWS CloudTrail: calls of the AWS API, logins",
    framing: Framing::Json { member: "Records", depth: 1 },
    parse,
};

/// What a call is, by its name. Source: OCSF's classes of the category "Identity & Access Management"; AWS IAM API Reference.
fn class(service: &str, operation: &str) -> Class {
    let is_login = matches!(
        operation,
        "ConsoleLogin" | "Authenticate" | "UserAuthentication" | "Federate" | "CredentialVerification"
    );
    match (service, operation) {
        ("signin.amazonaws.com" | "sso.amazonaws.com", _) if is_login => Class::Authentication,
        ("sts.amazonaws.com", name)
            if name.starts_with("AssumeRole") || name.starts_with("Get") && name.ends_with("Token") =>
        {
            Class::Authentication
        }
        ("iam.amazonaws.com", name) => match name {
            "AddUserToGroup" | "RemoveUserFromGroup" | "CreateGroup" | "DeleteGroup" | "UpdateGroup" => {
                Class::GroupManagement
            }
            "CreateUser"
            | "DeleteUser"
            | "UpdateUser"
            | "CreateLoginProfile"
            | "UpdateLoginProfile"
            | "DeleteLoginProfile"
            | "CreateAccessKey"
            | "DeleteAccessKey"
            | "UpdateAccessKey"
            | "ChangePassword"
            | "EnableMFADevice"
            | "DeactivateMFADevice"
            | "DeleteVirtualMFADevice" => Class::AccountChange,
            "AttachUserPolicy"
            | "DetachUserPolicy"
            | "PutUserPolicy"
            | "DeleteUserPolicy"
            | "AttachRolePolicy"
            | "DetachRolePolicy"
            | "PutRolePolicy"
            | "DeleteRolePolicy"
            | "AttachGroupPolicy"
            | "DetachGroupPolicy"
            | "PutGroupPolicy"
            | "DeleteGroupPolicy"
            | "UpdateAssumeRolePolicy"
            | "PutUserPermissionsBoundary"
            | "PutRolePermissionsBoundary"
            | "DeleteUserPermissionsBoundary"
            | "DeleteRolePermissionsBoundary" => Class::UserAccess,
            _ => Class::ApiActivity,
        },
        _ => Class::ApiActivity,
    }
}

/// OCSF's activity of a call about accounts, rights or groups: each of these classes numbers them in its own way. Source: OCSF schema, events
/// `account_change`, `user_access`, `group_management`.
fn iam_activity(class: Class, operation: &str) -> i64 {
    match (class, operation) {
        (Class::AccountChange, "CreateUser") => 1,
        (Class::AccountChange, "ChangePassword") => 3,
        (Class::AccountChange, "UpdateLoginProfile") => 4,
        (Class::AccountChange, "DeleteUser") => 6,
        (Class::AccountChange, "EnableMFADevice") => 10,
        (Class::AccountChange, "DeactivateMFADevice") => 11,
        (Class::GroupManagement, "AddUserToGroup") => 3,
        (Class::GroupManagement, "RemoveUserFromGroup") => 4,
        (Class::GroupManagement, "DeleteGroup") => 5,
        (Class::GroupManagement, "CreateGroup") => 6,
        (Class::GroupManagement, "UpdateGroup") => 9,
        // Who may assume a role, and boundaries: whether that gives rights or takes them, the name does not say.
        (Class::UserAccess, "UpdateAssumeRolePolicy") => 99,
        (Class::UserAccess, name) if !name.ends_with("Policy") => 99,
        (Class::UserAccess, name) => {
            let gives = name.starts_with("Attach") || name.starts_with("Put");
            if gives { 1 } else { 2 }
        }
        _ => 99,
    }
}

/// OCSF's activity of a call: 1 create, 2 read, 3 update, 4 delete, 99 other; of a login always 1.
fn activity(class: Class, operation: &str) -> i64 {
    let begins = |words: &[&str]| words.iter().any(|word| operation.starts_with(word));
    if class == Class::Authentication {
        return 1;
    }
    if class != Class::ApiActivity {
        return iam_activity(class, operation);
    }
    if begins(&["Create", "Run", "Import", "Allocate", "Register", "Add"]) {
        1
    } else if begins(&["Get", "List", "Describe", "Head", "Lookup", "Search", "Decrypt", "Select", "Scan", "Query"]) {
        2
    } else if begins(&["Update", "Put", "Modify", "Set", "Attach", "Enable", "Start", "Tag", "Associate", "Change"]) {
        3
    } else if begins(&[
        "Delete",
        "Remove",
        "Terminate",
        "Detach",
        "Disable",
        "Deregister",
        "Revoke",
        "Untag",
        "Release",
    ]) {
        4
    } else {
        99
    }
}

fn parse<'r>(raw: &'r [u8], _: Context<'r>) -> Result<Event<'r>, Refusal> {
    let mut record = Object::parse(raw)?;
    let Some(operation) = record.text("eventName") else { return digest(record) };
    let service = record.text("eventSource").unwrap_or_default();
    let time = record.time("eventTime").ok_or(Refusal::Missing("eventTime"))?;
    let class = class(&service, &operation);
    let mut event = Event::new(class);
    event.time(Column::Time, Some(time));
    event.int(Column::ActivityId, Some(activity(class, &operation)));
    event.text(Column::Product, Some("CloudTrail"));
    event.text(Column::Region, record.text("awsRegion"));
    event.text(Column::AccountUid, record.text("recipientAccountId"));
    event.text(Column::EventUid, record.text("eventID"));
    event.text(Column::CallUid, record.text("requestID"));
    event.text(Column::RecordType, record.text("eventType"));
    event.text(Column::UserAgent, record.text("userAgent"));
    event.bool(Column::ReadOnly, record.bool("readOnly"));
    source_address(record.text("sourceIPAddress"), &mut event);
    outcome(&mut record, class, &mut event);
    event.text(Column::Operation, Some(operation));
    event.text(Column::Service, Some(service));
    if let Some(identity) = record.open("userIdentity") {
        user(identity, &mut event);
    }
    resources(&mut record, &mut event);
    target(&mut record, class, &mut event);
    if let Some(tls) = record.open("tlsDetails") {
        event.text(Column::TlsVersion, tls.text("tlsVersion"));
        event.text(Column::TlsCipher, tls.text("cipherSuite"));
        event.text(Column::DstHost, tls.text("clientProvidedHostHeader"));
    }
    event.text(Column::SrcVpc, record.text("vpcEndpointId"));
    event.text(Column::RequestData, record.json("requestParameters"));
    event.text(Column::ResponseData, record.json("responseElements"));
    event.set_unmapped(record.rest());
    Ok(event)
}

/// One of the digest files that stand beside log files: what CloudTrail says it has delivered. It is kept like a record, as evidence.
fn digest<'r>(mut record: Object<'r>) -> Result<Event<'r>, Refusal> {
    let file = record.text("digestS3Object").ok_or(Refusal::Missing("eventName"))?;
    let mut event = Event::new(Class::BaseEvent);
    event.time(Column::Time, record.time("digestEndTime"));
    event.text(Column::Product, Some("CloudTrail"));
    event.text(Column::RecordType, Some("digest"));
    event.text(Column::AccountUid, record.text("awsAccountId"));
    event.text(Column::FilePath, Some(file));
    event.set_unmapped(record.rest());
    Ok(event)
}

/// An address, or the name of the AWS service that called.
fn source_address<'r>(source: Option<Cow<'r, str>>, event: &mut Event<'r>) {
    let Some(source) = source else { return };
    let is_address = source.parse::<std::net::IpAddr>().is_ok();
    event.text(if is_address { Column::SrcIp } else { Column::SrcHost }, Some(source));
}

fn outcome<'r>(record: &mut Object<'r>, class: Class, event: &mut Event<'r>) {
    let (code, message) = (record.text("errorCode"), record.text("errorMessage"));
    let mut failed = code.is_some() || message.is_some();
    if class == Class::Authentication {
        let said = record.copy("responseElements").and_then(|mut answer| answer.text("ConsoleLogin"));
        failed |= said.as_deref() == Some("Failure");
    }
    let (severity, status) = if failed { (2, "Failure") } else { (1, "Success") };
    event.int(Column::SeverityId, Some(severity));
    event.text(Column::Status, Some(status));
    event.text(Column::StatusCode, code.clone());
    event.text(Column::StatusDetail, message.clone());
    event.text(Column::ErrorCode, code);
    event.text(Column::ErrorMessage, message);
}

fn user<'r>(identity: &mut Object<'r>, event: &mut Event<'r>) {
    event.text(Column::UserType, identity.text("type"));
    event.text(Column::UserUid, identity.text("principalId"));
    event.text(Column::UserArn, identity.text("arn"));
    event.text(Column::UserAccount, identity.text("accountId"));
    event.text(Column::AccessKey, identity.text("accessKeyId"));
    event.text(Column::InvokedBy, identity.text("invokedBy"));
    event.text(Column::UserName, identity.text("userName"));
    let Some(context) = identity.open("sessionContext") else { return };
    if let Some(attributes) = context.open("attributes") {
        event.time(Column::SessionTime, attributes.time("creationDate"));
        event.bool(Column::Mfa, attributes.bool("mfaAuthenticated"));
    }
    let Some(issuer) = context.open("sessionIssuer") else { return };
    event.text(Column::SessionIssuer, issuer.text("arn"));
    if event.get(Column::UserName).is_none() {
        event.text(Column::UserName, issuer.text("userName"));
    }
}

fn resources<'r>(record: &mut Object<'r>, event: &mut Event<'r>) {
    let (mut arns, mut kinds) = (Vec::new(), Vec::new());
    for mut resource in record.objects("resources") {
        arns.extend(resource.text("ARN"));
        kinds.extend(resource.text("type"));
    }
    event.texts(Column::Resources, arns);
    event.texts(Column::ResourceTypes, kinds);
}

/// To whom it was done. Taken from what was asked, which is kept whole besides.
fn target<'r>(record: &mut Object<'r>, class: Class, event: &mut Event<'r>) {
    if !matches!(class, Class::AccountChange | Class::UserAccess | Class::GroupManagement | Class::Authentication) {
        return;
    }
    let Some(mut asked) = record.copy("requestParameters") else { return };
    event.text(
        Column::TargetUser,
        asked.text("userName").or_else(|| asked.text("roleArn")).or_else(|| asked.text("roleName")),
    );
    if class != Class::Authentication {
        event.text(Column::TargetGroup, asked.text("groupName"));
    }
}

#[cfg(test)]
mod tests {
    use sekisho_event::{Table, Value};

    use super::*;

    fn text<'e>(event: &'e Event<'_>, column: Column) -> &'e str {
        match event.get(column) {
            Some(Value::Text(text)) => text,
            _ => "",
        }
    }

    #[test]
    fn a_digest_is_kept_as_what_it_is() {
        let raw = br#"{"awsAccountId":"111122223333","digestEndTime":"2026-11-22T01:02:05Z","digestS3Bucket":"b",
            "digestS3Object":"AWSLogs/d.json.gz","previousDigestS3Object":null,"logFiles":[{"s3Object":"AWSLogs/l.json.gz","hashValue":"00"}]}"#;
        let event = SOURCE.tells(raw).unwrap();
        assert_eq!((event.table(), text(&event, Column::FilePath)), (Table::System, "AWSLogs/d.json.gz"));
        assert_eq!(event.get(Column::Time), Some(&Value::Time(1_795_309_325_000_000)));
        assert!(event.unmapped().contains("AWSLogs/l.json.gz"));
        assert!(SOURCE.tells(br#"{"awsAccountId":"111122223333"}"#).is_err());
    }

    #[test]
    fn a_call_is_told_with_who_and_what() {
        let raw = br#"{"eventVersion":"1.08","userIdentity":{"type":"AssumedRole","principalId":"AROAEXAMPLE:alice",
            "arn":"arn:aws:sts::111122223333:assumed-role/admin/alice","accountId":"111122223333","accessKeyId":"ASIAEXAMPLE",
            "sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::111122223333:role/admin","userName":"admin"},
            "attributes":{"creationDate":"2026-11-22T01:02:03Z","mfaAuthenticated":"true"}}},
            "eventTime":"2026-11-22T01:02:05Z","eventSource":"ec2.amazonaws.com","eventName":"StopInstances","awsRegion":"ap-northeast-1",
            "sourceIPAddress":"203.0.113.7","userAgent":"aws-cli/2","errorCode":"Client.UnauthorizedOperation","errorMessage":"no",
            "requestParameters":{"force":false},"responseElements":null,"requestID":"r-1","eventID":"e-1","readOnly":false,
            "eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333"}"#;
        let event = SOURCE.tells(raw).unwrap();
        assert_eq!((event.class(), event.table()), (Class::ApiActivity, Table::ApiActivity));
        assert_eq!(event.get(Column::Time), Some(&Value::Time(1_795_309_325_000_000)));
        assert_eq!(text(&event, Column::SrcIp), "203.0.113.7");
        assert_eq!(text(&event, Column::UserName), "admin");
        assert_eq!(event.get(Column::Mfa), Some(&Value::Bool(true)));
        assert_eq!(
            (text(&event, Column::Status), text(&event, Column::ErrorCode)),
            ("Failure", "Client.UnauthorizedOperation")
        );
        assert_eq!(text(&event, Column::RequestData), r#"{"force":false}"#);
        assert_eq!(
            event.unmapped(),
            r#"{"eventVersion":"1.08","userIdentity":{"sessionContext":{"sessionIssuer":{"type":"Role"}}},"managementEvent":true}"#
        );
    }

    #[test]
    fn logins_and_changes_of_accounts_have_their_classes() {
        let event = |service: &str, name: &str, more: &str| {
            format!(r#"{{"eventTime":"2026-11-22T01:02:05Z","eventSource":"{service}","eventName":"{name}"{more}}}"#)
        };
        let login = event("signin.amazonaws.com", "ConsoleLogin", r#","responseElements":{"ConsoleLogin":"Failure"}"#);
        let login = SOURCE.tells(login.as_bytes()).unwrap();
        assert_eq!((login.class(), text(&login, Column::Status)), (Class::Authentication, "Failure"));
        let key = event("iam.amazonaws.com", "CreateAccessKey", r#","requestParameters":{"userName":"bob"}"#);
        let key = SOURCE.tells(key.as_bytes()).unwrap();
        assert_eq!((key.class(), text(&key, Column::TargetUser)), (Class::AccountChange, "bob"));
        assert_eq!(text(&key, Column::RequestData), r#"{"userName":"bob"}"#);
    }

    #[test]
    fn calls_of_identities_have_the_activities_of_their_classes() {
        for (operation, class, activity) in [
            ("CreateUser", Class::AccountChange, 1),
            ("DeactivateMFADevice", Class::AccountChange, 11),
            ("CreateAccessKey", Class::AccountChange, 99),
            ("AttachRolePolicy", Class::UserAccess, 1),
            ("PutUserPolicy", Class::UserAccess, 1),
            ("DeleteGroupPolicy", Class::UserAccess, 2),
            ("UpdateAssumeRolePolicy", Class::UserAccess, 99),
            ("DeleteUserPermissionsBoundary", Class::UserAccess, 99),
            ("AddUserToGroup", Class::GroupManagement, 3),
            ("UpdateGroup", Class::GroupManagement, 9),
        ] {
            let raw = format!(
                r#"{{"eventTime":"2026-11-22T01:02:05Z","eventSource":"iam.amazonaws.com","eventName":"{operation}"}}"#
            );
            let event = SOURCE.tells(raw.as_bytes()).unwrap();
            assert_eq!(
                (event.class(), event.get(Column::ActivityId)),
                (class, Some(&Value::Int(activity))),
                "{operation}"
            );
        }
    }

    #[test]
    fn what_is_no_event_is_refused_with_a_reason() {
        assert_eq!(
            SOURCE.tells(br#"{"eventTime":"2026-11-22T01:02:05Z"}"#).unwrap_err(),
            Refusal::Missing("eventName")
        );
        assert_eq!(
            SOURCE.tells(br#"{"eventName":"x","eventTime":"yesterday"}"#).unwrap_err(),
            Refusal::Missing("eventTime")
        );
        assert!(matches!(SOURCE.tells(b"hello").unwrap_err(), Refusal::Json(_)));
    }
}
