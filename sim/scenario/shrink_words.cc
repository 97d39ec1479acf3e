// What was taken away, in words.
#include <algorithm>
#include <set>

#include "sim/base/text.h"
#include "sim/scenario/shrink_search.h"

namespace ballast {

ScheduleSize size_of(const Scenario& s) {
  ScheduleSize size;
  size.nodes = s.server_count();
  size.clients = s.client_count();
  size.faults = s.faults.size();
  if (s.workload && s.workload->script) size.operations = s.workload->script->size();
  size.drawn = s.workload && !s.workload->script;
  size.messages = s.network.messages.size();
  size.duration = s.duration;
  return size;
}

std::string in_words(const ScheduleSize& after, const ScheduleSize& before) {
  const auto part = [](std::uint64_t now, std::uint64_t then, const std::string& what) {
    return with_commas(now) + " of " + with_commas(then) + " " + what + (then == 1 ? "" : "s");
  };
  std::string text = part(after.faults, before.faults, "fault");
  if (before.operations > 0) {
    text += after.drawn ? ", operations as they are drawn"
                        : ", " + part(after.operations, before.operations, "operation");
  }
  if (before.messages > 0 || after.messages > 0) {
    text += ", " + with_commas(after.messages) +
            (after.messages == 1 ? " message fate (" : " message fates (") +
            with_commas(before.messages) + " messages were lost or copied)";
  }
  text += ", " + part(after.nodes, before.nodes, "node");
  if (before.clients > 0) text += ", " + part(after.clients, before.clients, "client");
  return text + ", " + to_text(after.duration) + " of " + to_text(before.duration);
}

std::vector<std::string> remarks(const Shrunk& shrunk) {
  std::vector<std::string> lines;
  const Violation& first = shrunk.outcome.violations.front();
  lines.push_back("Violates " + first.property + ". Shrunk in " + with_commas(shrunk.runs) +
                  " runs" +
                  (shrunk.complete ? ", until nothing more could be taken away, to"
                                   : ", until the time was over, to"));
  lines.push_back(in_words(shrunk.after, shrunk.before) + ".");
  return lines;
}

std::string failure_id(const std::string& property, const Scenario& s) {
  const std::vector<Group> groups = s.node_groups();
  const auto group_of = [&](NodeId node) -> std::string {
    for (const Group& group : groups) {
      if (std::find(group.nodes.begin(), group.nodes.end(), node) != group.nodes.end()) {
        return group.name;
      }
    }
    return {};
  };
  std::set<std::string> shape;
  for (const Fault& fault : s.faults) {
    std::set<std::string> whom;
    FaultAction action = fault.action;
    for_each_selector(action, [&](const Selector& selector) {
      for (const Selector::Part& part : selector.parts) {
        whom.insert(part.node
                        ? group_of(part.node)
                        : (part.group.empty() ? std::string(name_of(part.role)) : part.group));
      }
    });
    std::string text(name_of(fault.action));
    for (const std::string& each : whom) text += " " + each;
    shape.insert(std::move(text));
  }
  if (s.workload && s.workload->script) {
    for (const ScriptedOperation& each : *s.workload->script) {
      shape.insert("asks " + std::string(name_of(each.action)));
    }
  }
  for (const MessageSpec& each : s.network.messages) {
    shape.insert(each.message + (each.lost ? " lost" : each.copy ? " twice" : " late"));
  }
  Fingerprint f;
  fold(f, property);
  for (const std::string& each : shape) fold(f, each);
  return to_hex(f.value()).substr(0, 12);
}

}  // namespace ballast
