//! What a user may ask for, and who hears of it.

use roost_actors::failure::{Failure, Thing};
use roost_actors::model::{Account, AccountEdit, AccountId, Contact, Push, Timestamp};
use roost_actors::ports::{UserChange, UserSnapshot};
use roost_actors::user::{UserRequest, UserState};

const ANN: AccountId = AccountId(1);
const BOB: AccountId = AccountId(2);
const NOW: Timestamp = Timestamp(5);

/// What ann holds of bob.
#[derive(Clone, Copy)]
enum Bond {
    None,
    Friend,
    Blocked,
    BlockedFriend,
}

fn ann(bond: Bond) -> UserState {
    let (friend, blocked) = match bond {
        Bond::None => (false, false),
        Bond::Friend => (true, false),
        Bond::Blocked => (false, true),
        Bond::BlockedFriend => (true, true),
    };
    let contact = Contact {
        id: 1,
        owner: ANN,
        peer: BOB,
        friend,
        blocked,
        ..Contact::default()
    };
    UserState::new(UserSnapshot {
        account: Account {
            id: ANN,
            ..Account::default()
        },
        contacts: if friend || blocked { vec![contact] } else { vec![] },
        contact_groups: vec![],
    })
}

fn ask(to: AccountId) -> UserRequest {
    UserRequest::AskFriend {
        to,
        reason: String::new(),
    }
}

fn remark(text: &str) -> UserRequest {
    UserRequest::SetRemark {
        peer: BOB,
        remark: text.to_owned(),
    }
}

fn label(text: &str) -> UserRequest {
    UserRequest::SetLabel {
        peer: BOB,
        label: text.to_owned(),
    }
}

/// Why ann is refused something: while she holds nothing of bob, a friendship, a block, and both.
fn refusals(request: &UserRequest) -> [Option<Failure>; 4] {
    [Bond::None, Bond::Friend, Bond::Blocked, Bond::BlockedFriend].map(|bond| {
        let decided = ann(bond).decide(request, NOW);
        assert_ne!(decided, Ok(None), "{request:?} is a change");
        decided.err()
    })
}

#[test]
fn nobody_asks_a_contact_to_become_a_friend() {
    let exists = Some(Failure::Exists(Thing::Contact));
    assert_eq!(
        refusals(&ask(BOB)),
        [None, exists.clone(), exists.clone(), exists]
    );
}

#[test]
fn a_remark_a_label_and_a_removal_need_a_contact() {
    for request in [remark("x"), label("x"), UserRequest::RemoveContact { peer: BOB }] {
        assert_eq!(
            refusals(&request),
            [Some(Failure::NotFriends), None, None, None],
            "{request:?}"
        );
    }
}

#[test]
fn anybody_is_blocked_and_only_a_block_is_lifted() {
    assert_eq!(
        refusals(&UserRequest::Block { peer: BOB }),
        [None, None, None, None]
    );
    let no_block = Some(Failure::Unknown(Thing::Block));
    assert_eq!(
        refusals(&UserRequest::Unblock { peer: BOB }),
        [no_block.clone(), no_block, None, None]
    );
}

#[test]
fn nobody_befriends_or_blocks_oneself() {
    for request in [ask(ANN), UserRequest::Block { peer: ANN }] {
        assert!(
            matches!(
                ann(Bond::None).decide(&request, NOW),
                Err(Failure::Invalid { .. })
            ),
            "{request:?}"
        );
    }
}

/// An edit of one text of a profile.
macro_rules! edit {
    ($field:ident) => {
        |text| {
            UserRequest::Edit(AccountEdit {
                $field: Some(text),
                ..AccountEdit::default()
            })
        }
    };
}

#[test]
fn every_text_has_a_bound_in_bytes() {
    let answer = |reason| UserRequest::AnswerFriend {
        from: BOB,
        accept: true,
        reason,
    };
    type Row = (usize, fn(String) -> UserRequest);
    let rows: [Row; 12] = [
        (200, edit!(nickname)),
        (2_000, edit!(avatar)),
        (40, edit!(gender)),
        (400, edit!(birth)),
        (4_000, edit!(intro)),
        (200, edit!(country)),
        (200, edit!(province)),
        (200, edit!(city)),
        (200, edit!(district)),
        (400, |text| remark(&text)),
        (4_000, |text| label(&text)),
        (400, answer),
    ];
    for (index, (max, make)) in rows.into_iter().enumerate() {
        let decide = |text: String| ann(Bond::Friend).decide(&make(text), NOW);
        assert!(decide("x".repeat(max)).is_ok(), "row {index}");
        let too_long = |text: String| matches!(decide(text), Err(Failure::TooLong { .. }));
        assert!(too_long("x".repeat(max + 1)), "row {index}");
        assert!(too_long("é".repeat(max / 2 + 1)), "row {index}");
        assert!(
            matches!(decide("a\0b".to_owned()), Err(Failure::Invalid { .. })),
            "row {index}"
        );
    }
    let reason = "x".repeat(401);
    let asking = UserRequest::AskFriend { to: BOB, reason };
    assert!(matches!(
        ann(Bond::None).decide(&asking, NOW),
        Err(Failure::TooLong { .. })
    ));
}

