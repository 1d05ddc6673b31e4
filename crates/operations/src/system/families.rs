//! Keys by family: how many, and about how much memory, from a sample.

use std::collections::HashMap;

use graphy_protocol::system::KeyFamily;

use super::pattern::pattern;

/// How many families are told apart; keys of further ones are counted together.
pub(super) const FAMILIES_MAX: usize = 200;
/// The family of what does not fit.
const OTHERS: &str = "(other keys)";
/// The longest key that is shown, in characters.
const KEY_CHARS_MAX: usize = 200;
/// Of a family that has this many measured keys, only every so manieth is measured.
const MEASURED_WHOLE: u64 = 50;
const MEASURED_STEP: u64 = 20;

/// What was found in one pass over the key space.
#[derive(Debug, Default)]
pub(super) struct Families {
    families: HashMap<String, Family>,
    /// How many keys were met.
    pub(super) keys: u64,
}

#[derive(Debug, Default)]
struct Family {
    keys: u64,
    measured: u64,
    measured_bytes: u64,
    largest: Option<(u64, String)>,
}

impl Families {
    /// Counts a key, and says whether it should be measured.
    pub(super) fn count(&mut self, key: &str) -> bool {
        self.keys += 1;
        let family = self.family(key);
        family.keys += 1;
        family.keys <= MEASURED_WHOLE || family.keys.is_multiple_of(MEASURED_STEP)
    }

    /// Notes how much memory a key takes.
    pub(super) fn measure(&mut self, key: &str, bytes: u64) {
        let family = self.family(key);
        family.measured += 1;
        family.measured_bytes += bytes;
        if family
            .largest
            .as_ref()
            .is_none_or(|(largest, _)| *largest < bytes)
        {
            family.largest = Some((bytes, key.chars().take(KEY_CHARS_MAX).collect()));
        }
    }

    /// Returns the families, the largest first.
    pub(super) fn list(&self) -> Vec<KeyFamily> {
        let mut list: Vec<KeyFamily> = self
            .families
            .iter()
            .map(|(pattern, family)| {
                let (largest_bytes, largest_key) = family.largest.clone().unwrap_or_default();
                let product = u128::from(family.measured_bytes) * u128::from(family.keys);
                let bytes = product / u128::from(family.measured.max(1));
                KeyFamily {
                    pattern: pattern.clone(),
                    keys: family.keys,
                    bytes: u64::try_from(bytes).unwrap_or(u64::MAX),
                    largest_key,
                    largest_bytes,
                }
            })
            .collect();
        list.sort_by(|a, b| {
            b.bytes
                .cmp(&a.bytes)
                .then_with(|| a.pattern.cmp(&b.pattern))
        });
        list
    }

    fn family(&mut self, key: &str) -> &mut Family {
        let mut name = pattern(key);
        if self.families.len() >= FAMILIES_MAX && !self.families.contains_key(&name) {
            OTHERS.clone_into(&mut name);
        }
        self.families.entry(name).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_estimated_from_its_measured_keys() {
        let mut families = Families::default();
        let mut measured = 0;
        for number in 0..1000 {
            let key = format!("token:{number}");
            if families.count(&key) {
                measured += 1;
                families.measure(&key, if number == 7 { 300 } else { 100 });
            }
        }
        families.count("graphs");
        families.measure("graphs", 10);
        assert!((50..150).contains(&measured), "{measured}");
        let list = families.list();
        assert_eq!(
            (list[0].pattern.as_str(), list[0].keys),
            ("token:{id}", 1000)
        );
        assert!((100_000..110_000).contains(&list[0].bytes), "{list:?}");
        assert_eq!(
            (list[0].largest_key.as_str(), list[0].largest_bytes),
            ("token:7", 300)
        );
        assert_eq!((list[1].pattern.as_str(), list[1].bytes), ("graphs", 10));
    }

    #[test]
    fn there_are_only_so_many_families() {
        let mut families = Families::default();
        let letters = |mut number: usize| {
            let mut word = String::new();
            loop {
                word.push(char::from(b'g' + u8::try_from(number % 16).unwrap()));
                number /= 16;
                if number == 0 {
                    return word;
                }
            }
        };
        for number in 0..FAMILIES_MAX * 3 {
            families.count(&letters(number));
        }
        let list = families.list();
        assert_eq!(list.len(), FAMILIES_MAX + 1);
        let others = list.iter().find(|family| family.pattern == OTHERS).unwrap();
        assert_eq!(others.keys, (FAMILIES_MAX * 2) as u64);
    }
}
