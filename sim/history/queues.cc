// Linearizations of a queue whose values are all different.
//
// An order of the values, in which they go through the queue, must agree with real time on both
// sides: a before b if the enqueue of a is over before that of b begins, and likewise for dequeues.
// Two interval orders of which no two values disagree have an order in common, and with it
// enqueues and dequeues take effect as soon as their turn has come. A dequeue that found nothing
// parts the values: those before it are through, those after it have not begun. An unknown dequeue
// takes a value that nobody else took.
#include <algorithm>
#include <functional>
#include <initializer_list>
#include <limits>

#include "sim/history/direct.h"

namespace ballast::history {
namespace {

// Times leave room between the events of the object: calls and returns are multiples of four, a
// dequeue that found nothing stands two after one of them, and what must be over before it or may
// begin only after it is one away from that.
using Moment = std::uint64_t;
constexpr Moment never_ends = std::numeric_limits<Moment>::max();
constexpr Moment at_event(std::uint32_t position) { return (Moment{position} + 1) * 4; }
constexpr Moment after_event(std::size_t position) { return (Moment{position} + 1) * 4 + 2; }

struct Interval {
  Moment call = 0;
  Moment end = never_ends;
};

// A value and the two who move it. One that is left in the queue leaves it at the end of time.
struct Passage {
  std::uint32_t enqueue = Operation::never;  // steps
  std::uint32_t dequeue = Operation::never;
  Interval in;
  Interval out{never_ends, never_ends};

  bool is_taken() const { return dequeue != Operation::never; }
  bool certain = true;      // false: nobody knows of the enqueue, nor dequeued the value
  Moment due = never_ends;  // if it is not known to be taken: an unknown dequeue must, and must
                            // have been called before
};

class Queue {
 public:
  Queue(const History& history, const std::vector<std::uint32_t>& operations)
      : history_(history), object_(make_object(history, operations)) {}

  Direct judge() {
    if (!collect()) return {};
    if (!tighten() || !find_empty_moments() || !part() || !take())
      return Direct::no(std::move(because_));
    bound();
    if (!put_in_line()) return Direct::no(std::move(because_));
    return Direct::yes(merge());
  }

 private:
  struct Moving {
    Moment at = 0;
    std::uint32_t step = 0;
  };

  const Operation& op(std::uint32_t step) const {
    return history_.operations[object_.steps[step].operation];
  }
  Interval interval(std::uint32_t step) const {
    const Step& s = object_.steps[step];
    return {at_event(s.called), s.returned == Operation::never ? never_ends : at_event(s.returned)};
  }

  // False if these are other operations than the algorithm is for.
  bool collect() {
    const auto count = static_cast<std::uint32_t>(object_.steps.size());
    passages_.reserve(count / 2 + 1);
    for (std::uint32_t i = 0; i < count; ++i) {
      const Operation& each = op(i);
      if (each.action == Action::enqueue) {
        Passage& passage = passage_of(each.argument);
        if (each.outcome == Outcome::refused || passage.enqueue != Operation::never) return false;
        passage.enqueue = i;
        passage.in = interval(i);
        passage.certain = each.known();
      } else if (each.action != Action::dequeue) {
        return false;
      } else if (each.outcome == Outcome::refused) {
        empties_.push_back({0, i});
      } else if (!each.known()) {
        takers_.push_back(i);
      } else {
        Passage& passage = passage_of(each.result);
        taken_twice_ |= passage.is_taken();
        passage.dequeue = i;
        passage.out = interval(i);
      }
    }
    // What nobody knows to have been enqueued and nobody has dequeued need not have been.
    std::erase_if(passages_, [](const Passage& each) { return !each.certain && !each.is_taken(); });
    return true;
  }
  Passage& passage_of(Word value) {
    const std::uint32_t number = values_.number(value);
    if (number == passages_.size()) passages_.emplace_back();
    return passages_[number];
  }

  // A value is enqueued before it is dequeued.
  bool tighten() {
    if (taken_twice_) return false;
    for (Passage& each : passages_) {
      if (each.enqueue == Operation::never || each.out.end < each.in.call) {
        blame({each.dequeue, each.enqueue});
        return false;
      }
      each.out.call = std::max(each.out.call, each.in.call);
    }
    set_due();
    return true;
  }

