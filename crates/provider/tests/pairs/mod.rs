//! Queries spelled in many ways that say the same, as proxies and libraries do.

use proptest::sample::Index;

/// Names and values, byte by byte. `None` is an empty piece.
pub(crate) type Pairs = Vec<Option<(Vec<u8>, Vec<u8>)>>;

/// The same pairs in another spelling.
pub(crate) fn respelled(query: &str, seed: u64) -> String {
    spelled(&pairs(query), seed)
}

/// The pairs in some spelling.
pub(crate) fn spelled(pairs: &Pairs, seed: u64) -> String {
    let mut dice = Dice(seed | 1);
    let mut out = Vec::new();
    for pair in pairs {
        let Some((name, value)) = pair else {
            out.push(String::new());
            continue;
        };
        let mut pair = text(name, b"&=+%#", &mut dice);
        // Without a name, nothing would be left of the pair.
        if !value.is_empty() || name.is_empty() || dice.throw(2) == 0 {
            pair.push('=');
        }
        pair.push_str(&text(value, b"&+%#", &mut dice));
        out.push(pair);
    }
    out.join("&")
}

/// The pairs of a query with another byte in one place; `None` if there is no place, or the byte is the same.
pub(crate) fn with_another_byte(query: &str, at: Index, byte: u8) -> Option<Pairs> {
    let mut pairs = pairs(query);
    let mut bytes: Vec<&mut u8> =
        pairs.iter_mut().flatten().flat_map(|(name, value)| name.iter_mut().chain(value)).collect();
    if bytes.is_empty() {
        return None;
    }
    let place = at.index(bytes.len());
    if *bytes[place] == byte {
        return None;
    }
    *bytes[place] = byte;
    Some(pairs)
}

fn pairs(query: &str) -> Pairs {
    let pair = |piece: &str| form_urlencoded::parse(piece.as_bytes()).into_owned().next();
    query.split('&').map(|piece| pair(piece).map(|(name, value)| (name.into_bytes(), value.into_bytes()))).collect()
}

fn text(bytes: &[u8], special: &[u8], dice: &mut Dice) -> String {
    let spell = |byte: &u8| match (byte, dice.throw(3)) {
        (b' ', 0) => "+".to_owned(),
        (byte, 0) if byte.is_ascii_graphic() && !special.contains(byte) => char::from(*byte).to_string(),
        (byte, 1) => format!("%{byte:02x}"),
        (byte, _) => format!("%{byte:02X}"),
    };
    bytes.iter().map(spell).collect()
}

/// Random numbers, good enough to spell by.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 8) % sides
    }
}
