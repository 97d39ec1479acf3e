#include "sim/history/sequential.h"

#include <algorithm>

#include "sim/base/assert.h"
#include "sim/history/check.h"

namespace ballast::history {
namespace {

bool changes_nothing(const Operation& op) {
  return op.known() && (op.action == Action::read || op.outcome == Outcome::refused);
}

}  // namespace

MachineStates::MachineStates(const History& history, Model model) : history_(history) {
  intern(Machine(model, history.values));
}

std::uint32_t MachineStates::intern(Machine machine) {
  const auto fresh = static_cast<std::uint32_t>(machines_.size());
  std::uint32_t at = by_fingerprint_.insert(machine.fingerprint(), 0, fresh);
  if (at != fresh) {
    while (machines_[at] != machine) {
      if (next_same_[at] == illegal) {
        next_same_[at] = fresh;
        at = fresh;
        break;
      }
      at = next_same_[at];
    }
    if (at != fresh) return at;
  }
  machine_bytes_ += machine.bytes();
  machines_.push_back(std::move(machine));
  next_same_.push_back(illegal);
  return fresh;
}

std::uint32_t MachineStates::after(std::uint32_t state, std::uint32_t operation) {
  const std::uint32_t memo = steps_.find(state, operation);
  if (memo != PairTable::none) return memo;
  Machine machine = machines_[state];
  const bool legal = machine.apply(history_.operations[operation]);
  return steps_.insert(state, operation, legal ? intern(std::move(machine)) : illegal);
}

std::uint64_t MachineStates::bytes() const {
  return machine_bytes_ + (machines_.capacity() - machines_.size()) * sizeof(Machine) +
         next_same_.capacity() * 4 + by_fingerprint_.bytes() + steps_.bytes();
}

SequentialSearch::SequentialSearch(const History& history, Model model, const ReadsFrom& reads,
                                   const Causality& causality)
    : history_(history),
      reads_(reads),
      states_(history, model),
      sessions_(by_session(history)),
      where_(std::vector<std::uint32_t>(sessions_.size() + history.objects.size(), 0)) {
  const std::size_t n = history.operations.size();
  for (std::vector<std::uint32_t>& session : sessions_) {
    std::erase_if(session, [&](std::uint32_t i) {
      const Operation& op = history.operations[i];
      return !op.known() && op.action == Action::read;
    });
  }
  session_of_.assign(n, 0);
  for (std::uint32_t session = 0; session < sessions_.size(); ++session) {
    for (const std::uint32_t i : sessions_[session]) session_of_[i] = session;
  }
  after_.resize(n);
  waits_.assign(n, 0);
  for (const OrderGraph::Arc& arc : causality.arcs()) {
    if (arc.from >= n || arc.to >= n) continue;
    after_[arc.from].push_back(arc.to);
    ++waits_[arc.to];
  }
  unread_.assign(n + history.objects.size(), 0);
  for (std::uint32_t i = 0; i < n; ++i) {
    if (history.operations[i].known()) ++missing_;
    if (reads.writer[i] == ReadsFrom::nobody) continue;
    const bool first = reads.writer[i] == ReadsFrom::initial;
    ++unread_[first ? n + history.operations[i].object : reads.writer[i]];
  }
  position_.assign(sessions_.size(), 0);
  state_.assign(history.objects.size(), states_.initial());
  for (std::uint32_t object = 0; object < history.objects.size(); ++object) {
    writer_.push_back(static_cast<std::uint32_t>(n + object));
  }
}

std::uint32_t SequentialSearch::head(std::uint32_t session) const {
  const std::vector<std::uint32_t>& all = sessions_[session];
  return position_[session] < all.size() ? all[position_[session]] : Operation::never;
}

bool SequentialSearch::may_take(std::uint32_t operation, std::uint32_t& state) {
  if (waits_[operation] > 0) return false;
  const Operation& op = history_.operations[operation];
  state = states_.after(state_[op.object], operation);
  if (state == MachineStates::illegal) return false;
  if (!leaves(op)) return true;
  // A value is not replaced while somebody must still see it.
  const std::uint32_t writer = writer_[op.object];
  const std::uint32_t seen = reads_.writer[operation];
  const std::size_t n = history_.operations.size();
  const bool sees_it = seen == writer || (seen == ReadsFrom::initial && writer == n + op.object);
  return unread_[writer] == (sees_it ? 1 : 0);
}

void SequentialSearch::take(std::uint32_t operation, std::uint32_t state) {
  const Operation& op = history_.operations[operation];
  const std::size_t n = history_.operations.size();
  path_.push_back({operation, state_[op.object], writer_[op.object]});
  const std::uint32_t session = session_of_[operation];
  where_.set(session, ++position_[session]);
  if (state != state_[op.object]) {
    where_.set(sessions_.size() + op.object, state);
    state_[op.object] = state;
  }
  if (reads_.writer[operation] != ReadsFrom::nobody) {
    const bool first = reads_.writer[operation] == ReadsFrom::initial;
    --unread_[first ? n + op.object : reads_.writer[operation]];
  }
  if (leaves(op)) writer_[op.object] = operation;
  if (op.known()) --missing_;
  for (const std::uint32_t later : after_[operation]) --waits_[later];
}

void SequentialSearch::undo() {
  const Taken last = path_.back();
  path_.pop_back();
  const Operation& op = history_.operations[last.operation];
  const std::size_t n = history_.operations.size();
  const std::uint32_t session = session_of_[last.operation];
  where_.set(session, --position_[session]);
  if (last.state != state_[op.object]) {
    where_.set(sessions_.size() + op.object, last.state);
    state_[op.object] = last.state;
  }
  if (reads_.writer[last.operation] != ReadsFrom::nobody) {
    const bool first = reads_.writer[last.operation] == ReadsFrom::initial;
    ++unread_[first ? n + op.object : reads_.writer[last.operation]];
  }
  writer_[op.object] = last.writer;
  if (op.known()) ++missing_;
  for (const std::uint32_t later : after_[last.operation]) ++waits_[later];
}

// What only looks takes its place as soon as it can: that changes nothing for the others.
bool SequentialSearch::settle() {
  for (std::uint32_t session = 0; session < sessions_.size(); ++session) {
    for (std::uint32_t i = head(session); i != Operation::never; i = head(session)) {
      std::uint32_t state = 0;
      if (!changes_nothing(history_.operations[i]) || !may_take(i, state)) break;
      take(i, state);
    }
  }
  return missing_ == 0;
}

bool SequentialSearch::visit() {
  const std::uint32_t number = where_.number();
  if (number >= visited_.size()) visited_.resize(number * std::size_t{2} + 64, false);
  const bool fresh = !visited_[number];
  visited_[number] = true;
  return fresh;
}

// True if that ends the search.
bool SequentialSearch::arrive() {
  for (std::size_t before = path_.size();; before = path_.size()) {
    if (settle()) {
      answer_ = Answer::yes;
      return true;
    }
    if (path_.size() == before) break;  // what looked may have let others look
  }
  ++nodes_;
  if (path_.size() > deepest_ || nodes_ == 1) {
    deepest_ = path_.size();
    deepest_heads_.clear();
    for (std::uint32_t session = 0; session < sessions_.size(); ++session) {
      const std::uint32_t i = head(session);
      if (i != Operation::never && history_.operations[i].known()) deepest_heads_.push_back(i);
    }
  }
  if (!visit()) return false;
  const std::size_t begin = candidates_.size();
  for (std::uint32_t session = 0; session < sessions_.size(); ++session) {
    const std::uint32_t i = head(session);
    std::uint32_t state = 0;
    if (i != Operation::never && !changes_nothing(history_.operations[i]) && may_take(i, state)) {
      candidates_.push_back(i);
    }
  }
  // Those that need not have happened come last, the others as they were called.
  std::stable_sort(candidates_.begin() + static_cast<std::ptrdiff_t>(begin), candidates_.end(),
                   [this](std::uint32_t a, std::uint32_t b) {
                     const Operation& x = history_.operations[a];
                     const Operation& y = history_.operations[b];
                     if (x.known() != y.known()) return x.known();
                     return x.called < y.called;
                   });
  frames_.push_back({path_.size(), begin, begin});
  return false;
}

std::uint64_t SequentialSearch::bytes() const {
  return where_.bytes() + visited_.capacity() / 8 + states_.bytes() +
         path_.capacity() * sizeof(Taken) + candidates_.capacity() * 4 +
         frames_.capacity() * sizeof(Frame);
}

Answer SequentialSearch::run(std::uint64_t nodes, std::uint64_t bytes_limit) {
  if (answer_ != Answer::running) return answer_;
  const std::uint64_t limit = nodes_ + nodes;
  if (!begun_) {
    begun_ = true;
    if (arrive()) return answer_;
  }
  while (nodes_ < limit) {
    if (frames_.empty()) return answer_ = Answer::no;
    if ((nodes_ & 1023) == 0 && bytes_limit > 0 && bytes() * 2 > bytes_limit) {
      return answer_ = Answer::out_of_memory;
    }
    Frame& frame = frames_.back();
    while (path_.size() > frame.path) undo();
    if (frame.next == candidates_.size()) {
      candidates_.resize(frame.candidates);
      frames_.pop_back();
      continue;
    }
    const std::uint32_t operation = candidates_[frame.next++];
    std::uint32_t state = 0;
    if (!may_take(operation, state)) continue;
    take(operation, state);
    if (arrive()) return answer_;
  }
  return Answer::running;
}

std::vector<std::uint32_t> SequentialSearch::order() const {
  std::vector<std::uint32_t> operations;
  for (const Taken& taken : path_) operations.push_back(taken.operation);
  return operations;
}

std::string refute_order(const History& history, Model model,
                         const std::vector<std::uint32_t>& order) {
  std::vector<Machine> objects(history.objects.size(), Machine(model, history.values));
  std::vector<bool> there(history.operations.size(), false);
  const std::vector<std::vector<std::uint32_t>> sessions = by_session(history);
  std::vector<std::uint32_t> session_of(history.operations.size(), 0);
  for (std::uint32_t session = 0; session < sessions.size(); ++session) {
    for (const std::uint32_t i : sessions[session]) session_of[i] = session;
  }
  std::vector<std::uint32_t> last(sessions.size(), 0);
  for (const std::uint32_t i : order) {
    const Operation& op = history.operations[i];
    if (there[i]) return in_brief(history, i) + " stands twice";
    there[i] = true;
    if (last[session_of[i]] > i) {
      return in_brief(history, i) + " stands after what its session called later";
    }
    last[session_of[i]] = i;
    if (!objects[op.object].apply(op)) return in_brief(history, i) + " is not legal there";
  }
  for (std::uint32_t i = 0; i < there.size(); ++i) {
    if (history.operations[i].known() && !there[i]) return in_brief(history, i) + " is left out";
  }
  return "";
}

namespace {

// A linearizable history is sequentially consistent too, and that is the cheaper question. The
// orders of the objects become one by the instants at which their operations can take effect.
std::vector<std::uint32_t> linear_order(const History& history, Model model,
                                        const SearchLimits& limits) {
  constexpr std::uint64_t most_nodes = 1'000'000;
  LinearizabilityCheck check(history, model, {limits.bytes, most_nodes});
  while (check.advance(std::uint64_t{1} << 14) && limits.go_on()) {
  }
  std::vector<std::uint32_t> order;
  if (check.answer() != Linearizability::yes) return order;
  std::vector<std::uint32_t> instant(history.operations.size(), 0);
  for (const ObjectVerdict& verdict : check.objects()) {
    std::uint32_t latest = 0;
    for (const std::uint32_t i : verdict.witness) {
      latest = std::max(latest, history.operations[i].called);
      instant[i] = latest;
      order.push_back(i);
    }
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return instant[a] < instant[b]; });
  // One operation of a process may end at the very time at which its next one begins: in real time
  // these overlap.
  return refute_order(history, model, order).empty() ? order : std::vector<std::uint32_t>{};
}

// What must come before what in every order, as far as rules tell. False if that contradicts
// itself, which is reported.
bool saturate(Causality& causality, const SearchLimits& limits, ConsistencyVerdict& verdict) {
  std::uint64_t work = std::uint64_t{1} << 32;
  const std::uint64_t round = causality.bytes() + 1;
  bool news = true;
  while (news) {
    if (!causality.count()) {
      causality.words().report_cycles(causality.graph(), verdict);
      return verdict.breach_count == 0;
    }
    if (work < round || !limits.go_on()) break;
    work -= round;
    const bool hidden = causality.add_hidden();
    news = causality.add_replaced() || hidden;
  }
  return true;
}

Answer plain_answer(const History& history, Model model, const ReadsFrom& reads,
                    const Causality& causality, std::uint64_t nodes, std::uint64_t bytes,
                    std::uint64_t& spent) {
  SequentialSearch search(history, model, reads, causality);
  const Answer answer = search.run(nodes, bytes);
  spent += search.nodes();
  return answer;
}

ReadsFrom reads_of(const History& history, Model model) {
  if (model == Model::reg || model == Model::cas_register || model == Model::kv) {
    return find_writers(history, false);
  }
  ReadsFrom reads;
  reads.writer.assign(history.operations.size(), ReadsFrom::nobody);
  reads.skipped.assign(history.objects.size(), true);
  return reads;
}

// A history whose operations are relaxed one after the other.
class Weaker {
 public:
  Weaker(const History& history, Model model, const SearchLimits& limits)
      : model_(model), limits_(limits), part_(history), next_process_(0) {
    for (std::uint32_t i = 0; i < history.operations.size(); ++i) {
      original_.push_back(i);
      next_process_ = std::max(next_process_, history.operations[i].process + 1);
    }
  }

