//! How Ruby prints a floating point number: `Float#to_s`.

/// The text of `number`: the fewest digits that read back as it, plain from 0.0001 up to 10^15 and wherever digits
/// follow the point, else with an exponent of at least two digits.
pub(crate) fn to_s(number: f64) -> String {
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let fewest = format!("{number:e}");
    let (mantissa, exponent) = fewest.split_once('e').unwrap_or((&fewest, "0"));
    let digits = mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let exponent: isize = exponent.parse().unwrap_or_default();
    let decimals = digits.checked_add_signed(-exponent).unwrap_or_default();
    // Of two texts equally short and near Ruby takes the even one, as formatting to a given number of digits does.
    if (-4..15).contains(&exponent) || exponent > 0 && decimals > 0 {
        return format!("{number:.*}", decimals.max(1));
    }
    let scientific = format!("{number:.digits$e}");
    let (mantissa, _) = scientific.split_once('e').unwrap_or((&scientific, ""));
    let point = if digits == 0 { ".0" } else { "" };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}{point}e{sign}{:02}", exponent.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_float_can_hold_is_infinity_as_in_ruby() {
        for (json, text) in [("1e999", "Infinity"), ("-1e999", "-Infinity"), ("1e-999", "0.0")] {
            assert_eq!(to_s(json.parse().unwrap()), text);
        }
    }
}
