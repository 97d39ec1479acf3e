#include "sim/history/explain.h"

#include <algorithm>

#include "sim/history/direct.h"
#include "sim/history/machine.h"

namespace ballast::history {
namespace {

// The operations on one object, some of them relaxed: what they claim becomes less, so that what
// cannot be explained even so is a proof. Deleting a completed write would not be.
class Relaxed {
 public:
  Relaxed(const History& history, Model model, const std::vector<std::uint32_t>& operations,
          std::uint64_t budget)
      : model_(model), original_(operations), budget_(budget + 60 * operations.size()) {
    part_.values = history.values;
    part_.objects = {""};
    part_.events = history.events;
    for (const std::uint32_t index : operations)
      part_.operations.push_back(history.operations[index]);
    alive_.assign(operations.size(), true);
  }

  // Cuts it after the event of this rank.
  void cut(std::uint32_t rank) {
    for (std::size_t i = 0; i < alive_.size(); ++i) {
      Operation& op = part_.operations[i];
      if (op.called > rank) {
        alive_[i] = false;
      } else if (op.known() && op.returned > rank) {
        relax(static_cast<std::uint32_t>(i));
      }
    }
  }
  void relax(std::uint32_t i) {
    Operation& op = part_.operations[i];
    if (op.action == Action::read || op.outcome == Outcome::refused) {
      alive_[i] = false;
      return;
    }
    op.outcome = Outcome::unknown;
    op.returned = Operation::never;
    if (op.action == Action::dequeue || op.action == Action::propose) op.result = nil;
  }

  // Whether it certainly cannot be linearized; false too if that would cost more than is left.
  bool fails() {
    if (exhausted()) return false;
    std::vector<std::uint32_t> rest = alive();
    // What is relaxed may leave others that nobody can observe any more.
    for (std::size_t before = 0; before != rest.size();) {
      before = rest.size();
      spent_ += before + 1;
      rest = without_unobserved(part_, model_, rest);
    }
    const Answer quick = directly(rest).answer;
    if (quick != Answer::running) return quick == Answer::no;
    const std::unique_ptr<AnySearch> search = make_search(part_, model_, rest);
    const Answer answer =
        search->run(std::min(most_nodes, budget_ - std::min(budget_, spent_)), most_bytes);
    spent_ += search->nodes();
    return answer == Answer::no;
  }
  bool exhausted() const { return spent_ >= budget_; }

  // What can be explained before the event of this rank, in indices of the history, and the state
  // in which that leaves the object.
  void locate(std::uint32_t rank, Explanation& explanation) {
    Saved saved = save();
    cut(rank - 1);
    std::vector<std::uint32_t> order;
    Direct direct = directly(alive());
    if (direct.answer != Answer::running) {
      order = std::move(direct.witness);
    } else {
      const std::unique_ptr<AnySearch> search = make_search(part_, model_, alive());
      if (search->run(budget_, most_bytes) == Answer::yes) order = search->witness();
      spent_ += search->nodes();
    }
    Machine machine(model_, part_.values);
    for (const std::uint32_t i : order) {
      machine.apply(part_.operations[i]);
      explanation.order.push_back(original_[i]);
    }
    restore(std::move(saved));
    explanation.states = states_at(rank);
    if (explanation.states.empty() && !order.empty()) explanation.states = {machine.say()};
  }

  // The rank of the return up to which a search comes; 0 if there is none.
  std::uint32_t reached() {
    if (is_quick()) return 0;
    const std::unique_ptr<AnySearch> search = make_search(part_, model_, alive(), true);
    const Answer answer = search->run(budget_ / 4, most_bytes);
    spent_ += search->nodes();
    return answer == Answer::no ? part_.operations[search->stuck().operation].returned : 0;
  }

  // Relaxes everything but these, if what is left still fails.
  void focus(const std::vector<std::uint32_t>& on) {
    Saved saved = save();
    for (std::uint32_t i = 0; i < alive_.size(); ++i) {
      const bool named = std::find(on.begin(), on.end(), original_[i]) != on.end();
      if (alive_[i] && part_.operations[i].known() && !named) relax(i);
    }
    if (fails()) {
      compact();
    } else {
      restore(std::move(saved));
    }
  }

