//! What goes wrong in a run.

use super::wire::Event;
use super::world::World;

impl World {
    /// Lets one thing go wrong, and says when the next one does.
    pub(super) fn chaos(&mut self) {
        if self.healing {
            return;
        }
        let next = self.dice.between(20, 400);
        self.after(next, Event::Chaos);
        match self.dice.below(12) {
            0..=2 => self.cut_some_link(),
            3 => self.kill_some_node(),
            4 => self.part_some_node(),
            5 | 6 => self.unplug_some_client(),
            7 | 8 => self.restart_some_client(),
            9 => self.slow_some_client(),
            10 if self.dice.once_in(4) => {
                self.store.renew_epoch();
                self.tally.epochs += 1;
            }
            _ => {}
        }
    }

    fn cut_some_link(&mut self) {
        let links: Vec<u64> = self.links.keys().copied().collect();
        if !links.is_empty() {
            let link = links[self.dice.index(links.len())];
            self.tally.cuts += 1;
            self.cut(link);
        }
    }

    fn kill_some_node(&mut self) {
        let node = self.dice.index(self.nodes.len());
        if !self.nodes[node].alive {
            return;
        }
        self.tally.kills += 1;
        self.nodes[node].die();
        let links: Vec<u64> = self
            .links
            .iter()
            .filter_map(|(id, link)| (link.node == node).then_some(*id))
            .collect();
        for link in links {
            self.cut(link);
        }
        let later = self.dice.between(10, 600);
        self.after(later, Event::Start(node));
    }

    fn part_some_node(&mut self) {
        let node = self.dice.index(self.nodes.len());
        self.nodes[node].connected = false;
        let later = self.dice.between(20, 900);
        self.after(later, Event::Heal(node));
    }

    fn unplug_some_client(&mut self) {
        let client = self.dice.index(self.clients.len());
        if self.clients[client].offline {
            self.clients[client].offline = false;
            self.after(1, Event::Connect(client));
            return;
        }
        self.clients[client].offline = true;
        if let Some(link) = self.clients[client].link {
            self.cut(link);
        }
    }

    fn restart_some_client(&mut self) {
        let client = self.dice.index(self.clients.len());
        if let Some(link) = self.clients[client].link {
            self.cut(link);
        }
        if !self.clients[client].pending.is_empty() {
            self.tally.restarts += 1;
        }
        self.clients[client].restart();
        let later = self.dice.between(1, 200);
        self.after(later, Event::Connect(client));
    }

    fn slow_some_client(&mut self) {
        let client = self.dice.index(self.clients.len());
        let slow = self.clients[client].slow_ms > 0;
        self.clients[client].slow_ms = if slow { 0 } else { self.dice.between(40, 250) };
    }
}
