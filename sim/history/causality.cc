#include "sim/history/causality.h"

#include <algorithm>

namespace ballast::history {

Causality::Causality(const History& history, const ReadsFrom& reads)
    : history_(history), reads_(reads), words_(history) {
  const auto n = static_cast<std::uint32_t>(history.operations.size());
  std::vector<bool> was_seen(n, false);
  for (const std::uint32_t writer : reads.writer) {
    if (writer < n) was_seen[writer] = true;
  }
  slot_.assign(n, Operation::never);
  session_.assign(n, 0);
  place_.assign(n, 0);
  writes_.resize(history.objects.size());
  for (std::vector<std::uint32_t>& session : by_session(history)) {
    std::erase_if(session, [&](std::uint32_t i) {
      const Operation& op = history.operations[i];
      return reads.skipped[op.object] || (!op.known() && !was_seen[i]);
    });
    if (session.empty()) continue;
    const auto number = static_cast<std::uint32_t>(sessions_.size());
    for (std::uint32_t place = 0; place < session.size(); ++place) {
      const std::uint32_t i = session[place];
      slot_[i] = count_++;
      session_[i] = number;
      place_[i] = place;
      if (!leaves(history.operations[i])) continue;
      std::vector<WritesOf>& all = writes_[history.operations[i].object];
      if (all.empty() || all.back().session != number) all.push_back({number, {}});
      all.back().writes.push_back(i);
    }
    sessions_.push_back(std::move(session));
  }
  for (std::uint32_t i = 0; i < n; ++i) {
    if (reads.writer[i] == ReadsFrom::nobody) continue;
    const std::uint32_t object = history.operations[i].object;
    const bool first = reads.writer[i] == ReadsFrom::initial;
    arcs_.push_back({first ? words_.start_of(object) : reads.writer[i], i, OrderWords::seen, 0});
  }
}

bool Causality::count() {
  clocks_.assign(std::size_t{count_} * sessions_.size(), 0);
  const std::size_t n = slot_.size();
  std::vector<std::uint32_t> begin(n + 1, 0);
  std::vector<std::uint32_t> waits(n, 0);
  for (const OrderGraph::Arc& arc : arcs_) {
    if (arc.from < n && arc.to < n) ++begin[arc.from + 1];
  }
  for (std::size_t i = 0; i < n; ++i) begin[i + 1] += begin[i];
  std::vector<std::uint32_t> targets(begin[n]);
  std::vector<std::uint32_t> next(begin.begin(), begin.end() - 1);
  for (const OrderGraph::Arc& arc : arcs_) {
    // Before the first operation of an object nothing comes: what claims so goes round in a circle.
    if (arc.to >= n) return false;
    if (arc.from >= n) continue;
    targets[next[arc.from]++] = arc.to;
    ++waits[arc.to];
  }
  std::vector<std::uint32_t> ready;
  for (const std::vector<std::uint32_t>& session : sessions_) {
    for (std::size_t i = 1; i < session.size(); ++i) ++waits[session[i]];
    if (waits[session[0]] == 0) ready.push_back(session[0]);
  }
  std::uint32_t done = 0;
  const auto pass_on = [&](std::uint32_t from, std::uint32_t to) {
    const std::size_t width = sessions_.size();
    const std::uint32_t* a = clocks_.data() + slot_[from] * width;
    std::uint32_t* b = clocks_.data() + slot_[to] * width;
    for (std::size_t s = 0; s < width; ++s) b[s] = std::max(a[s], b[s]);
    if (--waits[to] == 0) ready.push_back(to);
  };
  while (!ready.empty()) {
    const std::uint32_t i = ready.back();
    ready.pop_back();
    ++done;
    std::uint32_t& own = clocks_[std::size_t{slot_[i]} * sessions_.size() + session_[i]];
    own = std::max(own, place_[i] + 1);
    const std::vector<std::uint32_t>& session = sessions_[session_[i]];
    if (place_[i] + 1 < session.size()) pass_on(i, session[place_[i] + 1]);
    for (std::uint32_t at = begin[i]; at < begin[i + 1]; ++at) pass_on(i, targets[at]);
  }
  return done == count_;
}

bool Causality::add(std::uint32_t from, std::uint32_t to, OrderWords::Kind kind,
                    std::uint32_t read) {
  const std::uint64_t fresh = known_.find(from, to);
  if (fresh != PairTable::none) return false;
  known_.insert(from, to, 0);
  arcs_.push_back(
      {from, to, static_cast<std::uint32_t>(kind) & 0xF, words_.note(read, read) & 0xFFFFFFF});
  return true;
}

bool Causality::add_hidden() {
  bool news = false;
  const auto n = static_cast<std::uint32_t>(slot_.size());
  for (std::uint32_t read = 0; read < n; ++read) {
    const std::uint32_t writer = reads_.writer[read];
    if (writer == ReadsFrom::nobody) continue;
    const std::uint32_t object = history_.operations[read].object;
    for (const WritesOf& each : writes_[object]) {
      const std::uint32_t known = count_of(read, each.session);
      // The last of them that comes before the read; the others come before that one.
      auto at = std::partition_point(each.writes.begin(), each.writes.end(),
                                     [&](std::uint32_t i) { return place_[i] < known; });
      if (at != each.writes.begin() && *(at - 1) == read) --at;
      if (at == each.writes.begin()) continue;
      const std::uint32_t other = *(at - 1);
      if (other == writer) {
        continue;
      } else if (writer == ReadsFrom::initial) {
        news |= add(other, words_.start_of(object), OrderWords::hidden, read);
      } else if (!before(other, writer)) {
        news |= add(other, writer, OrderWords::hidden, read);
      }
    }
  }
  return news;
}

bool Causality::add_replaced() {
  bool news = false;
  const auto n = static_cast<std::uint32_t>(slot_.size());
  for (std::uint32_t read = 0; read < n; ++read) {
    const std::uint32_t writer = reads_.writer[read];
    if (writer == ReadsFrom::nobody) continue;
    for (const WritesOf& each : writes_[history_.operations[read].object]) {
      // The first of them that comes after the write that was seen; the others come after it.
      auto at = each.writes.begin();
      if (writer != ReadsFrom::initial) {
        at = std::partition_point(each.writes.begin(), each.writes.end(), [&](std::uint32_t i) {
          return i == writer || !before(writer, i);
        });
      }
      if (at != each.writes.end() && *at == read) ++at;
      if (at == each.writes.end() || before(read, *at)) continue;
      news |= add(read, *at, OrderWords::replaced, read);
    }
  }
  return news;
}

OrderGraph Causality::graph() const {
  OrderGraph graph(words_.nodes());
  for (const OrderGraph::Arc& arc : arcs_) graph.add(arc.from, arc.to, arc.kind, arc.note);
  for (const std::vector<std::uint32_t>& session : sessions_) {
    for (std::size_t i = 1; i < session.size(); ++i) {
      graph.add(session[i - 1], session[i], OrderWords::session);
    }
  }
  for (std::uint32_t object = 0; object < writes_.size(); ++object) {
    for (const WritesOf& each : writes_[object]) {
      graph.add(words_.start_of(object), each.writes.front(), OrderWords::initial);
    }
  }
  graph.finish();
  return graph;
}

// Causal consistency in the sense of causal convergence (Bouajjani, Enea, Guerraoui and Hamza, "On
// verifying causal consistency", 2017): there is one order of all writes that agrees with
// causality, and each read returns the last of what comes causally before it. Its bad patterns are
// the cycles of causality together with "hidden": what a read knew, and did not return, came before
// what it returned.
ConsistencyVerdict judge_causal(const History& history, std::uint64_t bytes) {
  const ReadsFrom reads = find_writers(history);
  ConsistencyVerdict verdict;
  verdict.breaches = reads.breaches;
  verdict.breach_count = reads.breach_count;
  verdict.doubts = reads.doubts;
  Causality causality(history, reads);
  if (bytes > 0 && causality.bytes() > bytes) {
    verdict.doubts.push_back("the clocks of " + std::to_string(causality.sessions().size()) +
                             " sessions need more memory than the limit");
  } else {
    if (causality.count()) causality.add_hidden();
    causality.words().report_cycles(causality.graph(), verdict);
  }
  conclude(verdict);
  return verdict;
}

}  // namespace ballast::history
