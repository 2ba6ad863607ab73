//! What is done to a fleet at random: each blow hits one part, and it is mended a moment later.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;
use tokio::time::sleep;

use crate::nats::Server;
use crate::role::Role;
use crate::world::World;

/// Numbers that look like chance and come again with their seed (`SplitMix64`, Steele, Lea and Flood 2014).
pub(crate) struct Dice(u64);

/// The parts of a fleet that can be hit, and how often each was.
pub(crate) struct Blows {
    receivers: Vec<Role>,
    hubs: Vec<Role>,
    nats: Option<Server>,
    dice: Dice,
    left: u64,
    counts: BTreeMap<&'static str, u32>,
}

const KINDS: [&str; 9] = [
    "receiver killed",
    "hub killed",
    "receiver stopped",
    "hub stopped",
    "NATS killed",
    "NATS stopped",
    "line to NATS cut",
    "browsers cut off",
    "provider cut off",
];

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end`.
    pub(crate) const fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    fn millis(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to - from))
    }
}

impl Blows {
    /// Takes the parts out of a fleet, to hit them `count` times.
    pub(crate) fn on(world: &mut World, dice: Dice, count: u64) -> Self {
        let (receivers, hubs) = (std::mem::take(&mut world.receivers), std::mem::take(&mut world.hubs));
        Self { receivers, hubs, nats: world.nats.take(), dice, left: count, counts: BTreeMap::new() }
    }

    /// Strikes until the blows are used up; everything is whole again then.
    pub(crate) async fn strike(mut self, world: Arc<World>) -> Self {
        while self.left > 0 {
            self.left -= 1;
            let kind = KINDS[usize::try_from(self.dice.below(KINDS.len() as u64)).unwrap()];
            *self.counts.entry(kind).or_default() += 1;
            let down = self.dice.millis(50, 1200);
            self.hit(kind, down, &world).await;
            sleep(self.dice.millis(100, 600)).await;
        }
        self
    }

    async fn hit(&mut self, kind: &str, down: Duration, world: &World) {
        match kind {
            "receiver killed" => Self::kill(pick(&mut self.receivers, &mut self.dice), down).await,
            "hub killed" => Self::kill(pick(&mut self.hubs, &mut self.dice), down).await,
            "receiver stopped" => Self::stop(pick(&mut self.receivers, &mut self.dice), down).await,
            "hub stopped" => Self::stop(pick(&mut self.hubs, &mut self.dice), down).await,
            "NATS killed" => {
                self.nats.take().unwrap().kill();
                sleep(down).await;
                self.nats = Some(world.another_nats());
            }
            "NATS stopped" => {
                let nats = self.nats.as_ref().unwrap();
                nats.signal(Signal::STOP);
                sleep(down).await;
                nats.signal(Signal::CONT);
            }
            cut => {
                let line = match cut {
                    "line to NATS cut" => &world.line,
                    "browsers cut off" => &world.front,
                    _ => &world.intake,
                };
                line.cut();
                sleep(down).await;
                line.mend();
            }
        }
    }

    async fn kill(role: &mut Role, down: Duration) {
        role.kill().await;
        sleep(down).await;
        // NATS may be away just then.
        role.again().await;
    }

    async fn stop(role: &Role, down: Duration) {
        role.halt().await;
        sleep(down).await;
        role.signal("CONT").await;
    }
}

fn pick<'a>(roles: &'a mut [Role], dice: &mut Dice) -> &'a mut Role {
    let count = roles.len() as u64;
    &mut roles[usize::try_from(dice.below(count)).unwrap()]
}

impl fmt::Display for Blows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts: Vec<_> = self.counts.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        f.write_str(&counts.join(", "))
    }
}