  // The values that known operations speak of, if those of one can be left out: what a queue, or a
  // register without cas, does with all others is as legal as it was.
  std::vector<Word> values() const {
    std::vector<Word> all;
    if (model_ != Model::queue && model_ != Model::reg) return all;
    for (const std::uint32_t i : known()) {
      if (value(part_.operations[i]) != nil) all.push_back(value(part_.operations[i]));
    }
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
  }

  // Leaves out each piece of so many values that is not needed.
  void drop_values(std::size_t size) {
    const std::vector<Word> all = values();
    for (std::size_t from = 0; from < all.size() && !exhausted(); from += size) {
      const auto begin = all.begin() + static_cast<std::ptrdiff_t>(from);
      const auto end = begin + static_cast<std::ptrdiff_t>(std::min(size, all.size() - from));
      Saved saved = save();
      for (std::uint32_t i = 0; i < alive_.size(); ++i) {
        if (std::binary_search(begin, end, value(part_.operations[i]))) alive_[i] = false;
      }
      if (fails()) {
        compact();
      } else {
        restore(std::move(saved));
      }
    }
  }

  // Relaxes each piece of so many known operations that is not needed.
  void relax_pieces(std::size_t size) {
    std::vector<std::uint32_t> needed = known();  // in indices of the history, which last
    std::stable_sort(needed.begin(), needed.end(), [this](std::uint32_t a, std::uint32_t b) {
      return value(part_.operations[a]) < value(part_.operations[b]);
    });
    for (std::uint32_t& i : needed) i = original_[i];
    for (std::size_t from = 0; from < needed.size() && !exhausted(); from += size) {
      Saved saved = save();
      for (std::size_t i = from; i < std::min(from + size, needed.size()); ++i) {
        const auto at = std::lower_bound(original_.begin(), original_.end(), needed[i]);
        relax(static_cast<std::uint32_t>(at - original_.begin()));
      }
      if (fails()) {
        compact();
      } else {
        restore(std::move(saved));
      }
    }
  }

  struct Saved {
    std::vector<Operation> operations;
    std::vector<std::uint32_t> original;
    std::vector<bool> alive;
  };
  Saved save() const { return {part_.operations, original_, alive_}; }
  void restore(Saved saved) {
    part_.operations = std::move(saved.operations);
    original_ = std::move(saved.original);
    alive_ = std::move(saved.alive);
  }
  // Forgets what plays no part any more, so that what follows costs what is left.
  void compact() {
    const std::vector<std::uint32_t> kept = without_unobserved(part_, model_, alive());
    for (std::size_t i = 0; i < kept.size(); ++i) {
      part_.operations[i] = part_.operations[kept[i]];
      original_[i] = original_[kept[i]];
    }
    part_.operations.resize(kept.size());
    original_.resize(kept.size());
    alive_.assign(kept.size(), true);
  }

  std::vector<std::uint32_t> alive() const {
    std::vector<std::uint32_t> rest;
    for (std::uint32_t i = 0; i < alive_.size(); ++i) {
      if (alive_[i]) rest.push_back(i);
    }
    return rest;
  }
  std::vector<std::uint32_t> known() const {
    std::vector<std::uint32_t> rest = alive();
    std::erase_if(rest, [this](std::uint32_t i) { return !part_.operations[i].known(); });
    return rest;
  }
  const Operation& operation(std::uint32_t i) const { return part_.operations[i]; }
  std::uint32_t original(std::uint32_t i) const { return original_[i]; }

 private:
  Direct directly(const std::vector<std::uint32_t>& operations) const {
    return decide_directly(part_, model_, operations);
  }
  // Whether verdicts cost no search.
  bool is_quick() const { return directly(alive()).answer != Answer::running; }

  // The states in which a search gets stuck at the return of this rank. None if it gets stuck
  // before: it knows what is to come, and does not go where that cannot be.
  std::vector<std::string> states_at(std::uint32_t rank) {
    if (is_quick()) return {};
    const std::unique_ptr<AnySearch> search = make_search(part_, model_, alive(), true);
    const Answer answer = search->run(budget_, most_bytes);
    spent_ += search->nodes();
    if (answer != Answer::no) return {};
    const Stuck stuck = search->stuck();
    return part_.operations[stuck.operation].returned == rank ? stuck.states
                                                              : std::vector<std::string>{};
  }

  static Word value(const Operation& op) {
    return op.action == Action::read || op.action == Action::dequeue ? op.result : op.argument;
  }

