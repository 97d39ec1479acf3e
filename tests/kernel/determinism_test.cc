// A run is a pure function of its seed: run twice, forked, watched, and in unlike company.
#include <doctest/doctest.h>

#include "tests/kernel/allocations.h"
#include "tests/support/print.h"
#include "tests/support/stage.h"

using namespace ballast;
using namespace ballast::literals;

namespace {

constexpr NodeId n1{1}, n2{2}, n3{3}, n4{4};
using Steps = Step<Puppet>;

// Nodes that chat with chance in everything: whom, when, what, and what they write down.
Puppet::Config gossip() {
  Puppet::Config puppet;
  const auto speak = [](Puppet& self, Steps& step) {
    step.send(step.members()[step.choose(step.members().size())], Note{++self.count});
    step.set_timer(Bell::first, 1_ms, 9_ms);
  };
  puppet.start = speak;
  puppet.bell = [=](Puppet& self, Bell, Steps& step) { speak(self, step); };
  puppet.note = [](Puppet& self, NodeId from, std::uint64_t number, Steps& step) {
    self.count = mix(self.count + number);
    if (step.choose(4) == 0) step.persist(Kept{number});
    if (step.choose(2) == 0) step.observe(Proposed{{number}});
    if (step.choose(3) == 0) step.send(from, Note{self.count});
  };
  return puppet;
}

StageSettings chatter(std::uint64_t seed, Ties ties = Ties::shuffled) {
  return {.puppets = {gossip(), gossip(), gossip(), gossip()},
          .flush = Distribution::uniform({}, 4_ms),
          .link = {Distribution::uniform(100_us, 5_ms), {1, 20}, {1, 20}, false},
          .seed = seed,
          .ties = ties,
          .wanted = 0};
}

// Misfortune of every kind that the world knows.
void upset(Stage& stage) {
  World& world = stage.world;
  stage.run_until(50_ms);
  world.crash(n1);
  world.pause(n2);
  stage.run_until(80_ms);
  world.restart(n1);
  world.cut(n1, n3);
  world.jump_clock(n3, -7_ms);
  stage.run_until(120_ms);
  world.resume(n2);
  world.heal(n1, n3);
  world.impose(n4, condition::Drift{300'000});
  world.impose(n3, condition::SlowFlush{Distribution::constant(20_ms)});
  stage.run_until(300_ms);
}

void run_until(World& world, Duration end) {
  while (world.step(Time{} + end)) {
  }
  world.advance(Time{} + end);
}

}  // namespace

TEST_CASE("the same seed makes the same run, another seed another one") {
  Stage first(chatter(1));
  Stage again(chatter(1));
  Stage other(chatter(2));
  upset(first);
  upset(other);
  upset(again);
  CHECK(first.world.fingerprint() == again.world.fingerprint());
  CHECK(first.world.counters().events == again.world.counters().events);
  CHECK(first.world.fingerprint() != other.world.fingerprint());
}

TEST_CASE("a copy of the world goes on as the original does, wherever it was made") {
  for (std::int64_t ms = 1; ms < 60; ms += 7) {
    Stage stage(chatter(static_cast<std::uint64_t>(ms)));
    stage.world.pause(n2);
    stage.run_until({ms * 1'000'000});
    World fork = stage.world;
    World assigned(99, Ties::fifo);
    assigned = stage.world;
    for (World* world : {&stage.world, &fork, &assigned}) {
      world->resume(n2);
      world->crash(n3);
      run_until(*world, 100_ms);
      world->restart(n3);
      run_until(*world, 200_ms);
    }
    CHECK(fork.fingerprint() == stage.world.fingerprint());
    CHECK(assigned.fingerprint() == stage.world.fingerprint());
    CHECK(fork.bytes_held() == stage.world.bytes_held());
    for (const NodeId node : {n1, n2, n3, n4}) {
      CHECK(fork.process(node).state_digest() == stage.world.process(node).state_digest());
    }
  }
}

TEST_CASE("what happens to a copy does not happen to the original") {
  Stage stage(chatter(1));
  stage.run_until(20_ms);
  Stage alone(chatter(1));
  alone.run_until(20_ms);
  World fork = stage.world;
  fork.crash(n1);
  fork.cut(n2, n3);
  fork.jump_clock(n4, 1_s);
  run_until(fork, 200_ms);
  stage.run_until(200_ms);
  alone.run_until(200_ms);
  CHECK(stage.world.fingerprint() == alone.world.fingerprint());
  CHECK(fork.fingerprint() != alone.world.fingerprint());
  CHECK(fork.pools().in_use() > 0);
}

TEST_CASE("watching changes nothing, and a copy is watched by nobody") {
  Stage blind(chatter(1));
  StageSettings watched = chatter(1);
  watched.wanted = all_sights;
  Stage seen(watched);
  Log states(all_sights, true);
  Stage told(chatter(1));
  told.world.observe(&states);
  upset(blind);
  upset(seen);
  upset(told);
  CHECK(!seen.log.all.empty());
  CHECK(!states.all.empty());
  CHECK(seen.world.fingerprint() == blind.world.fingerprint());
  CHECK(told.world.fingerprint() == blind.world.fingerprint());
  World fork = seen.world;
  const std::size_t before = seen.log.all.size();
  run_until(fork, 400_ms);
  CHECK(seen.log.all.size() == before);
}

TEST_CASE("nodes of no concern draw from streams of their own") {
  // n1 and n2 play with each other; n3 and n4 gossip, or do not exist.
  Puppet::Config player;
  player.start = [](Puppet&, Steps& step) {
    if (step.self() == n1) step.send(n2, Note{1});
    step.set_timer(Bell::first, 1_ms, 3_ms);
  };
  player.note = [](Puppet&, NodeId from, std::uint64_t number, Steps& step) {
    if (step.choose(2) == 0) step.persist(Kept{number});
    step.send(from, Note{number + step.choose(10)});
  };
  player.bell = [](Puppet&, Bell, Steps& step) { step.set_timer(Bell::first, 1_ms, 3_ms); };
  const auto play = [&](std::vector<Puppet::Config> company) {
    std::vector<Puppet::Config> puppets{player, player};
    for (Puppet::Config& each : company) puppets.push_back(std::move(each));
    StageSettings settings = chatter(5, Ties::fifo);
    settings.link.loss = {};
    settings.puppets = std::move(puppets);
    settings.wanted = sight(Sight::received) | sight(Sight::fired) | sight(Sight::flushed);
    Stage stage(std::move(settings));
    stage.run_until(200_ms);
    std::vector<std::pair<Time, NodeId>> of_players;
    for (const Occurrence& seen : stage.log.all) {
      if (seen.node <= n2 && seen.peer <= n2) of_players.emplace_back(seen.at, seen.node);
    }
    return of_players;
  };
  Puppet::Config whisper = gossip();
  const auto speak = [](Puppet& self, Steps& step) {
    step.send(step.self() == n3 ? n4 : n3, Note{++self.count});
    step.set_timer(Bell::first, 1_ms, 9_ms);
  };
  whisper.start = speak;
  whisper.bell = [=](Puppet& self, Bell, Steps& step) { speak(self, step); };
  const auto alone = play({});
  CHECK(alone.size() > 100);
  CHECK(play({{}, {}}) == alone);
  CHECK(play({whisper, whisper}) == alone);
}

TEST_CASE("a second behaviour for links that is like the first changes nothing") {
  Stage plain(chatter(3));
  StageSettings settings = chatter(3);
  Stage split(settings);
  Network network(3, 4, settings.link);
  const std::uint16_t twin = network.add_profile(settings.link);
  network.use_profile(n1, n2, twin);
  network.use_profile(n3, n1, twin);
  // Nothing has been sent over the old one that would still be counted: the same start.
  World world(3, Ties::shuffled);
  for (std::uint32_t i = 1; i <= 4; ++i) {
    NodeSettings node;
    node.name = to_text(NodeId{i});
    node.flush = settings.flush;
    world.add_node(std::move(node), std::make_unique<Hosted<Puppet>>(gossip()));
  }
  world.set_members({n1, n2, n3, n4}, {n1, n2, n3, n4});
  world.set_network(network);
  world.boot();
  run_until(world, 100_ms);
  plain.run_until(100_ms);
  CHECK(world.fingerprint() == plain.world.fingerprint());
}

TEST_CASE("shuffled ties change the order at one instant, by the seed, and nothing else") {
  // n1 to n8 all write to n9 at once, over links of equal delay.
  Puppet::Config caller;
  caller.start = [](Puppet&, Steps& step) { step.send({9}, Note{step.self().value}); };
  const auto order = [&](Ties ties, std::uint64_t seed) {
    std::vector<Puppet::Config> puppets(8, caller);
    puppets.emplace_back();
    Stage stage({.puppets = puppets, .seed = seed, .ties = ties, .wanted = sight(Sight::received)});
    stage.run_until(5_ms);
    std::vector<NodeId> senders;
    for (const Occurrence& seen : stage.log.all) senders.push_back(seen.peer);
    return senders;
  };
  const auto fifo = order(Ties::fifo, 1);
  CHECK(fifo.size() == 8);
  CHECK(std::is_sorted(fifo.begin(), fifo.end()));
  CHECK(order(Ties::fifo, 2) == fifo);
  const auto shuffled = order(Ties::shuffled, 1);
  CHECK(shuffled == order(Ties::shuffled, 1));
  CHECK(shuffled != order(Ties::shuffled, 2));
  CHECK(shuffled != fifo);
  auto sorted = shuffled;
  std::sort(sorted.begin(), sorted.end());
  CHECK(sorted == fifo);
}

TEST_CASE("a fifo link keeps its order under shuffled ties, and so do the flushes of a disk") {
  Puppet::Config sender;
  sender.start = [](Puppet&, Steps& step) {
    step.set_timer(Bell::first, 1_ms);
    step.persist(Kept{1});
  };
  sender.bell = [](Puppet& self, Bell, Steps& step) {
    for (int i = 0; i < 5; ++i) step.send(n2, Note{++self.count});
    step.set_timer(Bell::first, 1_ms);
  };
  Puppet::Config receiver;
  receiver.note = [](Puppet& self, NodeId, std::uint64_t number, Steps&) {
    CHECK(number == self.count + 1);
    self.count = number;
  };
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    // What is said in the first 50 ms waits for one flush and leaves at one instant.
    Stage stage({.puppets = {sender, receiver},
                 .flush = Distribution::constant(50_ms),
                 .link = {Distribution::constant(1_ms), {}, {}, true},
                 .seed = seed,
                 .ties = Ties::shuffled,
                 .wanted = 0});
    stage.run_until(100_ms + 500_us);
    CHECK(stage.puppet(n2).count == 5 * 99);
  }
}

TEST_CASE("the fingerprint knows the seed, the order of events, and what is said and written") {
  const auto run = [](std::uint64_t said, std::uint64_t written, std::uint64_t stated, Duration at,
                      Duration pause) {
    Puppet::Config puppet;
    puppet.start = [=](Puppet&, Steps& step) { step.set_timer(Bell::first, at); };
    puppet.bell = [=](Puppet&, Bell, Steps& step) {
      step.send(n2, Note{said});
      step.persist(Kept{written});
      step.observe(Proposed{{stated}});
    };
    Stage stage({.puppets = {puppet, {}}, .wanted = 0});
    stage.run_until(pause);
    stage.world.pause(n2);
    stage.run_until(20_ms);
    return stage.world.fingerprint();
  };
  const std::uint64_t base = run(1, 1, 1, 5_ms, 10_ms);
  CHECK(run(1, 1, 1, 5_ms, 10_ms) == base);
  CHECK(run(2, 1, 1, 5_ms, 10_ms) != base);
  CHECK(run(1, 2, 1, 5_ms, 10_ms) != base);
  CHECK(run(1, 1, 2, 5_ms, 10_ms) != base);
  CHECK(run(1, 1, 1, 5_ms + 1_ns, 10_ms) != base);
  CHECK(run(1, 1, 1, 5_ms, 10_ms + 1_ns) != base);
}

TEST_CASE("a warm world allocates nothing per event") {
  Puppet::Config puppet;
  puppet.start = [](Puppet&, Steps& step) {
    step.broadcast(Note{1});
    step.set_timer(Bell::first, 1_ms, 2_ms);
  };
  puppet.note = [](Puppet&, NodeId from, std::uint64_t number, Steps& step) {
    step.observe(Proposed{{number}});
    step.send(from, Note{number + 1});
    step.set_timer(Bell::second, 10_ms, 20_ms);
  };
  puppet.bell = [](Puppet&, Bell, Steps& step) { step.set_timer(Bell::first, 1_ms, 2_ms); };
  Stage stage({.puppets = {puppet, puppet, puppet, puppet, puppet},
               .link = {Distribution::uniform(100_us, 900_us), {}, {}, false},
               .wanted = 0});
  stage.run_until(500_ms);
  const std::uint64_t events = stage.world.counters().events;
  const std::uint64_t before = allocations();
  stage.run_until(2_s);
  CHECK(stage.world.counters().events - events > 50'000);
  CHECK(allocations() - before == 0);
}

TEST_CASE("a warm world that writes allocates for its journals alone") {
  Puppet::Config puppet;
  puppet.start = [](Puppet&, Steps& step) { step.set_timer(Bell::first, 10_us); };
  puppet.bell = [](Puppet& self, Bell, Steps& step) {
    if (++self.count % 4 == 0) step.persist(Kept{self.count});
    step.observe(Proposed{{self.count}});
    step.send(n1, Note{self.count});
    step.set_timer(Bell::first, 10_us);
  };
  Stage stage({.puppets = {puppet, puppet}, .flush = Distribution::constant(30_us), .wanted = 0});
  stage.run_until(500_ms);
  const std::uint64_t events = stage.world.counters().events;
  const std::uint64_t before = allocations();
  stage.run_until(2_s);
  CHECK(stage.world.counters().events - events > 100'000);
  CHECK(allocations() - before <= 4);  // two journals grow fourfold
}
