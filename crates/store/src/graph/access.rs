//! Who may do what in a graph, as far as Redis knows now.

use graphy_model::sharing::access;
use graphy_model::{GraphId, GraphRole, Role, UserId};

use super::{GraphStore, Head};
use crate::error::StoreError;

impl GraphStore {
    /// Reads where a graph stands and what a bearer of a token may do in it; none if there is no
    /// such graph.
    ///
    /// # Errors
    /// When Redis cannot be reached or a grant is not of our form.
    pub async fn access(
        &self,
        id: &GraphId,
        user: &UserId,
        role: Role,
    ) -> Result<Option<(Head, GraphRole)>, StoreError> {
        let Some(head) = self.head(id).await? else {
            return Ok(None);
        };
        let owner = &head.meta.owner_id;
        let grants = if role >= Role::Operator || user == owner {
            graphy_model::Grants::default()
        } else {
            self.grants(id).await?
        };
        let may = access(owner, &grants, user, role);
        Ok(Some((head, may)))
    }
}
