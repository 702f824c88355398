//! The jobs' store: one node at a time.

use super::stage::{NOW, unique};
use crate::ports::Ports;

async fn claim(ports: &Ports, job: &str, holder: &str, at_ms: i64, until_ms: i64) -> bool {
    let claimed = ports
        .jobs
        .claim(job, holder, NOW.plus_ms(at_ms), NOW.plus_ms(until_ms))
        .await;
    claimed.expect("a job is asked for")
}

pub async fn a_job_is_one_nodes_until_its_time_is_over(ports: &Ports) {
    let job = unique("job");
    assert!(claim(ports, &job, "a", 0, 100).await);
    assert!(!claim(ports, &job, "b", 99, 200).await);
    assert!(claim(ports, &job, "a", 99, 150).await);
    assert!(!claim(ports, &job, "b", 149, 200).await);
    assert!(claim(ports, &job, "b", 150, 200).await);
    assert!(!claim(ports, &job, "a", 160, 200).await);
}

pub async fn a_job_given_back_is_free_and_only_its_holder_gives_it(ports: &Ports) {
    let job = unique("job");
    assert!(claim(ports, &job, "a", 0, 100).await);
    ports.jobs.give_back(&job, "b").await.unwrap();
    assert!(!claim(ports, &job, "b", 1, 100).await);
    ports.jobs.give_back(&job, "a").await.unwrap();
    assert!(claim(ports, &job, "b", 1, 100).await);
    let other = unique("job");
    assert!(claim(ports, &other, "c", 1, 100).await);
}

pub async fn a_job_wanted_by_many_at_once_goes_to_one(ports: &Ports) {
    let job = unique("job");
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..8 {
        let (ports, job) = (ports.clone(), job.clone());
        tasks.spawn(async move { claim(&ports, &job, &n.to_string(), 0, 100).await });
    }
    let mut taken = 0;
    while let Some(outcome) = tasks.join_next().await {
        taken += i32::from(outcome.unwrap());
    }
    assert_eq!(taken, 1);
}
