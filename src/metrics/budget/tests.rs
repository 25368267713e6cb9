use proptest::prelude::*;

use super::*;
use crate::metrics::{CategoryRule, Rules};

const MINUTES_OF_DAY: i64 = 24 * 60;

fn step(minute: i64) -> Step {
    Step::containing(Time::from_millis(minute * 60_000))
}

fn window(app: &str, category: &str, active: &str) -> Labels {
    Labels::new([
        ("__name__", "aw_window_seconds".to_owned()),
        ("app", app.to_owned()),
        ("category", category.to_owned()),
        ("active", active.to_owned()),
        ("host", "laptop".to_owned()),
    ])
}

/// What comes of sums, with the category `Work` known.
fn folded(budget: &mut Budget, sums: &BTreeMap<Labels, Steps>) -> BTreeMap<Labels, Steps> {
    let rule: CategoryRule = toml::from_str("name = 'Work'\nregex = 'vim'").unwrap();
    let common = [("host".into(), "laptop".to_owned())];
    let labelling = Labelling {
        common: &common,
        categories: &Categories::new([rule]).0,
        always_active: None,
        rules: &Rules::default(),
    };
    budget.fold(sums.clone(), labelling)
}

fn budget(limit: usize) -> Budget {
    Budget::new(limit, Time::EPOCH, BTreeSet::new())
}

fn sums(samples: &[(&str, i64, i64)]) -> BTreeMap<Labels, Steps> {
    let mut sums = BTreeMap::<Labels, Steps>::new();
    for &(app, minute, amount) in samples {
        let steps = sums.entry(window(app, "Work", "true")).or_default();
        steps.add(step(minute), amount);
    }
    sums
}

#[test]
fn the_first_label_sets_of_a_day_keep_their_names() {
    let sums = sums(&[
        ("a", 5, 1),
        ("z", 0, 2),
        ("b", 5, 4),
        ("z", 9, 8),
        ("c", 9, 16),
    ]);
    let mut budget = budget(2);
    let folded = folded(&mut budget, &sums);
    let expected = [
        (window("(other)", "Work", "true"), step(5), 4),
        (window("(other)", "Work", "true"), step(9), 16),
        (window("a", "Work", "true"), step(5), 1),
        (window("z", "Work", "true"), step(0), 2),
        (window("z", "Work", "true"), step(9), 8),
    ];
    let found = folded.into_iter().flat_map(|(labels, steps)| {
        steps
            .into_iter()
            .map(move |(step, amount)| (labels.clone(), step, amount))
    });
    assert_eq!(found.collect::<Vec<_>>(), expected);
    assert_eq!(budget.folded(), 2);
}

#[test]
fn each_day_has_a_budget_of_its_own() {
    let sums = sums(&[("a", 5, 1), ("b", 6, 1), ("b", MINUTES_OF_DAY, 1)]);
    let folded = folded(&mut budget(1), &sums);
    let of_b: Vec<_> = folded[&window("b", "Work", "true")]
        .iter()
        .map(|(step, _)| step)
        .collect();
    assert_eq!(of_b, [step(MINUTES_OF_DAY)]);
    let of_others: Vec<_> = folded[&window("(other)", "Work", "true")]
        .iter()
        .map(|(step, _)| step)
        .collect();
    assert_eq!(of_others, [step(6)]);
}

#[test]
fn what_the_person_or_the_agent_chose_is_not_folded() {
    let sums = BTreeMap::from([
        (window("vim", "Work", "false"), Steps::from([(step(0), 1)])),
        (
            window("vim", "from a rule", "often"),
            Steps::from([(step(0), 1)]),
        ),
    ]);
    let folded = folded(&mut budget(0), &sums);
    let expected = [
        window("(other)", "(other)", "(other)"),
        window("(other)", "Work", "false"),
    ];
    assert_eq!(folded.into_keys().collect::<Vec<_>>(), expected);
}

#[test]
fn a_hash_is_the_same_for_ever() {
    // As Python has it: int.from_bytes(hashlib.md5(b"__name__\xff…laptop\xff").digest()[:8], "big").
    assert_eq!(
        hash(&window("vim", "Work", "true")),
        16_900_295_918_126_160_713
    );
}

fn any_sums() -> impl Strategy<Value = BTreeMap<Labels, Steps>> {
    let sample = (
        0_u8..6,
        prop_oneof![Just("Work"), Just("Uncategorized")],
        any::<bool>(),
        -30_i64..30,
        1_i64..100,
    );
    prop::collection::vec(sample, 0..30).prop_map(|samples| {
        let mut sums = BTreeMap::<Labels, Steps>::new();
        for (app, category, active, minute, amount) in samples {
            let labels = window(&format!("app{app}"), category, &active.to_string());
            // Around a midnight.
            let steps = sums.entry(labels).or_default();
            steps.add(step(MINUTES_OF_DAY + minute), amount);
        }
        sums
    })
}

/// The amounts by what stays, whatever is folded.
fn totals(sums: &BTreeMap<Labels, Steps>) -> BTreeMap<(String, String, Step), i64> {
    let mut totals = BTreeMap::new();
    for (labels, steps) in sums {
        let of = |name| labels.get(name).unwrap_or_default().to_owned();
        for (step, amount) in steps.iter() {
            *totals
                .entry((of("category"), of("active"), step))
                .or_default() += amount;
        }
    }
    totals
}

proptest! {
    #[test]
    fn folding_keeps_totals_and_the_budget(sums in any_sums(), limit in 0_usize..8) {
        let folded = folded(&mut budget(limit), &sums);
        prop_assert_eq!(totals(&folded), totals(&sums));
        for day in [0, 1] {
            let has_day = |steps: &Steps| steps.iter().any(|(step, _)| utc_day(step.start()) == Time::from_millis(day * MINUTES_OF_DAY * 60_000));
            let named = folded.iter().filter(|(labels, steps)| labels.get("app") != Some("(other)") && has_day(steps));
            prop_assert!(named.count() <= limit);
        }
    }

    #[test]
    fn a_day_in_pieces_is_the_same(sums in any_sums(), limit in 0_usize..8, cut in -30_i64..30) {
        let whole = folded(&mut budget(limit), &sums);
        let cut = step(MINUTES_OF_DAY + cut);
        let mut first = sums.clone();
        let mut second = sums;
        for steps in first.values_mut() {
            steps.retain(|step| step < cut);
        }
        for steps in second.values_mut() {
            steps.retain(|step| step >= cut);
        }
        let mut known = budget(limit);
        let mut pieces = folded(&mut known, &first);
        // As after a restart, which knows of no day but the newest.
        let mut known = Budget::new(limit, known.day(), known.admitted().clone());
        for (labels, steps) in folded(&mut known, &second) {
            pieces.entry(labels).or_default().extend(steps);
        }
        pieces.retain(|_, steps| !steps.is_empty());
        prop_assert_eq!(pieces, whole);
    }
}
