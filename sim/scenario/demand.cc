#include "sim/scenario/demand.h"

#include <algorithm>
#include <any>
#include <cstdint>
#include <variant>

#include "sim/base/mean.h"
#include "sim/base/text.h"
#include "sim/base/wide.h"

namespace ballast {
namespace {

constexpr Wide milli_ns = Wide{1'000} * 1'000'000'000;

// Requests of all clients, in thousandths per second; 0 where that depends on the answers.
Wide mean_rate(const Arrivals& arrivals) {
  const auto milli = [](const Rate& rate) {
    return milli_ns * rate.count / static_cast<std::uint64_t>(rate.per.ns);
  };
  if (const auto* poisson = std::get_if<Poisson>(&arrivals)) return milli(poisson->rate);
  if (const auto* periodic = std::get_if<Periodic>(&arrivals)) return milli(periodic->rate);
  if (const auto* diurnal = std::get_if<Diurnal>(&arrivals)) return milli(diurnal->mean);
  if (const auto* bursts = std::get_if<Bursts>(&arrivals)) {
    const auto on = static_cast<std::uint64_t>(mean_of(bursts->on).ns);
    const auto off = static_cast<std::uint64_t>(mean_of(bursts->off).ns);
    if (on + off == 0) return 0;
    return (milli(bursts->rate) * on + milli(bursts->rest) * off) / (on + off);
  }
  return 0;
}

Wide jobs_asked(const Workload& workload) {
  if (workload.script || workload.operations.total() == 0) return 0;
  return mean_rate(workload.arrivals) * workload.operations.work / workload.operations.total() *
         workload.fan_out;
}

Wide jobs_done(const Scenario& scenario) {
  Wide all = 0;
  std::uint32_t first = 1;
  for (const NodeGroup& group : scenario.groups) {
    // Nodes of one configuration do as much as each other, and most have that of their group.
    const std::any* known = nullptr;
    std::uint64_t capacity = 0;
    for (std::uint32_t i = 0; i < group.count; ++i) {
      const std::any& config = group.config_of(NodeId{first + i});
      if (&config != known) capacity = group.algorithm->capacity(config);
      known = &config;
      all += capacity;
    }
    first += group.count;
  }
  return all;
}

std::string per_second(Wide milli) {
  return fixed_point(static_cast<std::int64_t>(std::min<Wide>((milli + 50) / 100, 1'000'000'000)),
                     1);
}

}  // namespace

std::string demand_beyond_capacity(const Scenario& scenario) {
  if (!scenario.workload) return {};
  const Wide asked = jobs_asked(*scenario.workload);
  const Wide done = asked == 0 ? 0 : jobs_done(scenario);
  if (done == 0 || asked < done) return {};
  const auto load = static_cast<std::int64_t>(std::min<Wide>(asked * 100 / done, 1'000'000'000));
  return "the load is " + fixed_point(load, 2) + ": " + per_second(asked) +
         " jobs a second are asked for and " + per_second(done) +
         " can be done, so that queues grow for as long as clients wait";
}

KnownMeans known_means(const Scenario& scenario) {
  KnownMeans known;
  if (!scenario.workload || scenario.workload->script) return known;
  const Workload& workload = *scenario.workload;
  known.work = workload.operations.work > 0 && !std::holds_alternative<Replay>(workload.arrivals);
  const auto* poisson = std::get_if<Poisson>(&workload.arrivals);
  if (poisson == nullptr || !scenario.faults.empty()) return known;
  const Duration gap = poisson->rate.time_of(workload.clients);  // of each client
  constexpr std::int64_t longest = std::int64_t{1} << 50;
  const std::int64_t shortest = std::int64_t{1'000} * workload.clients;
  if (gap.ns < shortest || gap.ns > longest) return known;
  known.gap = (static_cast<std::uint64_t>(gap.ns) << fine_bits) / workload.clients;
  return known;
}

}  // namespace ballast
