#include "sim/report/story.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "sim/report/subjects.h"
#include "sim/report/words.h"

namespace ballast {
namespace {

constexpr int most_hops = 3;
constexpr std::size_t most_losses = 4;
constexpr std::size_t most_before = 3;
constexpr std::size_t most_states = 6;
constexpr std::size_t most_faults = 10;
constexpr std::size_t longest_state = 220;
constexpr int clash = 100;  // the weight of a row that cannot be left out

struct Property {
  std::string_view summary;
  std::string_view source;
  FactMask interests = ~FactMask{0};
};

Property property_of(const Scenario& scenario, std::string_view name) {
  for (const CheckInfo& info : checks()) {
    if (info.name != name) continue;
    return {info.summary, info.source, info.make(scenario.node_groups().front())->interests()};
  }
  if (name == Linearizable::name) return {Linearizable::doc, ""};
  if (name == Progress::name) return {Progress::doc, ""};
  if (name == Liveness::name) return {Liveness::doc, ""};
  if (name == Availability::name) return {Availability::doc, ""};
  if (name == StableLeader::name) return {StableLeader::doc, ""};
  return {"A rule that the algorithm states of itself holds.", "ensure() in its code"};
}

bool is_vote(const Fact& fact) {
  return std::holds_alternative<VoteGranted>(fact) || std::holds_alternative<Promised>(fact) ||
         std::holds_alternative<Accepted>(fact);
}

// Chooses from the moments of a run those that belong to the story of one violation.
class Telling {
 public:
  Telling(const Scenario& scenario, const Moments& moments, const RunOutcome& outcome)
      : names_(scenario),
        moments_(moments),
        outcome_(outcome),
        violation_(outcome.violations.front()),
        property_(property_of(scenario, violation_.property)) {}

  Story tell() {
    Story story;
    story.property = violation_.property;
    story.summary = property_.summary;
    story.source = property_.source;
    story.sentence = names_.in(violation_.sentence);
    story.at = violation_.at;
    if (!violation_.witnesses.empty()) story.event = violation_.event;
    subjects_.add_sentence(violation_.sentence);
    if (violation_.node) subjects_.nodes.insert(violation_.node);
    find_witnesses();
    for (const Violation& objection : moments_.objections()) {
      if (objection.property == violation_.property || objection.event > violation_.event) continue;
      if (story.before.size() == most_before) break;
      story.before.push_back(objection.property + " at " + to_text(objection.at) + ": " +
                             names_.in(objection.sentence));
      subjects_.add_sentence(objection.sentence);
      for (const EventId event : objection.witnesses) involve(event);
    }
    for (const Moment* witness : witnesses_) story.causes.push_back(cause_of(*witness));
    weigh_facts();
    weigh_misfortunes(story);
    for (const NodeId node : subjects_.nodes) {
      if (story.states.size() == most_states || names_.is_client(node)) continue;
      if (moments_.state(node).empty()) continue;
      story.states.push_back(names_.of(node) + ": " +
                             members_in_words(moments_.state(node), names_, longest_state));
    }
    choose(story);
    return story;
  }

 private:
  // The facts of the witnesses that the property is about; of several in one event those that the
  // sentence names. What was merely heard when something else came to light is no witness.
  void find_witnesses() {
    const Subjects named = subjects_;
    for (const EventId event : violation_.witnesses) {
      const Moment* last = nullptr;
      std::vector<const Moment*> fitting;
      for (const Moment* moment : moments_.of(event)) {
        if (moment->what == Sight::broke_rule) fitting.push_back(moment);
        if (!moment->fact || (property_.interests >> moment->fact->index() & 1) == 0) continue;
        last = moment;
        if (named.concern(*moment->fact)) fitting.push_back(moment);
      }
      const bool bystander = event == violation_.witnesses.back() && !witnesses_.empty();
      if (fitting.empty() && last != nullptr && !bystander) fitting.push_back(last);
      for (const Moment* moment : fitting) {
        if (moment->fact) subjects_.add_fact(*moment->fact);
        if (!named.entries.empty()) subjects_.entries = named.entries;
        subjects_.nodes.insert(moment->node);
        keep(moment, clash);
      }
      if (!fitting.empty()) witnesses_.push_back(fitting.back());
    }
  }

  void involve(EventId event) {
    for (const Moment* moment : moments_.of(event)) {
      if (moment->fact && subjects_.concern(*moment->fact)) keep(moment, 85);
    }
  }

