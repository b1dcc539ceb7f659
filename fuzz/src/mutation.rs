//! Small changes of an input, drawn from a seed.

use annals::Random;

/// An input does not grow beyond this.
const MAX_BYTES: usize = 4_096;

/// Numbers at which decoders go wrong.
const INTERESTING: [u64; 12] =
    [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0xffff_ffff, 1 << 40, u64::MAX >> 1, u64::MAX];

/// Draws inputs like those that it was given.
#[derive(Debug)]
pub struct Mutator {
    random: Random,
    kept: Vec<Vec<u8>>,
}

impl Mutator {
    /// A mutator of these inputs. The same seed draws the same.
    pub fn new(seed: u64, kept: Vec<Vec<u8>>) -> Self {
        Self { random: Random::new(seed), kept }
    }

    /// One of the inputs, changed in one to four places.
    pub fn draw(&self) -> Vec<u8> {
        let mut input = self.any().to_vec();
        for _ in 0..=self.below(4) {
            self.change(&mut input);
        }
        input.truncate(MAX_BYTES);
        input
    }

    fn change(&self, input: &mut Vec<u8>) {
        let at = self.below(input.len() + 1);
        match self.below(8) {
            0 => self.flip_bit(input),
            1 => self.set_byte(input),
            2 => input.truncate(at),
            3 => drop(input.drain(at..self.end(input, at))),
            4 => self.insert(input, at),
            5 => self.repeat(input, at),
            6 => self.splice(input, at),
            _ => self.set_number(input, at),
        }
    }

    fn flip_bit(&self, input: &mut [u8]) {
        if !input.is_empty() {
            input[self.below(input.len())] ^= 1 << self.below(8);
        }
    }

    fn set_byte(&self, input: &mut [u8]) {
        if !input.is_empty() {
            input[self.below(input.len())] = self.random.next_u64() as u8;
        }
    }

    fn insert(&self, input: &mut Vec<u8>, at: usize) {
        let bytes = self.random.next_u64().to_le_bytes();
        input.splice(at..at, bytes.into_iter().take(1 + self.below(8)));
    }

    /// A part of the input once more.
    fn repeat(&self, input: &mut Vec<u8>, at: usize) {
        let part = input[at..self.end(input, at)].to_vec();
        input.splice(at..at, part);
    }

    /// The rest of another input behind the start of this one.
    fn splice(&self, input: &mut Vec<u8>, at: usize) {
        let other = self.any();
        input.truncate(at);
        input.extend_from_slice(&other[self.below(other.len() + 1)..]);
    }

    /// An interesting number over what is there, in one to eight bytes, either way round.
    fn set_number(&self, input: &mut [u8], at: usize) {
        let width = 1 << self.below(4);
        let number = INTERESTING[self.below(INTERESTING.len())];
        let bytes = match self.below(2) {
            0 => number.to_le_bytes(),
            _ => (number << (64 - 8 * width)).to_be_bytes(),
        };
        for (byte, new) in input[at..].iter_mut().zip(&bytes[..width]) {
            *byte = *new;
        }
    }

    fn any(&self) -> &[u8] {
        if self.kept.is_empty() { &[] } else { &self.kept[self.below(self.kept.len())] }
    }

    fn end(&self, input: &[u8], at: usize) -> usize {
        at + self.below((input.len() - at).min(32) + 1)
    }

    fn below(&self, bound: usize) -> usize {
        (self.random.next_u64() % bound as u64) as usize
    }
}