  bool exhausted() const { return spent_ >= most_work || !limits_.go_on(); }

  // Relaxes each piece of so many operations that are not needed.
  void relax_pieces(std::size_t size) {
    std::vector<std::uint32_t> needed = known();
    for (std::size_t from = 0; from < needed.size() && !exhausted(); from += size) {
      const std::vector<Operation> operations = part_.operations;
      const std::vector<std::uint32_t> original = original_;
      const auto end =
          needed.begin() + static_cast<std::ptrdiff_t>(std::min(from + size, needed.size()));
      relax({needed.begin() + static_cast<std::ptrdiff_t>(from), end});
      if (fails()) continue;
      part_.operations = operations;
      original_ = original;
    }
  }
  // The known operations, in indices of the whole history.
  std::vector<std::uint32_t> known() const {
    std::vector<std::uint32_t> all;
    for (std::size_t i = 0; i < original_.size(); ++i) {
      if (part_.operations[i].known()) all.push_back(original_[i]);
    }
    return all;
  }

 private:
  static constexpr std::uint64_t most_work = 4'000'000;  // operations looked at, and configurations
  static constexpr std::uint64_t most_nodes = 20'000;

  void relax(const std::vector<std::uint32_t>& all) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < original_.size(); ++i) {
      Operation op = part_.operations[i];
      const std::uint32_t index = original_[i];
      if (std::binary_search(all.begin(), all.end(), index)) {
        if (changes_nothing(op)) continue;
        op.outcome = Outcome::unknown;
        op.returned = Operation::never;
        op.process = next_process_++;  // it need not come before what its process called later
        if (op.action == Action::dequeue || op.action == Action::propose) op.result = nil;
      }
      part_.operations[kept] = op;
      original_[kept++] = index;
    }
    part_.operations.resize(kept);
    original_.resize(kept);
  }

  bool fails() {
    spent_ += part_.operations.size() * 4;
    const ReadsFrom reads = reads_of(part_, model_);
    if (reads.breach_count > 0) return true;
    Causality causality(part_, reads);
    ConsistencyVerdict ignored;
    if (!saturate(causality, limits_, ignored)) return ignored.breach_count > 0;
    return plain_answer(part_, model_, reads, causality, most_nodes, limits_.bytes, spent_) ==
           Answer::no;
  }

  Model model_;
  const SearchLimits& limits_;
  History part_;
  std::vector<std::uint32_t> original_;
  std::int64_t next_process_;
  std::uint64_t spent_ = 0;
};

