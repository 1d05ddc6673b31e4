//! Names for the schemas that stand in `schemas.json`.

use std::borrow::Cow;

use utoipa::openapi::{ObjectBuilder, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

macro_rules! named {
    ($($name:ident)*) => {$(
        /// The schema of that name.
        pub(crate) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                // Replaced by what stands in the file.
                ObjectBuilder::new().into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }
        }
    )*};
}

named! {
    Alive Anything Batch Changes Choice ConflictPage ConflictStatus Envelope GraphList GraphMeta GraphSettings
    HealthReport HistoryPage Id NewGraph OperationName Payload Permission Progress ResolutionType RestoreVersion
    SessionToken State Text UndoTarget
}
