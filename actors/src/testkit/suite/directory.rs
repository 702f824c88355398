//! The directory's store: accounts, login names, searches.

use super::stage::{
    NOBODY, NOW, STRANGE_TEXTS, new_group, newcomer, person, refused, taken_or_refused, unique, uuid,
};
use crate::failure::{Failure, Thing};
use crate::model::{Account, AccountEdit, AccountId, LoginName, NewAccount};
use crate::ports::{Ports, UserChange};

const LOGIN_TAKEN: Failure = Failure::Exists(Thing::Login);

/// An account to be made that has nothing yet.
fn blank() -> NewAccount {
    NewAccount {
        uuid: uuid(),
        created_at: NOW,
        ..NewAccount::default()
    }
}

/// The four kinds of login name, each with this text.
fn kinds(text: &str) -> [LoginName; 4] {
    let text = text.to_owned();
    [
        LoginName::Username(text.clone()),
        LoginName::Email(text.clone()),
        LoginName::Mobile(text.clone()),
        LoginName::External(text),
    ]
}

fn with_login(name: LoginName) -> NewAccount {
    let mut account = blank();
    match name {
        LoginName::Username(text) => account.username = Some(text),
        LoginName::Email(text) => account.email = Some(text),
        LoginName::Mobile(text) => account.mobile = Some(text),
        LoginName::External(text) => account.external = Some(text),
    }
    account
}

async fn make(ports: &Ports, new: &NewAccount) -> Account {
    ports.directory.create(new).await.expect("an account is made")
}

pub async fn an_account_comes_back_as_it_was_made(ports: &Ports) {
    let (email, mobile, external) = (unique("ann@example.org"), unique("+49 170"), unique("openid"));
    let new = NewAccount {
        email: Some(email.clone()),
        mobile: Some(mobile.clone()),
        external: Some(external.clone()),
        avatar: "a.png".to_owned(),
        password_hash: Some("$hash$".to_owned()),
        ..newcomer("Ann ✨")
    };
    let made = make(ports, &new).await;
    assert!(made.id >= AccountId::FIRST && made.id.0 < 1 << 40, "{}", made.id);
    let expected = Account {
        id: made.id,
        uuid: new.uuid,
        username: new.username.clone(),
        email: Some(email),
        mobile: Some(mobile),
        external: Some(external),
        nickname: "Ann ✨".to_owned(),
        avatar: "a.png".to_owned(),
        has_password: true,
        created_at: NOW,
        ..Account::default()
    };
    assert_eq!(made, expected);
    assert_eq!(
        ports.directory.by_id(made.id).await.unwrap(),
        Some(expected.clone())
    );
    let by_login = ports.directory.by_login(&new.username.unwrap()).await.unwrap();
    assert_eq!(by_login, Some((expected, Some("$hash$".to_owned()))));
}

pub async fn account_ids_count_up(ports: &Ports) {
    let (first, second) = (person(ports, "a").await, person(ports, "b").await);
    assert!(first >= AccountId::FIRST && second > first);
}

pub async fn an_account_may_have_no_login_name_at_all(ports: &Ports) {
    let (one, other) = (make(ports, &blank()).await, make(ports, &blank()).await);
    assert_ne!(one.id, other.id);
    assert!(!one.has_password);
}

pub async fn an_id_can_be_given(ports: &Ports) {
    let id = AccountId(
        1_000_000 + (std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), 1) % 8_000_000) as i64,
    );
    let new = NewAccount {
        id: Some(id),
        ..blank()
    };
    assert_eq!(make(ports, &new).await.id, id);
    let again = NewAccount {
        id: Some(id),
        ..blank()
    };
    refused(
        ports.directory.create(&again).await,
        &Failure::Exists(Thing::Account),
    );
    assert_eq!(ports.directory.by_id(id).await.unwrap().unwrap().uuid, new.uuid);
}

pub async fn an_id_given_ahead_is_not_given_again(ports: &Ports) {
    let last = make(ports, &blank()).await.id;
    let ahead = NewAccount {
        id: Some(AccountId(last.0 + 2)),
        ..blank()
    };
    // Others may register meanwhile where the database is shared.
    let ahead = ports.directory.create(&ahead).await;
    let mut ids = vec![];
    for _ in 0..4 {
        ids.push(make(ports, &blank()).await.id);
    }
    if let Ok(ahead) = ahead {
        assert!(!ids.contains(&ahead.id));
    }
    ids.dedup();
    assert_eq!(ids.len(), 4);
}

