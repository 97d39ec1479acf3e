// The sentence that says why a history is not linearizable. Each shape of violation has its own;
// what fits none is told as the states that were possible and the operation that none of them
// allows.
#include <algorithm>
#include <map>

#include "sim/history/explain.h"
#include "sim/history/sets.h"

namespace ballast::history {
namespace {

constexpr std::size_t most_core = 100;  // operations

class Reason {
 public:
  Reason(const History& history, Model model, const std::vector<std::uint32_t>& all,
         const Explanation& explanation)
      : history_(history), model_(model), all_(all), explanation_(explanation) {
    // A core that could not be made small is no place to look for a reason.
    if (explanation.core.size() <= most_core) {
      for (const std::uint32_t index : explanation.core) {
        core_.push_back(&history.operations[index]);
      }
    } else if (explanation.stuck != Operation::never) {
      core_.push_back(&history.operations[explanation.stuck]);
    }
  }

  Because find() {
    std::string sentence;
    switch (model_) {
      case Model::reg:
      case Model::cas_register:
      case Model::kv:
      case Model::append_list:
        sentence = of_values();
        break;
      case Model::queue:
        sentence = of_queue();
        break;
      case Model::lock:
      case Model::fenced_lock:
        sentence = of_lock();
        break;
      case Model::counter:
        sentence = of_counter();
        break;
      case Model::consensus:
        sentence = of_consensus();
        break;
      case Model::set:
        sentence = check_set(history_, all_).sentence;
        break;
    }
    if (sentence.empty()) sentence = by_states();
    return {std::move(sentence), std::move(named_)};
  }

 private:
  // "read -> 3 (1.204 s to 1.210 s)"
  std::string name(const Operation& op) {
    named_.push_back(static_cast<std::uint32_t>(&op - history_.operations.data()));
    const std::string end = op.known() ? say_time(history_, op.ended) : "unknown";
    return say(op, history_.values) + " (" + say_time(history_, op.invoked) + " to " + end + ")";
  }
  std::string when(Time at) const { return say_time(history_, at); }
  std::string value(Word word) const { return history_.values.say(word); }

  // --- Registers -----------------------------------------------------------------------------

  // Whether the operation can leave this value in the object.
  bool leaves(const Operation& op, Word word) const {
    switch (op.action) {
      case Action::write:
        return op.argument == word;
      case Action::cas:
        return op.argument == word && op.outcome != Outcome::refused;
      case Action::erase:
        return word == nil && op.outcome != Outcome::refused;
      case Action::append:
        if (!Values::is_list(word) && !Values::is_text(word)) return false;
        return Values::is_list(op.argument) || Values::is_text(op.argument) ||
               history_.values.last(word) == op.argument;
      case Action::read:
      case Action::enqueue:
      case Action::dequeue:
      case Action::acquire:
      case Action::release:
      case Action::add:
      case Action::propose:
        break;
    }
    return false;
  }
  std::vector<const Operation*> writers(Word word) const {
    std::vector<const Operation*> found;
    for (const std::uint32_t index : all_) {
      if (leaves(history_.operations[index], word)) found.push_back(&history_.operations[index]);
    }
    return found;
  }
  // Certainly changes the value to another one.
  bool overwrites(const Operation& op, Word word) const {
    const bool changes = op.action == Action::write || op.action == Action::erase ||
                         op.action == Action::append || op.action == Action::cas;
    return changes && op.outcome == Outcome::ok && !leaves(op, word);
  }

  std::string of_values() {
    for (const Operation* op : core_) {
      // A delete that found nothing has read nothing.
      const bool reads = op->action == Action::read ||
                         (op->action == Action::erase && op->outcome == Outcome::refused);
      if (!reads) continue;
      const std::string sentence = of_read(*op);
      if (!sentence.empty()) return sentence;
    }
    return of_zones();
  }

