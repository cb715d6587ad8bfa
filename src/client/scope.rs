//! The same operation seen from another enterprise project.

use super::{ALL_ENTERPRISE_PROJECTS, Session};

/// The enterprise project that the service takes where none is named.
const DEFAULT_ENTERPRISE_PROJECT: &str = "0";

impl Session {
    /// This operation, reading in every enterprise project that the caller may see.
    #[must_use]
    pub fn everywhere(&self) -> Session {
        self.seen_from(ALL_ENTERPRISE_PROJECTS)
    }

    /// This operation, reading only where its writes go. A server that is not found so cannot be written to.
    #[must_use]
    pub fn where_writes_go(&self) -> Session {
        self.seen_from(self.write_scope().unwrap_or(DEFAULT_ENTERPRISE_PROJECT))
    }

    /// The enterprise project that writes name; `None` where they leave it to the service.
    pub fn enterprise_project_id(&self) -> Option<&str> {
        self.write_scope()
    }

    fn seen_from(&self, enterprise_project: &str) -> Session {
        Session { enterprise_project_id: Some(enterprise_project.to_owned()), ..self.clone() }
    }
}