void search_order(const History& history, Model model, const ReadsFrom& reads,
                  const Causality& causality, const SearchLimits& limits,
                  ConsistencyVerdict& verdict) {
  SequentialSearch search(history, model, reads, causality);
  Answer answer = Answer::running;
  while (answer == Answer::running && limits.go_on()) {
    std::uint64_t portion = std::uint64_t{1} << 14;
    if (limits.nodes > 0) portion = std::min(portion, limits.nodes - search.nodes());
    if (portion == 0) break;
    answer = search.run(portion, limits.bytes);
  }
  verdict.configurations = search.nodes();
  if (answer == Answer::yes) {
    verdict.witness = search.order();
  } else if (answer == Answer::no) {
    const std::vector<std::uint32_t> core = sequential_core(history, model, limits);
    std::string sentence =
        "no order is legal that has the operations of each process as it called "
        "them: the longest holds " +
        std::to_string(search.deepest()) + " of " + std::to_string(history.operations.size());
    const std::vector<std::uint32_t> heads = search.stuck_heads();
    for (std::size_t i = 0; i < heads.size() && i < 4; ++i) {
      sentence += (i == 0 ? ", and none of " : ", ") + whose(history, heads[i]);
    }
    sentence += heads.empty() ? "" : " can come next";
    if (core.size() < history.operations.size()) {
      sentence += "; " + std::to_string(core.size()) + " of them contradict each other already";
    }
    add_breach(verdict, {history.operations[core[0]].object, core, sentence});
  } else {
    verdict.doubts.push_back("the search for an order came to the limit after " +
                             std::to_string(search.nodes()) + " configurations");
  }
}

}  // namespace

