//! Credit: what touches have to do with a lead, by six models (`stream/stages/leads/credit.py`).

use super::rules::Rules;

/// What a touch is credited to: channel, campaign, the campaign's id.
pub type Where<'a> = [&'a str; 3];
/// When it was, and what it is credited to.
pub type Touch<'a> = (i64, Where<'a>);
/// Millionths by what they are credited to, in the order in which that came first.
pub type Shares<'a> = Vec<(Where<'a>, i64)>;

pub const MICRO: i64 = 1_000_000;
const NOBODY: Where<'static> = ["unknown", "", ""];
const HOUR_MS: i64 = 3_600_000;

/// All six.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credit<'a> {
    /// All of it goes to one, by each model.
    One(Where<'a>),
    /// By model.
    Many([Shares<'a>; 6]),
}

/// Shares one million out among the touches that led to a moment; they come in order.
pub fn credit<'a>(rules: &Rules, touches: &[Touch<'a>], until_ms: i64) -> Credit<'a> {
    let begin = touches.partition_point(|touch| touch.0 < until_ms - rules.touch_ms + 1);
    let end = touches.partition_point(|touch| touch.0 < until_ms + 1);
    let path = &touches[begin.max(end.saturating_sub(rules.most_touches))..end.max(begin)];
    let wheres: Vec<Where<'a>> = match path {
        [] => vec![NOBODY],
        path => path.iter().map(|touch| touch.1).collect(),
    };
    let (first, last, count) = (wheres[0], wheres[wheres.len() - 1], wheres.len());
    if wheres.iter().all(|one| *one == first) {
        return Credit::One(first);
    }
    let loud = wheres
        .iter()
        .rev()
        .find(|one| one[0] != "direct")
        .copied()
        .unwrap_or(last);
    let halves = || vec![(first, MICRO / 2), (last, MICRO / 2)];
    let (linear, position) = if count == 2 {
        (halves(), halves())
    } else {
        let edge = 2 * (count as i64 - 2); // twice what all between have together
        let mut weights = vec![1; count];
        weights[0] = edge;
        weights[count - 1] = edge;
        (shared(&wheres, &vec![1; count]), shared(&wheres, &weights))
    };
    let age = |touch: &Touch<'_>| (until_ms - touch.0).div_euclid(HOUR_MS) as usize;
    let fading: Vec<i64> = path
        .iter()
        .map(|touch| rules.fading.get(age(touch)).copied().unwrap_or(0))
        .collect();
    Credit::Many([
        vec![(first, MICRO)],
        vec![(last, MICRO)],
        vec![(loud, MICRO)],
        linear,
        position,
        shared(&wheres, &fading),
    ])
}

/// Shares by differences of a cumulative floor: they add up exactly, whatever the weights.
fn shared<'a>(wheres: &[Where<'a>], weights: &[i64]) -> Shares<'a> {
    let total: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
    let (mut run, mut before, mut out) = (0i128, 0i64, Shares::new());
    for (one, weight) in wheres.iter().zip(weights) {
        run += i128::from(*weight);
        let upto = (i128::from(MICRO) * run / total.max(1)) as i64;
        if upto != before {
            match out.iter_mut().find(|(known, _)| known == one) {
                Some((_, share)) => *share += upto - before,
                None => out.push((*one, upto - before)),
            }
            before = upto;
        }
    }
    out
}