  std::string of_read(const Operation& read) {
    const std::vector<const Operation*> all = writers(read.result);
    std::vector<const Operation*> before;
    for (const Operation* writer : all) {
      if (writer->called < read.returned) before.push_back(writer);
    }
    const bool initial = read.result == nil;
    if (before.empty() && !initial) {
      if (all.empty()) return name(read) + " returned what nobody wrote";
      return name(read) + " was over before " + name(*all.front()) +
             ", the first that could leave this value, began";
    }
    // After the last that could leave the value, something else completed before the read began.
    const Operation* last = nullptr;
    for (const Operation* writer : before) {
      if (!writer->known()) return "";
      if (last == nullptr || writer->returned > last->returned) last = writer;
    }
    for (const std::uint32_t index : all_) {
      const Operation& other = history_.operations[index];
      if (!overwrites(other, read.result) || other.returned > read.called) continue;
      if (last != nullptr && other.called < last->returned) continue;
      const std::string held = last == nullptr
                                   ? "nothing had left the object empty again"
                                   : name(*last) + " was the last that could leave this value";
      return name(read) + " returned " + value(read.result) + ", but " + held + ", and " +
             name(other) + " came after that and had completed before the read began at " +
             when(read.invoked);
    }
    return "";
  }

  // Gibbons and Korach: with one writer for each value, the object holds it from the first return
  // of those who wrote or saw it to the last call of them.
  struct Zone {
    const Operation* first_over = nullptr;
    const Operation* last_begun = nullptr;
    bool unique = false;
    bool is_forward() const { return first_over->returned < last_begun->called; }
  };
  std::map<Word, Zone> zones() const {
    std::map<Word, Zone> zones;
    for (const Operation* op : core_) {
      const bool reads = op->action == Action::read;
      if (!reads && op->action != Action::write) continue;
      const Word word = reads ? op->result : op->argument;
      Zone& zone = zones[word];
      if (zone.first_over == nullptr) zone.unique = word != nil && writers(word).size() == 1;
      if (zone.first_over == nullptr || op->returned < zone.first_over->returned) {
        zone.first_over = op;
      }
      if (zone.last_begun == nullptr || op->called > zone.last_begun->called) zone.last_begun = op;
    }
    return zones;
  }
  std::string of_zones() {
    const std::map<Word, Zone> all = zones();
    for (const auto& [word, held] : all) {
      if (!held.unique || !held.is_forward()) continue;
      for (const auto& [other_word, other] : all) {
        if (word == other_word || !other.unique) continue;
        const bool inside = held.first_over->returned < other.last_begun->called &&
                            other.first_over->returned < held.last_begun->called;
        if (!inside) continue;
        std::string because = name(*other.first_over);
        if (other.last_begun != other.first_over) because += " and " + name(*other.last_begun);
        return name(*held.last_begun) + " says that the value was still " + value(word) +
               ", as it was by the end of " + name(*held.first_over) +
               "; but in between it must have been " + value(other_word) + ", because of " +
               because;
      }
    }
    return "";
  }

  // --- Other objects -------------------------------------------------------------------------

