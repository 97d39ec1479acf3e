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

  // What can be said of it: `running` if that would cost more than is left.
  struct Judgement {
    Answer answer = Answer::running;
    std::vector<std::uint32_t> order;  // if it can be linearized
    std::vector<std::string> states;   // if not: where a search got stuck, if it took one
    std::uint32_t stuck = Operation::never;
    std::vector<std::uint32_t> because;  // what likely contradicts, and first by whose return
  };
  Judgement judge(bool track) {
    Judgement judgement;
    if (exhausted()) return judgement;
    std::vector<std::uint32_t> rest = alive();
    // What is relaxed may leave others that nobody can observe any more.
    for (std::size_t before = 0; before != rest.size();) {
      before = rest.size();
      spent_ += before + 1;
      rest = without_unobserved(part_, model_, rest);
    }
    Direct quick = decide_directly(part_, model_, rest);
    if (quick.answer != Answer::running) {
      return {
          quick.answer, std::move(quick.witness), {}, Operation::never, std::move(quick.because)};
    }
    const std::unique_ptr<AnySearch> search = make_search(part_, model_, rest, track);
    judgement.answer =
        search->run(std::min(most_nodes, budget_ - std::min(budget_, spent_)), most_bytes);
    spent_ += search->nodes();
    if (judgement.answer == Answer::yes) judgement.order = search->witness();
    if (judgement.answer == Answer::no && track) {
      Stuck stuck = search->stuck();
      judgement.states = std::move(stuck.states);
      judgement.stuck = stuck.operation;
      if (stuck.awaited != Operation::never) judgement.because = {stuck.awaited};
    }
    return judgement;
  }
  // Whether it certainly cannot be linearized; false too if that would cost more than is left.
  bool fails() { return judge(false).answer == Answer::no; }
  bool exhausted() const { return spent_ >= budget_; }

  // The state that operations leave, in this order.
  std::string left_by(const std::vector<std::uint32_t>& order) const {
    Machine machine(model_, part_.values);
    for (const std::uint32_t i : order) machine.apply(part_.operations[i]);
    return machine.say();
  }

  // Relaxes everything but these, if what is left still fails, and leaves out all that speaks of
  // other values if it can. Whether it does.
  bool focus(const std::vector<std::uint32_t>& on) {
    Saved saved = save();
    const auto named = [&](std::uint32_t i) {
      return std::find(on.begin(), on.end(), original_[i]) != on.end();
    };
    std::vector<Word> spoken_of;
    for (std::uint32_t i = 0; i < alive_.size(); ++i) {
      if (named(i)) spoken_of.push_back(value(part_.operations[i]));
    }
    for (std::uint32_t i = 0; i < alive_.size(); ++i) {
      const Operation& op = part_.operations[i];
      if (!alive_[i] || !op.known() || named(i)) continue;
      const bool other = value(op) != nil && std::find(spoken_of.begin(), spoken_of.end(),
                                                       value(op)) == spoken_of.end();
      if (by_value() && other) {
        alive_[i] = false;
      } else {
        relax(i);
      }
    }
    const bool enough = fails();
    if (enough) {
      compact();
    } else {
      restore(std::move(saved));
    }
    return enough;
  }

  // Whether all that speaks of one value can be left out: what a queue, or a register without cas,
  // does with all others is as legal as it was.
  bool by_value() const { return model_ == Model::queue || model_ == Model::reg; }
  // The values that known operations speak of, if those of one can be left out.
  std::vector<Word> values() const {
    std::vector<Word> all;
    if (!by_value()) return all;
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

// Linearizability is closed under prefixes: the shortest that fails, up to the return of its last
// operation, and what explains all before that.
struct Prefix {
  std::uint32_t last = Operation::never;
  Relaxed::Judgement before;
  Relaxed::Judgement at;
  std::vector<std::uint32_t> because;  // what contradicts in the whole
};

class ShortestPrefix {
 public:
  ShortestPrefix(Relaxed& relaxed, const Relaxed::Saved& whole) : relaxed_(relaxed), whole_(whole) {
    for (const std::uint32_t i : relaxed.alive()) {
      if (relaxed.operation(i).known()) returns_.push_back({relaxed.operation(i).returned, i});
    }
    std::stable_sort(returns_.begin(), returns_.end(),
                     [](const Return& a, const Return& b) { return a.rank < b.rank; });
    fails_ = returns_.size();
  }

  // Leaves the operations cut to it.
  Prefix find() {
    if (returns_.empty()) return {};
    // A search of the whole knows what is to come, and stops early where it waits for what cannot
    // be: all before that holds, and often it is what it waits for that fails.
    Relaxed::Judgement whole = relaxed_.judge(true);
    if (whole.stuck != Operation::never) holds_ = index_of(whole.stuck);
    if (!whole.because.empty() && relaxed_.operation(whole.because[0]).known()) {
      const std::size_t count = index_of(whole.because[0]) + 1;
      if (try_so_many(count) && count > 1) try_so_many(count - 1);
    }
    prefix_.because = std::move(whole.because);
    for (std::size_t step = 1; holds_ + step < fails_ && !failed_; step *= 2) {
      try_so_many(holds_ + step);
    }
    while (fails_ - holds_ > 1) try_so_many(holds_ + (fails_ - holds_) / 2);
    if (!held_ && fails_ > 1) judge_so_many(fails_ - 1, prefix_.before);
    if (!failed_) judge_so_many(fails_, prefix_.at);
    relaxed_.cut(returns_[fails_ - 1].rank);
    prefix_.last = returns_[fails_ - 1].operation;
    return std::move(prefix_);
  }

 private:
  struct Return {
    std::uint32_t rank = 0;
    std::uint32_t operation = 0;
  };

  std::size_t index_of(std::uint32_t operation) const {
    const std::uint32_t rank = relaxed_.operation(operation).returned;
    return static_cast<std::size_t>(
        std::lower_bound(returns_.begin(), returns_.end(), rank,
                         [](const Return& each, std::uint32_t at) { return each.rank < at; }) -
        returns_.begin());
  }

  void judge_so_many(std::size_t count, Relaxed::Judgement& judgement) {
    relaxed_.cut(returns_[count - 1].rank);
    judgement = relaxed_.judge(true);
    relaxed_.restore(whole_);
  }
  // Whether so many returns fail.
  bool try_so_many(std::size_t count) {
    Relaxed::Judgement judgement;
    judge_so_many(count, judgement);
    const bool failed = judgement.answer == Answer::no;
    (failed ? failed_ : held_) = true;
    (failed ? fails_ : holds_) = count;
    (failed ? prefix_.at : prefix_.before) = std::move(judgement);
    return failed;
  }

  Relaxed& relaxed_;
  const Relaxed::Saved& whole_;
  std::vector<Return> returns_;  // by rank
  std::size_t holds_ = 0;        // so many returns hold
  std::size_t fails_ = 0;
  bool held_ = false;  // whether that was tried, and the prefix has the judgement
  bool failed_ = false;
  Prefix prefix_;
};

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

// What follows the prefix may say more: where many operations were open by its end, each of them is
// needed to show that it did not do what would explain the rest; but what they did is known later.
void reduce_whole(Relaxed& relaxed, const Relaxed::Saved& whole,
                  const std::vector<std::uint32_t>& because) {
  constexpr std::size_t few = 3;
  const std::size_t size = relaxed.known().size();
  if (size <= few || because.empty()) return;
  Relaxed::Saved least = relaxed.save();
  relaxed.restore(whole);
  std::vector<std::uint32_t> on;
  for (const std::uint32_t i : because) on.push_back(relaxed.original(i));
  const bool enough = relaxed.focus(on);
  if (enough) reduce(relaxed);
  if (!enough || relaxed.known().size() >= size) relaxed.restore(std::move(least));
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
  const Relaxed::Saved whole = relaxed.save();
  const Prefix prefix = ShortestPrefix(relaxed, whole).find();
  if (prefix.last != Operation::never) {
    explanation.stuck = relaxed.original(prefix.last);
    for (const std::uint32_t i : prefix.before.order) {
      explanation.order.push_back(relaxed.original(i));
    }
    // A search that got stuck before that return knew it to be impossible.
    if (prefix.at.stuck == prefix.last) explanation.states = prefix.at.states;
    if (explanation.states.empty() && !explanation.order.empty()) {
      explanation.states = {relaxed.left_by(prefix.before.order)};
    }
    // Often what contradicts that one operation is plain to see.
    explanation.core = {explanation.stuck};
    relaxed.focus(reason(history, model, verdict.operations, explanation).operations);
    explanation.core.clear();
  }
  reduce(relaxed);
  reduce_whole(relaxed, whole, prefix.because);
  explanation.irreducible = !relaxed.exhausted();
  list_core(relaxed, explanation);
  explanation.sentence = reason(history, model, verdict.operations, explanation).sentence;
  return explanation;
}

}  // namespace ballast::history
