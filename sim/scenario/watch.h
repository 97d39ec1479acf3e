// Brings what happens in a run to those who judge, count and record it.
#pragma once

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sim/measure/occupancy.h"
#include "sim/scenario/decided_log.h"
#include "sim/scenario/demand.h"
#include "sim/scenario/leadership.h"
#include "sim/scenario/run.h"

namespace ballast {

// Brings what the nodes state to those who judge, count and record it.
class Watch final : public Observer {
 public:
  Watch(const Scenario& scenario, const RunOptions& options, Director& director)
      : recorder_(options.recorder),
        director_(director),
        history_(options.check && scenario.check.linearizable.has_value()),
        watches_links_(scenario.check.while_faults_stand()) {
    if (scenario.statistics) {
      const KnownMeans known = known_means(scenario);
      steady_.emplace(*scenario.statistics, known);
      // The words that clients draw, drawn once more: one for each operation, whatever it is. They
      // would be none the less uniform, and of as good a mean, if they were not quite the same.
      const bool wanted = scenario.statistics->control_variates && known.work;
      for (std::uint32_t i = 0; wanted && i < scenario.client_count(); ++i) {
        works_.emplace_back(scenario.seed, Purpose::work, i);
      }
    }
    const std::vector<Group> groups = scenario.node_groups();
    std::uint32_t nodes = 0;
    for (const Group& group : groups) nodes += static_cast<std::uint32_t>(group.nodes.size());
    clients_ = scenario.workload ? groups.size() - 1 : groups.size();
    first_client_ = scenario.server_count() + 1;
    target_ = groups.size();
    for (std::size_t g = 0; g < groups.size() && history_.keeps(); ++g) {
      if (g < scenario.groups.size() && scenario.groups[g].name == scenario.workload->target)
        target_ = g;
    }
    group_of_.resize(nodes + 1);
    listeners_.resize(groups.size());
    heard_.resize(groups.size());
    decided_.resize(groups.size());
    for (std::size_t g = 0; g < groups.size(); ++g) {
      for (const NodeId node : groups[g].nodes) group_of_[node.value] = g;
      if (options.check && g != clients_) add_checkers(scenario, groups[g], g);
    }
  }

  SightMask wants() const override {
    sees_messages_ = leadership_.awaits();
    const SightMask own = sight(Sight::stated) | sight(Sight::crashed) | sight(Sight::booted) |
                          sight(Sight::broke_rule) | impairing | director_.sights() |
                          (watches_links_ ? changing : 0) |
                          (sees_messages_ ? sight(Sight::received) : 0);
    return recorder_ == nullptr ? own : own | recorder_->wants();
  }
  bool wants_states() const override { return recorder_ != nullptr && recorder_->wants_states(); }
  bool wants_next_state() const override { return recorder_->wants_next_state(); }

  void see(const Occurrence& seen, const World& world) override {
    if (recorder_ != nullptr && (recorder_->wants() & sight(seen.what)) != 0) {
      recorder_->see(seen, world);
    }
    if (seen.what == Sight::stated) {
      hear(seen, world);
    } else {
      see_other(seen);
    }
    if ((director_.sights() & sight(seen.what)) != 0) director_.see(seen, world);
  }

  // The statistics that the scenario asks for; null for none.
  SteadyState* steady() { return steady_ ? &*steady_ : nullptr; }
  // What must be true of every run, or this program counts wrongly: every operation has ended or is
  // open, and Little's law.
  bool balances(Time at) const {
    const std::uint64_t ended = history_.ended(Returning::ok) + history_.ended(Returning::fail) +
                                history_.ended(Returning::info);
    return history_.invoked() == ended + history_.open() && occupancy_.there() == history_.open() &&
           occupancy_.balances(at, history_.open_for(at));
  }

  // The run is over. What the checkers kept of it is given back, for to judge the history of a long
  // run takes as much again.
  void finish(Time at, EventId last) {
    for (Listener& listener : checkers_) listener.checker->finish(at, last, objections_);
    tallies_ = count_heard();
    for (auto& of_group : listeners_) of_group = {};
    checkers_.clear();
  }

  Objections& objections() { return objections_; }
  const History& history() const { return history_; }
  std::deque<ClientOperation> take_operations() { return history_.take(); }
  const DecidedLog& log() const { return log_; }
  Histogram& interval_latencies() { return interval_latencies_; }
  std::uint64_t elections() const { return elections_; }
  const Histogram& leaderless() const { return leaderless_; }
  std::uint64_t routed() const { return routed_; }
  std::uint64_t decisions() const {
    std::uint64_t total = 0;
    for (const std::uint64_t slots : decided_) total += slots;
    return total;
  }
  // When the first operation began after the last fault had ended, and when one of those that did
  // was first answered; Time::max() for never.
  Time first_attempt() const { return first_attempt_; }
  Time first_progress() const { return first_progress_; }

