//! Names in the other case. What `snake` makes is stored for ever: its rule never changes.

/// `HTTPSent` is `http_sent`, `V2Deposited` is `v2_deposited`: a word begins at a capital that follows a small
/// letter or a digit, or that is followed by a small letter.
pub(crate) fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (at, &letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| letters[before]);
        let small_after = letters.get(at + 1).is_some_and(|after| after.is_lowercase());
        let begins = letter.is_uppercase()
            && before.is_some_and(|before| before != '_' && (!before.is_uppercase() || small_after));
        if begins {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

/// `get_balance` is `GetBalance`. What would be no name of a type gets `Command` in front.
pub(crate) fn pascal(name: &str) -> String {
    let mut pascal = String::new();
    for word in name.split('_').filter(|word| !word.is_empty()) {
        let mut letters = word.chars();
        pascal.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        pascal.push_str(letters.as_str());
    }
    if pascal.starts_with(char::is_alphabetic) { pascal } else { format!("Command{pascal}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_a_snake_begins_at_a_capital() {
        for (pascal, expected) in [
            ("Deposited", "deposited"),
            ("CardBlocked", "card_blocked"),
            ("HTTPSent", "http_sent"),
            ("V2Deposited", "v2_deposited"),
            ("Paid2Out", "paid2_out"),
            ("Already_split", "already_split"),
            ("X", "x"),
        ] {
            assert_eq!(snake(pascal), expected);
        }
    }

    #[test]
    fn a_method_gives_the_name_of_a_type() {
        for (method, expected) in [
            ("deposit", "Deposit"),
            ("get_balance", "GetBalance"),
            ("_quiet", "Quiet"),
            ("__", "Command"),
            ("_2nd", "Command2nd"),
        ] {
            assert_eq!(pascal(method), expected);
        }
    }
}
