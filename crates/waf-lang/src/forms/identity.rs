//! Who owns resources that are not in AWS yet: files of Terraform and CloudFormation give names, and AWS makes ARNs of
//! them, which rules and labels refer to.
//!
//! The account, the region and the partition are taken from the first WAFv2 ARN that a file quotes, the account also
//! from a qualified label. A file that quotes neither cannot tell accounts apart either, so placeholders do no harm.

use super::piece::PieceKind;

/// The account of resources whose files name none.
const ACCOUNT_UNKNOWN: &str = "000000000000";
/// The region of resources whose files name none, and the one of everything global.
const REGION_DEFAULT: &str = "us-east-1";
/// Digits of an account number.
const ACCOUNT_DIGITS: usize = 12;

/// Where resources live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) partition: String,
    pub(super) region: String,
    pub(super) account: String,
}

impl Identity {
    /// Finds out from what files quote.
    pub(super) fn of<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        let mut found = Self {
            partition: "aws".to_owned(),
            region: REGION_DEFAULT.to_owned(),
            account: ACCOUNT_UNKNOWN.to_owned(),
        };
        for text in texts {
            if let Some(arn) = first_arn(text) {
                return arn;
            }
            if found.account == ACCOUNT_UNKNOWN
                && let Some(account) = first_label_account(text)
            {
                account.clone_into(&mut found.account);
            }
        }
        found
    }

    /// The ARN that a resource gets here. Its id is what the file calls it.
    pub(super) fn arn(&self, kind: PieceKind, global: bool, name: &str, label: &str) -> String {
        let word = kind.names().arn.unwrap_or_default();
        let Self { partition, region, account } = self;
        let (region, scope) = if global { (REGION_DEFAULT, "global") } else { (region.as_str(), "regional") };
        format!("arn:{partition}:wafv2:{region}:{account}:{scope}/{word}/{name}/{label}")
    }
}

fn first_arn(text: &str) -> Option<Identity> {
    text.match_indices("arn:aws").find_map(|(at, _)| {
        let mut parts = text[at..].splitn(6, ':').skip(1);
        let (partition, service, region, account) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let fits = service == "wafv2" && plain(partition) && plain(region) && is_account(account);
        fits.then(|| Identity {
            partition: partition.to_owned(),
            region: region.to_owned(),
            account: account.to_owned(),
        })
    })
}

fn first_label_account(text: &str) -> Option<&str> {
    text.match_indices("awswaf:").find_map(|(at, prefix)| {
        let (account, rest) = text[at + prefix.len()..].split_once(':')?;
        let ours = rest.starts_with("webacl:") || rest.starts_with("rulegroup:");
        (ours && is_account(account)).then_some(account)
    })
}

fn is_account(text: &str) -> bool {
    text.len() == ACCOUNT_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::Identity;
    use crate::forms::piece::PieceKind;

    #[test]
    fn the_first_arn_and_the_first_label_tell_who_owns_the_rest() {
        let arn = "x = \"arn:aws-cn:wafv2:cn-north-1:111122223333:regional/ipset/a/b\"";
        let found = Identity::of(["arn:aws:s3:::bucket", arn]);
        assert_eq!((found.region.as_str(), found.account.as_str()), ("cn-north-1", "111122223333"));
        let found = Identity::of(["awswaf:managed:aws:x awswaf:444455556666:webacl:shop:seen"]);
        assert_eq!(
            found.arn(PieceKind::WebAcl, true, "shop", "main"),
            "arn:aws:wafv2:us-east-1:444455556666:global/webacl/shop/main"
        );
    }
}