  std::string of_queue() {
    const auto with = [&](Action action, Word word) {
      std::vector<const Operation*> found;
      for (const std::uint32_t index : all_) {
        const Operation& op = history_.operations[index];
        const Word of = action == Action::enqueue ? op.argument : op.result;
        const bool seen = action == Action::enqueue || op.outcome == Outcome::ok;
        if (op.action == action && seen && of == word) found.push_back(&op);
      }
      return found;
    };
    for (const Operation* op : core_) {
      if (op->action == Action::dequeue && op->outcome == Outcome::refused) {
        const std::string sentence = of_nothing(*op);
        if (!sentence.empty()) return sentence;
      }
      if (op->action != Action::dequeue || op->outcome != Outcome::ok) continue;
      const auto enqueues = with(Action::enqueue, op->result);
      const auto dequeues = with(Action::dequeue, op->result);
      if (enqueues.empty()) return name(*op) + " returned what nobody enqueued";
      if (enqueues.front()->called > op->returned) {
        return name(*op) + " was over before " + name(*enqueues.front()) + " began";
      }
      if (dequeues.size() > enqueues.size()) {
        return name(*dequeues[0]) + " and " + name(*dequeues[1]) + " both took " +
               value(op->result) + ", which was enqueued " +
               (enqueues.size() == 1 ? "once" : "less often");
      }
      for (const Operation* first : core_) {
        if (first->action != Action::enqueue || enqueues.size() != 1) continue;
        const auto taken = with(Action::dequeue, first->argument);
        const bool before = first->returned < enqueues.front()->called;
        if (before && taken.size() == 1 && op->returned < taken.front()->called) {
          return name(*first) + " was over before " + name(*enqueues.front()) + " began, but " +
                 name(*op) + " was over before " + name(*taken.front()) + " began";
        }
        if (before && !may_be_taken(first->argument, op->returned)) {
          return name(*op) + " took " + value(op->result) + ", but " + name(*first) +
                 " was over before " + name(*enqueues.front()) +
                 " began, and no dequeue that took " + value(first->argument) + " had begun by " +
                 when(op->ended);
        }
      }
    }
    return "";
  }

  // Whether a dequeue that took the value, or may have, began before that.
  bool may_be_taken(Word word, std::uint32_t before) const {
    return std::any_of(all_.begin(), all_.end(), [&](std::uint32_t index) {
      const Operation& op = history_.operations[index];
      return op.action == Action::dequeue && op.called < before &&
             (!op.known() || (op.outcome == Outcome::ok && op.result == word));
    });
  }

  // A dequeue that found nothing, although one value was there all the time.
  std::string of_nothing(const Operation& nothing) {
    for (const Operation* enqueue : core_) {
      if (enqueue->action != Action::enqueue || enqueue->returned > nothing.called) continue;
      if (may_be_taken(enqueue->argument, nothing.returned)) continue;
      return name(nothing) + " found nothing, but " + name(*enqueue) +
             " was over before it began, and no dequeue that took " + value(enqueue->argument) +
             " had begun by " + when(nothing.ended);
    }
    return "";
  }

  std::string of_lock() {
    for (const Operation* a : core_) {
      if (a->action != Action::acquire || a->outcome != Outcome::ok) continue;
      for (const Operation* b : core_) {
        if (b == a || b->action != Action::acquire || b->outcome != Outcome::ok) continue;
        if (a->returned > b->returned || a->owner == b->owner) continue;
        const bool released = std::any_of(all_.begin(), all_.end(), [&](std::uint32_t index) {
          const Operation& op = history_.operations[index];
          return op.action == Action::release && op.owner == a->owner && op.called < b->returned &&
                 op.returned > a->called;
        });
        if (!released) {
          return name(*b) + " by " + value(b->owner) + " got the lock, but " + value(a->owner) +
                 " had it since " + name(*a) + " and had not begun to release it by " +
                 when(b->ended);
        }
      }
    }
    return model_ == Model::fenced_lock ? of_tokens() : "";
  }

  // Tokens count the grants from 1.
  std::string of_tokens() {
    for (const Operation* a : core_) {
      if (a->action != Action::acquire || a->outcome != Outcome::ok) continue;
      Word most = 0;
      for (const std::uint32_t index : all_) {
        const Operation& op = history_.operations[index];
        const bool grants = op.action == Action::acquire && op.outcome != Outcome::refused;
        most += grants && op.called < a->returned ? 1 : 0;
      }
      if (a->result > most) {
        return name(*a) + " was given token " + value(a->result) + ", but by " + when(a->ended) +
               " the lock can have been granted no more than " + std::to_string(most) +
               (most == 1 ? " time" : " times");
      }
      for (const std::uint32_t index : all_) {
        const Operation& b = history_.operations[index];
        const bool granted = b.action == Action::acquire && b.outcome == Outcome::ok;
        if (granted && b.result == a->result && b.owner != a->owner) {
          return name(b) + " by " + value(b.owner) + " and " + name(*a) + " by " + value(a->owner) +
                 " were both given token " + value(a->result);
        }
      }
    }
    return "";
  }

