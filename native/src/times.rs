//! Times: RFC 3339 as milliseconds, as `stream/contract/times.py` reads it.

/// Milliseconds of a day.
pub const DAY_MS: i64 = 86_400_000;
/// The first moment of year 2000.
pub const YEAR_2000_MS: i64 = 946_684_800_000;
/// No stated time lies after it.
const LAST_MS: i64 = 253_402_300_800_000;

/// Read one time as milliseconds since 1970; None where the text is none, or lies before year 1.
pub fn parse_ms(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() < 20 || bytes[4] != b'-' || bytes[7] != b'-' || bytes[13] != b':' || bytes[16] != b':' {
        return None;
    }
    if bytes[10] | 0x20 != b't' {
        return None;
    }
    let year = two(bytes, 0)? * 100 + two(bytes, 2)?;
    let (month, day) = (two(bytes, 5)?, two(bytes, 8)?);
    let (hour, minute, mut second) = (two(bytes, 11)?, two(bytes, 14)?, two(bytes, 17)?);
    let mut at = 19;
    let mut millis = 0;
    if bytes[at] == b'.' {
        let first = at + 1;
        at = first;
        let mut worth = 100;
        while at < bytes.len() && bytes[at].is_ascii_digit() {
            millis += i64::from(bytes[at] - b'0') * worth;
            worth /= 10;
            at += 1;
        }
        if at == first || at - first > 9 || at == bytes.len() {
            return None;
        }
    }
    let mut shift_min = 0;
    match bytes[at] {
        b'Z' | b'z' if at + 1 == bytes.len() => {}
        sign @ (b'+' | b'-') if at + 6 == bytes.len() && bytes[at + 3] == b':' => {
            let (hours, minutes) = (two(bytes, at + 1)?, two(bytes, at + 4)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            shift_min = (hours * 60 + minutes) * if sign == b'-' { -1 } else { 1 };
        }
        _ => return None,
    }
    if second == 60 {
        if (hour * 60 + minute - shift_min).rem_euclid(1_440) != 1_439 {
            return None;
        }
        (second, millis) = (59, 999);
    }
    if year < 1 || !(1..=12).contains(&month) || day < 1 || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = [
        31,
        if is_leap { 29 } else { 28 },
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ][(month - 1) as usize];
    if day > longest {
        return None;
    }
    let minutes = days(year, month, day) * 1_440 + hour * 60 + minute - shift_min;
    Some(minutes * 60_000 + second * 1_000 + millis)
}

fn two(bytes: &[u8], at: usize) -> Option<i64> {
    let (tens, ones) = (bytes[at].wrapping_sub(b'0'), bytes[at + 1].wrapping_sub(b'0'));
    (tens <= 9 && ones <= 9).then(|| i64::from(tens) * 10 + i64::from(ones))
}

/// Days from 1970 to a date.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // years that begin in March, so that the day of a leap year is their last
    let (year, month) = if month <= 2 {
        (year - 1, month + 9)
    } else {
        (year, month - 3)
    };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// What becomes of a stated time, as `stream/ingest/timing.py` judges it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    /// When the event happened.
    pub event_ms: i64,
    /// Whether its clock ran ahead of ours.
    pub is_ahead: bool,
}

/// Judge a time by the arrival; None where it cannot be, or comes too late.
pub fn judge(stated_ms: i64, arrival_ms: i64, lateness_ms: i64, latest_ms: Option<i64>) -> Option<Judged> {
    let newest = latest_ms.unwrap_or(arrival_ms.min(LAST_MS).saturating_add(DAY_MS));
    if stated_ms < YEAR_2000_MS || stated_ms > newest || arrival_ms.saturating_sub(stated_ms) > lateness_ms {
        return None;
    }
    Some(Judged {
        event_ms: stated_ms.min(arrival_ms),
        is_ahead: stated_ms > arrival_ms,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_grammar() {
        assert_eq!(parse_ms("1970-01-01T00:00:01.5Z"), Some(1_500));
        assert_eq!(parse_ms("1970-01-01t01:00:00+01:00"), Some(0));
        assert_eq!(parse_ms("2025-01-31T10:00:00.1239Z"), Some(1_738_317_600_123));
        assert_eq!(parse_ms("2016-12-31T23:59:60Z"), Some(1_483_228_799_999));
        for wrong in [
            "2025-02-29T00:00:00Z",
            "2025-01-01T00:00:00",
            "2025-01-01T00:00:00.Z",
            "2025-01-01 00:00:00Z",
            "é",
        ] {
            assert_eq!(parse_ms(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn judges_by_the_arrival() {
        let now = 1_700_000_000_000;
        assert_eq!(
            judge(now, now - 5, 10, None),
            Some(Judged {
                event_ms: now - 5,
                is_ahead: true
            })
        );
        assert_eq!(judge(now - 11, now, 10, None), None);
        assert_eq!(judge(now + DAY_MS + 1, now, 10, None), None);
        assert!(judge(now + DAY_MS + 1, now, 10, Some(i64::MAX)).is_some());
    }
}
