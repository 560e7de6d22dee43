//! Events gathered by what they belong to.

use rustc_hash::FxHashMap;

/// Places of events: those of one key stand behind each other in their order, keys by their first event.
pub struct Gathered {
    places: Vec<u32>,
    ends: Vec<u32>,
}

impl Gathered {
    /// Gathers events by their keys.
    pub fn by<'k>(keys: impl ExactSizeIterator<Item = &'k str>) -> Self {
        let mut numbers: FxHashMap<&str, u32> = FxHashMap::default();
        let mut of = Vec::with_capacity(keys.len());
        let mut ends: Vec<u32> = Vec::new();
        for key in keys {
            let next = ends.len() as u32;
            let number = *numbers.entry(key).or_insert(next);
            if number == next {
                ends.push(0);
            }
            ends[number as usize] += 1;
            of.push(number);
        }
        let mut starts = Vec::with_capacity(ends.len());
        let mut sum = 0;
        for end in &mut ends {
            starts.push(sum);
            sum += *end;
            *end = sum;
        }
        let mut places = vec![0; of.len()];
        for (place, number) in of.into_iter().enumerate() {
            let at = &mut starts[number as usize];
            places[*at as usize] = place as u32;
            *at += 1;
        }
        Gathered { places, ends }
    }

    /// Gives the places of the events of each key.
    pub fn each(&self) -> impl Iterator<Item = &[u32]> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let places = &self.places[start..*end as usize];
            start = *end as usize;
            places
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_stand_by_key_in_their_order() {
        let gathered = Gathered::by(["b", "a", "b", "c", "a"].into_iter());
        assert_eq!(gathered.each().collect::<Vec<_>>(), [&[0, 2][..], &[1, 4], &[3]]);
        assert_eq!(Gathered::by([].into_iter()).each().count(), 0);
    }
}
