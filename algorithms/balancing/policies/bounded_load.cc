#include <algorithm>

#include "algorithms/balancing/hashing.h"
#include "algorithms/balancing/policies/ring_hosts.h"

namespace ballast::balancing {
namespace {

// envoy    the owner on Envoy's ring, or else the first of a random order that the hash seeds
//          (thread_aware_lb_impl.cc); the least loaded one if all are full
// haproxy  the owner on HAProxy's ring, or else the next ones round the ring (lb_chash.c)
enum class Dialect : std::uint8_t { envoy, haproxy };
constexpr auto enumerators(Dialect) { return std::array<std::string_view, 2>{"envoy", "haproxy"}; }

struct Options {
  Dialect dialect = Dialect::envoy;
  std::uint64_t balance_factor = 150;
  std::uint64_t min_ring_size = 1'024;
  static constexpr std::string_view name = "bounded_load";
  static constexpr auto fields = Fields{
      field("dialect", &Options::dialect,
            "Who takes what the owner cannot: envoy, an endpoint in an order of the key's own; "
            "haproxy, the next one round the ring."),
      field("balance_factor", &Options::balance_factor,
            "How many requests an endpoint may have, in percent of its share of all.")
          .at_least(100)
          .at_most(1'000'000),
      field("min_ring_size", &Options::min_ring_size, "Of envoy's ring.")
          .at_least(1)
          .at_most(8'388'608)};
};

struct BoundedLoad {
  using Options = balancing::Options;
  static constexpr std::string_view name = "bounded_load";
  static constexpr std::string_view summary =
      "Consistent hashing in which an endpoint that has more than its share of the load passes "
      "requests on.";
  static constexpr std::string_view source =
      "Mirrokni, Thorup and Zadimoghaddam, 2016; Envoy, hash_balance_factor; HAProxy, "
      "hash-balance-factor";
  static constexpr PickRule rule = PickRule::nothing;

  Options options;
  HashRing ring;
  std::vector<std::uint64_t> before;  // by place: the weights of the candidates before it
  std::uint64_t total_weight = 0;
  std::uint64_t active = 0;  // requests that have not ended, at whatever endpoint
  std::vector<std::size_t> order;
  static constexpr auto fields = Fields{field("active", &BoundedLoad::active)};

  BoundedLoad() = default;
  explicit BoundedLoad(const Options& given) : options(given) {}

  void changed(const Change& change) {
    const std::vector<RingHost> hosts = ring_hosts(change, Which::up);
    ring = options.dialect == Dialect::envoy
               ? envoy_ring(hosts, options.min_ring_size, 8'388'608, RingHash::xx_hash)
               : haproxy_ring(hosts);
    before.clear();
    total_weight = 0;
    for (const RingHost& host : hosts) {
      before.push_back(total_weight);
      total_weight += host.weight;
    }
  }
  void finished(const Finish&) { --active; }

  const Candidate& pick(const Pick& p) {
    const Candidate& picked = options.dialect == Dialect::envoy ? envoy(p) : haproxy(p);
    ++active;
    return picked;
  }

 private:
  std::uint64_t weight(const Candidates& all, std::size_t place) const {
    const std::uint64_t next = place + 1 < all.size() ? before[place + 1] : total_weight;
    return next - before[place];
  }

  // ((active + 1) * factor + 99) / 100, rounded down, then times the share of the weights, rounded
  // up; at least one.
  std::uint64_t envoy_slots(const Candidates& all, std::size_t place) const {
    const std::uint64_t slots = ((active + 1) * options.balance_factor + 99) / 100;
    const Wide mine =
        (static_cast<Wide>(slots) * weight(all, place) + total_weight - 1) / total_weight;
    return std::max<std::uint64_t>(static_cast<std::uint64_t>(mine), 1);
  }
  const Candidate& envoy(const Pick& p) {
    const Candidates& all = p.candidates;
    const std::uint64_t hash = xx_hash(KeyBytes(p.key).view());
    const std::size_t owner = all.from(ring[ring.at_or_after(hash) + p.attempt].endpoint);
    if (all[owner].active <= envoy_slots(all, owner)) return all[owner];
    order.resize(all.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    MersenneTwister random(static_cast<std::uint32_t>(hash));
    std::size_t least = owner;
    for (std::size_t i = 0; i < order.size(); ++i) {
      std::swap(order[i], order[i + random.next() % (order.size() - i)]);
      const std::size_t other = order[i];
      if (other == owner) continue;
      const std::uint64_t slots = envoy_slots(all, other);
      if (all[other].active <= slots) return all[other];
      const Wide load = static_cast<Wide>(all[other].active) * envoy_slots(all, least);
      if (load < static_cast<Wide>(all[least].active) * slots) least = other;
    }
    return all[least];
  }

  // A whole number of slots for each unit of weight, and the rest spread over the running sum of
  // weights, so that the slots add up exactly.
  std::uint64_t haproxy_slots(const Candidates& all, std::size_t place) const {
    const std::uint64_t slots = ((active + 1) * options.balance_factor + 99) / 100;
    const std::uint64_t rest = slots % total_weight;
    const std::uint64_t mine = weight(all, place);
    const std::uint64_t share = mine * (slots / total_weight) +
                                (before[place] + mine) * rest / total_weight -
                                before[place] * rest / total_weight;
    return std::max<std::uint64_t>(share, 1);
  }
  const Candidate& haproxy(const Pick& p) const {
    const Candidates& all = p.candidates;
    const std::uint32_t hash = full_avalanche(sdbm_hash(KeyBytes(p.key).view()));
    std::size_t at = ring.nearest(hash) + p.attempt;
    std::size_t place = all.from(ring[at].endpoint);
    for (int tries = 0; tries < 1000; ++tries) {
      if (all[place].active < haproxy_slots(all, place)) break;
      place = all.from(ring[++at].endpoint);
    }
    return all[place];
  }
};

const RegisterPolicy<BoundedLoad> registered;

}  // namespace
}  // namespace ballast::balancing
