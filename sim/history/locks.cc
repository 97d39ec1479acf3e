// Linearizations of a lock of which everything is known.
#include <algorithm>
#include <limits>

#include "sim/history/direct.h"

namespace ballast::history {
namespace {

// Calls and returns are multiples of four. A lock changes hands at the call of the later of the
// two, or one before the return of a release and at the call of an acquire; whoever only looks does
// so two after an event.
using Instant = std::uint64_t;
constexpr Instant unending = std::numeric_limits<Instant>::max();

struct Tenure {
  std::uint32_t acquire = 0;  // steps
  std::uint32_t release = Operation::never;
  Instant from = 0;
  Instant to = unending;
  Word token = nil;
};

class Lock {
 public:
  Lock(const History& history, Model model, const std::vector<std::uint32_t>& operations)
      : history_(history),
        fenced_(model == Model::fenced_lock),
        object_(make_object(history, operations)) {}

  Direct judge() {
    if (!is_plain()) return {};
    if (!collect() || !hand_over() || !refuse()) return Direct::no();
    return Direct::yes(merge());
  }

 private:
  struct Owner {
    std::uint32_t over = 0;  // when the last of its operations returned, and one
    std::uint32_t holding = none;
  };
  struct Moving {
    Instant at = 0;
    std::uint32_t step = 0;
  };

  const Step& step(std::uint32_t i) const { return object_.steps[i]; }
  const Operation& op(std::uint32_t i) const { return history_.operations[step(i).operation]; }
  Instant call(std::uint32_t i) const { return (Instant{step(i).called} + 1) * 4; }
  Instant end(std::uint32_t i) const { return (Instant{step(i).returned} + 1) * 4; }

  // Whether all is known and each owner does one thing after the other.
  bool is_plain() {
    for (std::uint32_t i = 0; i < object_.steps.size(); ++i) {
      if (!op(i).known()) return false;
      Owner& owner = owner_of(i);
      if (owner.over > step(i).called) return false;
      owner.over = step(i).returned + 1;
    }
    return true;
  }
  Owner& owner_of(std::uint32_t i) {
    const std::uint32_t number = names_.number(op(i).owner);
    if (number == owners_.size()) owners_.emplace_back();
    return owners_[number];
  }

  // What each owner's operations say of the others of the same owner.
  bool collect() {
    for (std::uint32_t i = 0; i < object_.steps.size(); ++i) {
      const Operation& each = op(i);
      const bool refused = each.outcome == Outcome::refused;
      Owner& owner = owner_of(i);
      const bool holds = owner.holding != none;
      if (each.action == Action::release) {
        if (refused == holds) return false;
        if (holds) holdings_[owner.holding].release = i;
        if (refused) looks_.push_back({call(i) + 2, i});
        owner.holding = none;
      } else if (refused) {
        if (holds && fenced_) return false;
        (holds ? looks_ : refused_).push_back({call(i) + 2, i});
      } else if (holds) {
        if (!again(holdings_[owner.holding], each.result)) return false;
        looks_.push_back({call(i) + 2, i});
      } else {
        owner.holding = static_cast<std::uint32_t>(holdings_.size());
        holdings_.push_back({i, Operation::never, 0, unending, each.result});
      }
    }
    return true;
  }
  // The holder may acquire it again under the same token.
  bool again(Tenure& holding, Word token) const {
    if (!fenced_ && token == nil) return false;
    if (!fenced_ && holding.token == nil) holding.token = token;
    return holding.token == token;
  }

  // Each holds it from the return of its acquire to the call of its release, so that there is one
  // order of the holders. It is held as long as that allows.
  bool hand_over() {
    std::stable_sort(holdings_.begin(), holdings_.end(), [this](const Tenure& a, const Tenure& b) {
      return step(a.acquire).returned < step(b.acquire).returned;
    });
    for (std::size_t i = 0; i < holdings_.size(); ++i) {
      Tenure& next = holdings_[i];
      if (fenced_ && next.token != static_cast<Word>(i) + 1) return false;
      next.from = call(next.acquire);
      if (next.release != Operation::never) next.to = end(next.release) - 1;
      if (i == 0) continue;
      Tenure& last = holdings_[i - 1];
      if (last.release == Operation::never || call(last.release) > end(next.acquire)) return false;
      if (last.to < next.from) continue;
      last.to = std::max(call(last.release), next.from);
      next.from = last.to + 1;
    }
    return true;
  }

  // Whoever was refused looked while somebody held it.
  bool refuse() {
    for (Moving& each : refused_) {
      const auto next =
          std::upper_bound(holdings_.begin(), holdings_.end(), each.at,
                           [](Instant at, const Tenure& holding) { return at < holding.from; });
      const bool held = next != holdings_.begin() && each.at < (next - 1)->to;
      if (held) continue;
      if (next == holdings_.end() || next->from > end(each.step)) return false;
      each.at = next->from + 2;
    }
    return true;
  }

  std::vector<std::uint32_t> merge() {
    std::vector<Moving> moves = std::move(looks_);
    moves.insert(moves.end(), refused_.begin(), refused_.end());
    for (const Tenure& each : holdings_) {
      moves.push_back({each.from, each.acquire});
      if (each.release != Operation::never) moves.push_back({each.to, each.release});
    }
    std::stable_sort(moves.begin(), moves.end(),
                     [](const Moving& a, const Moving& b) { return a.at < b.at; });
    std::vector<std::uint32_t> witness;
    witness.reserve(moves.size());
    for (const Moving& each : moves) witness.push_back(step(each.step).operation);
    return witness;
  }

  static constexpr std::uint32_t none = 0xFFFFFFFF;

  const History& history_;
  bool fenced_;
  Object object_;
  WordTable names_;
  std::vector<Owner> owners_;
  std::vector<Tenure> holdings_;
  std::vector<Moving> looks_;    // what changes nothing and is legal throughout its interval
  std::vector<Moving> refused_;  // acquires of those who do not hold it
};

}  // namespace

Direct linearize_lock(const History& history, Model model,
                      const std::vector<std::uint32_t>& operations) {
  return Lock(history, model, operations).judge();
}

}  // namespace ballast::history
