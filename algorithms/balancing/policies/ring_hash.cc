#include "algorithms/balancing/hashing.h"
#include "algorithms/balancing/policies/hash_ring.h"
#include "algorithms/balancing/policies/ring_hosts.h"
#include "algorithms/balancing/policies/smooth_turns.h"
#include "sim/base/text.h"

namespace ballast::balancing {
namespace {

// envoy    ketama by xxHash; the ring holds the endpoints that are up; attempt k of a request goes
//          to the k-th point further on
// nginx    CRC-32; the ring holds all endpoints; a point whose endpoint is down passes the request
//          on to the next one, after 20 of them to smooth turns
// haproxy  consistent hashing with sdbm and avalanche; endpoints that are up; the nearer of the
//          points before and after
enum class Dialect : std::uint8_t { envoy, nginx, haproxy };
constexpr auto enumerators(Dialect) {
  return std::array<std::string_view, 3>{"envoy", "nginx", "haproxy"};
}

constexpr std::uint64_t most_points = 8'388'608;  // as Envoy has it
constexpr std::uint64_t nginx_points = 160;

struct Options {
  Dialect dialect = Dialect::envoy;
  std::uint64_t min_ring_size = 1'024;
  std::uint64_t max_ring_size = most_points;
  RingHash hash_function = RingHash::xx_hash;

  std::string problem() const {
    return min_ring_size > max_ring_size ? "min_ring_size is larger than max_ring_size" : "";
  }
  static constexpr std::string_view name = "ring_hash";
  static constexpr auto fields = Fields{
      field("dialect", &Options::dialect,
            "Whose ring: envoy (ketama), nginx (160 points for each unit of weight) or haproxy "
            "(16)."),
      field("min_ring_size", &Options::min_ring_size, "Of envoy's ring. gRPC's default is alike.")
          .at_least(1)
          .at_most(most_points),
      field("max_ring_size", &Options::max_ring_size, "Of envoy's ring. gRPC's default is 4096.")
          .at_least(1)
          .at_most(most_points),
      field("hash_function", &Options::hash_function, "Of envoy's ring.")};
};

struct RingHashPolicy {
  using Options = balancing::Options;
  static constexpr std::string_view name = "ring_hash";
  static constexpr std::string_view summary =
      "Consistent hashing: the endpoint whose point follows the hash of the request's key on a "
      "ring.";
  static constexpr std::string_view source =
      "Envoy, ring_hash_lb.cc; gRPC proposal A42; nginx, hash consistent; HAProxy, lb_chash.c";
  static constexpr PickRule rule = PickRule::nothing;

  Options options;
  HashRing ring;
  SmoothTurns turns;  // nginx's fallback
  static constexpr auto fields = Fields{field("turns", &RingHashPolicy::turns)};

  RingHashPolicy() = default;
  explicit RingHashPolicy(const Options& given) : options(given) {}

  std::string misfit(std::size_t /*endpoints*/, std::uint64_t weight) const {
    if (options.dialect != Dialect::nginx || weight <= most_points / nginx_points) return {};
    return "ring_hash: nginx lays 160 points for each unit of weight; " + with_commas(weight) +
           " units are more than the " + with_commas(most_points) + " points that a ring may have";
  }

  void changed(const Change& change) {
    switch (options.dialect) {
      case Dialect::envoy:
        ring = envoy_ring(ring_hosts(change, Which::up), options.min_ring_size,
                          options.max_ring_size, options.hash_function);
        return;
      case Dialect::nginx:  // it never changes
        if (ring.size() == 0) ring = nginx_ring(ring_hosts(change, Which::all));
        return;
      case Dialect::haproxy:
        ring = haproxy_ring(ring_hosts(change, Which::up));
        return;
    }
  }

  const Candidate& pick(const Pick& p) {
    const KeyBytes key(p.key);
    switch (options.dialect) {
      case Dialect::envoy: {
        const std::size_t at = ring.at_or_after(ring_hash(options.hash_function, key.view()));
        return *p.candidates.find(ring[at + p.attempt].endpoint);
      }
      case Dialect::nginx:
        return nginx(p, ring.at_or_after(crc32(key.view())) + p.attempt);
      case Dialect::haproxy:
        break;
    }
    const std::size_t at = ring.nearest(full_avalanche(sdbm_hash(key.view())));
    return *p.candidates.find(ring[at + p.attempt].endpoint);
  }

 private:
  const Candidate& nginx(const Pick& p, std::size_t at) {
    for (std::size_t tries = 0; tries <= 20; ++tries) {
      if (const Candidate* found = p.candidates.find(ring[at + tries].endpoint)) return *found;
    }
    return turns.pick(p.candidates);
  }
};

const RegisterPolicy<RingHashPolicy> registered;

}  // namespace
}  // namespace ballast::balancing