  static Word sum_of(const Operation& read) { return read.result == nil ? 0 : read.result; }

  // Why a read of a counter contradicts an earlier one, or that all begins with 0: what is added in
  // between comes to no such sum.
  std::string of_sums(const Operation* earlier, const Operation& read) {
    if (earlier != nullptr && earlier->returned > read.called) return "";
    Word least = 0;
    Word most = 0;
    for (const std::uint32_t index : all_) {
      const Operation& op = history_.operations[index];
      if (op.action != Action::add || op.called > read.returned) continue;
      if (earlier != nullptr && op.returned < earlier->called) continue;
      const bool certain = op.known() && op.returned < read.called &&
                           (earlier == nullptr || op.called > earlier->returned);
      if (certain || op.argument < 0) least += op.argument;
      if (certain || op.argument > 0) most += op.argument;
    }
    const Word before = earlier == nullptr ? 0 : sum_of(*earlier);
    if (sum_of(read) >= before + least && sum_of(read) <= before + most) return "";
    const std::string added =
        std::to_string(least) + (least == most ? "" : " to " + std::to_string(most));
    std::string sentence = name(read) + " returned " + value(read.result) + ", but ";
    if (earlier == nullptr) return sentence + "what was added by then comes to " + added;
    sentence += name(*earlier) + " was over before it began and had returned " +
                value(earlier->result) + ", and what was added in between comes to " + added;
    return sentence;
  }

  std::string of_counter() {
    for (const Operation* read : core_) {
      if (read->action != Action::read) continue;
      for (const Operation* earlier : core_) {
        if (earlier == read || earlier->action != Action::read) continue;
        const std::string sentence = of_sums(earlier, *read);
        if (!sentence.empty()) return sentence;
      }
      const std::string sentence = of_sums(nullptr, *read);
      if (!sentence.empty()) return sentence;
    }
    return "";
  }

  std::string of_consensus() {
    for (const Operation* op : core_) {
      for (const Operation* other : core_) {
        if (op->result == other->result || other->returned > op->returned) continue;
        return name(*op) + " was told that " + value(op->result) + " is decided, and " +
               name(*other) + " had been told " + value(other->result);
      }
      const Operation* first = nullptr;
      for (const std::uint32_t index : all_) {
        const Operation& each = history_.operations[index];
        if (each.argument == op->result && (first == nullptr || each.called < first->called)) {
          first = &each;
        }
      }
      if (first == nullptr) return name(*op) + " was told what nobody proposed";
      if (first->called > op->returned) {
        return name(*op) + " was over before " + name(*first) + ", the first of that value, began";
      }
    }
    return "";
  }

  // --- What fits none ------------------------------------------------------------------------

  std::string by_states() {
    if (explanation_.stuck == Operation::never) return "no order of the operations explains it";
    std::string text = name(history_.operations[explanation_.stuck]) +
                       " cannot be explained by any order of the operations around it";
    if (explanation_.states.empty()) return text;
    text += "; before it the object could be ";
    for (std::size_t i = 0; i < explanation_.states.size(); ++i) {
      if (i > 0) text += i + 1 == explanation_.states.size() ? " or " : ", ";
      text += explanation_.states[i];
    }
    return text;
  }

  const History& history_;
  Model model_;
  const std::vector<std::uint32_t>& all_;
  const Explanation& explanation_;
  std::vector<const Operation*> core_;
  std::vector<std::uint32_t> named_;
};

}  // namespace

Because reason(const History& history, Model model, const std::vector<std::uint32_t>& all,
               const Explanation& explanation) {
  return Reason(history, model, all, explanation).find();
}

}  // namespace ballast::history
