// Wing and Gong's search for a linearization ("Testing and verifying concurrent objects", 1993)
// with Lowe's memory of configurations ("Testing for linearizability", 2017), made to follow
// concurrency and not length. It walks along the events of one object and stops only where an
// operation returns that has not taken effect yet; there it branches over what can take effect
// before (just in time). Depth first: where few values leave many orders open, breadth first keeps
// all of them.
//
//   pure operations take effect where they first can: to wait gains nothing;
//   unknown ones never return, and of identical ones the earliest take effect;
//   a configuration is pruned by one that used a subset of its unknown operations;
//   what is open is a set of bits over places, so that memory follows concurrency;
//   the rest is known to the rules of the model: what nobody can tell apart, what is pointless.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sim/history/configurations.h"
#include "sim/history/object.h"

namespace ballast::history {

enum class Answer : std::uint8_t { running, yes, no, out_of_memory };

// Where a search got stuck: the operation that had to return and could not, what had taken effect
// on the way that led furthest, and the states that were possible there.
struct Stuck {
  std::uint32_t operation = Operation::never;
  std::vector<std::uint32_t> order;  // operations, as they took effect
  std::vector<std::string> states;
  // A later operation on whose account one of these states could not be left: likely the one to
  // blame. `never` if there is none.
  std::uint32_t awaited = Operation::never;
};

// A search under way, whatever the model.
class AnySearch {
 public:
  virtual ~AnySearch() = default;
  // Goes on for so many more configurations; memory stays below `bytes`.
  virtual Answer run(std::uint64_t nodes, std::uint64_t bytes) = 0;
  // The order in which operations took effect. REQUIRES the answer yes.
  virtual std::vector<std::uint32_t> witness() const = 0;
  virtual Stuck stuck() const = 0;  // REQUIRES the answer no, and tracking
  virtual std::uint64_t nodes() const = 0;
  virtual std::uint64_t bytes() const = 0;
};

template <class Rules>
class Search final : public AnySearch {
 public:
  // `track`: whether to remember where it got stuck.
  Search(const History& history, const std::vector<std::uint32_t>& operations, bool track = false)
      : Search(history, operations, Rules(history, operations), track) {}
  Search(const History& history, const std::vector<std::uint32_t>& operations, Rules rules,
         bool track)
      : rules_(std::move(rules)), track_(track) {
    std::vector<std::uint32_t> kept;
    for (const std::uint32_t index : operations) {
      if (!rules_.drops(history.operations[index])) kept.push_back(index);
    }
    object_ = make_object(history, kept);
    rules_.prepare(object_);
    words_ = (object_.places + 63) / 64;
    seen_ = Configurations(words_);
    done_.assign(words_, 0);
    at_.assign(object_.places, 0);
    open_.assign(words_, 0);
    open_pure_.assign(words_, 0);
    for (const Step& step : object_.steps) {
      if (step.returned == Operation::never) {
        kinds_.resize(std::max<std::size_t>(kinds_.size(), step.place + 1));
      }
    }
    for (std::uint32_t i = 0; i < object_.steps.size(); ++i) {
      if (object_.steps[i].returned == Operation::never) {
        kinds_[object_.steps[i].place].members.push_back(i);
      }
    }
    active_.assign((kinds_.size() + 63) / 64, 0);
    for (std::uint32_t kind = 0; kind < kinds_.size(); ++kind) {
      kinds_[kind].until = rules_.useful_until(kinds_[kind].members.front());
      if (kinds_[kind].until != Operation::never) expiries_.push_back({kinds_[kind].until, kind});
    }
    std::stable_sort(expiries_.begin(), expiries_.end(),
                     [](const Expiry& a, const Expiry& b) { return a.until < b.until; });
    state_ = rules_.initial();
  }

