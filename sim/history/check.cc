#include "sim/history/check.h"

#include <algorithm>

#include "sim/base/assert.h"
#include "sim/history/direct.h"
#include "sim/history/object_rules.h"
#include "sim/history/register_rules.h"
#include "sim/history/verify.h"
#include "sim/history/witness.h"

namespace ballast::history {
namespace {

template <class Rules>
std::vector<std::uint32_t> kept_by(const History& history,
                                   const std::vector<std::uint32_t>& operations) {
  const Rules rules(history, operations);
  std::vector<std::uint32_t> kept;
  for (const std::uint32_t index : operations) {
    if (!rules.drops(history.operations[index])) kept.push_back(index);
  }
  return kept;
}

}  // namespace

std::vector<std::uint32_t> without_unobserved(const History& history, Model model,
                                              const std::vector<std::uint32_t>& operations) {
  switch (model) {
    case Model::reg:
    case Model::cas_register:
    case Model::kv:
    case Model::append_list:
      return kept_by<RegisterRules>(history, operations);
    case Model::queue:
      return kept_by<QueueRules>(history, operations);
    case Model::lock:
      return kept_by<LockRules>(history, operations);
    case Model::fenced_lock:
      return kept_by<FencedLockRules>(history, operations);
    case Model::counter:
      return kept_by<CounterRules>(history, operations);
    case Model::consensus:
      return kept_by<ConsensusRules>(history, operations);
    case Model::set:
      break;
  }
  return operations;
}

std::vector<std::vector<std::uint32_t>> by_object(const History& history) {
  // An operation is many times as large as what is wanted of it: they are gone through once.
  std::vector<std::uint32_t> object_of;
  object_of.reserve(history.operations.size());
  std::vector<std::size_t> count(history.objects.size(), 0);
  for (const Operation& operation : history.operations) {
    object_of.push_back(operation.object);
    ++count[operation.object];
  }
  std::vector<std::vector<std::uint32_t>> all(history.objects.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i].reserve(count[i]);
  for (std::uint32_t i = 0; i < object_of.size(); ++i) all[object_of[i]].push_back(i);
  return all;
}

std::unique_ptr<AnySearch> make_search(const History& history, Model model,
                                       const std::vector<std::uint32_t>& operations, bool track) {
  switch (model) {
    case Model::reg:
    case Model::cas_register:
    case Model::kv:
    case Model::append_list:
      return std::make_unique<Search<RegisterRules>>(history, operations, track);
    case Model::queue:
      return std::make_unique<Search<QueueRules>>(history, operations, track);
    case Model::lock:
      return std::make_unique<Search<LockRules>>(history, operations, track);
    case Model::fenced_lock:
      return std::make_unique<Search<FencedLockRules>>(history, operations, track);
    case Model::consensus:
      return std::make_unique<Search<ConsensusRules>>(history, operations, track);
    case Model::counter:
      return std::make_unique<Search<CounterRules>>(history, operations, track);
    case Model::set:
      break;  // decided directly, always
  }
  SIM_ASSERT(false, "this model needs no search");
  return nullptr;
}

LinearizabilityCheck::LinearizabilityCheck(const History& history, Model model, Limits limits)
    : history_(history), model_(model), limits_(limits) {
  logged_ = std::any_of(history.operations.begin(), history.operations.end(),
                        [](const Operation& op) { return op.effect != Operation::never; });
  std::vector<std::vector<std::uint32_t>> operations = by_object(history);
  for (std::uint32_t object = 0; object < operations.size(); ++object) {
    ObjectVerdict verdict;
    verdict.object = object;
    verdict.operations = std::move(operations[object]);
    verdicts_.push_back(std::move(verdict));
    Pending pending;
    pending.object = object;
    pending_.push_back(std::move(pending));
  }
}

LinearizabilityCheck::~LinearizabilityCheck() = default;

void LinearizabilityCheck::conclude(std::uint32_t object, Answer answer,
                                    std::vector<std::uint32_t> witness,
                                    std::vector<std::uint8_t>& marks) {
  ObjectVerdict& verdict = verdicts_[object];
  if (answer == Answer::no) verdict.answer = Linearizability::no;
  if (answer != Answer::yes) return;
  const bool holds = accept(object, std::move(witness), marks);
  SIM_ASSERT(holds, "the witness of a linearizable history replays");
}

// No object is linearizable but by this. Whether the verifier lets the witness stand.
bool LinearizabilityCheck::accept(std::uint32_t object, std::vector<std::uint32_t> witness,
                                  std::vector<std::uint8_t>& marks) {
  ObjectVerdict& verdict = verdicts_[object];
  if (!refute_witness(history_, model_, verdict.operations, witness, marks).empty()) return false;
  verdict.answer = Linearizability::yes;
  verdict.witness = std::move(witness);
  return true;
}

// Whether the order of the log, where there is one, is a linearization.
bool LinearizabilityCheck::by_log(std::uint32_t object, std::vector<std::uint8_t>& marks) {
  if (!logged_) return false;
  std::optional<std::vector<std::uint32_t>> witness =
      witness_by_log(history_, model_, verdicts_[object].operations);
  if (!witness) return false;
  return accept(object, std::move(*witness), marks);
}

bool LinearizabilityCheck::without_search(std::uint32_t object, std::vector<std::uint8_t>& marks) {
  if (by_log(object, marks)) return true;
  Direct direct = decide_directly(history_, model_, verdicts_[object].operations);
  if (direct.answer == Answer::running) return false;
  conclude(object, direct.answer, std::move(direct.witness), marks);
  return true;
}

// `share`: of the memory, besides what it holds. A search that is over is given up.
void LinearizabilityCheck::turn(Pending& pending, std::uint64_t share,
                                std::vector<std::uint8_t>& marks) {
  ObjectVerdict& verdict = verdicts_[pending.object];
  pending.spent = 1;
  pending.peak = 0;
  if (!pending.search) {
    pending.over = without_search(pending.object, marks);
    if (pending.over) return;
    pending.search = make_search(history_, model_, verdict.operations);
  }
  const std::uint64_t budget = limits_.bytes == 0 ? ~std::uint64_t{0} : pending.bytes + share;
  const std::uint64_t before = pending.search->nodes();
  std::uint64_t nodes = patience_;
  if (limits_.nodes > 0) nodes = std::min(nodes, limits_.nodes - before);
  const Answer answer = pending.search->run(nodes, budget);
  pending.peak = pending.search->bytes();
  pending.bytes = pending.peak;
  verdict.nodes = pending.search->nodes();
  pending.spent += verdict.nodes - before;
  const bool used_up = limits_.nodes > 0 && verdict.nodes >= limits_.nodes;
  pending.starved = answer == Answer::out_of_memory;
  pending.over = answer != Answer::running || used_up;
  if (!pending.over) return;
  conclude(pending.object, answer,
           answer == Answer::yes ? pending.search->witness() : std::vector<std::uint32_t>{}, marks);
  pending.search.reset();
  pending.bytes = 0;
}

class LinearizabilityCheck::Turns final : public Work {
 public:
  Turns(LinearizabilityCheck& check, std::uint64_t share) : check_(check), share_(share) {}
  void piece(std::size_t index, std::size_t worker) override {
    check_.turn(check_.pending_[check_.next_ + index], share_, check_.marks_[worker]);
  }

