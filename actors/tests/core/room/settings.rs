//! Names, rules, mutes, nicknames, and the end of a group.

use super::{check, check_all};

#[test]
fn managers_edit_a_group() {
    check_all(&[
        ("ann renames news", "ann: ok"),
        (
            "max renames news | bob looks",
            "bob: 'news' of ann with 3: Member '' from 1 read 0",
        ),
        ("bob renames news", "bob: NotManager"),
        ("eve renames news", "eve: NotManager"),
        ("max renames news as-owner", "max: NotOwner"),
        ("ann renames news as-owner", "ann: ok"),
        ("operator renames news as-owner", "operator: ok"),
        (
            "ann renames news; ann rules no-invites | ann looks",
            "ann: 'news' of ann with 3: Owner '' from 1 read 0",
        ),
        ("ann places 91", "ann: Invalid latitude"),
        ("ann places 90", "ann: ok"),
        ("bob places 91", "bob: NotManager"),
        ("ann dissolves | ann renames news", "ann: Dissolved"),
    ]);
    let long = "x".repeat(201);
    check(&format!("ann renames {long}"), "ann: TooLong name");
}

#[test]
fn managers_mute_anybody_but_the_owner() {
    check_all(&[
        ("max mutes bob 9", "max: ok"),
        ("ann mutes max 9", "ann: ok"),
        ("max mutes ann 9", "max: Protected"),
        ("ann mutes ann 9", "ann: Protected"),
        ("bob mutes max 9", "bob: NotManager"),
        ("max mutes eve 9", "max: Unknown(Member)"),
        (
            "max mutes bob 9 | bob looks",
            "bob: 'the room' of ann with 3: Member '' from 1 read 0 muted",
        ),
    ]);
}

#[test]
fn members_choose_their_nickname_and_their_quiet() {
    check_all(&[
        (
            "bob nicks bobby | bob looks",
            "bob: 'the room' of ann with 3: Member 'bobby' from 1 read 0",
        ),
        (
            "bob quiets | bob looks",
            "bob: 'the room' of ann with 3: Member '' from 1 read 0 quiet",
        ),
        ("eve nicks evie", "eve: NotMember"),
        ("eve quiets", "eve: NotMember"),
        (
            "bob nicks bobby; bob leaves; bob enters | bob looks",
            "bob: 'the room' of ann with 3: Member '' from 1 read 0",
        ),
    ]);
    let long = "x".repeat(201);
    check(&format!("bob nicks {long}"), "bob: TooLong nickname");
}

#[test]
fn only_the_owner_dissolves_a_group_and_only_once() {
    check_all(&[
        ("ann dissolves", "all< dissolved; ann: ok"),
        ("max dissolves", "max: NotOwner"),
        ("bob dissolves", "bob: NotOwner"),
        ("eve dissolves", "eve: NotOwner"),
        ("operator dissolves", "all< dissolved; operator: ok"),
        ("ann dissolves | ann dissolves", "ann: Dissolved"),
        ("eve applies; ann dissolves | ann accepts eve", "ann: Dissolved"),
        ("ann dissolves | bob leaves", "bob: Dissolved"),
    ]);
}

#[test]
fn anybody_looks_and_sees_seats_highest_role_first() {
    check_all(&[
        ("eve looks", "eve: 'the room' of ann with 3: outside"),
        (
            "bob looks",
            "bob: 'the room' of ann with 3: Member '' from 1 read 0",
        ),
        ("eve seats", "eve: seats ann,max,bob"),
        (
            "ann adds cat; ann promotes cat | bob seats",
            "bob: seats ann,max,cat,bob",
        ),
        ("ann hands bob | ann seats", "ann: seats bob,max,ann"),
        ("census", "seq 0 members 3 waiting 0"),
    ]);
}