  Answer run(std::uint64_t nodes, std::uint64_t bytes) override {
    if (answer_ != Answer::running) return answer_;
    limit_ = nodes_ + nodes;
    most_bytes_ = bytes;
    if (!begun_) {
      begun_ = true;
      settle();
      if (arrive()) return answer_;
    }
    while (nodes_ < limit_) {
      if (frames_.empty()) return answer_ = Answer::no;
      if (!try_next()) continue;
      if (arrive()) return answer_;
    }
    return Answer::running;
  }

  std::vector<std::uint32_t> witness() const override { return in_operations(path_); }
  Stuck stuck() const override {
    Stuck stuck;
    stuck.operation = object_.steps[object_.events[deepest_].step].operation;
    stuck.order = in_operations(deepest_path_);
    for (const std::uint32_t state : deepest_states_) {
      stuck.states.push_back(rules_.say(state));
      const std::uint32_t awaited = rules_.awaited(state, deepest_);
      if (stuck.awaited != Operation::never || awaited == Operation::never) continue;
      stuck.awaited = object_.steps[awaited].operation;
    }
    return stuck;
  }
  std::uint64_t nodes() const override { return nodes_; }
  std::uint64_t bytes() const override {
    return seen_.bytes() + sets_.bytes() + rules_.bytes() + frames_.capacity() * sizeof(Frame) +
           saved_.capacity() * 8 + candidates_.capacity() * 8 + path_.capacity() * 4 +
           object_.steps.capacity() * sizeof(Step) + object_.events.capacity() * sizeof(Event);
  }

 private:
  // A configuration at which the search branches, and what is left to try there.
  struct Frame {
    std::uint32_t position = 0;
    std::uint32_t state = 0;
    std::uint32_t used = 0;
    std::uint32_t path = 0;        // how many had taken effect
    std::uint32_t candidates = 0;  // begin, in candidates_; the end is that of the array
    std::uint32_t next = 0;
  };
  struct Candidate {
    std::uint32_t urgency = 0;
    std::uint32_t step = 0;
  };
  struct Kind {
    std::vector<std::uint32_t> members;  // identical unknown operations, by call
    std::uint32_t called = 0;
    std::uint32_t until = 0;  // the last position at which it is of use
  };
  struct Expiry {
    std::uint32_t until = 0;
    std::uint32_t kind = 0;
  };
  static constexpr std::size_t most_states = 8;

  static std::uint64_t bit(std::uint32_t place) { return std::uint64_t{1} << (place % 64); }
  const Step& step(std::uint32_t index) const { return object_.steps[index]; }
  bool is_done(std::uint32_t place) const { return (done_[place / 64] & bit(place)) != 0; }

  std::vector<std::uint32_t> in_operations(const std::vector<std::uint32_t>& steps) const {
    std::vector<std::uint32_t> operations;
    for (const std::uint32_t each : steps) operations.push_back(step(each).operation);
    return operations;
  }

  // --- The events ----------------------------------------------------------------------------

  void open(std::uint32_t index) {
    const Step& s = step(index);
    if (s.returned == Operation::never) {
      ++kinds_[s.place].called;
      active_[s.place / 64] |= bit(s.place);
      return;
    }
    at_[s.place] = index;
    open_[s.place / 64] |= bit(s.place);
    if (rules_.pure(index)) open_pure_[s.place / 64] |= bit(s.place);
  }
  void close(std::uint32_t index) {
    const Step& s = step(index);
    if (s.returned == Operation::never) {
      if (--kinds_[s.place].called == 0) active_[s.place / 64] &= ~bit(s.place);
      return;
    }
    open_[s.place / 64] &= ~bit(s.place);
    open_pure_[s.place / 64] &= ~bit(s.place);
  }
  void rewind(std::uint32_t position) {
    while (position_ > position) {
      const Event& event = object_.events[--position_];
      event.is_return ? open(event.step) : close(event.step);
    }
    for (; expired_ > 0 && expiries_[expired_ - 1].until >= position_; --expired_) {
      const std::uint32_t kind = expiries_[expired_ - 1].kind;
      if (kinds_[kind].called > 0) active_[kind / 64] |= bit(kind);
    }
  }
  // Unknown operations that are of no use any more need not be looked at.
  void expire() {
    for (; expired_ < expiries_.size() && expiries_[expired_].until < position_; ++expired_) {
      const std::uint32_t kind = expiries_[expired_].kind;
      active_[kind / 64] &= ~bit(kind);
    }
  }

