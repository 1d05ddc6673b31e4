//! The commands of connection profiles. They are the console's own: no deployment knows of them.

use graphy_client::NodeUrl;
use graphy_protocol::{ApiError, ErrorCode};
use serde::Serialize;
use serde_json::Value;
use tauri::{AppHandle, State};

use crate::desk::Desk;
use crate::ipc::{Answer, argument};
use crate::profiles::trial::{self, Trial};
use crate::profiles::{Draft, Shown};

/// The answer of [`profiles_list`].
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProfileList {
    profiles: Vec<Shown>,
    active_id: String,
    token_store: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_warning: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    queue_warning: Option<String>,
}

/// Lists the profiles and says where their tokens are kept.
#[tauri::command]
pub(crate) async fn profiles_list(desk: State<'_, Desk>) -> Answer<ProfileList> {
    let (profiles, active_id) = {
        let book = desk.book();
        (book.profiles().to_vec(), book.active().id.clone())
    };
    let warning = desk.secrets().await.warning();
    let shown = desk.with_secrets(move |secrets| {
        let shown = profiles.into_iter().map(|profile| {
            // One token that cannot be read is no reason to show nothing.
            let token = secrets.read(&profile.id).unwrap_or_default();
            Shown::new(profile, token.is_some())
        });
        Ok(shown.collect())
    });
    Ok(ProfileList {
        profiles: shown.await?,
        active_id,
        token_store: if warning.is_some() { "file" } else { "keyring" },
        token_warning: warning,
        queue_warning: desk.present().and_then(|active| active.queue_warning()),
    })
}

/// Adds or changes a profile. If it is in use and more than its token changed, every window begins
/// anew on it.
#[tauri::command]
pub(crate) async fn profiles_save(
    app: AppHandle,
    desk: State<'_, Desk>,
    draft: Value,
) -> Answer<Shown> {
    let draft: Draft = argument("draft", draft)?;
    let profile = draft.profile()?;
    let id = profile.id.clone();
    let before = desk.book().get(&id).cloned();
    if !profile.is_embedded()
        && let Some(token) = draft.token.clone()
    {
        let id = id.clone();
        desk.with_secrets(move |secrets| secrets.write(&id, token.trim()))
            .await?;
    }
    desk.book().save(profile.clone(), draft.id.is_none())?;
    let is_active = desk.present().is_some_and(|one| one.profile().id == id);
    if is_active && before.as_ref() != Some(&profile) {
        desk.change_to(&app, &id).await?;
    } else if is_active
        && let Some(token) = &draft.token
        && let Some(active) = desk.present()
    {
        active.renew(token.trim());
    }
    let has_token = desk
        .with_secrets(move |secrets| Ok(secrets.read(&id)?.is_some()))
        .await?;
    Ok(Shown::new(profile, has_token))
}

/// Forgets a profile, its token and its unsent commands.
#[tauri::command]
pub(crate) async fn profiles_delete(desk: State<'_, Desk>, id: String) -> Answer<()> {
    desk.book().remove(&id)?;
    desk.forget_queue(&id);
    desk.with_secrets(move |secrets| secrets.forget(&id)).await
}

/// Shows another deployment in all windows.
#[tauri::command]
pub(crate) async fn profiles_switch(
    app: AppHandle,
    desk: State<'_, Desk>,
    id: String,
) -> Answer<()> {
    desk.change_to(&app, &id).await
}

/// Tries a connection out.
#[tauri::command]
pub(crate) async fn profiles_test(desk: State<'_, Desk>, draft: Value) -> Answer<Trial> {
    let draft: Draft = argument("draft", draft)?;
    let url = draft.url.as_deref().unwrap_or_default().trim();
    let url: NodeUrl = match url.parse() {
        Ok(url) => url,
        Err(error) => {
            let message = error.to_string();
            return Ok(Trial::Invalid { message });
        }
    };
    let token = match (draft.token, draft.id) {
        (Some(token), _) => token,
        (None, Some(id)) => desk
            .with_secrets(move |secrets| secrets.read(&id))
            .await?
            .unwrap_or_default(),
        (None, None) => String::new(),
    };
    if token.trim().is_empty() {
        let message = "there is no token; a server lets nobody in without one".to_owned();
        return Ok(Trial::Unauthorized { message });
    }
    if token
        .trim()
        .chars()
        .any(|c| c.is_control() || !c.is_ascii())
    {
        let error = ApiError::new(ErrorCode::Invalid, "a token holds letters and digits only");
        return Err(error.on("token"));
    }
    Ok(trial::run(url, token.trim()).await)
}
