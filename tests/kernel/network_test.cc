// The network: what becomes of a message on its link.
#include "sim/kernel/network.h"

#include <doctest/doctest.h>

#include "tests/support/print.h"

using namespace ballast;
using namespace ballast::literals;

namespace {

constexpr NodeId n1{1}, n2{2}, n3{3}, n4{4};
constexpr std::uint64_t seed = 7;

LinkProfile constant(Duration latency) { return {Distribution::constant(latency), {}, {}, false}; }
LinkProfile jitter() { return {Distribution::uniform(1_ms, 9_ms), {}, {}, false}; }

bool same(const Passage& a, const Passage& b) {
  return a.arrivals == b.arrivals && a.at == b.at && (a.arrivals > 0 || a.reason == b.reason);
}

std::vector<Passage> send_many(Network& network, NodeId from, NodeId to, int count) {
  std::vector<Passage> all;
  for (int i = 0; i < count; ++i) all.push_back(network.send(from, to, Time{} + 1_s * i));
  return all;
}

// p(n) within five standard deviations of n draws of probability p: one failure in two million.
void check_share(std::int64_t count, std::int64_t n, std::int64_t percent) {
  const std::int64_t expected = n * percent / 100;
  const std::int64_t variance = n * percent * (100 - percent) / 10'000;
  const std::int64_t off = count - expected;
  CAPTURE(count);
  CHECK(off * off <= 25 * variance);
}

}  // namespace

TEST_CASE("a message takes the time that its link draws, and none to its own node") {
  Network network(seed, 3, constant(5_ms));
  const Passage passage = network.send(n1, n2, Time{} + 1_s);
  CHECK(passage.arrivals == 1);
  CHECK(passage.at[0] == Time{} + 1005_ms);
  CHECK(network.send(n3, n3, Time{} + 1_s).at[0] == Time{} + 1_s);
}

TEST_CASE("the fate of a link's i-th message depends on the seed, the link and i alone") {
  const LinkProfile rough{Distribution::uniform(1_ms, 9_ms), {1, 4}, {1, 4}, false};
  Network busy(seed, 4, rough);
  Network quiet(seed, 4, rough);
  Network larger(seed, 9, rough);  // more nodes
  Network other(seed + 1, 4, rough);
  const int count = 200;
  int equal = 0;
  for (int i = 0; i < count; ++i) {
    const Time now = Time{} + 1_s * i;
    for (int k = 0; k < i % 3; ++k) busy.send(n3, n2, now);
    busy.send(n2, n1, now);
    const Passage passage = quiet.send(n1, n2, now);
    CHECK(same(busy.send(n1, n2, now), passage));
    CHECK(same(larger.send(n1, n2, now), passage));
    equal += same(other.send(n1, n2, now), passage);
  }
  CHECK(equal < count / 2);
}

TEST_CASE("the two directions of a pair, and two links of a node, draw differently") {
  Network network(seed, 3, jitter());
  const auto there = send_many(network, n1, n2, 50);
  const auto back = send_many(network, n2, n1, 50);
  const auto beside = send_many(network, n1, n3, 50);
  int equal = 0;
  for (std::size_t i = 0; i < there.size(); ++i) {
    equal += same(there[i], back[i]);
    equal += same(there[i], beside[i]);
  }
  CHECK(equal == 0);
}

TEST_CASE("links lose and duplicate as often as they are told to") {
  Network network(seed, 2, {Distribution::constant(1_ms), {3, 10}, {1, 10}, false});
  const int n = 100'000;
  int lost = 0;
  int twice = 0;
  for (const Passage& passage : send_many(network, n1, n2, n)) {
    lost += passage.arrivals == 0;
    twice += passage.arrivals == 2;
    if (passage.arrivals == 0) CHECK(passage.reason == DropReason::lost);
  }
  check_share(lost, n, 30);
  check_share(twice, n, 7);  // of what is not lost
}

TEST_CASE("a fault of probability zero is no fault, and shifts no other draw") {
  Network plain(seed, 2, jitter());
  Network zero(seed, 2, {Distribution::uniform(1_ms, 9_ms), {0, 7}, {0, 3}, false});
  Network lossy(seed, 2, {Distribution::uniform(1_ms, 9_ms), {1, 3}, {1, 3}, false});
  for (int i = 0; i < 1000; ++i) {
    const Time now = Time{} + 1_s * i;
    const Passage passage = plain.send(n1, n2, now);
    CHECK(same(zero.send(n1, n2, now), passage));
    // What a lossy link does not lose takes as long as it did.
    const Passage rough = lossy.send(n1, n2, now);
    if (rough.arrivals > 0) CHECK(rough.at[0] == passage.at[0]);
  }
}