  // From now on operations that begin are counted for the check of liveness.
  void ask_for_progress(Time from) { asked_ = from; }
  std::uint64_t asked_for() const { return asked_for_; }  // operations begun since
  std::uint64_t answered() const { return answered_; }    // of these, ok
  Time first_answer() const { return first_answer_; }     // when; Time::max() for never
  // How often a link, or whether a node works, has changed.
  std::uint64_t changes() const { return changes_; }
  Time last_ok() const { return last_ok_; }  // of any operation
  const Leadership& leadership() const { return leadership_; }
  // Whether messages have to be seen, because somebody has yet to hear of a new leader, and whether
  // they are. If these differ, the world should ask again what this observer wants.
  bool awaits_followers() const { return leadership_.awaits(); }
  bool sees_messages() const { return sees_messages_; }
  // How many facts of these kinds were stated.
  std::uint64_t stated(FactMask kinds) const {
    std::uint64_t total = 0;
    for (const auto& of_group : heard_) total += count(of_group, kinds);
    return total;
  }

  std::vector<CheckTally> tallies() const { return checkers_.empty() ? tallies_ : count_heard(); }

 private:
  struct Listener {
    std::unique_ptr<Checker> checker;
    std::size_t group = 0;
  };
  static constexpr std::size_t fact_kinds = std::variant_size_v<Fact>;
  using Tally = std::array<std::uint64_t, fact_kinds>;

  std::vector<CheckTally> count_heard() const {
    std::vector<CheckTally> all;
    for (const Listener& listener : checkers_) {
      const std::uint64_t heard = count(heard_[listener.group], listener.checker->interests());
      const std::string property(listener.checker->property());
      const auto same = std::find_if(all.begin(), all.end(), [&](const CheckTally& tally) {
        return tally.property == property;
      });
      if (same == all.end()) {
        all.push_back({property, heard});
      } else {
        same->heard += heard;
      }
    }
    return all;
  }

  static std::uint64_t count(const Tally& heard, FactMask kinds) {
    std::uint64_t total = 0;
    for (std::size_t kind = 0; kind < fact_kinds; ++kind) {
      if ((kinds >> kind & 1) != 0) total += heard[kind];
    }
    return total;
  }

  void add_checkers(const Scenario& scenario, const Group& group, std::size_t g) {
    const auto& wanted = scenario.check.safety;
    for (const CheckInfo& info : checks()) {
      if (wanted && std::find(wanted->begin(), wanted->end(), info.name) == wanted->end()) continue;
      checkers_.push_back({info.make(group), g});
      Checker* checker = checkers_.back().checker.get();
      for (std::size_t kind = 0; kind < fact_kinds; ++kind) {
        if ((checker->interests() >> kind & 1) != 0) listeners_[g][kind].push_back(checker);
      }
    }
  }

  void see_other(const Occurrence& seen) {
    if ((changing & sight(seen.what)) != 0) ++changes_;
    if ((impairing & sight(seen.what)) != 0) impaired(seen);
    if (seen.what == Sight::received) {
      leadership_.received(seen.node, seen.peer, seen.cause, seen.at);
    } else if (seen.what == Sight::crashed) {
      crashed(seen);
    } else if (seen.what == Sight::booted) {
      director_.booted(seen.node, seen.at);
    } else if (seen.what == Sight::broke_rule) {
      objections_.raise(
          {"ensure", std::string(seen.sentence), seen.event, seen.at, seen.node, {seen.event}});
    }
  }

  // Every fact passes here.
  [[gnu::always_inline]] inline void hear(const Occurrence& seen, const World& world) {
    const HeardFact heard{seen.fact, seen.event, seen.cause, seen.at, seen.node, seen.life};
    const std::size_t group = group_of_[seen.node.value];
    const std::size_t kind = seen.fact->index();
    ++heard_[group][kind];
    for (Checker* checker : listeners_[group][kind]) checker->hear(heard, objections_);
    const FactMask bit = FactMask{1} << kind;
    if ((bit & director_.facts()) != 0) director_.hear(heard);
    if ((bit & History::interests()) != 0) {
      if (group == clients_) record(history_.hear(heard));
    } else if ((bit & Standing::leadership()) != 0) {
      follow_leader(heard, world);
    } else if (const auto* campaigned = std::get_if<Campaigned>(seen.fact)) {
      candidacy_ = {campaigned->term, seen.node, seen.at};
    } else if (const auto* decided = std::get_if<Decided>(seen.fact)) {
      decided_[group] = std::max(decided_[group], decided->slot.value);
      if (group == target_) log_.decide(*decided);
    } else if (const auto* executed = std::get_if<InstanceExecuted>(seen.fact)) {
      if (group == target_) log_.execute(*executed);
    } else if (std::holds_alternative<Routed>(*seen.fact)) {
      ++routed_;
    }
  }

