//! JSON as orjson writes it: no spaces, UTF-8 as it is; times as RFC 3339 in UTC, with milliseconds.

use super::rules::Rules;

const DAY_MS: i64 = 86_400_000;

/// Writes JSON.
#[derive(Default)]
pub struct Json {
    pub out: Vec<u8>,
}

impl Json {
    pub fn raw(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    /// Writes a name and what stands before its value.
    pub fn name(&mut self, name: &str) {
        if !matches!(self.out.last(), Some(b'{')) {
            self.raw(",");
        }
        self.text(name);
        self.raw(":");
    }

    pub fn text(&mut self, text: &str) {
        self.raw("\"");
        if text.bytes().all(|byte| byte >= 32 && byte != b'"' && byte != b'\\') {
            self.raw(text);
            self.raw("\"");
            return;
        }
        for byte in text.bytes() {
            match byte {
                b'"' => self.raw("\\\""),
                b'\\' => self.raw("\\\\"),
                8 => self.raw("\\b"),
                9 => self.raw("\\t"),
                10 => self.raw("\\n"),
                12 => self.raw("\\f"),
                13 => self.raw("\\r"),
                0..=31 => self.raw(&format!("\\u{byte:04x}")),
                _ => self.out.push(byte),
            }
        }
        self.raw("\"");
    }

    pub fn perhaps(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => self.raw("null"),
        }
    }

    pub fn int(&mut self, n: i64) {
        self.raw(&n.to_string());
    }

    /// Writes a moment; what cannot be written as the nearest that can.
    pub fn time(&mut self, rules: &Rules, time_ms: i64) {
        let time_ms = time_ms.clamp(rules.first_ms, rules.last_ms);
        let (day, rest) = (time_ms.div_euclid(DAY_MS), time_ms.rem_euclid(DAY_MS));
        let (year, month, date) = civil(day);
        let (minutes, millis) = (rest / 60_000, rest % 60_000);
        for (before, n, digits) in [
            ("\"", year, 4),
            ("-", month, 2),
            ("-", date, 2),
            ("T", minutes / 60, 2),
            (":", minutes % 60, 2),
            (":", millis / 1_000, 2),
            (".", millis % 1_000, 3),
        ] {
            self.raw(before);
            self.digits(n, digits);
        }
        self.raw("Z\"");
    }

    /// Writes a number with zeros in front.
    fn digits(&mut self, mut n: i64, many: usize) {
        let start = self.out.len();
        self.out.resize(start + many, b'0');
        for digit in self.out[start..].iter_mut().rev() {
            *digit = b'0' + (n % 10) as u8;
            n /= 10;
        }
    }
}

/// Gives the date of a day since 1970, in the Gregorian calendar: eras of 400 years that begin in March.
fn civil(day: i64) -> (i64, i64, i64) {
    let days = day + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_dates() {
        for (day, date) in [
            (0, (1970, 1, 1)),
            (11_016, (2000, 2, 29)),
            (11_017, (2000, 3, 1)),
            (-1, (1969, 12, 31)),
            (20_730, (2026, 10, 4)),
            (2_932_896, (9999, 12, 31)),
        ] {
            assert_eq!(civil(day), date);
        }
    }

    #[test]
    fn texts_are_escaped() {
        let mut json = Json::default();
        json.text("a\"\\\n\u{1}\u{7f}é");
        assert_eq!(json.out, "\"a\\\"\\\\\\n\\u0001\u{7f}é\"".as_bytes());
    }
}