pub async fn a_login_name_is_found_without_regard_to_case(ports: &Ports) {
    let name = unique("Ann.Example@Mail.Org");
    let made = make(ports, &with_login(LoginName::Email(name.clone()))).await;
    for spelling in [name.to_lowercase(), name.to_uppercase(), name.clone()] {
        let found = ports.directory.by_login(&spelling).await.unwrap();
        assert_eq!(found.map(|(account, _)| account.id), Some(made.id), "{spelling}");
    }
    assert_eq!(made.email, Some(name), "shown as it was given");
}

pub async fn every_kind_of_login_name_logs_in(ports: &Ports) {
    for (n, kind) in kinds("login").into_iter().enumerate() {
        let text = unique(&format!("{}{n}", kind.text()));
        let made = make(ports, &with_login(kinds(&text)[n].clone())).await;
        let found = ports.directory.by_login(&text).await.unwrap().unwrap();
        assert_eq!((found.0.id, found.1), (made.id, None));
    }
}

pub async fn a_login_name_is_unique_over_all_kinds_without_regard_to_case(ports: &Ports) {
    let name = unique("taken");
    make(ports, &with_login(LoginName::Username(name.clone()))).await;
    for spelling in [name.clone(), name.to_uppercase()] {
        for again in kinds(&spelling) {
            refused(ports.directory.create(&with_login(again)).await, &LOGIN_TAKEN);
        }
    }
}

pub async fn a_refused_account_leaves_nothing_behind(ports: &Ports) {
    let (taken, free) = (unique("taken"), unique("free"));
    make(ports, &with_login(LoginName::Username(taken.clone()))).await;
    let half = NewAccount {
        username: Some(free.clone()),
        email: Some(taken),
        ..blank()
    };
    refused(ports.directory.create(&half).await, &LOGIN_TAKEN);
    assert_eq!(ports.directory.by_login(&free).await.unwrap(), None);
    make(ports, &with_login(LoginName::Mobile(free))).await;
}

pub async fn a_login_name_wanted_by_many_at_once_goes_to_one(ports: &Ports) {
    let name = unique("wanted");
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..8 {
        let (ports, new) = (ports.clone(), with_login(kinds(&name)[n % 4].clone()));
        tasks.spawn(async move { ports.directory.create(&new).await });
    }
    let mut made = 0;
    while let Some(result) = tasks.join_next().await {
        match result.unwrap() {
            Ok(_) => made += 1,
            error => refused(error, &LOGIN_TAKEN),
        }
    }
    assert_eq!(made, 1);
}

pub async fn a_login_name_nobody_has_is_not_found(ports: &Ports) {
    for name in [unique("nobody").as_str(), "", " ", "%", "_", "' OR '1'='1"] {
        assert_eq!(ports.directory.by_login(name).await.unwrap(), None, "{name:?}");
    }
    assert_eq!(ports.directory.by_id(NOBODY).await.unwrap(), None);
    assert_eq!(ports.directory.by_id(AccountId(i64::MIN)).await.unwrap(), None);
}

pub async fn strange_login_names_log_in_as_they_are(ports: &Ports) {
    for strange in STRANGE_TEXTS {
        let name = unique(strange);
        let made = make(ports, &with_login(LoginName::Username(name.clone()))).await;
        let found = ports.directory.by_login(&name).await.unwrap().unwrap();
        assert_eq!((found.0.id, found.0.username), (made.id, Some(name)));
    }
}

pub async fn a_nul_in_a_name_is_taken_as_it_is_or_refused(ports: &Ports) {
    let name = unique("a\0b");
    let found = ports.directory.by_login(&name).await;
    assert_eq!(taken_or_refused(found).flatten(), None);
    let made = ports
        .directory
        .create(&with_login(LoginName::Username(name.clone())))
        .await;
    if let Some(made) = taken_or_refused(made) {
        let found = ports.directory.by_login(&name).await.unwrap().unwrap();
        assert_eq!(found.0.id, made.id);
    }
    taken_or_refused(ports.directory.search_accounts(&name, 10).await);
    taken_or_refused(ports.directory.search_groups(&name, 10).await);
}

