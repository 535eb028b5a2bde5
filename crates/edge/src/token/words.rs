//! Puzzles in words, for those who cannot use the picture: how many of two things there are, of three that are told of.
//!
//! There are 8,100 answers to each wording. A program written for these sentences solves them; one that was not does not, and
//! guessing costs a proof of work each time.

use super::random::{Dice, NoRandom};

/// A question in both languages, and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) english: String,
    pub(super) japanese: String,
    pub(super) answer: String,
}

/// Things that Japanese counts alike.
const THINGS: [(&str, &str); 12] = [
    ("apples", "りんご"),
    ("lemons", "レモン"),
    ("peaches", "桃"),
    ("pears", "梨"),
    ("balls", "ボール"),
    ("bells", "鈴"),
    ("buttons", "ボタン"),
    ("boxes", "箱"),
    ("cups", "コップ"),
    ("eggs", "卵"),
    ("stones", "石"),
    ("walnuts", "くるみ"),
];

const ENGLISH_TENS: [&str; 10] = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const ENGLISH_ONES: [&str; 20] = [
    "",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const JAPANESE_DIGITS: [&str; 10] = ["", "一", "二", "三", "四", "五", "六", "七", "八", "九"];

/// Asks something new.
pub(super) fn ask(dice: &mut Dice) -> Result<Question, NoRandom> {
    let mut things: Vec<usize> = (0..THINGS.len()).collect();
    let mut told = Vec::new();
    for _ in 0..3 {
        let thing = things.swap_remove(dice.roll(things.len())?);
        told.push((THINGS[thing], 10 + dice.roll(90)?));
    }
    let first = dice.roll(3)?;
    let second = (first + 1 + dice.roll(2)?) % 3;
    let [(a, m), (b, n), (c, o)] = told[..] else { unreachable!("three things are told of") };
    let ((one, one_count), (two, two_count)) = (told[first], told[second]);
    let english = format!(
        "A basket holds {} {}, {} {} and {} {}. In digits, write how many {} there are, then right after it how many {}.",
        english(m),
        a.0,
        english(n),
        b.0,
        english(o),
        c.0,
        one.0,
        two.0,
    );
    let japanese = format!(
        "かごの中に、{}が{}個、{}が{}個、{}が{}個あります。{}の数を数字で書き、続けて{}の数を書いてください。",
        a.1,
        japanese(m),
        b.1,
        japanese(n),
        c.1,
        japanese(o),
        one.1,
        two.1,
    );
    Ok(Question { english, japanese, answer: format!("{one_count}{two_count}") })
}

/// A number from 10 to 99.
fn english(number: usize) -> String {
    match (number / 10, number % 10) {
        (0 | 1, _) => ENGLISH_ONES[number].to_owned(),
        (tens, 0) => ENGLISH_TENS[tens].to_owned(),
        (tens, ones) => format!("{}-{}", ENGLISH_TENS[tens], ENGLISH_ONES[ones]),
    }
}

/// A number from 10 to 99.
fn japanese(number: usize) -> String {
    let (tens, ones) = (number / 10, number % 10);
    let tens = if tens == 1 { "" } else { JAPANESE_DIGITS[tens] };
    format!("{tens}十{}", JAPANESE_DIGITS[ones])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_out() {
        for (number, in_english, in_japanese) in [
            (10, "ten", "十"),
            (11, "eleven", "十一"),
            (20, "twenty", "二十"),
            (42, "forty-two", "四十二"),
            (99, "ninety-nine", "九十九"),
        ] {
            assert_eq!((english(number).as_str(), japanese(number).as_str()), (in_english, in_japanese));
        }
    }

    #[test]
    fn a_question_does_not_hold_its_answer_and_fits_json_and_html() {
        let mut dice = Dice::new().unwrap();
        for _ in 0..200 {
            let question = ask(&mut dice).unwrap();
            assert_eq!(question.answer.len(), 4);
            for text in [&question.english, &question.japanese] {
                assert!(
                    !text.contains(['"', '\\', '<', '>', '&', '\n'])
                        && !text.contains(|char: char| char.is_ascii_digit()),
                    "{text}"
                );
            }
        }
    }
}
