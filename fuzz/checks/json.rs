//! JSON read by hand (RFC 8259), as Ruby keeps it: half of the second implementation, for a library would be the one that
//! the first uses.

use std::iter::Peekable;
use std::str::Chars;

/// A JSON value, each scalar as the text that Ruby's `to_s` makes of it.
pub(crate) enum Value {
    Scalar(String),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
}

/// Objects and lists within each other.
const DEEPEST: usize = 16;

/// Reads a JSON object; `None` for anything else, and for one that is too deep.
pub(crate) fn parse(json: &[u8]) -> Option<Value> {
    let mut rest = std::str::from_utf8(json).ok()?.chars().peekable();
    let value = value(&mut rest, DEEPEST)?;
    let ended = rest.next().is_none();
    (ended && matches!(value, Value::Map(_))).then_some(value)
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