std::vector<std::uint32_t> sequential_core(const History& history, Model model,
                                           const SearchLimits& limits) {
  Weaker weaker(history, model, limits);
  for (std::size_t size = std::max<std::size_t>(history.operations.size() / 2, 1);; size /= 2) {
    weaker.relax_pieces(std::max<std::size_t>(size, 1));
    if (size <= 1 || weaker.exhausted()) return weaker.known();
  }
}

ConsistencyVerdict judge_sequential(const History& history, Model model,
                                    const SearchLimits& limits) {
  ConsistencyVerdict verdict;
  verdict.witness = linear_order(history, model, limits);
  if (verdict.witness.empty() && !history.operations.empty()) {
    const ReadsFrom reads = reads_of(history, model);
    verdict.breaches = reads.breaches;
    verdict.breach_count = reads.breach_count;
    Causality causality(history, reads);
    const bool fits = limits.bytes == 0 || causality.bytes() <= limits.bytes;
    if (verdict.breach_count == 0 && (!fits || saturate(causality, limits, verdict))) {
      search_order(history, model, reads, causality, limits, verdict);
    }
  }
  conclude(verdict);
  if (verdict.answer == Holds::yes) {
    const std::string wrong = refute_order(history, model, verdict.witness);
    SIM_ASSERT(wrong.empty(), "the witness of sequential consistency replays");
  }
  return verdict;
}

}  // namespace ballast::history
