#include "sim/check/linearizable.h"

#include <algorithm>
#include <map>

#include "sim/base/assert.h"
#include "sim/base/text.h"
#include "sim/history/explain.h"

namespace ballast {
namespace {

history::Model model_of(HistoryModel model) {
  switch (model) {
    case HistoryModel::register_:
      return history::Model::cas_register;
    case HistoryModel::kv:
      return history::Model::kv;
    case HistoryModel::counter:
      return history::Model::counter;
    case HistoryModel::queue:
      return history::Model::queue;
    case HistoryModel::lock:
      return history::Model::fenced_lock;
    case HistoryModel::consensus:
      return history::Model::consensus;
  }
  return {};
}

history::Action action_of(Operation operation) {
  switch (operation) {
    case Operation::read:
      return history::Action::read;
    case Operation::write:
      return history::Action::write;
    case Operation::cas:
      return history::Action::cas;
    case Operation::delete_:
      return history::Action::erase;
    case Operation::add:
      return history::Action::add;
    case Operation::enqueue:
      return history::Action::enqueue;
    case Operation::dequeue:
      return history::Action::dequeue;
    case Operation::acquire:
      return history::Action::acquire;
    case Operation::release:
      return history::Action::release;
    case Operation::propose:
      return history::Action::propose;
    case Operation::work:
    case Operation::administer:
      break;
  }
  SIM_ASSERT(false, "a history is judged by operations that its model knows");
  return {};
}

// Seen operations as the checker of histories wants them.
class Translation {
 public:
  explicit Translation(HistoryModel model) : model_(model) {}

  history::History translate(const std::vector<SeenOperation>& operations) {
    history_.operations.reserve(operations.size());
    for (const SeenOperation& seen : operations) add(seen);
    put_in_order(history_);
    return std::move(history_);
  }

 private:
  // A register that was never written holds 0, which is nothing; so does one that 0 was written to.
  history::Word word(std::int64_t value) {
    const bool is_value = model_ == HistoryModel::counter || model_ == HistoryModel::consensus;
    if (value == 0 && !is_value) return history::nil;
    const bool fits =
        value > -history::Values::most_integer && value < history::Values::most_integer;
    return fits ? value : history_.values.text(std::to_string(value));
  }

  std::uint32_t object_of(std::uint64_t key) {
    const auto fresh = static_cast<std::uint32_t>(history_.objects.size());
    const auto [found, is_new] = objects_.emplace(key, fresh);
    if (is_new) history_.objects.push_back(std::to_string(key));
    return found->second;
  }

  history::Word owner_of(const SeenOperation& seen) {
    const auto [found, is_new] = owners_.emplace(std::pair(seen.client, seen.session), 0);
    if (is_new) {
      found->second = history_.values.text("session " + std::to_string(seen.session) + " of " +
                                           to_text(seen.client));
    }
    return found->second;
  }

  void add(const SeenOperation& seen) {
    history::Operation op;
    op.action = action_of(seen.operation);
    op.object = object_of(model_ == HistoryModel::consensus ? 0 : seen.key);
    op.owner = owner_of(seen);
    op.argument = word(seen.value);
    op.expected = word(seen.expected);
    op.invoked = seen.invoked;
    op.ended = seen.returned;
    op.line = static_cast<std::uint32_t>(history_.operations.size()) + 1;
    if (seen.slot > 0 && seen.slot < history::Operation::never) {
      op.effect = static_cast<std::uint32_t>(seen.slot);
    }
    if (seen.known) answer(seen, op);
    history_.operations.push_back(op);
  }

  // What came of a known operation: of those that look before they act, 0 says that they did not.
  void answer(const SeenOperation& seen, history::Operation& op) {
    op.outcome = history::Outcome::ok;
    const bool refused = seen.result == 0;
    switch (op.action) {
      case history::Action::read:
      case history::Action::add:
      case history::Action::propose:
        op.result = word(seen.result);
        return;
      case history::Action::dequeue:
      case history::Action::acquire:
        op.result = word(seen.result);
        break;
      case history::Action::erase:
        if (!refused) op.result = 1;
        break;
      case history::Action::cas:
      case history::Action::release:
        break;
      case history::Action::write:
      case history::Action::append:
      case history::Action::enqueue:
        return;
    }
    if (refused) op.outcome = history::Outcome::refused;
  }

  HistoryModel model_;
  history::History history_;
  std::map<std::uint64_t, std::uint32_t> objects_;
  std::map<std::pair<NodeId, std::uint32_t>, history::Word> owners_;
};

// What it costs to say why, at most, in configurations.
constexpr std::uint64_t most_to_explain = 200'000;

}  // namespace

bool knows(HistoryModel model, Operation operation) {
  switch (operation) {
    case Operation::read:
      return model == HistoryModel::register_ || model == HistoryModel::kv ||
             model == HistoryModel::counter;
    case Operation::write:
    case Operation::cas:
      return model == HistoryModel::register_ || model == HistoryModel::kv;
    case Operation::delete_:
      return model == HistoryModel::kv;
    case Operation::add:
      return model == HistoryModel::counter;
    case Operation::enqueue:
    case Operation::dequeue:
      return model == HistoryModel::queue;
    case Operation::acquire:
    case Operation::release:
      return model == HistoryModel::lock;
    case Operation::propose:
      return model == HistoryModel::consensus;
    case Operation::work:
    case Operation::administer:
      return false;
  }
  return false;
}

std::optional<HistoryModel> model_that_knows(std::span<const Operation> operations) {
  for (std::size_t i = 0; i < enumerators(HistoryModel{}).size() && !operations.empty(); ++i) {
    const auto model = static_cast<HistoryModel>(i);
    const auto is_known = [model](Operation operation) { return knows(model, operation); };
    if (std::all_of(operations.begin(), operations.end(), is_known)) return model;
  }
  return std::nullopt;
}

LinearizabilityResult check_linearizable(const std::vector<SeenOperation>& operations,
                                         std::uint64_t budget, HistoryModel model) {
  const history::History history = Translation(model).translate(operations);
  history::LinearizabilityCheck::Limits limits;
  limits.nodes = budget;
  history::LinearizabilityCheck check(history, model_of(model), limits);
  check.finish();
  LinearizabilityResult result{check.answer(), {}, {}, {}};
  if (result.answer == Linearizability::yes) return result;
  for (const history::ObjectVerdict& verdict : check.objects()) {
    if (verdict.answer != result.answer) continue;
    const std::string key = "key " + history.objects[verdict.object];
    if (result.answer == Linearizability::unknown) {
      result.sentence = "linearizable: the search budget of " + with_commas(budget) +
                        " steps for " + key + " was spent";
      return result;
    }
    const history::Explanation why =
        history::explain(history, model_of(model), verdict, most_to_explain);
    result.sentence = key + ": " + why.sentence;
    const SeenOperation& stuck = operations[history.operations[why.stuck].line - 1];
    result.at = stuck.returned;
    result.client = stuck.client;
    return result;
  }
  return result;
}

}  // namespace ballast
