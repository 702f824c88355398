//! Who comes in, who goes, who decides.

use super::{check, check_all};

#[test]
fn managers_add_and_members_invite() {
    check_all(&[
        ("ann adds cat", "cat< cat joined at 0; ann: added cat"),
        ("max adds cat", "cat< cat joined at 0; max: added cat"),
        ("bob adds cat", "bob: NotManager"),
        ("eve adds cat", "eve: NotManager"),
        ("bob invites cat", "cat< cat joined at 0; bob: added cat"),
        ("eve invites cat", "eve: NotMember"),
        ("eve invites eve", "eve: NotMember"),
        ("operator adds cat", "cat< cat joined at 0; operator: added cat"),
        (
            "operator invites cat",
            "cat< cat joined at 0; operator: added cat",
        ),
        ("ann rules no-invites | bob invites cat", "bob: NotManager"),
        (
            "ann rules no-invites | max invites cat",
            "cat< cat joined at 0; max: added cat",
        ),
    ]);
}

#[test]
fn only_those_who_were_not_there_are_added_once() {
    check_all(&[
        ("ann adds bob", "ann: added "),
        ("ann adds bob,cat", "cat< cat joined at 0; ann: added cat"),
        ("ann adds cat,cat", "cat< cat joined at 0; ann: added cat"),
        (
            "ann adds dan,cat",
            "cat< cat joined at 0; dan< dan joined at 0; ann: added cat,dan",
        ),
        (
            "ann posts hi; ann adds cat | cat looks",
            "cat: 'the room' of ann with 4: Member '' from 2 read 1",
        ),
        (
            "ann posts hi | ann adds cat",
            "cat< cat joined at 1; ann: added cat",
        ),
    ]);
}

#[test]
fn a_full_group_takes_nobody_more() {
    check_all(&[
        ("ann adds cat,dan,eve", "ann: Full at 5"),
        ("ann adds cat,dan | ann adds eve", "ann: Full at 5"),
        ("ann adds cat,dan | ann adds bob", "ann: added "),
        ("ann adds cat,dan | eve enters", "eve: Full at 5"),
        ("ann adds cat,dan | eve applies", "eve: Full at 5"),
        (
            "eve applies; ann adds cat,dan | ann accepts eve",
            "ann: Full at 5",
        ),
        (
            "ann adds cat,dan; cat leaves | eve enters",
            "eve< eve joined at 0; eve: added eve",
        ),
        ("ann adds cat,dan | bob applies", "bob: Full at 5"),
    ]);
}

#[test]
fn anybody_enters_an_open_group() {
    check_all(&[
        ("eve enters", "eve< eve joined at 0; eve: added eve"),
        ("bob enters", "bob: Exists(Member)"),
        ("ann rules no-joining | eve enters", "eve: JoiningOff"),
        ("ann rules no-joining | bob enters", "bob: Exists(Member)"),
        ("ann dissolves | eve enters", "eve: Dissolved"),
    ]);
}

#[test]
fn whoever_asks_to_join_waits_for_a_manager() {
    check_all(&[
        (
            "eve applies",
            "ann< eve asks to join; max< eve asks to join; eve: applied 1",
        ),
        ("eve applies | eve applies", "eve: Waiting(JoinRequest)"),
        ("bob applies", "bob: Exists(Member)"),
        ("ann rules no-joining | eve applies", "eve: JoiningOff"),
        ("ann rules no-joining | bob applies", "bob: JoiningOff"),
        (
            "eve applies | ann accepts eve",
            "eve< eve joined at 0; ann: added eve",
        ),
        (
            "eve applies | max accepts eve",
            "eve< eve joined at 0; max: added eve",
        ),
        ("eve applies | bob accepts eve", "bob: NotManager"),
        ("eve applies | eve accepts eve", "eve: NotManager"),
        (
            "eve applies | operator accepts eve",
            "eve< eve joined at 0; operator: added eve",
        ),
        ("ann accepts eve", "ann: Unknown(JoinRequest)"),
        ("bob accepts eve", "bob: Unknown(JoinRequest)"),
        (
            "eve applies; ann accepts eve | ann accepts eve",
            "ann: Unknown(JoinRequest)",
        ),
        ("eve applies | ann denies eve", "ann: ok"),
        ("eve applies | bob denies eve", "bob: NotManager"),
        (
            "eve applies; ann denies eve | ann accepts eve",
            "ann: Unknown(JoinRequest)",
        ),
        (
            "ann demotes max | eve applies",
            "ann< eve asks to join; eve: applied 1",
        ),
    ]);
    check(
        "eve applies; ann denies eve | eve applies",
        "ann< eve asks to join; max< eve asks to join; eve: applied 2",
    );
    let long = "x".repeat(401);
    check(&format!("eve applies {long}"), "eve: TooLong reason");
}

