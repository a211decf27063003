//! Requests on their way, and what becomes of them.

use election::{AttemptId, Outcome, Request};

use super::agenda::Happening;
use super::nature::Nature;
use crate::clock::Real;
use crate::coverage::Fault;
use crate::random::Dice;
use crate::script::{Draw, Network, Outage};

/// Who waits for an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sender {
    pub(super) place: u8,
    /// Which process of that place: an outcome never reaches its successor.
    pub(super) start: u32,
    pub(super) attempt: Attempting,
}

/// What comes back.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub(super) outcome: Outcome,
    /// How many changes the store had seen when it answered; 0: it did not.
    pub(super) as_of: usize,
}

/// Which attempt of whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attempting {
    /// Of ours; a driver that begins anew numbers its attempts anew.
    Ours {
        id: AttemptId,
        election: u32,
    },
    Foreign(u32),
}

/// A request, or its outcome, on its way.
#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) sender: Sender,
    pub(super) number: u32,
    pub(super) sent: Real,
    pub(super) request: Option<Request>,
    /// What the sender hears of it, once it has been served.
    back: Back,
    pub(super) word: Option<Word>,
}

#[derive(Clone, Debug)]
enum Back {
    Comes(Real),
    ComesTwice(Real, Real),
    Lost,
}

/// What becomes of a request.
struct Fate {
    there: Option<Real>,
    /// It arrives once more, and the reply to this one is lost: this long before.
    doubled: Option<Real>,
    back: Back,
    /// What the sender hears at once, instead of a reply.
    instead: Option<(Outcome, Real)>,
}

impl Fate {
    const fn prompt(each_way: Real) -> Self {
        Self { there: Some(each_way), doubled: None, back: Back::Comes(each_way), instead: None }
    }
}

/// All requests and outcomes on their way.
#[derive(Debug, Default)]
pub(super) struct Requests {
    slots: Vec<Option<InFlight>>,
    free: Vec<u32>,
}

impl Requests {
    fn put(&mut self, request: InFlight) -> u32 {
        if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = Some(request);
            return slot;
        }
        self.slots.push(Some(request));
        u32::try_from(self.slots.len() - 1).expect("few requests are on their way at a time")
    }

    fn take(&mut self, slot: u32) -> InFlight {
        self.free.push(slot);
        self.slots[slot as usize].take().expect("what is on the agenda is on its way")
    }

    /// A dead process of a host takes with it what had not left the host.
    pub(super) fn forget_all_of(&mut self, place: u8, start: u32) {
        for slot in self.slots.iter_mut().flatten() {
            if slot.sender.place == place && slot.sender.start == start {
                slot.request = None;
            }
        }
    }
}