  void mark(std::uint32_t index) {
    done_[step(index).place / 64] |= bit(step(index).place);
    path_.push_back(index);
  }
  template <class F>
  void each_undone(const std::vector<std::uint64_t>& among, F f) {
    for (std::uint32_t word = 0; word < words_; ++word) {
      for (std::uint64_t rest = among[word] & ~done_[word]; rest != 0; rest &= rest - 1) {
        f(at_[word * 64 + static_cast<std::uint32_t>(std::countr_zero(rest))]);
      }
    }
  }
  // What only looks takes effect at once where it can.
  void settle() {
    each_undone(open_pure_, [&](std::uint32_t index) {
      std::uint32_t state = state_;
      if (rules_.apply(index, state)) mark(index);
    });
  }

  // Walks to the next return of an operation that has not taken effect. False at the end.
  bool advance() {
    for (; position_ < object_.events.size(); ++position_) {
      const Event& event = object_.events[position_];
      const Step& s = step(event.step);
      if (event.is_return) {
        if (!is_done(s.place)) return true;
        done_[s.place / 64] &= ~bit(s.place);
        close(event.step);
      } else {
        open(event.step);
        if (s.returned == Operation::never || !rules_.pure(event.step)) continue;
        std::uint32_t state = state_;
        if (rules_.apply(event.step, state)) mark(event.step);
      }
    }
    return false;
  }

  // --- The search ----------------------------------------------------------------------------

  // Walks on from here and branches there. True if that ends the search.
  bool arrive() {
    if (!advance()) {
      answer_ = Answer::yes;
      return true;
    }
    state_ = rules_.canonical(state_, position_);
    if ((++nodes_ & 1023) == 0 || seen_.growth() > (std::uint64_t{1} << 20)) {
      if (bytes() + seen_.growth() > most_bytes_) {
        answer_ = Answer::out_of_memory;
        return true;
      }
    }
    if (track_) remember();
    if (!seen_.add(position_, state_, done_.data(), used_, sets_)) return false;
    Frame frame;
    frame.position = position_;
    frame.state = state_;
    frame.used = used_;
    frame.path = static_cast<std::uint32_t>(path_.size());
    frame.candidates = static_cast<std::uint32_t>(candidates_.size());
    frame.next = frame.candidates;
    frames_.push_back(frame);
    saved_.insert(saved_.end(), done_.begin(), done_.end());
    collect();
    return false;
  }

  void consider(std::uint32_t index, std::uint32_t returning) {
    std::uint32_t state = state_;
    if (!rules_.apply(index, state)) return;
    state = rules_.canonical(state, position_);
    if (index != returning && rules_.useless(index, state)) return;
    if (!rules_.may_go(state_, state, index, position_)) return;
    candidates_.push_back({rules_.urgency(index, returning), index});
  }

  void consider_kind(std::uint32_t kind, std::uint32_t returning) {
    const std::uint32_t used = sets_.count(used_, kind);
    if (used < kinds_[kind].called) consider(kinds_[kind].members[used], returning);
  }