TEST_CASE("a certain loss loses everything, a certain duplicate has a delay of its own") {
  Network lossy(seed, 2, {Distribution::constant(1_ms), {1, 1}, {1, 1}, false});
  Network doubling(seed, 2, {Distribution::uniform(1_ms, 9_ms), {}, {1, 1}, false});
  int equal = 0;
  for (int i = 0; i < 100; ++i) {
    CHECK(lossy.send(n1, n2, {}).arrivals == 0);
    const Passage passage = doubling.send(n1, n2, {});
    CHECK(passage.arrivals == 2);
    equal += passage.at[0] == passage.at[1];
  }
  CHECK(equal == 0);
}

TEST_CASE("a fifo link never lets a message, or a copy, overtake another, not even by a tie") {
  Network network(seed, 2, {Distribution::uniform(1_ms, 9_ms), {1, 5}, {1, 3}, true});
  Time last{-1};
  for (int i = 0; i < 1000; ++i) {
    const Time now = Time{} + 100_us * (i / 2);  // two at a time
    const Passage passage = network.send(n1, n2, now);
    for (std::size_t copy = 0; copy < passage.arrivals; ++copy) {
      CHECK(passage.at[copy] > last);
      CHECK(passage.at[copy] >= now + 1_ms);
      last = passage.at[copy];
    }
  }
  // Other links do.
  Network free(seed, 2, jitter());
  const Passage first = free.send(n1, n2, {});
  bool overtaken = false;
  for (int i = 0; i < 20; ++i) overtaken |= free.send(n1, n2, {}).at[0] < first.at[0];
  CHECK(overtaken);
}

TEST_CASE("a link carries nothing until it is healed as often as it was cut, one way only") {
  Network network(seed, 2, constant(1_ms));
  network.cut(n1, n2);
  network.cut(n1, n2);
  CHECK(network.is_cut(n1, n2));
  CHECK(!network.is_cut(n2, n1));
  const Passage cut = network.send(n1, n2, {});
  CHECK(cut.arrivals == 0);
  CHECK(cut.reason == DropReason::cut);
  CHECK(network.send(n2, n1, {}).arrivals == 1);
  network.heal(n1, n2);
  CHECK(network.send(n1, n2, {}).arrivals == 0);
  network.heal(n1, n2);
  CHECK(network.send(n1, n2, {}).arrivals == 1);
}

TEST_CASE("a cut does not change the fate of the messages after it") {
  Network whole(seed, 2, jitter());
  Network broken(seed, 2, jitter());
  for (int i = 0; i < 100; ++i) {
    if (i == 20) broken.cut(n1, n2);
    if (i == 40) broken.heal(n1, n2);
    const Passage a = whole.send(n1, n2, {});
    const Passage b = broken.send(n1, n2, {});
    CHECK(same(a, b) == (i < 20 || i >= 40));
  }
}

TEST_CASE("a single link may behave in a way of its own") {
  Network network(seed, 3, constant(1_ms));
  network.use_profile(n1, n2, network.add_profile(constant(7_ms)));
  CHECK(network.send(n1, n2, {}).at[0] == Time{} + 7_ms);
  CHECK(network.send(n2, n1, {}).at[0] == Time{} + 1_ms);
  CHECK(network.send(n1, n3, {}).at[0] == Time{} + 1_ms);
}

// --- Routes --------------------------------------------------------------------------------------

namespace {

// n1 reaches n4 through n2 and n3, over links of 1, 2 and 4 ms; the direct link has 100 ms.
Network chain(const LinkProfile& last = constant(4_ms)) {
  Network network(seed, 4, constant(100_ms));
  network.use_profile(n1, n2, network.add_profile(constant(1_ms)));
  network.use_profile(n2, n3, network.add_profile(constant(2_ms)));
  network.use_profile(n3, n4, network.add_profile(last));
  network.set_next_hop(n1, n4, n2);
  network.set_next_hop(n2, n4, n3);
  network.set_next_hop(n3, n4, n4);
  network.use_route(n1, n4);
  return network;
}

}  // namespace

TEST_CASE("a routed message takes as long as all its hops, a direct one as its link") {
  Network network = chain();
  CHECK(network.send(n1, n4, {}).at[0] == Time{} + 7_ms);
  // n2 has a link of its own to n4; that messages of n1 pass through n2 changes nothing for it.
  CHECK(network.send(n2, n4, {}).at[0] == Time{} + 100_ms);
}

