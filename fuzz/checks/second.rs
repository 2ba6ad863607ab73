//! A second implementation of what a callback's signature covers, written from the provider's scheme alone: JSON read by
//! hand (RFC 8259), and Rails' `Hash#to_query`. Shares nothing with the crate `provider`.

use std::iter::Peekable;
use std::str::Chars;

/// A JSON value, each scalar as the text that Ruby's `to_s` makes of it.
pub(crate) enum Value {
    Scalar(String),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
}

/// Objects and lists within each other.
const DEEPEST: usize = 100;

/// Reads a JSON object; `None` for anything else, and for one that is too deep.
pub(crate) fn parse(json: &[u8]) -> Option<Value> {
    let mut rest = std::str::from_utf8(json).ok()?.chars().peekable();
    let value = value(&mut rest, DEEPEST)?;
    let ended = rest.next().is_none();
    (ended && matches!(value, Value::Map(_))).then_some(value)
}

/// `Hash#to_query`.
pub(crate) fn to_query(value: &Value) -> String {
    query(value, None)
}

/// The names and values of all scalars, as they are before anything is encoded.
pub(crate) fn leaves(value: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    gather(value, None, &mut found);
    found
}

/// The names and values of a query, decoded.
pub(crate) fn pairs(query: &str) -> Vec<(String, String)> {
    let pieces = query.split('&').filter(|piece| !piece.is_empty());
    pieces
        .map(|piece| piece.split_once('=').unwrap_or((piece, "")))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

/// The one value under `name`: `Ok(None)` when there is none or it is empty, `Err` when there are several.
pub(crate) fn single<'a>(pairs: &'a [(String, String)], name: &str) -> Result<Option<&'a str>, ()> {
    let values: Vec<_> = pairs.iter().filter(|(one, _)| one == name).map(|(_, value)| value.as_str()).collect();
    match values[..] {
        [] | [""] => Ok(None),
        [value] => Ok(Some(value)),
        _ => Err(()),
    }
}

fn query(value: &Value, name: Option<&str>) -> String {
    let name_or_none = name.unwrap_or_default();
    match value {
        Value::Scalar(text) => format!("{}={}", encoded(name_or_none), encoded(text)),
        Value::List(items) if items.is_empty() => format!("{}=", encoded(&format!("{name_or_none}[]"))),
        Value::List(items) => {
            let name = format!("{name_or_none}[]");
            items.iter().map(|item| query(item, Some(&name))).collect::<Vec<_>>().join("&")
        }
        Value::Map(members) => {
            let kept = members.iter().filter(|(_, value)| !is_empty(value));
            let mut chunks: Vec<_> = kept.map(|(key, value)| query(value, Some(&below(name, key)))).collect();
            if !name_or_none.contains("[]") {
                chunks.sort_by(|one, other| one.as_bytes().cmp(other.as_bytes()));
            }
            chunks.join("&")
        }
    }
}

fn gather(value: &Value, name: Option<&str>, found: &mut Vec<(String, String)>) {
    let list = format!("{}[]", name.unwrap_or_default());
    match value {
        Value::Scalar(text) => found.push((name.unwrap_or_default().to_owned(), text.clone())),
        Value::List(items) if items.is_empty() => found.push((list, String::new())),
        Value::List(items) => items.iter().for_each(|item| gather(item, Some(&list), found)),
        Value::Map(members) => members
            .iter()
            .filter(|(_, value)| !is_empty(value))
            .for_each(|(key, value)| gather(value, Some(&below(name, key)), found)),
    }
}

fn below(name: Option<&str>, key: &str) -> String {
    name.map_or_else(|| key.to_owned(), |name| format!("{name}[{key}]"))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Scalar(_) => false,
        Value::List(items) => items.is_empty(),
        Value::Map(members) => members.is_empty(),
    }
}

/// `CGI.escape`.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            b'_' | b'.' | b'-' | b'~' => out.push(byte.into()),
            _ if byte.is_ascii_alphanumeric() => out.push(byte.into()),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// `CGI.unescape`; what is no UTF-8 becomes U+FFFD.
fn decoded(text: &str) -> String {
    let (bytes, mut out, mut at) = (text.as_bytes(), Vec::new(), 0);
    while at < bytes.len() {
        let hex = |offset: usize| bytes.get(at + offset).and_then(|digit| char::from(*digit).to_digit(16));
        let (byte, length) = match (bytes[at], hex(1), hex(2)) {
            (b'%', Some(high), Some(low)) => (u8::try_from(high * 16 + low).unwrap_or_default(), 3),
            (b'+', ..) => (b' ', 1),
            (other, ..) => (other, 1),
        };
        out.push(byte);
        at += length;
    }
    String::from_utf8_lossy(&out).into_owned()
}

type Rest<'a> = Peekable<Chars<'a>>;

fn value(rest: &mut Rest<'_>, levels: usize) -> Option<Value> {
    blanks(rest);
    let value = match *rest.peek()? {
        '{' => map(rest, levels.checked_sub(1)?)?,
        '[' => list(rest, levels.checked_sub(1)?)?,
        '"' => Value::Scalar(text(rest)?),
        't' => word(rest, "true", "true")?,
        'f' => word(rest, "false", "false")?,
        'n' => word(rest, "null", "")?,
        _ => Value::Scalar(number(rest)?),
    };
    blanks(rest);
    Some(value)
}