  // What can take effect next, in the order in which it is tried.
  void collect() {
    const std::uint32_t returning = object_.events[position_].step;
    const auto begin = static_cast<std::ptrdiff_t>(candidates_.size());
    bool looks = false;
    each_undone(open_pure_, [&](std::uint32_t) { looks = true; });
    if (!looks && rules_.only_itself(returning)) {
      consider(returning, returning);
      return;
    }
    each_undone(open_, [&](std::uint32_t index) { consider(index, returning); });
    expire();
    if (rules_.knows_kinds()) {
      for (const std::uint32_t kind : rules_.kinds_at(state_)) {
        if ((active_[kind / 64] & bit(kind)) != 0) consider_kind(kind, returning);
      }
    } else {
      for (std::uint32_t word = 0; word < active_.size(); ++word) {
        for (std::uint64_t rest = active_[word]; rest != 0; rest &= rest - 1) {
          consider_kind(word * 64 + static_cast<std::uint32_t>(std::countr_zero(rest)), returning);
        }
      }
    }
    std::stable_sort(candidates_.begin() + begin, candidates_.end(),
                     [](const Candidate& a, const Candidate& b) { return a.urgency < b.urgency; });
  }

  // Takes the next candidate of the last frame. False if it has none left.
  bool try_next() {
    Frame& frame = frames_.back();
    if (frame.next == candidates_.size()) {
      if (track_ && !deepest_kept_ && frame.position == deepest_) {
        deepest_path_.assign(path_.begin(), path_.begin() + frame.path);
        deepest_kept_ = true;
      }
      candidates_.resize(frame.candidates);
      saved_.resize(saved_.size() - words_);
      frames_.pop_back();
      return false;
    }
    rewind(frame.position);
    path_.resize(frame.path);
    std::copy(saved_.end() - words_, saved_.end(), done_.begin());
    state_ = frame.state;
    used_ = frame.used;
    const std::uint32_t index = candidates_[frame.next++].step;
    if (rules_.overwrites(index)) {
      each_undone(open_, [&](std::uint32_t other) {
        if (other != index && rules_.absorbed(other, position_)) mark(other);
      });
    }
    rules_.apply(index, state_);
    state_ = rules_.canonical(state_, position_);
    if (step(index).returned == Operation::never) {
      if (!rules_.knows_kinds())
        used_ = sets_.with(used_, step(index).place, [this](std::uint32_t kind) {
          return expired_ > 0 && kinds_[kind].until < position_;
        });
      path_.push_back(index);
    } else {
      mark(index);
    }
    settle();
    return true;
  }

  void remember() {
    if (position_ > deepest_ || nodes_ == 1) {
      deepest_ = position_;
      deepest_kept_ = false;
      deepest_states_.clear();
    }
    if (position_ != deepest_ || deepest_states_.size() == most_states) return;
    if (std::find(deepest_states_.begin(), deepest_states_.end(), state_) ==
        deepest_states_.end()) {
      deepest_states_.push_back(state_);
    }
  }

  Rules rules_;
  Object object_;
  std::uint32_t words_ = 0;
  bool track_ = false;
  bool begun_ = false;
  Answer answer_ = Answer::running;

  // Where the search stands.
  std::uint32_t position_ = 0;
  std::uint32_t state_ = 0;
  std::uint32_t used_ = UsedSets::empty;
  std::vector<std::uint64_t> done_;       // by place
  std::vector<std::uint32_t> at_;         // the step at each place
  std::vector<std::uint64_t> open_;       // by place
  std::vector<std::uint64_t> open_pure_;  // of these
  std::vector<Kind> kinds_;
  std::vector<std::uint64_t> active_;  // kinds that were called and may be of use
  std::vector<Expiry> expiries_;       // by time
  std::size_t expired_ = 0;            // so many of them are over
  std::vector<std::uint32_t> path_;    // what took effect, in order

  std::vector<Frame> frames_;
  std::vector<std::uint64_t> saved_;  // done_ of each frame
  std::vector<Candidate> candidates_;
  Configurations seen_{0};
  UsedSets sets_;
  std::uint64_t nodes_ = 0;
  std::uint64_t limit_ = 0;
  std::uint64_t most_bytes_ = 0;

  std::uint32_t deepest_ = 0;
  bool deepest_kept_ = false;
  std::vector<std::uint32_t> deepest_path_;
  std::vector<std::uint32_t> deepest_states_;
};

}  // namespace ballast::history