  // A value that is left behind by one that was certainly enqueued later must have been taken.
  void set_due() {
    std::vector<Moving> taken;  // when their enqueues begin, when their dequeues end
    for (std::uint32_t i = 0; i < passages_.size(); ++i) {
      if (passages_[i].is_taken()) taken.push_back({passages_[i].in.call, i});
    }
    sort(taken);
    std::vector<Moment> first_out(taken.size() + 1, never_ends);
    for (std::size_t i = taken.size(); i-- > 0;) {
      first_out[i] = std::min(first_out[i + 1], passages_[taken[i].step].out.end);
    }
    for (Passage& each : passages_) {
      if (each.is_taken()) continue;
      const auto later =
          std::upper_bound(taken.begin(), taken.end(), each.in.end,
                           [](Moment moment, const Moving& other) { return moment < other.at; });
      each.due = first_out[static_cast<std::size_t>(later - taken.begin())];
    }
  }
  static void sort(std::vector<Moving>& all) {
    std::stable_sort(all.begin(), all.end(),
                     [](const Moving& a, const Moving& b) { return a.at < b.at; });
  }

  // After which events the queue may be empty: no value is certainly in it that somebody takes
  // later, and there are unknown dequeues enough for all others that are certainly in it. False if
  // there are too few of them whatever is empty when.
  bool find_empty_moments() {
    const std::size_t events = object_.events.size();
    std::vector<std::int32_t> held(events + 1, 0);  // changes
    for (const Passage& each : passages_) {
      if (!each.is_taken() || each.in.end >= each.out.call) continue;
      ++held[position(each.in.end)];
      --held[position(each.out.call)];
    }
    std::vector<bool> no_value(events, true);
    std::int32_t holding = 0;
    for (std::size_t i = 0; i < events; ++i) {
      holding += held[i];
      no_value[i] = holding == 0;
    }
    return count_takers(no_value);
  }
  static std::size_t position(Moment moment) { return moment / 4 - 1; }

  // Of two values the one whose enqueue ends first is due first, so that unknown dequeues take them
  // in that order.
  bool count_takers(const std::vector<bool>& no_value) {
    std::vector<Moving> left;  // values not known to be taken, by the ends of their enqueues
    for (std::uint32_t i = 0; i < passages_.size(); ++i) {
      if (!passages_[i].is_taken()) left.push_back({passages_[i].in.end, i});
    }
    sort(left);
    for (std::size_t i = 0; i < left.size(); ++i) {
      const Moment due = passages_[left[i].step].due;
      const bool in_time = i < takers_.size() && interval(takers_[i]).call < due;
      if (due != never_ends && !in_time) return false;
    }
    std::size_t over = left.size();       // so many enqueues have ended
    std::size_t called = takers_.size();  // and so many unknown dequeues have been called
    next_empty_.assign(object_.events.size() + 1, none);
    for (std::size_t i = object_.events.size(); i-- > 0;) {
      const Moment moment = after_event(i);
      while (over > 0 && left[over - 1].at > moment) --over;
      while (called > 0 && interval(takers_[called - 1]).call > moment) --called;
      const bool may_be_empty = no_value[i] && over <= called;
      next_empty_[i] = may_be_empty ? static_cast<std::uint32_t>(i) : next_empty_[i + 1];
    }
    return true;
  }

  // Each dequeue that found nothing takes effect at the first moment that allows it.
  bool part() {
    for (Moving& each : empties_) {
      const Step& step = object_.steps[each.step];
      const std::uint32_t after = next_empty_[step.called];
      if (after == none || after >= step.returned) {
        blame({each.step});
        return false;
      }
      each.at = after_event(after);
    }
    sort(empties_);
    return true;
  }
  // How many of these take effect up to then.
  std::size_t empties_before(Moment moment) const {
    const auto later = std::upper_bound(empties_.begin(), empties_.end(), moment,
                                        [](Moment at, const Moving& each) { return at < each.at; });
    return static_cast<std::size_t>(later - empties_.begin());
  }

  // Unknown dequeues take what is due first.
  bool take() {
    std::vector<Moving> due;
    for (std::uint32_t i = 0; i < passages_.size(); ++i) {
      Passage& each = passages_[i];
      if (each.is_taken()) continue;
      const std::size_t next = empties_before(each.in.end);
      if (next < empties_.size()) each.due = std::min(each.due, empties_[next].at);
      if (each.due != never_ends) due.push_back({each.due, i});
    }
    sort(due);
    for (std::size_t i = 0; i < due.size(); ++i) {
      if (i == takers_.size() || interval(takers_[i]).call > due[i].at) return false;
      Passage& each = passages_[due[i].step];
      each.dequeue = takers_[i];
      each.out = {std::max(interval(takers_[i]).call, each.in.call), never_ends};
    }
    return true;
  }

