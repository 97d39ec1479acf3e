#include <algorithm>

#include "algorithms/balancing/hashing.h"
#include "algorithms/balancing/policies/maglev_table.h"
#include "algorithms/balancing/policies/ring_hosts.h"

namespace ballast::balancing {
namespace {

struct Options {
  std::uint64_t table_size = 65'537;

  std::string problem() const {
    return is_prime(table_size) ? "" : "table_size must be a prime number";
  }
  static constexpr std::string_view name = "maglev";
  static constexpr auto fields =
      Fields{field("table_size", &Options::table_size,
                   "A prime number. At a hundred times the number of endpoints their shares "
                   "differ by 1 % at most.")
                 .at_least(2)
                 .at_most(5'000'011)};
};

struct Maglev {
  using Options = balancing::Options;
  static constexpr std::string_view name = "maglev";
  static constexpr std::string_view summary =
      "Consistent hashing by a table in which endpoints take slots in turns, in their own orders.";
  static constexpr std::string_view source = "Eisenbud et al., NSDI 2016; Envoy, maglev_lb.cc";
  static constexpr PickRule rule = PickRule::nothing;
  static constexpr auto fields = Fields{};

  Options options;
  std::vector<std::uint32_t> endpoints;  // by slot

  Maglev() = default;
  explicit Maglev(const Options& given) : options(given) {}

  std::string misfit(std::size_t count) const {
    return count > options.table_size ? "maglev: the table is smaller than the number of endpoints"
                                      : "";
  }

  void changed(const Change& change) {
    std::vector<RingHost> hosts = ring_hosts(change, Which::up);
    endpoints.clear();
    if (hosts.empty()) return;
    std::stable_sort(hosts.begin(), hosts.end(),
                     [](const RingHost& a, const RingHost& b) { return a.name < b.name; });
    std::vector<MaglevEntry> entries;
    for (const RingHost& host : hosts) {
      entries.push_back(maglev_entry(host.name, host.weight, options.table_size));
    }
    endpoints = maglev_table(entries, options.table_size);
    for (std::uint32_t& slot : endpoints) slot = hosts[slot].endpoint;
  }

  const Candidate& pick(const Pick& p) {
    std::uint64_t hash = xx_hash(KeyBytes(p.key).view());
    if (p.attempt > 0) hash ^= ~std::uint64_t{0} - p.attempt + 1;
    return *p.candidates.find(endpoints[hash % endpoints.size()]);
  }
};

const RegisterPolicy<Maglev> registered;

}  // namespace
}  // namespace ballast::balancing