  // "n4 was elected leader of term 7 at 1.203 s, on receiving VoteReply (...) from n3, which n3 had
  // sent at 1.199 s on receiving RequestVote (...) from n4, which ..."
  std::string cause_of(const Moment& witness) {
    std::string text = names_.of(witness.node) + " " + deed(witness) + " at " +
                       to_text(witness.at) + " (event " + with_commas(witness.event.value) + ")";
    EventId step = witness.cause;
    for (int hop = 0; hop < most_hops; ++hop) {
      const Moment* start = moments_.start_of(step);
      if (start == nullptr) break;
      keep(start, 90 - hop);
      if (hop == 0) with_state_.insert(start->number);
      if (start->what == Sight::fired)
        return text + " when its timer \"" + start->name + "\" fired.";
      if (start->what == Sight::booted) return text + " when it started.";
      text += std::string(hop == 0 ? "," : "") + " on receiving " +
              message_in_words(start->name, start->json, names_) + " from " +
              names_.of(start->peer);
      const Moment* sending = moments_.sending(start->message);
      if (sending == nullptr || hop + 1 == most_hops) break;
      text += ", which " + names_.of(start->peer) + " had sent at " + to_text(sending->at);
      step = sending->cause;
    }
    return text + ".";
  }

  std::string deed(const Moment& moment) const {
    return moment.fact ? in_words(*moment.fact, names_) : "broke its rule \"" + moment.name + "\"";
  }

  void keep(const Moment* moment, int weight) {
    int& known = weights_[moment->number];
    known = std::max(known, weight);
  }

  // Which facts are about what the violation is about.
  void weigh_facts() {
    std::map<NodeId, std::uint64_t> last_index;
    std::map<NodeId, std::uint64_t> committed;
    for (const Moment& moment : moments_.all()) {
      if (moment.at > violation_.at) break;  // a history is judged when the run is over
      if (moment.what == Sight::crashed) committed[moment.node] = 0;
      if (!moment.fact) continue;
      const bool involved = subjects_.nodes.contains(moment.node);
      bool concerns = subjects_.concern(*moment.fact);
      if (const auto* appended = std::get_if<Appended>(&*moment.fact)) {
        last_index[moment.node] = appended->index.value;
        // What stands before an entry says which log it continues.
        if (involved && !concerns && subjects_.entries.contains(appended->index.value + 1)) {
          keep(&moment, 55);
        }
      } else if (const auto* truncated = std::get_if<Truncated>(&*moment.fact)) {
        concerns = crosses(truncated->last_kept.value, last_index[moment.node]);
        last_index[moment.node] = truncated->last_kept.value;
      } else if (const auto* now = std::get_if<Committed>(&*moment.fact)) {
        concerns = crosses(committed[moment.node], now->index.value);
        committed[moment.node] = now->index.value;
      }
      // What was done to a register ends with the same request, which does not name the register.
      if (const auto* begun = std::get_if<Invoked>(&*moment.fact); begun != nullptr && concerns) {
        subjects_.requests.insert(begun->request);
      }
      if (!concerns || stated_at_first_boot(moment)) continue;
      keep(&moment, involved ? 70 : 50);
      // Why a log was cut is half of the story.
      const Moment* start = moments_.start_of(moment.cause);
      if (involved && start != nullptr && std::holds_alternative<Truncated>(*moment.fact)) {
        keep(start, 60);
      }
      if (start != nullptr &&
          (is_vote(*moment.fact) || std::holds_alternative<Truncated>(*moment.fact))) {
        with_state_.insert(start->number);
      }
    }
  }

  // How a node was set up, such as the weights that a balancer knows.
  bool stated_at_first_boot(const Moment& moment) const {
    const Moment* start = moments_.start_of(moment.cause);
    return start != nullptr && start->what == Sight::booted && start->life == Life{1};
  }

  // Whether an entry that the story is about lies above `low` and not above `high`.
  bool crosses(std::uint64_t low, std::uint64_t high) const {
    const auto next = subjects_.entries.upper_bound(low);
    return next != subjects_.entries.end() && *next <= high;
  }

  // What befell the nodes involved since the story began.
  void weigh_misfortunes(Story& story) {
    begin_ = weights_.empty() ? violation_.at : moments_[weights_.begin()->first].at;
    for (const Moment& moment : moments_.all()) {
      if (moment.at < begin_ || moment.at > violation_.at || !subjects_.nodes.contains(moment.node))
        continue;
      const bool reboot = moment.what == Sight::booted && moment.life > Life{1};
      const bool misfortune = moment.what == Sight::crashed || moment.what == Sight::paused ||
                              moment.what == Sight::damaged || moment.what == Sight::refused;
      if (!misfortune && !reboot) continue;
      keep(&moment, 80);
      if (story.losses.size() >= most_losses) continue;
      if (moment.what == Sight::crashed) story.losses.push_back(loss(moment));
      if (reboot) {
        story.losses.push_back(names_.of(moment.node) + " started again at " + to_text(moment.at) +
                               " with " + members_in_words(moment.json, names_, longest_state) +
                               ".");
      }
    }
  }