  // What is dequeued before an empty moment is over by then; the rest begins after it.
  void bound() {
    for (Passage& each : passages_) {
      const std::size_t next = empties_before(each.out.call);
      if (next > 0) each.in.call = std::max(each.in.call, empties_[next - 1].at + 1);
      if (next == empties_.size()) continue;
      each.in.end = std::min(each.in.end, empties_[next].at - 1);
      each.out.end = std::min(each.out.end, empties_[next].at - 1);
    }
  }

  // Takes the values that may come next one after the other. False if there is none, because two
  // values stand in each other's way.
  bool put_in_line() {
    const auto by = [this](auto key) {
      std::vector<std::uint32_t> order(passages_.size());
      for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
      std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
        return key(passages_[a]) < key(passages_[b]);
      });
      return order;
    };
    const std::vector<std::uint32_t> by_call = by([](const Passage& p) { return p.in.call; });
    const std::vector<std::uint32_t> by_in = by([](const Passage& p) { return p.in.end; });
    const std::vector<std::uint32_t> by_out = by([](const Passage& p) { return p.out.end; });
    std::vector<bool> gone(passages_.size(), false);
    std::vector<std::pair<Moment, std::uint32_t>> ready;  // a heap, by the call of the dequeue
    std::size_t called = 0;
    std::size_t in = 0;
    std::size_t out = 0;
    line_.reserve(passages_.size());
    while (line_.size() < passages_.size()) {
      while (gone[by_in[in]]) ++in;
      while (gone[by_out[out]]) ++out;
      for (; called < by_call.size(); ++called) {
        const Passage& each = passages_[by_call[called]];
        if (each.in.call > passages_[by_in[in]].in.end) break;
        ready.emplace_back(each.out.call, by_call[called]);
        std::push_heap(ready.begin(), ready.end(), std::greater<>());
      }
      if (ready.empty() || ready.front().first > passages_[by_out[out]].out.end) {
        // What has to be enqueued first is ready, and dequeued later than what is not.
        const Passage& first_out = passages_[by_out[out]];
        const Passage& first_in = passages_[by_in[in]];
        blame({first_out.dequeue, first_out.enqueue, first_in.dequeue, first_in.enqueue});
        return false;
      }
      std::pop_heap(ready.begin(), ready.end(), std::greater<>());
      line_.push_back(ready.back().second);
      gone[ready.back().second] = true;
      ready.pop_back();
    }
    return true;
  }

  void blame(std::initializer_list<std::uint32_t> steps) {
    for (const std::uint32_t step : steps) {
      if (step != Operation::never) because_.push_back(object_.steps[step].operation);
    }
  }

  std::vector<std::uint32_t> merge() const {
    std::vector<Moving> moves = empties_;
    moves.reserve(object_.steps.size());
    Moment in = 0;
    Moment out = 0;
    for (const std::uint32_t number : line_) {
      const Passage& each = passages_[number];
      in = std::max(in, each.in.call);
      moves.push_back({in, each.enqueue});
    }
    in = 0;
    for (const std::uint32_t number : line_) {
      const Passage& each = passages_[number];
      in = std::max(in, each.in.call);
      if (!each.is_taken()) continue;
      out = std::max({out, in, each.out.call});
      moves.push_back({out, each.dequeue});
    }
    sort(moves);  // of those at one moment, enqueues stay in front
    std::vector<std::uint32_t> witness;
    witness.reserve(moves.size());
    for (const Moving& each : moves) witness.push_back(object_.steps[each.step].operation);
    return witness;
  }

  static constexpr std::uint32_t none = 0xFFFFFFFF;

  const History& history_;
  Object object_;
  WordTable values_;
  std::vector<Passage> passages_;
  bool taken_twice_ = false;
  std::vector<Moving> empties_;            // dequeues that found nothing
  std::vector<std::uint32_t> takers_;      // unknown dequeues, by call
  std::vector<std::uint32_t> next_empty_;  // by event: the next after which the queue may be empty
  std::vector<std::uint32_t> line_;        // of passages
  std::vector<std::uint32_t> because_;     // operations
};

}  // namespace

Direct linearize_queue(const History& history, const std::vector<std::uint32_t>& operations) {
  return Queue(history, operations).judge();
}

}  // namespace ballast::history
