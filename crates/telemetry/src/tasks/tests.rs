//! Tests of the task registry, on paused time.

use std::sync::atomic::AtomicU32;

use super::*;
use crate::clock::ManualClock;

fn registry() -> TaskRegistry {
    TaskRegistry::new(ManualClock::at(7_000).shared())
}

#[tokio::test(start_paused = true)]
async fn a_task_that_panics_is_counted_and_starts_again() {
    let tasks = registry();
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let handle = tasks.spawn(
        "shaky",
        RestartPolicy::ALWAYS,
        CancellationToken::new(),
        move |context| {
            let run = counted.fetch_add(1, Ordering::SeqCst);
            async move {
                context.tick();
                assert!(run >= 2, "run {run} is a bad one");
                Ok(())
            }
        },
    );
    let status = handle.ended().await;
    assert_eq!(status.state, TaskState::Stopped);
    assert_eq!((status.restarts, status.panics), (2, 2));
    assert_eq!(status.last_tick_ms, Some(7_000));
    assert_eq!(runs.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_may_not_restart_stays_failed_with_its_reason() {
    let tasks = registry();
    let handle = tasks.spawn(
        "once",
        RestartPolicy::Never,
        CancellationToken::new(),
        |_| async { Err(TaskFailure::new("no luck")) },
    );
    let status = handle.ended().await;
    assert_eq!(
        status.state,
        TaskState::Failed {
            reason: "no luck".into()
        }
    );
    assert_eq!(tasks.list(), vec![status]);
}

#[tokio::test(start_paused = true)]
async fn attempts_have_a_limit() {
    let tasks = registry();
    let policy = RestartPolicy::OnFailure {
        first: Duration::from_millis(10),
        max: Duration::from_secs(1),
        attempts_max: 4,
    };
    let handle = tasks.spawn("stubborn", policy, CancellationToken::new(), |_| async {
        Err(TaskFailure::new("again"))
    });
    assert_eq!(handle.ended().await.restarts, 3);
}

#[tokio::test(start_paused = true)]
async fn cancelling_ends_a_task_also_while_it_waits_to_restart() {
    let tasks = registry();
    let token = CancellationToken::new();
    let patient = tasks.spawn(
        "patient",
        RestartPolicy::ALWAYS,
        token.clone(),
        |context| async move {
            context.token.cancelled().await;
            Ok(())
        },
    );
    let failing = tasks.spawn("failing", RestartPolicy::ALWAYS, token.clone(), |_| async {
        Err(TaskFailure::new("down"))
    });
    let mut states = failing.entry.progress.subscribe();
    states
        .wait_for(|progress| matches!(progress.state, TaskState::Restarting { .. }))
        .await
        .expect("the entry lives");
    token.cancel();
    assert_eq!(patient.ended().await.state, TaskState::Stopped);
    assert_eq!(failing.ended().await.state, TaskState::Stopped);
    tasks
        .ended(Duration::from_secs(1))
        .await
        .expect("both have ended");
}

#[tokio::test(start_paused = true)]
async fn a_task_that_ignores_its_token_is_named() {
    let tasks = registry();
    let token = CancellationToken::new();
    tasks.spawn("deaf", RestartPolicy::Never, token.clone(), |_| {
        std::future::pending()
    });
    token.cancel();
    let names = tasks
        .ended(Duration::from_secs(1))
        .await
        .expect_err("it still runs");
    assert_eq!(names, vec![Arc::from("deaf")]);
}

#[tokio::test(start_paused = true)]
async fn ended_tasks_are_forgotten_at_last() {
    let tasks = registry();
    for index in 0..ENDED_TASKS_MAX + 10 {
        let name = format!("short-{index}");
        tasks
            .spawn(
                name,
                RestartPolicy::Never,
                CancellationToken::new(),
                |_| async { Ok(()) },
            )
            .ended()
            .await;
    }
    assert!(tasks.list().len() <= ENDED_TASKS_MAX + 1);
}

#[test]
fn back_off_doubles_up_to_its_end() {
    let waits: Vec<_> = (1..=8)
        .map(|n| {
            RestartPolicy::ALWAYS
                .wait_after(n)
                .expect("no end")
                .as_millis()
        })
        .collect();
    assert_eq!(waits, [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
}

#[test]
fn the_status_is_flat_json() {
    let entry = Entry::new("writer".into(), 5);
    entry.progress.send_modify(|progress| {
        progress.state = TaskState::Failed {
            reason: "disk full".into(),
        };
    });
    let json = serde_json::to_value(entry.status()).expect("plain data");
    assert_eq!(
        json,
        serde_json::json!({"name": "writer", "state": "failed", "reason": "disk full",
            "sinceMs": 5, "lastTickMs": null, "restarts": 0, "panics": 0})
    );
}

#[tokio::test(start_paused = true)]
async fn waiting_for_all_tasks_but_some_does_not_wait_for_those() {
    let tasks = registry();
    let token = CancellationToken::new();
    let (kept, other) = (CancellationToken::new(), token.clone());
    let until = |token: CancellationToken| {
        move |_| {
            let token = token.clone();
            async move {
                token.cancelled().await;
                Ok(())
            }
        }
    };
    let policy = RestartPolicy::Never;
    tasks.spawn("link", policy, CancellationToken::new(), until(kept));
    tasks.spawn("other", policy, CancellationToken::new(), until(other));
    let wait = Duration::from_secs(1);
    let running = tasks.ended_but(&["link"], wait).await.unwrap_err();
    assert_eq!(running, ["other".into()]);
    token.cancel();
    tasks.ended_but(&["link"], wait).await.unwrap();
}
