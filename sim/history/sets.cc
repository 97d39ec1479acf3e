#include "sim/history/sets.h"

#include <algorithm>
#include <map>

namespace ballast::history {
namespace {

// A read and all that it returned, sorted.
struct SetRead {
  std::uint32_t operation = 0;
  std::vector<Word> members;
};

class SetOrder {
 public:
  SetOrder(const History& history, const std::vector<std::uint32_t>& operations)
      : history_(history) {
    for (const std::uint32_t index : operations) {
      const Operation& op = at(index);
      if (op.action == Action::add) {
        adds_[op.argument].push_back(index);
      } else if (op.known()) {
        reads_.push_back({index, history.values.elements(op.result)});
        std::vector<Word>& members = reads_.back().members;
        std::sort(members.begin(), members.end());
      }
    }
    std::stable_sort(reads_.begin(), reads_.end(), [](const SetRead& a, const SetRead& b) {
      return a.members.size() < b.members.size();
    });
  }

  Finding check() {
    std::vector<Word> empty;
    const std::vector<Word>* before = &empty;
    for (std::size_t i = 0; i < reads_.size(); ++i) {
      const SetRead& read = reads_[i];
      if (!std::includes(read.members.begin(), read.members.end(), before->begin(),
                         before->end())) {
        return disagree(reads_[i - 1], read);
      }
      std::vector<Word> fresh;
      std::set_difference(read.members.begin(), read.members.end(), before->begin(), before->end(),
                          std::back_inserter(fresh));
      if (std::adjacent_find(read.members.begin(), read.members.end()) != read.members.end()) {
        return refuse(read.operation, "it returned an element twice");
      }
      std::vector<std::uint32_t> firsts;
      for (const Word member : fresh) {
        const auto added = adds_.find(member);
        if (added == adds_.end()) {
          return refuse(read.operation, "nobody ever added " + history_.values.say(member));
        }
        firsts.push_back(added->second.front());  // the earliest call: it bars others the least
      }
      emit_in_order(firsts);
      emit(read.operation);
      before = &read.members;
    }
    for (const auto& [element, indices] : adds_) {
      if (!std::binary_search(before->begin(), before->end(), element)) {
        for (const std::uint32_t index : indices) put_afloat(index);
      }
    }
    emit_floating(Operation::never);
    return std::move(finding_);
  }

 private:
  const Operation& at(std::uint32_t index) const { return history_.operations[index]; }

  Finding refuse(std::uint32_t index, const std::string& why) const {
    return {{}, say(at(index), history_.values) + ": " + why, index};
  }
  Finding disagree(const SetRead& a, const SetRead& b) const {
    std::vector<Word> lacking;
    std::set_difference(a.members.begin(), a.members.end(), b.members.begin(), b.members.end(),
                        std::back_inserter(lacking));
    return refuse(b.operation, "it lacks " + history_.values.say(lacking.front()) + ", which the " +
                                   say(at(a.operation), history_.values) +
                                   " has, and has what that one lacks: no order of the two fits");
  }

  // Reads of equal sets keep the order of their calls: they were sorted stably.
  void emit(std::uint32_t index) {
    emit_floating(at(index).called);
    finding_.witness.push_back(index);
  }
  void emit_in_order(std::vector<std::uint32_t>& indices) {
    std::sort(indices.begin(), indices.end());
    for (const std::uint32_t index : indices) {
      emit(index);
      float_rest(at(index).argument);
    }
  }
  // The other adds of an element that is there change nothing: they stand wherever time wants them.
  void float_rest(Word member) {
    const std::vector<std::uint32_t>& all = adds_[member];
    for (std::size_t i = 1; i < all.size(); ++i) put_afloat(all[i]);
  }
  void put_afloat(std::uint32_t index) {
    if (!at(index).known()) return;
    floating_.emplace_back(at(index).returned, index);
    std::push_heap(floating_.begin(), floating_.end(), std::greater<>());
  }
  void emit_floating(std::uint32_t before) {
    while (!floating_.empty() && floating_.front().first < before) {
      std::pop_heap(floating_.begin(), floating_.end(), std::greater<>());
      finding_.witness.push_back(floating_.back().second);
      floating_.pop_back();
    }
  }

  const History& history_;
  std::map<Word, std::vector<std::uint32_t>> adds_;
  std::vector<SetRead> reads_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> floating_;  // by return, a heap
  Finding finding_;
};

// The first operation of the order that had returned before one that stands before it was called.
void object_to_time(const History& history, Finding& finding) {
  std::uint32_t latest = Operation::never;
  for (const std::uint32_t index : finding.witness) {
    const Operation& op = history.operations[index];
    if (latest != Operation::never && op.returned < history.operations[latest].called) {
      const Operation& other = history.operations[latest];
      finding.sentence = say(other, history.values) + " was called at " +
                         say_time(history, other.invoked) + ", after " + say(op, history.values) +
                         " had returned at " + say_time(history, op.ended) +
                         ", but what the reads saw needs it to come first";
      finding.at = std::max(latest, index);
      finding.witness.clear();
      return;
    }
    if (latest == Operation::never || op.called > history.operations[latest].called) {
      latest = index;
    }
  }
}

}  // namespace

Finding check_set(const History& history, const std::vector<std::uint32_t>& operations) {
  Finding finding = SetOrder(history, operations).check();
  if (finding.sentence.empty()) object_to_time(history, finding);
  return finding;
}

}  // namespace ballast::history
