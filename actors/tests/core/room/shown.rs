//! How answers and pushes are written in the log.

use super::people::name;
use roost_actors::failure::Failure;
use roost_actors::model::Push;
use roost_actors::room::RoomAnswer;

pub fn told(answer: &Result<RoomAnswer, Failure>) -> String {
    match answer {
        Ok(RoomAnswer::Posted(message)) => format!("#{}", message.seq),
        Ok(RoomAnswer::Revoked(message)) => format!("revoked #{}", message.seq),
        Ok(RoomAnswer::Read(seq)) => format!("read {seq}"),
        Ok(RoomAnswer::Page(page)) => format!("empty page, end {}", page.last_seq),
        Ok(RoomAnswer::Look(view)) => {
            let me = view.me.as_ref().map_or("outside".to_owned(), |m| {
                let muted = if m.muted_until.0 > 0 { " muted" } else { "" };
                let quiet = if m.quiet { " quiet" } else { "" };
                format!(
                    "{:?} '{}' from {} read {}{muted}{quiet}",
                    m.role, m.nickname, m.from_seq, m.read_seq
                )
            });
            let info = &view.info;
            format!(
                "'{}' of {} with {}: {me}",
                info.name,
                name(info.owner),
                info.member_count
            )
        }
        Ok(RoomAnswer::Applied(request)) => format!("applied {}", request.id),
        Ok(RoomAnswer::Added(accounts)) => {
            let names: Vec<&str> = accounts.iter().map(|a| name(*a)).collect();
            format!("added {}", names.join(","))
        }
        Ok(RoomAnswer::Done) => "ok".to_owned(),
        Ok(other) => format!("{other:?}"),
        Err(Failure::Muted { until }) => format!("Muted until {}", until.0 - 1_000_000),
        Err(Failure::Full { max, .. }) => format!("Full at {max}"),
        Err(Failure::TooLong { field, .. }) => format!("TooLong {field}"),
        Err(Failure::Invalid { field, .. }) => format!("Invalid {field}"),
        Err(Failure::Unavailable(_)) => "Unavailable".to_owned(),
        Err(Failure::Busy(_)) => "Busy".to_owned(),
        Err(Failure::TooLate { .. }) => "TooLate".to_owned(),
        Err(failure) => format!("{failure:?}"),
    }
}

pub fn shown(push: &Push) -> String {
    match push {
        Push::Posted { message, .. } => format!("#{} {} {}", message.seq, name(message.sender), message.body),
        Push::Revoked { message, .. } => format!("revoked #{}", message.seq),
        Push::Read { reader, up_to, .. } => format!("{} read {up_to}", name(*reader)),
        Push::JoinRequested { account, .. } => format!("{} asks to join", name(*account)),
        Push::Joined { account, at, .. } => format!("{} joined at {at}", name(*account)),
        Push::Left { account, .. } => format!("{} left", name(*account)),
        Push::Dissolved { .. } => "dissolved".to_owned(),
        other => format!("{other:?}"),
    }
}