impl Nature<'_> {
    /// A request leaves its sender, whose patience ends after `patience`.
    pub(super) fn send(&mut self, sender: Sender, number: u32, request: Request, patience: Real) {
        let fate = self.fate_of(sender.place, number, patience);
        if let Some((outcome, after)) = fate.instead {
            let reply = InFlight {
                sender,
                number,
                sent: self.now,
                request: None,
                back: Back::Lost,
                word: Some(Word { outcome, as_of: 0 }),
            };
            let slot = self.requests.put(reply);
            self.agenda.add(self.now + after, Happening::Returns(slot));
        }
        if let Some(there) = fate.doubled {
            let copy = request.clone();
            let first = InFlight {
                sender,
                number,
                sent: self.now,
                request: Some(copy),
                back: Back::Lost,
                word: None,
            };
            let slot = self.requests.put(first);
            self.agenda.add(self.now + there, Happening::Arrives(slot));
        }
        if let Some(there) = fate.there {
            // Whatever is late arrives while there are faults, or not at all.
            let at = self.now + there;
            let network = &self.script.network;
            if there <= 2 * (network.shortest + network.spread) || at <= self.script.faults_end {
                let request = InFlight {
                    sender,
                    number,
                    sent: self.now,
                    request: Some(request),
                    back: fate.back,
                    word: None,
                };
                let slot = self.requests.put(request);
                self.agenda.add(at, Happening::Arrives(slot));
            }
        }
    }

    pub(super) fn arrived(&mut self, slot: u32) -> InFlight {
        self.requests.take(slot)
    }

    /// The store has answered.
    pub(super) fn answer(&mut self, answered: InFlight, outcome: Outcome) {
        let InFlight { sender, number, sent, back, .. } = answered;
        let word = Word { outcome, as_of: self.store.changes().len() };
        let mut returns = |after: Real, word: Word| {
            let reply = InFlight { sender, number, sent, request: None, back: Back::Lost, word: Some(word) };
            let slot = self.requests.put(reply);
            self.agenda.add(self.now + after, Happening::Returns(slot));
        };
        match back {
            Back::Lost => {}
            Back::Comes(after) => returns(after, word),
            Back::ComesTwice(after, again) => {
                returns(after, word.clone());
                returns(again, word);
            }
        }
    }

    fn fate_of(&mut self, place: u8, number: u32, patience: Real) -> Fate {
        let network = &self.script.network;
        if let Some(outage) = self.outage_at(place) {
            self.count(Fault::Outage);
            return outage_fate(outage, network);
        }
        let healthy = self.now >= self.script.faults_end;
        let drawn = if healthy { None } else { self.script.dice_for(Draw::Request(place, number)) };
        let Some(mut dice) = drawn else { return Fate::prompt(network.shortest) };
        let fault = drawn_fault(network, &mut dice);
        let (there, back) = (each_way(network, &mut dice), each_way(network, &mut dice));
        let usual = Fate { there: Some(there), doubled: None, back: Back::Comes(back), instead: None };
        let nothing = Fate { there: None, doubled: None, back: Back::Lost, instead: None };
        let Some(fault) = fault else { return usual };
        let fate = match fault {
            Fault::RequestLost => nothing,
            Fault::ReplyLost => Fate { back: Back::Lost, ..usual },
            Fault::SentLate => Fate { there: Some(patience + dice.below(network.latest)), ..nothing },
            Fault::Refused => Fate { instead: Some((Outcome::Refused, back)), ..nothing },
            Fault::Reset => Fate {
                doubled: None,
                there: dice.chance(500).then_some(there),
                back: Back::Lost,
                instead: Some((Outcome::Unknown, back)),
            },
            Fault::Slow if dice.chance(500) => Fate { there: Some(dice.below(network.slowest)), ..usual },
            Fault::Doubled => {
                Fate { doubled: Some(there), there: Some(there + each_way(network, &mut dice)), ..usual }
            }
            Fault::Slow => Fate { back: Back::Comes(dice.below(network.slowest)), ..usual },
            _ => Fate { back: Back::ComesTwice(back, back + dice.below(network.latest)), ..usual },
        };
        self.count(fault);
        self.drew(Draw::Request(place, number));
        fate
    }

    pub(super) fn outage_at(&self, place: u8) -> Option<Outage> {
        let outages = self.outages.iter();
        outages
            .rev()
            .find(|outage| outage.until > self.now && outage.reaches(place))
            .map(|outage| outage.kind)
    }
}

fn outage_fate(outage: Outage, network: &Network) -> Fate {
    let nothing = Fate { there: None, doubled: None, back: Back::Lost, instead: None };
    match outage {
        Outage::BlackHole => nothing,
        Outage::OneWay => Fate { there: Some(network.shortest), ..nothing },
        Outage::Refusing => Fate { instead: Some((Outcome::Refused, network.shortest)), ..nothing },
        Outage::Resetting => Fate { instead: Some((Outcome::Unknown, network.shortest)), ..nothing },
    }
}

/// One way, on an ordinary day.
fn each_way(network: &Network, dice: &mut Dice) -> Real {
    network.shortest + dice.below(network.spread + 1)
}

/// Which fault strikes a request, if any.
fn drawn_fault(network: &Network, dice: &mut Dice) -> Option<Fault> {
    let mut roll = dice.below(1000);
    let faults = [
        (Fault::RequestLost, network.request_lost),
        (Fault::ReplyLost, network.reply_lost),
        (Fault::SentLate, network.late),
        (Fault::Refused, network.refused),
        (Fault::Reset, network.reset),
        (Fault::Slow, network.slow),
        (Fault::Doubled, network.doubled),
        (Fault::Repeated, network.repeated),
    ];
    for (fault, chance) in faults {
        if roll < chance {
            return Some(fault);
        }
        roll -= chance;
    }
    None
}

/// An outage under way.
#[derive(Debug)]
pub(super) struct Failing {
    pub(super) kind: Outage,
    pub(super) until: Real,
    /// `None`: everywhere.
    pub(super) place: Option<u8>,
}

impl Failing {
    fn reaches(&self, place: u8) -> bool {
        self.place.is_none_or(|only| only == place)
    }
}