  std::string loss(const Moment& crash) const {
    return names_.of(crash.node) + " crashed at " + to_text(crash.at) + " and " + lost(crash) + ".";
  }
  std::string lost(const Moment& crash) const {
    if (crash.lost == 0) return "lost no record";
    return "lost " + with_commas(crash.lost) +
           (crash.lost == 1 ? " record that was" : " records that were") +
           " not durable yet: " + records_in_words(crash.json, names_);
  }
  std::string what(const Moment& moment) const {
    switch (moment.what) {
      case Sight::received:
        return received(moment);
      case Sight::fired:
        return "timer " + moment.name + " fired";
      case Sight::booted:
        return (moment.life > Life{1} ? "started again: " : "started: ") +
               members_in_words(moment.json, names_, longest_state);
      case Sight::stated:
        return deed(moment) + written(moment);
      case Sight::broke_rule:
        return deed(moment);
      case Sight::crashed:
        return "crashed, " + lost(moment);
      case Sight::paused:
        return "paused";
      case Sight::damaged:
        return "its journal was damaged, unnoticed until it recovers";
      case Sight::refused:
        return "did not start: it found its journal unreadable";
      case Sight::persisted:
      case Sight::sent:
      case Sight::dropped:
      case Sight::flushed:
      case Sight::resumed:
      case Sight::cut:
      case Sight::healed:
      case Sight::clock_set:
      case Sight::imposed:
      case Sight::lifted:
      case Sight::corrupted:
        break;
    }
    return std::string(name_of(moment.what));
  }

  std::string received(const Moment& moment) const {
    const Moment* sending = moments_.sending(moment.message);
    std::string text = "received " + message_in_words(moment.name, moment.json, names_) + " from " +
                       names_.of(moment.peer);
    if (sending != nullptr) text += ", sent at " + to_text(sending->at);
    if (with_state_.contains(moment.number) && !moment.state.empty()) {
      text += "; had " + members_in_words(moment.state, names_, longest_state);
    }
    return text;
  }

  // Votes and promises must be written down before they are given.
  std::string written(const Moment& moment) const {
    if (!is_vote(*moment.fact)) return {};
    const Moment* records = moments_.written_by(moment.cause);
    if (records == nullptr) return "; wrote nothing";
    return "; wrote " + records_in_words(records->json, names_);
  }

  void choose(Story& story) {
    // Of equal weight, the latest are nearest to what went wrong.
    std::vector<std::pair<int, std::uint64_t>> ranked;
    for (const auto& [number, weight] : weights_) ranked.emplace_back(weight, number);
    std::sort(ranked.begin(), ranked.end(), std::greater<>());
    std::vector<StoryRow> faults = fault_rows();
    const std::size_t room = StoryTeller::most_rows - faults.size();
    if (ranked.size() > room) {
      story.left_out = ranked.size() - room;
      ranked.resize(room);
    }
    std::set<std::uint64_t> chosen;
    for (const auto& [weight, number] : ranked) chosen.insert(number);
    auto fault = faults.begin();
    for (const std::uint64_t number : chosen) {
      const Moment& moment = moments_[number];
      // A fault bears the number of the last event before it.
      for (; fault != faults.end() && fault->event < moment.event; ++fault) {
        story.rows.push_back(std::move(*fault));
      }
      story.rows.push_back({moment.at, names_.of(moment.node), what(moment), moment.event,
                            moment.cause, weights_[number] == clash});
    }
  }

  // The faults that lasted into the story, crashes and pauses aside: nodes show those themselves.
  std::vector<StoryRow> fault_rows() const {
    std::vector<StoryRow> rows;
    for (const FiredFault& each : outcome_.faults) {
      const Fault& fault = each.fault;
      if (!each.fired || std::holds_alternative<Crash>(fault.action) ||
          std::holds_alternative<Pause>(fault.action)) {
        continue;
      }
      const Time end = fault.lasts ? saturating_add(fault.at, *fault.lasts) : Time::max();
      if (end < begin_) continue;
      std::string text = "fault: " + std::string(name_of(fault.action));
      const std::string options = options_in_words(fault.action, names_);
      if (!options.empty()) text += ", " + options;
      if (fault.lasts) text += ", for " + to_text(*fault.lasts);
      rows.push_back({fault.at, "", text, {fault.after_event.value_or(0)}, {}, false});
    }
    if (rows.size() > most_faults) rows.erase(rows.begin(), rows.end() - most_faults);
    return rows;
  }

  Names names_;
  const Moments& moments_;
  const RunOutcome& outcome_;
  const Violation& violation_;
  Property property_;
  Subjects subjects_;
  std::vector<const Moment*> witnesses_;
  std::map<std::uint64_t, int> weights_;  // of moments, by number
  std::set<std::uint64_t> with_state_;    // arrivals whose meaning depends on what the node knew
  Time begin_;
};

}  // namespace

Story StoryTeller::tell(const RunOutcome& outcome) const {
  return Telling(scenario_, moments_, outcome).tell();
}

}  // namespace ballast