 private:
  LinearizabilityCheck& check_;
  std::uint64_t share_;
};

// Gives the next few objects a turn each. What they spent.
std::uint64_t LinearizabilityCheck::turns(Workers& workers) {
  const std::size_t many = std::min(most_at_once, pending_.size() - next_);
  const std::uint64_t left = limits_.bytes > held_bytes_ ? limits_.bytes - held_bytes_ : 0;
  const bool alone = pending_.size() == 1 && held_bytes_ == pending_[0].bytes;
  marks_.resize(std::max(marks_.size(), workers.count()));
  Turns work(*this, left / many);
  for (std::size_t i = next_; i < next_ + many; ++i) held_bytes_ -= pending_[i].bytes;
  workers.all(many, work);
  std::uint64_t spent = 0;
  std::uint64_t peak = held_bytes_;
  for (const std::size_t end = next_ + many; next_ < end; ++next_) {
    Pending& pending = pending_[next_];
    spent += pending.spent;
    peak += pending.peak;
    held_bytes_ += pending.bytes;
    if (!pending.starved || alone) continue;
    Pending later;
    later.object = pending.object;
    put_off_.push_back(std::move(later));
  }
  most_bytes_ = std::max(most_bytes_, peak);
  return spent;
}

// Those that are not over have another turn, twice as long. False if there are none.
bool LinearizabilityCheck::next_round() {
  std::erase_if(pending_, [](const Pending& each) { return each.over; });
  next_ = 0;
  patience_ = std::min(patience_ * 2, most_patience);
  if (pending_.empty() && !put_off_.empty()) {
    pending_.push_back(std::move(put_off_.front()));
    put_off_.erase(put_off_.begin());
    patience_ = most_patience;
  }
  return !pending_.empty();
}

bool LinearizabilityCheck::advance(std::uint64_t nodes, Workers& workers) {
  for (std::uint64_t spent = 0; spent < nodes; spent += turns(workers)) {
    if (next_ == pending_.size() && !next_round()) return false;
  }
  return true;
}

Linearizability LinearizabilityCheck::answer() const {
  Linearizability worst = Linearizability::yes;
  for (const ObjectVerdict& verdict : verdicts_) {
    if (verdict.answer == Linearizability::no) return Linearizability::no;
    if (verdict.answer == Linearizability::unknown) worst = Linearizability::unknown;
  }
  return worst;
}

std::uint64_t LinearizabilityCheck::nodes() const {
  std::uint64_t all = 0;
  for (const ObjectVerdict& verdict : verdicts_) all += verdict.nodes;
  return all;
}

}  // namespace ballast::history