// more login names

pub async fn a_login_name_can_be_added(ports: &Ports) {
    for n in 0..4 {
        let account = make(ports, &blank()).await;
        let name = kinds(&unique("added"))[n].clone();
        ports.directory.add_login(account.id, &name).await.unwrap();
        let (found, _) = ports.directory.by_login(name.text()).await.unwrap().unwrap();
        let fields = [&found.username, &found.email, &found.mobile, &found.external];
        assert_eq!((found.id, fields[n].as_deref()), (account.id, Some(name.text())));
    }
}

pub async fn a_login_name_of_somebody_else_cannot_be_added(ports: &Ports) {
    let name = unique("taken");
    make(ports, &with_login(LoginName::Email(name.clone()))).await;
    let account = make(ports, &blank()).await;
    for again in kinds(&name.to_uppercase()) {
        refused(ports.directory.add_login(account.id, &again).await, &LOGIN_TAKEN);
    }
    assert_eq!(ports.directory.by_id(account.id).await.unwrap(), Some(account));
}

pub async fn a_login_name_replaces_the_one_of_its_kind(ports: &Ports) {
    let (old, new) = (unique("old"), unique("new"));
    let account = make(ports, &with_login(LoginName::Email(old.clone()))).await;
    let email = LoginName::Email(new.clone());
    ports.directory.add_login(account.id, &email).await.unwrap();
    assert_eq!(
        ports.directory.by_id(account.id).await.unwrap().unwrap().email,
        Some(new.clone())
    );
    assert_eq!(
        ports.directory.by_login(&new).await.unwrap().unwrap().0.id,
        account.id
    );
    assert_eq!(ports.directory.by_login(&old).await.unwrap(), None);
    make(ports, &with_login(LoginName::Username(old))).await;
}

// many at once

pub async fn many_accounts_are_made_at_once_in_order(ports: &Ports) {
    let new: Vec<NewAccount> = (0..250).map(|n| newcomer(&n.to_string())).collect();
    let ids = ports.directory.create_many(&new).await.unwrap();
    assert_eq!(ids.len(), 250);
    for n in [0, 100, 249] {
        let account = ports.directory.by_id(ids[n]).await.unwrap().unwrap();
        assert_eq!(
            (account.nickname, account.uuid),
            (n.to_string(), new[n].uuid.clone())
        );
    }
    assert_eq!(ports.directory.create_many(&[]).await.unwrap(), []);
}

pub async fn many_accounts_are_made_all_or_none(ports: &Ports) {
    let taken = newcomer("taken");
    make(ports, &taken).await;
    let (first, last) = (newcomer("first"), newcomer("last"));
    let middle = NewAccount {
        uuid: uuid(),
        ..taken
    };
    let result = ports.directory.create_many(&[first.clone(), middle, last]).await;
    refused(result, &LOGIN_TAKEN);
    let found = ports.directory.by_login(&first.username.unwrap()).await.unwrap();
    assert_eq!(found, None);
}

pub async fn many_accounts_with_one_name_twice_are_refused(ports: &Ports) {
    let first = newcomer("twin");
    let second = NewAccount {
        uuid: uuid(),
        username: None,
        email: first.username.clone().map(|name| name.to_uppercase()),
        ..first.clone()
    };
    let result = ports.directory.create_many(&[first.clone(), second]).await;
    refused(result, &LOGIN_TAKEN);
    assert_eq!(
        ports.directory.by_login(&first.username.unwrap()).await.unwrap(),
        None
    );
}

// searches

async fn found(ports: &Ports, text: &str) -> Vec<AccountId> {
    let accounts = ports.directory.search_accounts(text, 50).await.unwrap();
    accounts.iter().map(|account| account.id).collect()
}

pub async fn an_account_is_found_by_each_of_its_names_and_by_its_id(ports: &Ports) {
    let (email, mobile) = (unique("e@x.org"), unique("0170"));
    let new = NewAccount {
        email: Some(email.clone()),
        mobile: Some(mobile.clone()),
        nickname: unique("Nick Name"),
        ..newcomer("n")
    };
    let ann = make(ports, &new).await.id;
    for text in [
        new.username.unwrap(),
        email,
        mobile,
        new.nickname,
        ann.to_string(),
    ] {
        assert_eq!(found(ports, &text).await, [ann], "{text}");
    }
}