#[test]
fn whoever_is_brought_in_otherwise_asks_no_more() {
    check_all(&[
        (
            "eve applies; ann adds eve | ann accepts eve",
            "ann: Unknown(JoinRequest)",
        ),
        (
            "eve applies; eve enters; eve leaves | ann accepts eve",
            "ann: Unknown(JoinRequest)",
        ),
    ]);
}

#[test]
fn members_leave_and_owners_stay() {
    check_all(&[
        ("bob leaves", "bob< bob left; bob: ok"),
        ("max leaves", "max< max left; max: ok"),
        ("ann leaves", "ann: OwnerStays"),
        ("ann leaves anyway", "ann< ann left; ann: ok"),
        ("eve leaves", "eve: NotMember"),
        ("bob leaves | bob leaves", "bob: NotMember"),
        (
            "bob leaves | ann looks",
            "ann: 'the room' of ann with 2: Owner '' from 1 read 0",
        ),
        ("ann hands bob | ann leaves", "ann< ann left; ann: ok"),
    ]);
}

#[test]
fn managers_kick_members_only() {
    check_all(&[
        ("ann kicks bob", "bob< bob left; ann: ok"),
        ("max kicks bob", "bob< bob left; max: ok"),
        ("bob kicks max", "bob: NotManager"),
        ("eve kicks bob", "eve: NotManager"),
        ("max kicks ann", "max: Protected"),
        ("max kicks max", "max: Protected"),
        ("ann kicks max", "ann: Protected"),
        ("ann demotes max | ann kicks max", "max< max left; ann: ok"),
        ("ann kicks eve", "ann: Unknown(Member)"),
        (
            "ann adds cat | max kicks bob,cat",
            "bob< bob left; cat< cat left; max: ok",
        ),
        ("ann adds cat | max kicks cat,eve", "max: Unknown(Member)"),
        ("ann adds cat | max kicks cat,max", "max: Protected"),
        ("ann kicks bob,bob", "bob< bob left; ann: ok"),
        ("operator kicks max", "max< max left; operator: ok"),
    ]);
}

#[test]
fn only_the_owner_makes_managers() {
    check_all(&[
        ("ann promotes bob", "ann: ok"),
        (
            "ann promotes bob | bob adds cat",
            "cat< cat joined at 0; bob: added cat",
        ),
        ("ann demotes max | max adds cat", "max: NotManager"),
        ("max promotes bob", "max: NotOwner"),
        ("bob promotes bob", "bob: NotOwner"),
        ("ann promotes eve", "ann: Unknown(Member)"),
        ("ann demotes ann", "ann: Protected"),
        ("operator promotes bob", "operator: ok"),
        (
            "ann promotes bob; bob leaves; bob enters | bob adds cat",
            "bob: NotManager",
        ),
    ]);
}

#[test]
fn a_group_is_handed_to_a_member() {
    check_all(&[
        ("ann hands bob", "ann: ok"),
        (
            "ann hands bob | ann looks; bob looks",
            "ann: 'the room' of bob with 3: Member '' from 1 read 0; bob: 'the room' of bob with 3: Owner '' from 1 read 0",
        ),
        ("ann hands bob and-leaves", "ann< ann left; ann: ok"),
        ("ann hands bob and-leaves | ann posts hi", "ann: NotMember"),
        ("ann hands bob | ann dissolves", "ann: NotOwner"),
        ("ann hands bob | bob dissolves", "all< dissolved; bob: ok"),
        ("ann hands ann", "ann: ok"),
        (
            "ann hands ann and-leaves | ann looks",
            "ann: 'the room' of ann with 3: Owner '' from 1 read 0",
        ),
        ("ann hands eve", "ann: Unknown(Member)"),
        ("max hands max", "max: NotOwner"),
        ("operator hands bob", "operator: ok"),
        ("ann hands bob | max kicks ann", "ann< ann left; max: ok"),
    ]);
}
