// The ledger. For each endpoint: its share of the picks that were made while it was up, minus the
// picks that it got. The first part grows evenly, so the difference tells how far it is owed
// requests, or ahead. A rule bounds that difference.
#include <algorithm>
#include <bit>
#include <functional>

#include "sim/base/wide.h"
#include "sim/check/balancing_checks.h"
#include "sim/check/per_node.h"
#include "sim/check/words.h"

namespace ballast {
namespace {

// Of chance, amounts are kept in units of 2^-32 requests; of turns, exactly, in units of one
// request divided by the sum of the weights.
constexpr int fraction_bits = 32;

// An endpoint of one balancer.
struct Share {
  NodeId node;
  bool up = false;
  std::uint64_t weight = 1;
  WideSigned owed = 0;      // when the period began; negative if it was ahead
  Wide variance = 0;        // of chance: then, of `owed`
  std::uint64_t picks = 0;  // in this period
};

struct Ledger {
  PickRule rule = PickRule::nothing;
  std::vector<Share> shares;
  PerNode<std::uint32_t> numbers;  // of shares, from 1
  // A period: the endpoints that are up, and their weights, stay the same.
  bool period_begun = false;
  std::uint64_t picks = 0;  // in the period
  std::uint64_t ups = 0;
  std::uint64_t total = 0;  // the weights of those that are up
  WideSigned most = 0;      // of turns: what any of them may be owed
  WideSigned least = 0;     // and how far ahead, as a negative number

  bool takes_turns() const { return rule == PickRule::turns || rule == PickRule::weighted_turns; }
  bool by_chance() const { return rule == PickRule::chance || rule == PickRule::weighted_chance; }
  std::uint64_t weight(const Share& share) const {
    const bool weighted = rule == PickRule::weighted_turns || rule == PickRule::weighted_chance;
    return weighted ? share.weight : 1;
  }

  Share& share(NodeId node) {
    std::uint32_t& number = numbers[node];
    if (number == 0) {
      shares.push_back({node});
      number = static_cast<std::uint32_t>(shares.size());
    }
    return shares[number - 1];
  }

  WideSigned owed(const Share& share) const {
    const Wide due = static_cast<Wide>(picks) * weight(share);
    if (takes_turns()) {
      return share.owed + static_cast<WideSigned>(due) -
             static_cast<WideSigned>(static_cast<Wide>(share.picks) * total);
    }
    return share.owed + static_cast<WideSigned>((due << fraction_bits) / total) -
           (static_cast<WideSigned>(share.picks) << fraction_bits);
  }
  // Each pick is a draw of its own with probability p = weight / total: it adds p (1 - p).
  Wide variance(const Share& share) const {
    const Wide product = static_cast<Wide>(weight(share)) * (total - weight(share));
    return share.variance + ((product << fraction_bits) / total) * picks / total;
  }

  void end_period() {
    if (!period_begun) return;
    for (Share& share : shares) {
      if (share.up) {
        share.variance = by_chance() ? variance(share) : 0;
        share.owed = owed(share);
      }
      // Turns are counted anew when the set changes: who was skipped then is not owed anything.
      if (rule == PickRule::turns) share.owed = 0;
      share.picks = 0;
    }
    picks = 0;
    period_begun = false;
  }

  void begin_period() {
    period_begun = true;
    ups = total = 0;
    std::vector<WideSigned> owed_now;
    for (const Share& share : shares) {
      if (!share.up) continue;
      ++ups;
      total += weight(share);
      owed_now.push_back(share.owed);
    }
    if (takes_turns() && ups > 0) bound(std::move(owed_now));
  }

  // Each pick adds to every endpoint its weight and takes the total W from the one that then has
  // the most, which is at least the average: so after a pick none has less than average + W / n
  // - W, except those that began with less. Upwards: let m(j) be the average of the j that are owed
  // most. A pick of one of them does not raise it. A pick of another one raises it to at most the
  // average of those j + 1 before the pick, plus W / (j + 1). So m(j) never exceeds the larger of
  // what it began with and the bound of m(j + 1), plus W / (j + 1); and m(n) never changes.
  void bound(std::vector<WideSigned> owed_now) {
    std::stable_sort(owed_now.begin(), owed_now.end(), std::greater<>());
    WideSigned sum = 0;
    for (const WideSigned each : owed_now) sum += each;
    const auto n = static_cast<WideSigned>(owed_now.size());
    const auto w = static_cast<WideSigned>(total);
    least = std::min(owed_now.back(), divide_up(sum + w, n) - w);
    // In 65,536ths of a unit, rounded up, so that rounding loses nothing.
    const auto average = [](WideSigned of, WideSigned count) {
      return divide_up(of * 65'536, count);
    };
    WideSigned highest = average(sum, n);
    for (WideSigned j = n - 1; j >= 1; --j) {
      sum -= owed_now[static_cast<std::size_t>(j)];
      highest = std::max(average(sum, j), highest + average(w, j + 1));
    }
    most = highest / 65'536;
    if (rule == PickRule::turns) {  // one round, in which all come once
      most = n - 1;
      least = -most;
    }
  }

  static WideSigned divide_up(WideSigned a, WideSigned b) {
    return a >= 0 ? (a + b - 1) / b : -(-a / b);
  }
};

std::uint64_t square_root(std::uint64_t x) {
  std::uint64_t root = 0;
  for (std::uint64_t bit = std::uint64_t{1} << 31; bit != 0; bit >>= 1) {
    if ((root + bit) * (root + bit) <= x) root += bit;
  }
  return root;
}

// How many requests chance may owe an endpoint, or have it ahead. The picks that it got minus the
// probabilities that it had are a martingale with steps of at most 1. Freedman's inequality (J.
// Tropp, Electronic Communications in Probability 16, 2011, theorem 1.1): it exceeds x at any time
// while its variance is at most v with a probability of at most exp(-x^2 / (2 (v + x / 3))), which
// is below exp(-L) for x = 2 L / 3 + sqrt(2 L v). With L = 40, for all powers of two as v, in both
// directions and for a million endpoints, the probabilities sum up to 64 * 2 * 10^6 * exp(-40),
// less than 10^-9.
std::uint64_t chance_limit(Wide variance) {
  const auto v = static_cast<std::uint64_t>(variance >> fraction_bits) + 1;
  return 28 + square_root(80 * std::bit_ceil(v));
}

class WeightsHonoured final : public Checker {
 public:
  explicit WeightsHonoured(const Group& group) : balancers_(group.nodes) {}