pub async fn an_account_is_not_found_by_a_part_of_its_name(ports: &Ports) {
    let name = unique("whole");
    let edit = AccountEdit {
        nickname: Some(name.clone()),
        ..AccountEdit::default()
    };
    let ann = person(ports, "ann").await;
    ports.users.change(ann, &UserChange::Edit(edit)).await.unwrap();
    assert_eq!(found(ports, &name).await, [ann]);
    let end = name.len() - 1;
    for part in [
        &name[..end],
        &name[1..],
        "%",
        &format!("%{name}%"),
        &format!("{}_", &name[..end]),
    ] {
        assert_eq!(found(ports, part).await, [], "{part}");
    }
}

pub async fn accounts_with_one_nickname_come_by_id_up_to_the_limit(ports: &Ports) {
    let nickname = unique("same");
    let mut ids = Vec::new();
    for _ in 0..5 {
        let new = NewAccount {
            nickname: nickname.clone(),
            ..blank()
        };
        ids.push(make(ports, &new).await.id);
    }
    assert_eq!(found(ports, &nickname).await, ids);
    let three = ports.directory.search_accounts(&nickname, 3).await.unwrap();
    assert_eq!(three.iter().map(|a| a.id).collect::<Vec<_>>(), ids[..3]);
}

pub async fn strange_texts_find_accounts_literally(ports: &Ports) {
    for strange in STRANGE_TEXTS {
        let nickname = unique(strange);
        let new = NewAccount {
            nickname: nickname.clone(),
            ..blank()
        };
        let id = make(ports, &new).await.id;
        assert_eq!(found(ports, &nickname).await, [id], "{nickname}");
    }
}

pub async fn a_text_that_is_no_number_finds_nobody_by_id(ports: &Ports) {
    let ann = person(ports, "ann").await;
    for text in [
        format!("+{ann}"),
        format!(" {ann}"),
        format!("{ann} OR 1=1"),
        format!("{ann}.0"),
        format!("0{ann}"),
    ] {
        assert!(!found(ports, &text).await.contains(&ann), "{text:?}");
    }
    assert_eq!(found(ports, "99999999999999999999999999").await, []);
    assert_eq!(found(ports, &unique("nobody")).await, []);
}

pub async fn groups_are_found_by_a_part_of_their_name(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let word = unique("part");
    let mut ids = Vec::new();
    for name in [
        word.clone(),
        format!("before {word}"),
        format!("{word} after"),
        format!("a {word} b"),
    ] {
        ids.push(
            ports
                .rooms
                .create_group(&new_group(&name, ann, &[]))
                .await
                .unwrap(),
        );
    }
    ports
        .rooms
        .create_group(&new_group(&unique("other"), ann, &[]))
        .await
        .unwrap();
    let groups = ports.directory.search_groups(&word, 50).await.unwrap();
    assert_eq!(groups.iter().map(|g| g.id).collect::<Vec<_>>(), ids);
    assert!(groups.iter().all(|g| g.member_count == 1 && g.owner == ann));
    let two = ports.directory.search_groups(&word, 2).await.unwrap();
    assert_eq!(two.iter().map(|g| g.id).collect::<Vec<_>>(), ids[..2]);
}

pub async fn strange_texts_find_groups_literally(ports: &Ports) {
    let ann = person(ports, "ann").await;
    for strange in STRANGE_TEXTS {
        let (word, decoy) = (unique(""), unique("decoy"));
        let name = format!("x{strange}{word}y");
        let room = ports
            .rooms
            .create_group(&new_group(&name, ann, &[]))
            .await
            .unwrap();
        // What `strange` would find if `%` and `_` stood for anything.
        ports
            .rooms
            .create_group(&new_group(&format!("xaaaaaaaaaaaa{decoy}y"), ann, &[]))
            .await
            .unwrap();
        let groups = ports
            .directory
            .search_groups(&format!("{strange}{word}"), 50)
            .await
            .unwrap();
        assert_eq!(
            groups.iter().map(|g| g.id).collect::<Vec<_>>(),
            [room],
            "{strange:?}"
        );
        let wild = ports
            .directory
            .search_groups(&format!("x%{word}"), 50)
            .await
            .unwrap();
        assert_eq!(wild.len(), usize::from(*strange == "%"), "{strange:?}");
    }
}