  void follow_leader(const HeardFact& heard, const World& world) {
    if (const auto* elected = std::get_if<Elected>(heard.fact)) {
      ++elections_;
      const bool stood = candidacy_.node == heard.node && candidacy_.term == elected->term;
      leaderless_.record(leadership_.without(heard.at, stood ? candidacy_.since : heard.at));
      std::vector<NodeId> others;
      for (std::uint32_t node = 1; node < group_of_.size(); ++node) {
        const bool same_group = group_of_[node] == group_of_[heard.node.value];
        if (same_group && node != heard.node.value && world.is_up({node})) others.push_back({node});
      }
      leadership_.elected(elected->term, heard.node, heard.at, heard.event, std::move(others));
    } else {
      const Term term = std::get<SteppedDown>(*heard.fact).term;
      leadership_.stepped_down(term, heard.node, heard.at);
    }
  }

  void record(const HistoryLine& line) {
    if (recorder_ != nullptr) recorder_->line(line);
    const ClientOperation& op = *line.operation;
    // What clients are made to ask for in the end is not the load that is measured.
    if (steady_ && asked_ == Time::max()) measure(line);
    if (line.invocation) {
      occupancy_.enter(op.invoked);
    } else {
      occupancy_.leave(op.returned, op.returned - op.invoked);
    }
    if (!line.invocation && op.outcome == Returning::ok && recorder_ != nullptr) {
      interval_latencies_.record(op.returned - op.invoked);
    }
    const bool answered = !line.invocation && op.outcome == Returning::ok;
    if (answered) last_ok_ = op.returned;
    if (op.invoked >= asked_) {
      asked_for_ += line.invocation;
      answered_ += answered;
      if (answered) first_answer_ = std::min(first_answer_, op.returned);
    }
    if (first_progress_ != Time::max()) return;
    const std::optional<Time> healed = director_.healed_at();
    if (!healed || op.invoked < *healed) return;
    first_attempt_ = std::min(first_attempt_, op.invoked);
    if (!line.invocation && op.outcome == Returning::ok) first_progress_ = op.returned;
  }

  void measure(const HistoryLine& line) {
    const ClientOperation& op = *line.operation;
    if (line.invocation) {
      const std::uint32_t client = op.client.value - first_client_;
      steady_->began(op.invoked, occupancy_.there(), works_.empty() ? 0 : works_[client].next());
    } else {
      steady_->ended(op.number, op.outcome == Returning::ok, op.returned - op.invoked);
    }
  }

  void impaired(const Occurrence& seen) {
    if (seen.condition != nullptr) return;  // of a link
    for (const Listener& listener : checkers_) {
      if (listener.group != group_of_[seen.node.value]) continue;
      listener.checker->impaired(seen.node, seen.what == Sight::imposed, seen.at);
    }
  }

  void crashed(const Occurrence& seen) {
    leadership_.crashed(seen.node, seen.at);
    for (const Listener& listener : checkers_) {
      if (listener.group == group_of_[seen.node.value]) {
        listener.checker->crashed(seen.node, seen.at);
      }
    }
    director_.crashed(seen.node);
    for (const ClientOperation& op : history_.crashed(seen.node, seen.at)) {
      record({false, &op, seen.event});
    }
  }

  static constexpr SightMask impairing = sight(Sight::imposed) | sight(Sight::lifted) |
                                         sight(Sight::resumed) | sight(Sight::clock_set);
  static constexpr SightMask changing = sight(Sight::cut) | sight(Sight::healed) |
                                        sight(Sight::crashed) | sight(Sight::booted) |
                                        sight(Sight::paused) | sight(Sight::resumed);

  Recorder* recorder_;
  Director& director_;
  History history_;
  Occupancy occupancy_;
  std::optional<SteadyState> steady_;
  std::vector<Stream> works_;       // by client, where known work controls the mean
  std::uint32_t first_client_ = 0;  // its node
  DecidedLog log_;                  // of the group that clients ask, if the history is kept
  std::size_t target_ = 0;
  bool watches_links_ = false;
  std::uint64_t changes_ = 0;
  std::vector<Listener> checkers_;
  std::vector<CheckTally> tallies_;                                       // once these are gone
  std::vector<std::array<std::vector<Checker*>, fact_kinds>> listeners_;  // by group and kind
  std::vector<Tally> heard_;                                              // by group
  std::vector<std::size_t> group_of_;                                     // by node
  std::vector<std::uint64_t> decided_;                                    // highest slot, by group
  Objections objections_;
  Histogram interval_latencies_;
  std::uint64_t elections_ = 0;
  std::uint64_t routed_ = 0;
  std::size_t clients_ = 0;  // their group
  Time asked_ = Time::max();
  std::uint64_t asked_for_ = 0;
  std::uint64_t answered_ = 0;
  Time first_answer_ = Time::max();
  Time last_ok_;
  struct Candidacy {
    Term term;
    NodeId node;
    Time since;
  };
  Candidacy candidacy_;  // the last one
  Histogram leaderless_;
  Leadership leadership_;
  mutable bool sees_messages_ = false;  // as of the last wants()
  Time first_attempt_ = Time::max();
  Time first_progress_ = Time::max();
};

}  // namespace ballast
