//! Specimens of version 1 of what rooms are asked and answer.

use super::values::{
    ANN, BOB, CALLER, GROUP, NOW, content, image, info, join_request, member, message, page, place, post,
    query, rules, seat, tree_item,
};
use roost_actors::board::{BoardAnswer, BoardRequest, TagRequest};
use roost_actors::model::{
    Announcement, AnnouncementId, Epoch, FileId, MessageId, Picture, PictureId, Rating, RequestId, Role, Seq,
    Spot, Tag, TagId,
};
use roost_actors::room::{RoomAnswer, RoomCensus, RoomEdit, RoomRequest, RoomView};
use roost_actors::tree::{TreeAnswer, TreeRequest};

#[expect(clippy::too_many_lines, reason = "one specimen a variant")]
pub fn requests() -> Vec<RoomRequest> {
    let caller = CALLER;
    let reason = "please".to_owned();
    vec![
        RoomRequest::Post { caller, post: post() },
        RoomRequest::Read {
            caller,
            up_to: Some(Seq(41)),
        },
        RoomRequest::Revoke {
            caller,
            message: MessageId(9),
            within_ms: 120_000,
        },
        RoomRequest::Page {
            caller,
            query: query(),
            whole: true,
        },
        RoomRequest::Range { query: query() },
        RoomRequest::Look { caller },
        RoomRequest::Seats { caller },
        RoomRequest::Edit {
            caller,
            edit: RoomEdit {
                name: Some("new".to_owned()),
                avatar: Some("/n.png".to_owned()),
                intro: Some("more".to_owned()),
                place: Some(place()),
                rules: Some(rules()),
            },
            owner_only: true,
        },
        RoomRequest::SetAvatar {
            caller,
            image: image(),
            address: "/n.png".to_owned(),
        },
        RoomRequest::Apply {
            caller,
            reason: reason.clone(),
            full_last: true,
        },
        RoomRequest::AnswerJoin {
            caller,
            id: Some(RequestId(6)),
            account: BOB,
            accept: true,
            reason,
        },
        RoomRequest::Add {
            caller,
            accounts: vec![BOB],
            by_member: true,
        },
        RoomRequest::Enter { caller },
        RoomRequest::Leave {
            caller,
            owner_may: true,
        },
        RoomRequest::Quit { caller },
        RoomRequest::Kick {
            caller,
            accounts: vec![BOB],
            over_managers: true,
        },
        RoomRequest::SwitchManager { caller, account: BOB },
        RoomRequest::SetManager {
            caller,
            account: BOB,
            manager: true,
        },
        RoomRequest::Mute {
            caller,
            account: BOB,
            until: NOW,
        },
        RoomRequest::SetNickname {
            caller,
            nickname: "annie".to_owned(),
        },
        RoomRequest::SetQuiet { caller, quiet: true },
        RoomRequest::Transfer {
            caller,
            to: BOB,
            old_leaves: true,
        },
        RoomRequest::Dissolve { caller },
        RoomRequest::Files {
            caller,
            request: TreeRequest::Remove { id: FileId(12) },
        },
        RoomRequest::Board {
            caller,
            request: BoardRequest::Pictures,
        },
        RoomRequest::BlockChanged {
            by: ANN,
            blocked: true,
        },
        RoomRequest::Census,
    ]
}

pub fn answers() -> Vec<RoomAnswer> {
    let view = || RoomView {
        info: info(),
        me: Some(member(Role::Owner)),
        last_seq: Seq(42),
    };
    vec![
        RoomAnswer::Posted(message()),
        RoomAnswer::Revoked(message()),
        RoomAnswer::Read(Seq(41)),
        RoomAnswer::Page(page()),
        RoomAnswer::Look(view()),
        RoomAnswer::Seats(view(), vec![seat()]),
        RoomAnswer::Files(TreeAnswer::Left(5)),
        RoomAnswer::Board(BoardAnswer::Done(4)),
        RoomAnswer::Applied(join_request()),
        RoomAnswer::Added(vec![BOB]),
        RoomAnswer::Done,
        RoomAnswer::Census(RoomCensus {
            epoch: Epoch(3),
            last_seq: Seq(42),
            members: 2,
            waiting: 1,
        }),
    ]
}

pub fn tree_requests() -> Vec<TreeRequest> {
    let folder = Some(FileId(11));
    vec![
        TreeRequest::List { folder },
        TreeRequest::Find { id: FileId(12) },
        TreeRequest::Left {
            spot: Spot::Folder(folder),
            quota_bytes: 1_000_000,
        },
        TreeRequest::Add {
            spot: Spot::Folder(folder),
            name: "song.mp3".to_owned(),
            content: Some(content()),
            quota_bytes: 1_000_000,
        },
        TreeRequest::Rename {
            id: FileId(12),
            name: "aria.mp3".to_owned(),
        },
        TreeRequest::Move {
            id: FileId(12),
            folder,
        },
        TreeRequest::Remove { id: FileId(12) },
    ]
}

pub fn tree_answers() -> Vec<TreeAnswer> {
    vec![
        TreeAnswer::Items(vec![tree_item(Spot::Folder(None))]),
        TreeAnswer::Item(tree_item(Spot::Chat)),
        TreeAnswer::Left(5),
    ]
}

pub fn spots() -> Vec<Spot> {
    vec![Spot::Folder(Some(FileId(11))), Spot::Chat]
}

pub fn tag_requests() -> Vec<TagRequest> {
    vec![
        TagRequest::List,
        TagRequest::Add {
            text: "chess".to_owned(),
        },
        TagRequest::Edit {
            id: TagId(2),
            text: "go".to_owned(),
        },
        TagRequest::Remove { id: TagId(2) },
    ]
}

pub fn tag() -> Tag {
    Tag {
        id: TagId(2),
        text: "chess".to_owned(),
    }
}

fn announcement() -> Announcement {
    Announcement {
        id: AnnouncementId(4),
        author: ANN,
        title: "a title".to_owned(),
        text: "a text".to_owned(),
        image: Some(image()),
        created_at: NOW,
    }
}

pub fn board_requests() -> Vec<BoardRequest> {
    let (id, picture) = (AnnouncementId(4), PictureId(3));
    let (title, text) = ("a title".to_owned(), "a text".to_owned());
    vec![
        BoardRequest::Tags(TagRequest::List),
        BoardRequest::Pictures,
        BoardRequest::Picture { id: picture },
        BoardRequest::AddPicture {
            image: image(),
            max: 9,
        },
        BoardRequest::RemovePicture { id: picture },
        BoardRequest::Announcements,
        BoardRequest::Announcement { id },
        BoardRequest::Announce {
            title: title.clone(),
            text: text.clone(),
        },
        BoardRequest::Reword { id, title, text },
        BoardRequest::Withdraw { id },
        BoardRequest::Illustrate {
            id,
            image: Some(image()),
        },
        BoardRequest::Rate {
            ratings: vec![Rating {
                account: BOB,
                stars: 4.5,
            }],
        },
    ]
}

pub fn board_answers() -> Vec<BoardAnswer> {
    let picture = || Picture {
        id: PictureId(3),
        image: image(),
    };
    vec![
        BoardAnswer::Tags(vec![tag()]),
        BoardAnswer::Pictures(vec![picture()]),
        BoardAnswer::Picture(picture()),
        BoardAnswer::Announcements(vec![announcement()]),
        BoardAnswer::Announcement(announcement()),
        BoardAnswer::Done(GROUP.0),
    ]
}
