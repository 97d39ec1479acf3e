// What the search must know of a register, a key of a key-value store and an appended list, which
// are one object with different operations.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/history/object.h"

namespace ballast::history {

// States are numbers: 0 for every value that nobody observes any more, then those that somebody
// does. A read, and a cas whatever came of it, observes.
class RegisterRules {
 public:
  RegisterRules(const History& history, const std::vector<std::uint32_t>& operations);

  // An unknown operation that can be left out: a read, and what leaves a value that nobody
  // observes. Where a cas was refused or a delete found something, "the value was another one" is
  // an observation of every value, and nothing may be left out, merged or absorbed.
  bool drops(const Operation& operation) const;
  void prepare(const Object& object);

  std::uint32_t initial() const { return state_of(nil); }
  bool pure(std::uint32_t step) const { return facts_[step].pure; }
  bool apply(std::uint32_t step, std::uint32_t& state) const;
  // A state that no operation that returns at `position` or later can tell from another is 0.
  std::uint32_t canonical(std::uint32_t state, std::uint32_t position) const {
    return last_observed_[state] < position ? 0 : state;
  }
  // The leave rule: a value that is entered once at most is never left while one who observes it is
  // still to be invoked, nor by any but the cas that is known to have left it. A list that only
  // grows never becomes one that nobody reads while a read is still to be invoked.
  bool may_go(std::uint32_t from, std::uint32_t to, std::uint32_t step,
              std::uint32_t position) const {
    if (from == to) return true;
    if (to == 0 && grows_only_ && last_read_called_ > position) return false;
    if (!entered_once_[from]) return true;
    return last_called_[from] <= position &&
           (leaver_[from] == Operation::never || leaver_[from] == step);
  }
  // Before an overwriting operation, writes that nobody observes take effect for nothing.
  bool overwrites(std::uint32_t step) const { return facts_[step].overwrites && !contrasts_; }
  bool absorbed(std::uint32_t step, std::uint32_t position) const {
    return overwrites(step) && canonical(facts_[step].target, position) == 0;
  }
  // What need not be tried before the operation that returns.
  bool useless(std::uint32_t step, std::uint32_t to) const {
    return to == 0 && !contrasts_ && (facts_[step].overwrites || !facts_[step].known);
  }
  // The last position at which the unknown operation may be of use.
  std::uint32_t useful_until(std::uint32_t step) const;
  // Operations are tried in the order of their returns, the one that must return now first.
  std::uint32_t urgency(std::uint32_t step, std::uint32_t returning) const {
    return step == returning ? 0 : facts_[step].returned;
  }
  bool only_itself(std::uint32_t) const { return false; }
  // The first operation to return of those called after `position` that observe the state.
  std::uint32_t awaited(std::uint32_t state, std::uint32_t position) const;
  // Where there are only reads and appends of single elements, and nothing else appends what an
  // unknown one does: the classes of those that lead from a state to one that somebody observes.
  // Any other is useless there, and hundreds need not be tried. Which took effect the state tells.
  bool knows_kinds() const { return knows_kinds_; }
  std::span<const std::uint32_t> kinds_at(std::uint32_t state) const {
    return std::span(kinds_).subspan(kinds_begin_[state],
                                     kinds_begin_[state + 1] - kinds_begin_[state]);
  }
  std::uint64_t bytes() const {
    return words_.bytes() + facts_.capacity() * sizeof(Facts) + last_observed_.capacity() * 18 +
           kinds_.capacity() * 4;
  }
  std::string say(std::uint32_t state) const {
    return state == 0 ? "a value that nobody reads" : history_.values.say(words_.word(state - 1));
  }

 private:
  struct Facts {
    Action action = Action::read;
    bool pure = false;
    bool contrasts = false;  // a cas that was refused, a delete that found something
    bool known = false;
    bool overwrites = false;
    std::uint32_t wanted = 0;  // the state that a read or a cas must find; or, if it contrasts, not
    std::uint32_t target = 0;  // the state that a write or a cas leaves
    Word tail = nil;           // of an append
    std::uint32_t called = 0;
    std::uint32_t returned = Operation::never;
  };

  std::uint32_t state_of(Word word) const { return words_.find(word) + 1; }  // none + 1 is 0
  void observe(Word word);
  Facts facts_of(const Operation& operation) const;
  void count_entries();
  void spread_to_parents();
  bool contains(Word list, Word element) const;
  void index_kinds(const Object& object);

  const History& history_;
  WordTable words_;     // those that somebody observes, and what they grew from if things append
  WordTable elements_;  // last elements of observed lists and texts
  std::vector<Facts> facts_;  // by step
  // By state.
  std::vector<std::uint32_t> last_observed_;
  std::vector<std::uint32_t> last_called_;
  std::vector<std::uint32_t> leaver_;
  std::vector<bool> entered_once_;
  std::vector<std::uint32_t> element_observed_;  // by last element: until when
  std::vector<std::uint32_t> kinds_;             // of all states, one after the other
  std::vector<std::uint32_t> kinds_begin_;       // by state: where its own begin
  std::uint32_t last_read_called_ = 0;
  bool contrasts_ = false;
  bool appends_ = false;
  bool grows_only_ = true;
  bool knows_kinds_ = false;
};

}  // namespace ballast::history