fn map(rest: &mut Rest<'_>, levels: usize) -> Option<Value> {
    let mut members: Vec<(String, Value)> = Vec::new();
    rest.next();
    blanks(rest);
    if rest.next_if_eq(&'}').is_some() {
        return Some(Value::Map(members));
    }
    loop {
        blanks(rest);
        let name = text(rest)?;
        blanks(rest);
        rest.next_if_eq(&':')?;
        let read = value(rest, levels)?;
        // As in a Ruby hash: the first place, the last value.
        match members.iter_mut().find(|(one, _)| *one == name) {
            Some(member) => member.1 = read,
            None => members.push((name, read)),
        }
        match rest.next()? {
            ',' => {}
            '}' => return Some(Value::Map(members)),
            _ => return None,
        }
    }
}

fn list(rest: &mut Rest<'_>, levels: usize) -> Option<Value> {
    let mut items = Vec::new();
    rest.next();
    blanks(rest);
    if rest.next_if_eq(&']').is_some() {
        return Some(Value::List(items));
    }
    loop {
        items.push(value(rest, levels)?);
        match rest.next()? {
            ',' => {}
            ']' => return Some(Value::List(items)),
            _ => return None,
        }
    }
}

fn text(rest: &mut Rest<'_>) -> Option<String> {
    rest.next_if_eq(&'"')?;
    let mut out = String::new();
    loop {
        match rest.next()? {
            '"' => return Some(out),
            '\\' => out.push(escape(rest)?),
            control if control < ' ' => return None,
            other => out.push(other),
        }
    }
}

fn escape(rest: &mut Rest<'_>) -> Option<char> {
    Some(match rest.next()? {
        same @ ('"' | '\\' | '/') => same,
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => {
            let mut units = vec![unit(rest)?];
            if (0xd800..0xdc00).contains(&units[0]) {
                (rest.next()? == '\\' && rest.next()? == 'u').then_some(())?;
                units.push(unit(rest)?);
            }
            let read: String = String::from_utf16(&units).ok()?;
            read.chars().next()?
        }
        _ => return None,
    })
}

fn unit(rest: &mut Rest<'_>) -> Option<u16> {
    let mut unit = 0;
    for _ in 0..4 {
        unit = unit * 16 + rest.next()?.to_digit(16)?;
    }
    u16::try_from(unit).ok()
}

fn number(rest: &mut Rest<'_>) -> Option<String> {
    let mut text = String::new();
    text.extend(rest.next_if_eq(&'-'));
    let zero = rest.peek() == Some(&'0');
    let whole = digits(rest, &mut text)?;
    if zero && whole > 1 {
        return None;
    }
    let mut float = false;
    if let Some(point) = rest.next_if_eq(&'.') {
        float = true;
        text.push(point);
        digits(rest, &mut text)?;
    }
    if let Some(exponent) = rest.next_if(|one| matches!(one, 'e' | 'E')) {
        float = true;
        text.push(exponent);
        text.extend(rest.next_if(|one| matches!(one, '+' | '-')));
        digits(rest, &mut text)?;
    }
    match (float, text.as_str()) {
        (true, _) => text.parse().ok().map(float_to_s),
        (false, "-0") => Some("0".to_owned()),
        (false, _) => Some(text),
    }
}

fn digits(rest: &mut Rest<'_>, text: &mut String) -> Option<usize> {
    let before = text.len();
    while let Some(digit) = rest.next_if(char::is_ascii_digit) {
        text.push(digit);
    }
    (text.len() > before).then_some(text.len() - before)
}

/// `Float#to_s`, from the shortest digits and where the point stands among them.
fn float_to_s(number: f64) -> String {
    let sign = if number.is_sign_negative() { "-" } else { "" };
    if number.is_infinite() {
        return format!("{sign}Infinity");
    }
    // As many digits as it takes; of two such texts equally near, Ruby takes the even one.
    let enough =
        format!("{:e}", number.abs()).chars().take_while(|one| *one != 'e').filter(char::is_ascii_digit).count();
    let shortest = format!("{:.*e}", enough - 1, number.abs());
    let Some((mantissa, exponent)) = shortest.split_once('e') else { return shortest };
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let point = exponent.parse::<i32>().unwrap_or_default() + 1;
    let length = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or_default());
    let split = |at: i32| digits.split_at(usize::try_from(at).unwrap_or_default());
    let text = if number == 0.0 {
        "0.0".to_owned()
    } else if (-3..=0).contains(&point) {
        format!("0.{}{digits}", zeros(-point))
    } else if 0 < point && point < length {
        let (whole, fraction) = split(point);
        format!("{whole}.{fraction}")
    } else if (1..=15).contains(&point) {
        format!("{digits}{}.0", zeros(point - length))
    } else {
        let (first, others) = split(1);
        let others = if others.is_empty() { "0" } else { others };
        format!("{first}.{others}e{}{:02}", if point > 0 { '+' } else { '-' }, (point - 1).abs())
    };
    format!("{sign}{text}")
}

fn word(rest: &mut Rest<'_>, word: &str, means: &str) -> Option<Value> {
    for letter in word.chars() {
        rest.next_if_eq(&letter)?;
    }
    Some(Value::Scalar(means.to_owned()))
}

fn blanks(rest: &mut Rest<'_>) {
    while rest.next_if(|one| matches!(one, ' ' | '\t' | '\n' | '\r')).is_some() {}
}
