#include "sim/history/check.h"

#include <algorithm>

#include "sim/base/assert.h"
#include "sim/history/object_rules.h"
#include "sim/history/register_rules.h"
#include "sim/history/sets.h"
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
    case Model::set:
      break;
  }
  return operations;
}

std::vector<std::vector<std::uint32_t>> by_object(const History& history) {
  std::vector<std::vector<std::uint32_t>> all(history.objects.size());
  for (std::uint32_t i = 0; i < history.operations.size(); ++i) {
    all[history.operations[i].object].push_back(i);
  }
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
    case Model::counter:
      return std::make_unique<Search<CounterRules>>(history, operations, track);
    case Model::set:
      break;  // check_set needs no search
  }
  SIM_ASSERT(false, "this model needs no search");
  return nullptr;
}

LinearizabilityCheck::LinearizabilityCheck(const History& history, Model model, Limits limits)
    : history_(history), model_(model), limits_(limits) {
  std::vector<std::vector<std::uint32_t>> operations = by_object(history);
  for (std::uint32_t object = 0; object < operations.size(); ++object) {
    ObjectVerdict verdict;
    verdict.object = object;
    verdict.operations = std::move(operations[object]);
    verdicts_.push_back(std::move(verdict));
    pending_.push_back({object, nullptr});
  }
}

LinearizabilityCheck::~LinearizabilityCheck() = default;

void LinearizabilityCheck::conclude(std::uint32_t object, Answer answer,
                                    std::vector<std::uint32_t> witness) {
  ObjectVerdict& verdict = verdicts_[object];
  if (answer == Answer::no) verdict.answer = Linearizability::no;
  if (answer != Answer::yes) return;
  verdict.answer = Linearizability::yes;
  verdict.witness = std::move(witness);
  const std::string wrong =
      refute_witness(history_, model_, verdict.operations, verdict.witness, marks_);
  SIM_ASSERT(wrong.empty(), "the witness of a linearizable history replays");
}

// Whether the order of the log, where there is one, is a linearization.
bool LinearizabilityCheck::by_log(std::uint32_t object) {
  const std::vector<std::uint32_t>& operations = verdicts_[object].operations;
  const auto has_effect = [this](std::uint32_t index) {
    return history_.operations[index].effect != Operation::never;
  };
  if (std::none_of(operations.begin(), operations.end(), has_effect)) return false;
  std::optional<std::vector<std::uint32_t>> witness = witness_by_log(history_, model_, operations);
  if (!witness) return false;
  const bool holds = refute_witness(history_, model_, operations, *witness, marks_).empty();
  if (holds) conclude(object, Answer::yes, std::move(*witness));
  return holds;
}

bool LinearizabilityCheck::without_search(std::uint32_t object) {
  if (by_log(object)) return true;
  if (model_ != Model::set) return false;
  Finding finding = check_set(history_, verdicts_[object].operations);
  verdicts_[object].sentence = finding.sentence;
  conclude(object, finding.sentence.empty() ? Answer::yes : Answer::no, std::move(finding.witness));
  return true;
}

// The configurations that it took. A search that is over is given up.
std::uint64_t LinearizabilityCheck::turn(Pending& pending, std::uint64_t nodes) {
  ObjectVerdict& verdict = verdicts_[pending.object];
  if (!pending.search) {
    if (without_search(pending.object)) return 1;
    pending.search = make_search(history_, model_, verdict.operations);
  }
  held_bytes_ -= pending.bytes;
  const std::uint64_t budget = limits_.bytes == 0            ? ~std::uint64_t{0}
                               : limits_.bytes > held_bytes_ ? limits_.bytes - held_bytes_
                                                             : 0;
  const std::uint64_t before = pending.search->nodes();
  if (limits_.nodes > 0) nodes = std::min(nodes, limits_.nodes - before);
  const Answer answer = pending.search->run(nodes, budget);
  pending.bytes = pending.search->bytes();
  most_bytes_ = std::max(most_bytes_, held_bytes_ + pending.bytes);
  verdict.nodes = pending.search->nodes();
  const std::uint64_t spent = verdict.nodes - before;
  const bool used_up = limits_.nodes > 0 && verdict.nodes >= limits_.nodes;
  if (answer != Answer::running || used_up) {
    conclude(pending.object, answer,
             answer == Answer::yes ? pending.search->witness() : std::vector<std::uint32_t>{});
    pending.search.reset();
    pending.bytes = 0;
  }
  held_bytes_ += pending.bytes;
  return spent + 1;
}

bool LinearizabilityCheck::advance(std::uint64_t nodes) {
  std::uint64_t spent = 0;
  while (spent < nodes) {
    if (next_ == pending_.size()) {
      // A new round: those that are not over have another turn, twice as long.
      std::erase_if(pending_, [](const Pending& each) { return !each.search; });
      if (pending_.empty()) return false;
      next_ = 0;
      patience_ *= 2;
    }
    spent += turn(pending_[next_++], patience_);
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
