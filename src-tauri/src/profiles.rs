//! The deployments that this console can show: the node inside it, and remote ones by address and
//! token.
//!
//! What a profile is lies in one file of the configuration folder; its token lies elsewhere, in
//! [`secrets`].

pub(crate) mod book;
pub(crate) mod secrets;
pub(crate) mod trial;

use graphy_client::NodeUrl;
use graphy_protocol::{ApiError, ErrorCode};
use serde::{Deserialize, Serialize};

/// The id of the profile of the node inside this console.
pub(crate) const EMBEDDED: &str = "embedded";
/// The longest name of a profile, in characters.
const NAME_CHARS_MAX: usize = 60;
/// The most profiles.
const COUNT_MAX: usize = 50;

/// What a deployment is for, from harmless to not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Environment {
    Local,
    Development,
    Testing,
    Staging,
    Production,
}

impl Environment {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Development => "development",
            Self::Testing => "testing",
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }
}

/// One deployment, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Profile {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Where it is; none for the node inside this console.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    pub(crate) environment: Environment,
    pub(crate) read_only: bool,
}

impl Profile {
    /// The profile of the node inside this console, as it is at first.
    pub(crate) fn embedded() -> Self {
        Self {
            id: EMBEDDED.to_owned(),
            name: "This computer".to_owned(),
            url: None,
            environment: Environment::Local,
            read_only: false,
        }
    }

    pub(crate) fn is_embedded(&self) -> bool {
        self.id == EMBEDDED
    }
}

/// A profile as the interface wants it to be.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Draft {
    /// Absent for a new one.
    #[serde(default)]
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) url: Option<String>,
    pub(crate) environment: Environment,
    pub(crate) read_only: bool,
    /// Absent to keep the one that is stored.
    #[serde(default)]
    pub(crate) token: Option<String>,
}

impl Draft {
    /// Makes the profile, if it is one.
    ///
    /// # Errors
    /// `invalid`, with the field at fault.
    pub(crate) fn profile(&self) -> Result<Profile, ApiError> {
        let invalid = |field: &str, message: String| {
            Err(ApiError::new(ErrorCode::Invalid, message).on(field))
        };
        let name = self.name.trim();
        if name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
            let message = format!("a name has 1 to {NAME_CHARS_MAX} characters");
            return invalid("name", message);
        }
        let id = self
            .id
            .clone()
            .unwrap_or_else(|| uuid::Uuid::now_v7().to_string());
        let url = if id == EMBEDDED {
            None
        } else {
            let text = self.url.as_deref().unwrap_or_default().trim();
            match text.parse::<NodeUrl>() {
                Ok(url) => Some(url.to_string()),
                Err(error) => return invalid("url", error.to_string()),
            }
        };
        Ok(Profile {
            id,
            name: name.to_owned(),
            url,
            environment: self.environment,
            read_only: self.read_only,
        })
    }
}

/// A profile as the interface sees it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Shown {
    #[serde(flatten)]
    pub(crate) profile: Profile,
    pub(crate) kind: &'static str,
    pub(crate) has_token: bool,
}

impl Shown {
    pub(crate) fn new(profile: Profile, has_token: bool) -> Self {
        let kind = if profile.is_embedded() {
            "embedded"
        } else {
            "remote"
        };
        Self {
            profile,
            kind,
            has_token,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(id: Option<&str>, name: &str, url: Option<&str>) -> Draft {
        Draft {
            id: id.map(str::to_owned),
            name: name.to_owned(),
            url: url.map(str::to_owned),
            environment: Environment::Staging,
            read_only: true,
            token: None,
        }
    }

    #[test]
    fn a_draft_becomes_a_profile_or_says_which_field_is_wrong() {
        let profile = draft(None, " Stage ", Some("http://10.0.0.1:7400/")).profile();
        let profile = profile.unwrap();
        assert_eq!(profile.name, "Stage");
        assert_eq!(profile.url.as_deref(), Some("http://10.0.0.1:7400"));
        assert!(profile.read_only && !profile.is_embedded());
        let field = |draft: Draft| draft.profile().unwrap_err().field.unwrap();
        assert_eq!(field(draft(None, "", Some("http://h"))), "name");
        assert_eq!(field(draft(None, "a", None)), "url");
        assert_eq!(field(draft(None, "a", Some("https://h"))), "url");
        let own = draft(Some(EMBEDDED), "Mine", None).profile().unwrap();
        assert_eq!((own.url, own.name.as_str()), (None, "Mine"));
    }
}