#[test]
fn positions_stay_on_the_globe() {
    let at = |longitude: f64, latitude: f64| {
        let edit = AccountEdit {
            longitude: Some(longitude),
            latitude: Some(latitude),
            ..AccountEdit::default()
        };
        ann(Bond::None).decide(&UserRequest::Edit(edit), NOW).is_ok()
    };
    assert!(at(180.0, -90.0) && at(-180.0, 90.0) && at(0.0, 0.0));
    for (longitude, latitude) in [(180.1, 0.0), (0.0, -90.1), (f64::NAN, 0.0), (0.0, f64::INFINITY)] {
        assert!(!at(longitude, latitude), "{longitude} {latitude}");
    }
}

#[test]
fn questions_are_no_changes() {
    let questions = [
        UserRequest::Profile,
        UserRequest::Relation { peer: BOB },
        UserRequest::Typing {
            from: BOB,
            active: true,
        },
        UserRequest::Friends { blocked: false },
        UserRequest::FriendRequests,
        UserRequest::Groups,
        UserRequest::JoinRequests,
        UserRequest::DirectRoom { peer: BOB },
        UserRequest::Forget,
    ];
    for question in questions {
        assert_eq!(ann(Bond::Friend).decide(&question, NOW), Ok(None), "{question:?}");
    }
}

#[test]
fn a_full_contact_list_takes_nobody_more() {
    let contacts = (10..10_010).map(|peer| Contact {
        owner: ANN,
        peer: AccountId(peer),
        friend: true,
        ..Contact::default()
    });
    let full = UserState::new(UserSnapshot {
        account: Account {
            id: ANN,
            ..Account::default()
        },
        contacts: contacts.collect(),
        contact_groups: vec![],
    });
    for request in [ask(BOB), UserRequest::Block { peer: BOB }] {
        assert!(
            matches!(full.decide(&request, NOW), Err(Failure::Full { max: 10_000, .. })),
            "{request:?}"
        );
    }
}

#[test]
fn those_concerned_hear_of_a_change_and_nobody_else() {
    let told = |change: UserChange| format!("{:?}", ann(Bond::Friend).told(&change));
    let answer = |accept| UserChange::AnswerFriend {
        from: BOB,
        accept,
        reason: String::new(),
        at: NOW,
    };
    let pushed = |push: Push| format!("{push:?}");
    let asked = told(UserChange::AskFriend {
        to: BOB,
        reason: String::new(),
        at: NOW,
    });
    assert!(asked.contains(&pushed(Push::FriendRequested { from: ANN, to: BOB })));
    let accepted = told(answer(true));
    assert!(accepted.contains(&pushed(Push::FriendAccepted { from: BOB, to: ANN })));
    assert!(
        accepted.contains("Forget(AccountId(2))"),
        "bob's cache is stale: {accepted}"
    );
    assert_eq!(told(answer(false)), "[]");
    let removed = told(UserChange::RemoveContact { peer: BOB });
    assert!(removed.contains(&pushed(Push::FriendRemoved { by: ANN, to: BOB })));
    assert!(
        removed.contains("blocked: false"),
        "the direct room hears that nothing is blocked any more"
    );
    assert!(told(UserChange::Block { peer: BOB, at: NOW }).contains("blocked: true"));
    assert!(told(UserChange::Unblock { peer: BOB }).contains("blocked: false"));
    for quiet in [
        UserChange::Edit(AccountEdit::default()),
        UserChange::SetPassword {
            hash: String::new(),
            at: NOW,
        },
        UserChange::SetRemark {
            peer: BOB,
            remark: String::new(),
        },
        UserChange::SetLabel {
            peer: BOB,
            label: String::new(),
        },
    ] {
        assert_eq!(told(quiet), "[Reload]");
    }
}
