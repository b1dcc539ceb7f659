//! Draws the operations of a run from its seed, without a look at the store.

use super::op::{
    Bounds, Content, Draft, DraftKey, EntityNr, Expected, Number, Op, Owner, Raise, Size, Spot, What,
};
use super::options::Options;
use annals::Random;

/// What a seed stands for.
pub(super) struct Draws<'o> {
    random: Random,
    options: &'o Options,
    /// How many entities take part: few, so that much happens to each.
    entities: u64,
    /// How seldom something unusual is drawn: the larger, the longer the histories.
    calm: u64,
}

impl<'o> Draws<'o> {
    pub(super) fn new(seed: u64, options: &'o Options) -> Self {
        let random = Random::new(seed);
        let (entities, calm) = (1 + random.next_u64() % super::cast::SIZE as u64, 4 + random.next_u64() % 16);
        Self { random, options, entities, calm }
    }

    pub(super) fn ops(&self) -> Vec<Op> {
        (0..self.options.steps).map(|_| self.op()).collect()
    }

    fn below(&self, most: u64) -> u64 {
        self.random.next_u64() % most
    }

    fn one_in(&self, many: u64) -> bool {
        self.below(many) == 0
    }

    fn entity(&self) -> EntityNr {
        self.below(self.entities) as EntityNr
    }

    fn op(&self) -> Op {
        let entity = self.entity();
        match self.below(100) {
            0..=44 => Op::Append(self.group()),
            45..=46 => Op::AppendAndCrash(self.group()),
            47..=51 => Op::Activate { entity, writer: self.writer() },
            52..=58 => Op::Read { entity, from: self.spot(), to: self.spot(), limit: self.limit() },
            59..=60 => Op::Extent { entity },
            61..=64 => Op::DeleteTo { entity, epoch: self.remover(), to: self.deleted() },
            65..=66 => Op::Erase { entity, epoch: self.remover() },
            67..=70 => Op::Outcomes { entity, keys: (0..self.below(5)).map(|_| self.below(12)).collect() },
            71..=73 => Op::LoadState { entity },
            74..=80 => self.save_snapshot(entity),
            81..=84 => Op::LoadSnapshot { entity, bounds: self.bounds() },
            85..=87 => Op::ListSnapshots { entity, bounds: self.bounds() },
            88..=89 => Op::DeleteSnapshots { entity, epoch: self.remover(), bounds: self.bounds() },
            90..=93 => Op::Raise((0..1 + self.below(3)).map(|_| (self.entity(), self.raise())).collect()),
            94 => Op::Epochs,
            95..=96 => Op::Manifests { entity },
            97..=98 => Op::Reopen,
            _ => Op::Crash,
        }
    }

    fn group(&self) -> Vec<Draft> {
        let most = if self.one_in(4) { self.options.group } else { 3 };
        (0..1 + self.below(most)).map(|_| self.draft()).collect()
    }

    fn draft(&self) -> Draft {
        Draft {
            entity: self.entity(),
            writer: self.writer(),
            number: self.number(),
            epoch: self.owner(),
            expected: self.expected(),
            what: self.what(),
            key: self.key(),
            side_effect: self.one_in(40).then(|| self.below(3)),
        }
    }

    /// Mostly the first one, so that an activation lives for a while.
    fn writer(&self) -> usize {
        usize::from(self.one_in(self.calm))
    }

    fn number(&self) -> Number {
        if !self.one_in(self.calm) {
            return Number::Next;
        }
        match self.below(12) {
            0..=4 => Number::Again(self.below(4) as usize),
            5..=8 => Number::AgainFromEarlier(self.below(6) as usize),
            9 => Number::Gap,
            10 => Number::Zero,
            _ => Number::Highest,
        }
    }

    fn owner(&self) -> Owner {
        if !self.one_in(self.calm) {
            return Owner::Current;
        }
        self.not_the_owner()
    }

    fn not_the_owner(&self) -> Owner {
        [Owner::Before, Owner::Ahead, Owner::Nobody][self.below(3) as usize]
    }

    /// Removing is drawn seldom: then more often by someone who may not.
    fn remover(&self) -> Owner {
        if self.one_in(4) { self.not_the_owner() } else { Owner::Current }
    }

    fn deleted(&self) -> Spot {
        if self.one_in(3) { Spot::AboveHighest(self.below(3)) } else { self.spot() }
    }

    fn expected(&self) -> Expected {
        if !self.one_in(self.calm) {
            return Expected::Right;
        }
        [Expected::TooLow, Expected::TooHigh, Expected::TooLow, Expected::Wild][self.below(4) as usize]
    }

    fn what(&self) -> What {
        match self.below(20) {
            0..=9 => What::Events(vec![self.content()]),
            10..=11 => What::Events((0..2 + self.below(4)).map(|_| self.content()).collect()),
            12..=13 => What::Events(Vec::new()),
            14..=16 => What::Save(self.content()),
            17 => What::Delete,
            _ => What::Keep,
        }
    }

    fn content(&self) -> Content {
        let size = match self.below(3_000) {
            0..=149 => Size::Bytes(0),
            150..=152 => Size::TooLarge,
            153..=160 => Size::Bytes(70_000),
            161..=300 => Size::Bytes(1_500),
            _ => Size::Bytes(1 + self.below(30) as usize),
        };
        Content { name: self.below(40), seed: self.random.next_u64(), size }
    }

    fn key(&self) -> Option<DraftKey> {
        match self.below(10) {
            0..=4 => None,
            5 if self.one_in(3) => Some(DraftKey::Used(self.below(12))),
            n => Some(DraftKey::New { rejection: n == 9 }),
        }
    }

    fn spot(&self) -> Spot {
        match self.below(12) {
            0..=4 => Spot::FromStart(self.below(6)),
            5..=9 => Spot::BelowHighest(self.below(8)),
            10 => Spot::AboveHighest(1 + self.below(4)),
            _ => Spot::Wild,
        }
    }

    fn limit(&self) -> u64 {
        if self.one_in(2) { u64::MAX } else { self.below(7) }
    }

    fn save_snapshot(&self, entity: EntityNr) -> Op {
        let at = if self.one_in(4) { self.spot() } else { Spot::BelowHighest(self.below(4)) };
        let (epoch, taken_at) = (self.owner(), self.below(8).cast_signed());
        Op::SaveSnapshot { entity, epoch, at, taken_at, content: self.content(), outcomes: self.below(3) }
    }

    fn bounds(&self) -> Bounds {
        let numbers = self.one_in(2).then(|| (self.below(9), self.below(9) + 2));
        let times = self.one_in(3).then(|| (self.below(6).cast_signed(), self.below(8).cast_signed()));
        Bounds { numbers, times }
    }

    fn raise(&self) -> Raise {
        match self.below(8) {
            0..=4 => Raise::By(1 + self.below(3)),
            5 => Raise::NotAtAll,
            6 => Raise::Lower,
            _ => Raise::AboveAll,
        }
    }
}