  std::unique_ptr<Checker> clone() const override {
    return std::make_unique<WeightsHonoured>(*this);
  }
  std::string_view property() const override { return "weights_honoured"; }
  FactMask interests() const override { return facts<PolicySet, WeightSet, HealthSet, Routed>(); }

  void hear(const HeardFact& heard, Objections& objections) override {
    Ledger& ledger = ledgers_[heard.node];
    if (const auto* routed = std::get_if<Routed>(heard.fact)) {
      if (ledger.takes_turns() || ledger.by_chance()) {
        const std::string clash = count(routed->endpoint, ledger);
        if (!clash.empty()) objections.raise(property(), heard, to_text(heard.node) + clash);
      }
    } else if (const auto* weight = std::get_if<WeightSet>(heard.fact)) {
      ledger.end_period();
      ledger.share(weight->endpoint).weight = weight->weight;
    } else if (const auto* health = std::get_if<HealthSet>(heard.fact)) {
      ledger.end_period();
      ledger.share(health->endpoint).up = health->up;
    } else if (const auto* policy = std::get_if<PolicySet>(heard.fact)) {
      ledger = {};
      ledger.rule = policy->rule;
    }
  }

  void crashed(NodeId node, Time) override { ledgers_[node] = {}; }

  void finish(Time at, EventId last, Objections& objections) override {
    for (const NodeId node : balancers_) {
      const std::string clash = judge_all(ledgers_[node]);
      if (clash.empty()) continue;
      objections.raise({std::string(property()), to_text(node) + clash, last, at, node, {last}});
      return;
    }
  }

 private:
  static std::string count(NodeId endpoint, Ledger& ledger) {
    if (!ledger.period_begun) ledger.begin_period();
    Share& share = ledger.share(endpoint);
    if (!share.up) return {};  // another check's business
    ++ledger.picks;
    ++share.picks;
    // Only the endpoint that was picked can get ahead. The others are looked at every few rounds,
    // which keeps the cost of a pick constant.
    if (ledger.by_chance()) {
      return ledger.picks % (16 * ledger.ups) == 0 ? judge_all(ledger) : std::string();
    }
    const WideSigned owed = ledger.owed(share);
    if (owed < ledger.least) return clash(share, ledger, owed, -ledger.least);
    return ledger.picks % ledger.ups == 0 ? judge_all(ledger) : std::string();
  }

  static std::string judge_all(const Ledger& ledger) {
    if (!ledger.period_begun) return {};
    for (const Share& share : ledger.shares) {
      if (!share.up) continue;
      const WideSigned owed = ledger.owed(share);
      if (ledger.takes_turns()) {
        if (owed > ledger.most) return clash(share, ledger, owed, ledger.most);
        continue;
      }
      const auto limit = static_cast<WideSigned>(chance_limit(ledger.variance(share)))
                         << fraction_bits;
      if (owed > limit || owed < -limit) return clash(share, ledger, owed, limit);
    }
    return {};
  }

  static std::string clash(const Share& share, const Ledger& ledger, WideSigned owed,
                           WideSigned limit) {
    const WideSigned one = ledger.takes_turns() ? static_cast<WideSigned>(ledger.total)
                                                : static_cast<WideSigned>(1) << fraction_bits;
    const auto requests = [&](WideSigned amount) {
      return fixed_point(static_cast<std::int64_t>(amount * 100 / one), 2);
    };
    const bool ahead = owed < 0;
    return " sent " + to_text(share.node) + (ahead ? " more" : " fewer") +
           " requests than its share: " + std::to_string(share.picks) + " of " +
           std::to_string(ledger.picks) + " since its endpoints last changed, for a weight of " +
           std::to_string(ledger.weight(share)) + " in " + std::to_string(ledger.total) +
           ". It is " + requests(ahead ? -owed : owed) + (ahead ? " ahead" : " behind") + "; " +
           (ledger.takes_turns() ? "turns never differ by more than "
                                 : "chance exceeds this in less than one run in 10^9: ") +
           requests(limit);
  }

  std::vector<NodeId> balancers_;
  PerNode<Ledger> ledgers_;
};

}  // namespace

std::unique_ptr<Checker> make_weights_honoured(const Group& group) {
  return std::make_unique<WeightsHonoured>(group);
}

}  // namespace ballast