TEST_CASE("a cut of any hop cuts the route, as does a cut of the pair itself") {
  const std::vector<std::pair<NodeId, NodeId>> cuts{{n1, n2}, {n2, n3}, {n3, n4}, {n1, n4}};
  for (const auto& cut : cuts) {
    Network network = chain();
    network.cut(cut.first, cut.second);
    CHECK(network.is_cut(n1, n4));
    CHECK(network.send(n1, n4, {}).reason == DropReason::cut);
    network.heal(cut.first, cut.second);
    CHECK(network.send(n1, n4, {}).arrivals == 1);
  }
  Network network = chain();
  network.cut(n2, n1);
  network.cut(n2, n4);
  CHECK(!network.is_cut(n1, n4));
}

TEST_CASE(
    "a route loses and duplicates where its hops do, and keeps order only if all of them do") {
  Network lossy = chain({Distribution::constant(4_ms), {1, 2}, {}, false});
  Network doubling = chain({Distribution::constant(4_ms), {}, {1, 1}, false});
  const int n = 10'000;
  int lost = 0;
  for (const Passage& passage : send_many(lossy, n1, n4, n)) lost += passage.arrivals == 0;
  check_share(lost, n, 50);
  CHECK(doubling.send(n1, n4, {}).arrivals == 2);

  for (const bool fifo : {true, false}) {
    Network network(seed, 3, {Distribution::uniform(1_ms, 9_ms), {}, {}, true});
    if (!fifo) network.use_profile(n2, n3, network.add_profile(jitter()));
    network.set_next_hop(n1, n3, n2);
    network.set_next_hop(n2, n3, n3);
    network.use_route(n1, n3);
    Time last{-1};
    bool in_order = true;
    for (int i = 0; i < 100; ++i) {
      const Time at = network.send(n1, n3, Time{} + 10_us * i).at[0];
      in_order &= at > last;
      last = at;
    }
    CHECK(in_order == fifo);
  }
}

TEST_CASE("where there is no way a message is dropped as unreachable, which no cut explains") {
  Network network(seed, 2, constant(1_ms));
  network.use_route(n1, n2);
  CHECK(network.send(n1, n2, {}).arrivals == 0);
  CHECK(network.send(n1, n2, {}).reason == DropReason::unreachable);
  CHECK(!network.is_cut(n1, n2));
  CHECK(network.send(n2, n1, {}).arrivals == 1);
}

TEST_CASE("a copy of the network goes on as the original does, and leaves it alone") {
  Network network(seed, 3, {Distribution::uniform(1_ms, 9_ms), {1, 4}, {1, 4}, true});
  send_many(network, n1, n2, 10);
  Network copy = network;
  copy.cut(n1, n3);
  CHECK(!network.is_cut(n1, n3));
  for (int i = 0; i < 100; ++i) CHECK(same(network.send(n1, n2, {}), copy.send(n1, n2, {})));
}

TEST_CASE("what becomes of messages does not depend on how many nodes there are besides") {
  LinkProfile profile = jitter();
  profile.loss = {1, 20};
  profile.duplicate = {1, 20};
  constexpr std::uint32_t senders = 60;
  Network few(seed, senders, profile);
  Network many(seed, 100'000, profile);
  Stream dice(seed, Purpose::fault, 0);
  const auto any = [&] { return NodeId{static_cast<std::uint32_t>(dice.below(senders)) + 1}; };
  int differences = 0;
  for (int i = 0; i < 50'000; ++i) {
    const NodeId from = any();
    const NodeId to = any();
    if (i % 100 == 0 && from != to) {
      for (Network* network : {&few, &many}) {
        network->cut(from, to);
        network->impose(to, from, Time{} + 1_ms * i, condition::Delay{});
      }
    }
    if (i % 100 == 50 && few.cuts(from, to) > 0) {
      for (Network* network : {&few, &many}) network->heal(from, to);
    }
    if (i == 25'000) {
      for (Network* network : {&few, &many}) network->reseed(seed + 1);
    }
    const Passage expected = few.send(from, to, Time{} + 1_ms * i, 100);
    if (!same(expected, many.send(from, to, Time{} + 1_ms * i, 100))) ++differences;
    if (few.is_cut(from, to) != many.is_cut(from, to)) ++differences;
    if (few.is_impaired(from, to) != many.is_impaired(from, to)) ++differences;
  }
  CHECK(differences == 0);
}

TEST_CASE("that messages keep their order is said where all take equally long, and there only") {
  CHECK(Network(seed, 3, constant(1_ms)).keeps_order());
  CHECK(Network(seed, 3, constant(0_ms)).keeps_order());
  CHECK_FALSE(Network(seed, 3, jitter()).keeps_order());
}
