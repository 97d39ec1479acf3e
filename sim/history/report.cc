#include "sim/history/report.h"

#include <algorithm>

#include "sim/base/describe.h"
#include "sim/base/text.h"

namespace ballast::history {
namespace {

constexpr std::size_t most_listed = 20;  // operations of a core, keys

std::string object_name(const History& history, std::uint32_t object) {
  const std::string& name = history.objects[object];
  return name.empty() ? "the history" : "key " + name;
}

std::string count(std::size_t n, const std::string& what) {
  return with_commas(n) + " " + what + (n == 1 ? "" : "s");
}

}  // namespace

std::string line_of(const History& history, std::uint32_t index) {
  const Operation& op = history.operations[index];
  std::string who = say_process(op.process, history.values);
  who.resize(std::max<std::size_t>(who.size(), 12), ' ');
  std::string what = say(op, history.values);
  what.resize(std::max<std::size_t>(what.size(), 24), ' ');
  return who + "  " + what + "  " + say_time(history, op.invoked) + " to " +
         (op.known() ? say_time(history, op.ended) : "unknown");
}

void write_operation(JsonWriter& w, const History& history, std::uint32_t index) {
  const Operation& op = history.operations[index];
  w.begin_object().key("process").raw(history.values.json(op.process));
  w.member("f", name_of(op.action));
  if (op.line > 0) w.member("line", op.line);
  if (op.action == Action::cas) {
    w.key("value").begin_array().raw(history.values.json(op.expected));
    w.raw(history.values.json(op.argument)).end_array();
  } else {
    const bool looks = op.action == Action::read || op.action == Action::dequeue ||
                       op.action == Action::acquire || (op.action == Action::propose && op.known());
    w.key("value").raw(history.values.json(looks ? op.result : op.argument));
  }
  constexpr std::array<std::string_view, 3> outcomes{"ok", "refused", "info"};
  w.member("outcome", outcomes[static_cast<std::size_t>(op.outcome)]);
  w.member("invoked", op.invoked.ns);
  if (op.known()) w.member("returned", op.ended.ns);
  w.end_object();
}

namespace {

void add_list(std::string& text, const History& history, const std::string& heading,
              const std::vector<std::uint32_t>& operations) {
  if (operations.empty()) return;
  text += "  " + heading + "\n";
  for (std::size_t i = 0; i < operations.size() && i < most_listed; ++i) {
    text += "    " + line_of(history, operations[i]) + "\n";
  }
  if (operations.size() > most_listed) {
    text += "    and " + std::to_string(operations.size() - most_listed) + " more\n";
  }
}

std::string in_text(const Judgement& judgement, const Explanation& explanation) {
  const History& history = *judgement.history;
  const ObjectVerdict& verdict = judgement.check->objects()[explanation.object];
  std::string text = object_name(history, explanation.object) + ": " + explanation.sentence + "\n";
  add_list(text, history,
           count(explanation.core.size(), "operation") + " of " +
               with_commas(verdict.operations.size()) + " that cannot be explained" +
               (explanation.core.size() == 1 ? ""
                : explanation.irreducible    ? " together; any fewer can"
                                             : " together; the search for fewer ran out"),
           explanation.core);
  add_list(text, history, "and what may have taken effect besides:", explanation.maybe);
  if (!explanation.order.empty()) {
    const std::size_t shown = std::min<std::size_t>(explanation.order.size(), 5);
    add_list(
        text, history,
        count(explanation.order.size(), "operation") + " can be explained; in the end:",
        {explanation.order.end() - static_cast<std::ptrdiff_t>(shown), explanation.order.end()});
  }
  return text;
}

void write_operations(JsonWriter& w, const History& history, std::string_view key,
                      const std::vector<std::uint32_t>& operations) {
  w.key(key).begin_array();
  for (const std::uint32_t index : operations) write_operation(w, history, index);
  w.end_array();
}

void write_explanation(JsonWriter& w, const Judgement& judgement, const Explanation& explanation) {
  const History& history = *judgement.history;
  w.begin_object();
  w.member("key", std::string_view(history.objects[explanation.object]));
  w.member("why", std::string_view(explanation.sentence));
  if (explanation.stuck != Operation::never) {
    w.key("stuck");
    write_operation(w, history, explanation.stuck);
  }
  write_operations(w, history, "core", explanation.core);
  write_operations(w, history, "maybe", explanation.maybe);
  w.member("irreducible", explanation.irreducible);
  w.member("explained", explanation.order.size());
  w.key("states").begin_array();
  for (const std::string& state : explanation.states) w.value(std::string_view(state));
  w.end_array().end_object();
}

}  // namespace

Judgement judge(const History& history, Model model, const LinearizabilityCheck& check,
                std::size_t most) {
  Judgement judgement{&history, model, &check, {}};
  for (const ObjectVerdict& verdict : check.objects()) {
    if (verdict.answer != Linearizability::no) continue;
    if (judgement.explanations.size() == most) break;
    judgement.explanations.push_back(explain(history, model, verdict));
  }
  std::stable_sort(judgement.explanations.begin(), judgement.explanations.end(),
                   [&](const Explanation& a, const Explanation& b) {
                     const auto at = [&](const Explanation& e) {
                       return e.stuck == Operation::never ? Operation::never
                                                          : history.operations[e.stuck].returned;
                     };
                     return at(a) < at(b);
                   });
  return judgement;
}

std::string as_text(const Judgement& judgement) {
  const LinearizabilityCheck& check = *judgement.check;
  const History& history = *judgement.history;
  std::size_t bad = 0;
  std::vector<std::string> undecided;
  for (const ObjectVerdict& verdict : check.objects()) {
    if (verdict.answer == Linearizability::no) ++bad;
    if (verdict.answer == Linearizability::unknown) {
      undecided.push_back(object_name(history, verdict.object));
    }
  }
  std::string text(name_of(check.answer()));
  text += ": " + count(history.operations.size(), "operation") + " on " +
          count(check.objects().size(), "object") + " as " + std::string(name_of(judgement.model)) +
          (check.nodes() > 0 ? ", " + count(check.nodes(), "configuration") : "") + "\n";
  if (bad > 1) text += with_commas(bad) + " objects are not linearizable\n";
  for (const Explanation& each : judgement.explanations) text += "\n" + in_text(judgement, each);
  if (bad > judgement.explanations.size()) {
    text += "\n" + count(bad - judgement.explanations.size(), "object") + " more\n";
  }
  if (undecided.empty()) return text;
  text += "\nundecided within the limits: ";
  for (std::size_t i = 0; i < undecided.size() && i < most_listed; ++i) {
    text += (i > 0 ? ", " : "") + undecided[i];
  }
  if (undecided.size() > most_listed) {
    text += " and " + std::to_string(undecided.size() - most_listed) + " more";
  }
  return text + "\n";
}

std::string as_json(const Judgement& judgement) {
  const LinearizabilityCheck& check = *judgement.check;
  const History& history = *judgement.history;
  std::string text;
  JsonWriter w(text, JsonWriter::Style::indented);
  w.begin_object();
  w.member("model", name_of(judgement.model)).member("verdict", name_of(check.answer()));
  w.member("operations", history.operations.size()).member("objects", check.objects().size());
  w.member("configurations", check.nodes());
  w.key("violations").begin_array();
  for (const Explanation& each : judgement.explanations) write_explanation(w, judgement, each);
  w.end_array();
  w.key("undecided").begin_array();
  for (const ObjectVerdict& verdict : check.objects()) {
    if (verdict.answer != Linearizability::unknown) continue;
    w.value(std::string_view(history.objects[verdict.object]));
  }
  w.end_array().end_object();
  return text + "\n";
}

}  // namespace ballast::history
