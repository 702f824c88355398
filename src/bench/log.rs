//! Recorded conversations: IRC logs of lines `[HH:MM] <nick> text`, `[HH:MM]  * nick does` and `=== nick …`.
//!
//! Every name is an account of its own, also the two of a rename (`=== old is now known as new`): who changes the
//! name says so under the old one and goes on under the new one. Every line is posted, so that the conversation that
//! comes out is the log line by line; what a line has besides its time and its nick is its text.

use thiserror::Error;

/// One line of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub nick: String,
    pub text: String,
}

/// A conversation and everybody named in it, in the order of their appearance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    pub lines: Vec<Line>,
    pub nicks: Vec<String>,
    /// Lines that change a name.
    pub renames: usize,
}

/// Why a log cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {why}: {text}")]
pub struct LogFault {
    line: usize,
    why: &'static str,
    text: String,
}

impl Log {
    /// Reads a log. Empty lines are nothing; a line that is none of the kinds is a fault.
    pub fn read(text: &str) -> Result<Log, LogFault> {
        let mut log = Log::default();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
            let fault = |why| LogFault {
                line: number + 1,
                why,
                text: line.to_owned(),
            };
            let (nick, text) = split(line).map_err(fault)?;
            if text.is_empty() {
                return Err(fault("there is no text, and a message needs one"));
            }
            log.meet(nick);
            if let Some(new) = new_name(line) {
                log.renames += 1;
                log.meet(new);
            }
            log.lines.push(Line {
                nick: nick.to_owned(),
                text: text.to_owned(),
            });
        }
        Ok(log)
    }

    fn meet(&mut self, nick: &str) {
        if !self.nicks.iter().any(|known| known == nick) {
            self.nicks.push(nick.to_owned());
        }
    }

    /// The place of a nick among all.
    #[must_use]
    pub fn number_of(&self, nick: &str) -> Option<usize> {
        self.nicks.iter().position(|known| known == nick)
    }
}

/// Who says what.
fn split(line: &str) -> Result<(&str, &str), &'static str> {
    if let Some(rest) = line.strip_prefix("=== ") {
        let nick = rest.split(' ').next().unwrap_or_default();
        return if nick.is_empty() {
            Err("nobody is named")
        } else {
            Ok((nick, line))
        };
    }
    let rest = after_time(line).ok_or("neither a time nor ===")?;
    if let Some(said) = rest.strip_prefix('<') {
        let (nick, text) = said.split_once('>').ok_or("a nick without an end")?;
        return Ok((nick, text.strip_prefix(' ').unwrap_or(text)));
    }
    if let Some(done) = rest.strip_prefix(" * ") {
        let nick = done.split(' ').next().unwrap_or_default();
        return Ok((nick, rest.trim_start()));
    }
    Err("neither said nor done by anybody")
}

/// What follows `[HH:MM] `.
fn after_time(line: &str) -> Option<&str> {
    let (time, rest) = line.strip_prefix('[')?.split_once("] ")?;
    let (hours, minutes) = time.split_once(':')?;
    let is_number = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(hours) && is_number(minutes)).then_some(rest)
}

/// The new name in a rename.
fn new_name(line: &str) -> Option<&str> {
    let (_, new) = line.strip_prefix("=== ")?.split_once(" is now known as ")?;
    (!new.is_empty() && !new.contains(' ')).then_some(new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(nick: &str, text: &str) -> Line {
        Line {
            nick: nick.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn what_is_said_done_and_renamed_is_read_in_order() {
        let text = "[15:40] <Gnea> !dvd | x > y\n\n=== a`b is now known as c{away}\n[16:32]  * nickrud looks down\n\
                    [16:33] <c{away}> \u{feff}hi \n=== Gnea has left\n";
        let log = Log::read(text).unwrap();
        assert_eq!(
            log.lines,
            [
                line("Gnea", "!dvd | x > y"),
                line("a`b", "=== a`b is now known as c{away}"),
                line("nickrud", "* nickrud looks down"),
                line("c{away}", "\u{feff}hi "),
                line("Gnea", "=== Gnea has left"),
            ]
        );
        assert_eq!(log.nicks, ["Gnea", "a`b", "c{away}", "nickrud"]);
        assert_eq!(
            (log.renames, log.number_of("nickrud"), log.number_of("x")),
            (1, Some(3), None)
        );
    }

    #[test]
    fn a_line_of_another_kind_is_named() {
        for (text, place) in [
            ("hello", 1),
            ("[15:40] <a> x\n[1540] <a> x", 2),
            ("[15:40] <a", 1),
            ("[15:40] <a> ", 1),
            ("[15:40] nothing", 1),
            ("=== ", 1),
        ] {
            let fault = Log::read(text).unwrap_err();
            assert_eq!(fault.line, place, "{fault}");
        }
    }
}
