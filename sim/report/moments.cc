#include "sim/report/moments.h"

#include <algorithm>

#include "sim/kernel/world.h"

namespace ballast {

Moments::Moments(const Scenario& scenario) {
  const std::vector<Group> groups = scenario.node_groups();
  std::size_t nodes = 0;
  for (const Group& group : groups) nodes += group.nodes.size();
  group_of_.resize(nodes + 1, groups.size());
  records_.resize(nodes + 1);
  states_.resize(nodes + 1);
  for (std::size_t g = 0; g < groups.size(); ++g) {
    for (const NodeId node : groups[g].nodes) group_of_[node.value] = g;
    if (g >= scenario.groups.size()) continue;  // clients are judged by nobody
    for (const CheckInfo& info : checks()) listeners_.push_back({info.make(groups[g]), g});
  }
}

void Moments::see(const Occurrence& seen, const World& world) {
  Moment& moment = moments_.emplace_back();
  moment.number = forgotten_ + moments_.size() - 1;
  moment.what = seen.what;
  moment.event = seen.event;
  moment.cause = seen.cause;
  moment.at = seen.at;
  moment.node = seen.node;
  moment.life = seen.life;
  moment.peer = seen.peer;
  moment.message = seen.message;
  if (!seen.state.empty()) states_[seen.node.value] = seen.state;
  if (seen.fact != nullptr) {
    moment.fact = *seen.fact;
    hear(seen);
  } else if (seen.what == Sight::sent || seen.what == Sight::received) {
    const AnyPool& pool = world.pools()[seen.payload];
    moment.name = pool.message_name(seen.payload.slot);
    JsonWriter w(moment.json);
    w.begin_object();
    pool.write_members(seen.payload.slot, w);
    w.end_object();
    if (seen.what == Sight::received) moment.state = seen.state;
    if (seen.what == Sight::sent) sendings_[seen.message] = moment.number;
  } else if (seen.what == Sight::fired) {
    moment.name = world.process(seen.node).timer_name(seen.timer);
  } else if (seen.what == Sight::broke_rule) {
    moment.name = seen.sentence;
  } else {
    keep_records(moment, seen, world);
  }
  if (moments_.size() > most) {
    const Moment& oldest = moments_.front();
    if (oldest.what == Sight::sent) sendings_.erase(oldest.message);
    moments_.pop_front();
    ++forgotten_;
  }
}

// A crash shows how many records it takes along, but not which: they are the newest of the node.
void Moments::keep_records(Moment& moment, const Occurrence& seen, const World& world) {
  const Process& process = world.process(seen.node);
  std::deque<std::string>& newest = records_[seen.node.value];
  JsonWriter w(moment.json);
  if (seen.what == Sight::booted) {
    w.raw(seen.state);
  } else if (seen.what == Sight::persisted) {
    w.begin_array();
    for (std::uint64_t i = process.journal_size() - seen.records; i < process.journal_size(); ++i) {
      std::string record;
      JsonWriter one(record);
      one.begin_object().key(process.record_name(i)).begin_object();
      process.write_record(i, one);
      one.end_object().end_object();
      w.raw(record);
      newest.push_back(std::move(record));
      if (newest.size() > most_records) newest.pop_front();
    }
    w.end_array();
  } else if (seen.what == Sight::crashed) {
    moment.lost = seen.records;
    const std::size_t known = std::min<std::size_t>(seen.records, newest.size());
    w.begin_array();
    for (std::size_t i = newest.size() - known; i < newest.size(); ++i) w.raw(newest[i]);
    w.end_array();
    newest.resize(newest.size() - known);
    for (const Listener& listener : listeners_) {
      if (listener.group == group_of_[seen.node.value]) {
        listener.checker->crashed(seen.node, seen.at);
      }
    }
  }
}

void Moments::hear(const Occurrence& seen) {
  const HeardFact heard{seen.fact, seen.event, seen.cause, seen.at, seen.node, seen.life};
  Objections objections;
  for (const Listener& listener : listeners_) {
    if (listener.group != group_of_[seen.node.value]) continue;
    if ((listener.checker->interests() >> seen.fact->index() & 1) == 0) continue;
    listener.checker->hear(heard, objections);
  }
  for (const Violation& objection : objections.all()) {
    const bool known =
        std::any_of(first_objections_.begin(), first_objections_.end(),
                    [&](const Violation& other) { return other.property == objection.property; });
    if (!known) first_objections_.push_back(objection);
  }
}

std::vector<const Moment*> Moments::of(EventId event) const {
  std::vector<const Moment*> found;
  auto at = std::lower_bound(moments_.begin(), moments_.end(), event,
                             [](const Moment& m, EventId wanted) { return m.event < wanted; });
  for (; at != moments_.end() && at->event == event; ++at) found.push_back(&*at);
  return found;
}

const Moment* Moments::start_of(EventId step) const {
  for (const Moment* moment : of(step)) {
    if (moment->what == Sight::received || moment->what == Sight::fired ||
        moment->what == Sight::booted) {
      return moment;
    }
  }
  return nullptr;
}

const Moment* Moments::sending(std::uint64_t message) const {
  const auto found = sendings_.find(message);
  return found == sendings_.end() ? nullptr : &(*this)[found->second];
}

const Moment* Moments::written_by(EventId step) const {
  for (const Moment* moment : of(step)) {
    if (moment->what == Sight::persisted) return moment;
  }
  return nullptr;
}

}  // namespace ballast