  static constexpr std::uint64_t most_nodes = 100'000;
  static constexpr std::uint64_t most_bytes = std::uint64_t{1} << 29;

  Model model_;
  History part_;
  std::vector<std::uint32_t> original_;
  std::vector<bool> alive_;
  std::uint64_t budget_;
  std::uint64_t spent_ = 0;
};

// Linearizability is closed under prefixes: the shortest that fails, by bisection. Its last return.
std::uint32_t shortest_prefix(Relaxed& relaxed) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> returns;  // rank, operation
  for (const std::uint32_t i : relaxed.alive()) {
    if (relaxed.operation(i).known()) returns.emplace_back(relaxed.operation(i).returned, i);
  }
  std::sort(returns.begin(), returns.end());
  if (returns.empty()) return Operation::never;
  const Relaxed::Saved whole = relaxed.save();
  // So many returns hold: a search came so far. It knows what is to come and stops early, though
  // seldom by much.
  const auto first = std::lower_bound(returns.begin(), returns.end(),
                                      std::pair{relaxed.reached(), std::uint32_t{0}});
  auto holds = static_cast<std::size_t>(first - returns.begin());
  std::size_t fails = returns.size();
  const auto try_so_many = [&](std::size_t count) {
    relaxed.cut(returns[count - 1].first);
    (relaxed.fails() ? fails : holds) = count;
    relaxed.restore(whole);
  };
  for (std::size_t step = 1; holds + step < fails; step *= 2) try_so_many(holds + step);
  while (fails - holds > 1) try_so_many(holds + (fails - holds) / 2);
  relaxed.cut(returns[fails - 1].first);
  return returns[fails - 1].second;
}

// Halves of so many pieces, quarters, and so on down to each by itself.
template <class Try>
void in_ever_smaller(std::size_t pieces, const Relaxed& relaxed, const Try& try_pieces_of) {
  for (std::size_t size = pieces / 2; !relaxed.exhausted(); size /= 2) {
    size = std::max<std::size_t>(size, 1);
    try_pieces_of(size);
    if (size == 1) return;
  }
}

// Relaxes as much as it can. What belongs to one value is left out or relaxed together. Relaxing
// only weakens: what is needed once is needed for good, and one pass of each size will do.
void reduce(Relaxed& relaxed) {
  relaxed.compact();
  in_ever_smaller(relaxed.values().size(), relaxed,
                  [&](std::size_t size) { relaxed.drop_values(size); });
  in_ever_smaller(relaxed.known().size(), relaxed,
                  [&](std::size_t size) { relaxed.relax_pieces(size); });
}

void list_core(const Relaxed& relaxed, Explanation& explanation) {
  std::vector<Word> spoken_of;
  for (const std::uint32_t i : relaxed.alive()) {
    const Operation& op = relaxed.operation(i);
    if (!op.known()) continue;
    explanation.core.push_back(relaxed.original(i));
    spoken_of.push_back(op.action == Action::cas ? op.expected : op.result);
  }
  std::sort(spoken_of.begin(), spoken_of.end());
  for (const std::uint32_t i : relaxed.alive()) {
    const Operation& op = relaxed.operation(i);
    const Word leaves = op.action == Action::erase ? nil : op.argument;
    if (op.known() || op.action == Action::read) continue;
    if (std::binary_search(spoken_of.begin(), spoken_of.end(), leaves)) {
      explanation.maybe.push_back(relaxed.original(i));
    }
  }
}

}  // namespace

Explanation explain(const History& history, Model model, const ObjectVerdict& verdict,
                    std::uint64_t budget) {
  Explanation explanation;
  explanation.object = verdict.object;
  Relaxed relaxed(history, model, verdict.operations, budget);
  const std::uint32_t last = shortest_prefix(relaxed);
  if (last != Operation::never) {
    explanation.stuck = relaxed.original(last);
    relaxed.locate(history.operations[explanation.stuck].returned, explanation);
    // Often what contradicts that one operation is plain to see.
    explanation.core = {explanation.stuck};
    relaxed.focus(reason(history, model, verdict.operations, explanation).operations);
    explanation.core.clear();
  }
  reduce(relaxed);
  explanation.irreducible = !relaxed.exhausted();
  list_core(relaxed, explanation);
  explanation.sentence = reason(history, model, verdict.operations, explanation).sentence;
  return explanation;
}

}  // namespace ballast::history
