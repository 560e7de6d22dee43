//! Score: points of what happened, when they reached a threshold, and what they are by now
//! (`stream/stages/leads/score.py`, for points that do not fade and nothing settled).

use super::rules::Rules;
use super::view::Gathered;

const DAY_MS: i64 = 86_400_000;

/// What the points of a lead come to.
pub struct Score {
    pub score: i64,
    /// Rule, its points, how often.
    pub parts: Vec<(usize, i64, i64)>,
    /// Threshold, and when it was first reached.
    pub crossed: Vec<(i64, i64)>,
    /// 0: it does not change by itself.
    pub due_ms: i64,
}

/// Gives the earlier of two times, of which 0 is never.
pub fn earlier(one_ms: i64, other_ms: i64) -> i64 {
    match (one_ms, other_ms) {
        (0, other_ms) => other_ms,
        (one_ms, 0) => one_ms,
        _ => one_ms.min(other_ms),
    }
}

/// Counts the points.
pub fn scored(rules: &Rules, found: &mut Gathered<'_>, clock_ms: i64) -> Score {
    let (times, due_ms) = points_times(rules, found, clock_ms);
    let parts: Vec<_> = times
        .iter()
        .map(|(rule, each)| (*rule, rules.points[*rule] * each.len() as i64, each.len() as i64))
        .collect();
    let best: i64 = parts.iter().map(|part| part.1.max(0)).sum();
    let lowest = rules.thresholds.first().copied().unwrap_or(i64::MAX);
    let crossed = if best >= lowest {
        crossings(rules, found.lead.time_ms, &times)
    } else {
        Vec::new()
    };
    Score {
        score: parts.iter().map(|part| part.1).sum(),
        parts,
        crossed,
        due_ms,
    }
}

/// Gives by rule, in their order, the times that have points; and when the next silence is over.
fn points_times(rules: &Rules, found: &mut Gathered<'_>, clock_ms: i64) -> (Vec<(usize, Vec<i64>)>, i64) {
    let mut out: Vec<Option<Vec<i64>>> = vec![None; rules.points.len()];
    for (rule, times) in found
        .times
        .iter_mut()
        .enumerate()
        .filter(|(_, times)| !times.is_empty())
    {
        times.sort_unstable();
        out[rule] = Some(capped(times, rules.a_day[rule]));
    }
    for (rule, places) in &rules.single {
        let times: Option<Vec<i64>> = places.iter().map(|place| found.first(*place)).collect();
        if let Some(time_ms) = times.and_then(|times| times.into_iter().max()) {
            out[*rule] = Some(vec![time_ms]);
        }
    }
    let mut due_ms = 0;
    for (rule, within_ms, once) in &rules.silences {
        let (mut ended, since_ms) = silences(found, *within_ms, clock_ms);
        if let Some(known) = &out[*rule] {
            ended.extend(known);
            ended.sort_unstable();
        }
        if since_ms != 0 && (!*once || ended.is_empty()) {
            due_ms = earlier(due_ms, since_ms + within_ms);
        }
        if !ended.is_empty() {
            if *once {
                ended.truncate(1);
            }
            out[*rule] = Some(ended);
        }
    }
    let each = out.into_iter().enumerate();
    (each.filter_map(|(rule, times)| Some((rule, times?))).collect(), due_ms)
}

/// Keeps the earliest so many of each UTC day.
fn capped(times: &[i64], most: usize) -> Vec<i64> {
    if times.len() <= most {
        return times.to_vec();
    }
    let (mut out, mut day, mut seen) = (Vec::new(), i64::MIN, 0);
    for time_ms in times {
        let today = time_ms.div_euclid(DAY_MS);
        if today != day {
            (day, seen) = (today, 0);
        }
        seen += 1;
        if seen <= most {
            out.push(*time_ms);
        }
    }
    out
}

/// Gives when mail had lain unopened for too long, and since when one lies so by now (0: none).
fn silences(found: &mut Gathered<'_>, within_ms: i64, clock_ms: i64) -> (Vec<i64>, i64) {
    found.delivered.sort_unstable();
    found.opened.sort_unstable();
    let (delivered, opened) = (&found.delivered, &found.opened);
    let (mut ended, mut at) = (Vec::new(), 0);
    while at < delivered.len() {
        let mut end_ms = delivered[at] + within_ms;
        let opening = opened.partition_point(|time_ms| *time_ms < delivered[at]);
        match opened.get(opening) {
            Some(opened_ms) if *opened_ms <= end_ms => end_ms = *opened_ms,
            _ if end_ms <= clock_ms => ended.push(end_ms),
            _ => return (ended, delivered[at]),
        }
        at += delivered[at..].partition_point(|time_ms| *time_ms <= end_ms);
    }
    (ended, 0)
}

/// Gives when each threshold was first reached, as a lead: at becoming one, or at something that has points.
fn crossings(rules: &Rules, lead_ms: i64, times: &[(usize, Vec<i64>)]) -> Vec<(i64, i64)> {
    let mut marks: Vec<(i64, i64)> = Vec::new();
    for (rule, each) in times {
        marks.extend(each.iter().map(|time_ms| (*time_ms, rules.points[*rule])));
    }
    marks.sort_unstable();
    let mut moments: Vec<i64> = marks
        .iter()
        .map(|mark| mark.0)
        .filter(|time_ms| *time_ms > lead_ms)
        .collect();
    moments.dedup();
    let (mut out, mut wanted) = (Vec::new(), rules.thresholds.iter().peekable());
    let (mut total, mut at) = (0, 0);
    for moment_ms in [lead_ms].into_iter().chain(moments) {
        while at < marks.len() && marks[at].0 <= moment_ms {
            total += marks[at].1;
            at += 1;
        }
        while let Some(limit) = wanted.next_if(|limit| total >= **limit) {
            out.push((*limit, moment_ms));
        }
    }
    out
}
