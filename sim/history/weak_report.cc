#include <algorithm>
#include <set>

#include "sim/base/describe.h"
#include "sim/base/text.h"
#include "sim/history/report.h"

namespace ballast::history {
namespace {

constexpr std::size_t most_lines = 20;

std::string some(std::size_t n, const std::string& what) {
  return with_commas(n) + " " + what + (n == 1 ? "" : "s");
}

std::size_t session_count(const History& history) {
  std::set<std::int64_t> processes;
  for (const Operation& op : history.operations) processes.insert(op.process);
  return processes.size();
}

std::string headline(const WeakJudgement& judgement) {
  const History& history = *judgement.history;
  return in_words(judgement.wanted) + " " + std::string(name_of(judgement.verdict.answer)) + ": " +
         some(history.operations.size(), "operation") + " of " +
         with_commas(session_count(history)) +
         (session_count(history) == 1 ? " process" : " processes") + " on " +
         some(history.objects.size(), "object") + " as " + std::string(name_of(judgement.model));
}

}  // namespace

std::string as_text(const WeakJudgement& judgement) {
  const ConsistencyVerdict& verdict = judgement.verdict;
  std::string text = headline(judgement);
  if (verdict.configurations > 0) text += ", " + some(verdict.configurations, "configuration");
  text += "\n";
  for (const Breach& breach : verdict.breaches) {
    text += "\n" + breach.sentence + "\n";
    for (std::size_t i = 0; i < breach.operations.size() && i < most_lines; ++i) {
      text += "    " + line_of(*judgement.history, breach.operations[i]) + "\n";
    }
  }
  if (verdict.breach_count > verdict.breaches.size()) {
    text += "\n" + some(verdict.breach_count - verdict.breaches.size(), "violation") + " more\n";
  }
  const auto add = [&](const std::string& heading, const std::vector<std::string>& sentences) {
    if (sentences.empty()) return;
    text += "\n" + heading + "\n";
    for (std::size_t i = 0; i < sentences.size() && i < most_lines; ++i) {
      text += "  " + sentences[i] + "\n";
    }
    if (sentences.size() > most_lines) {
      text += "  and " + some(sentences.size() - most_lines, "such sentence") + " more\n";
    }
  };
  add("not judged:", verdict.doubts);
  add("besides:", verdict.notes);
  return text;
}

std::string as_json(const WeakJudgement& judgement) {
  const ConsistencyVerdict& verdict = judgement.verdict;
  const History& history = *judgement.history;
  std::string text;
  JsonWriter w(text, JsonWriter::Style::indented);
  w.begin_object();
  w.member("model", name_of(judgement.model));
  w.member("consistency", std::string_view(in_words(judgement.wanted)));
  w.member("verdict", name_of(verdict.answer));
  w.member("operations", history.operations.size()).member("objects", history.objects.size());
  w.member("configurations", verdict.configurations);
  w.member("violation_count", verdict.breach_count);
  w.key("violations").begin_array();
  for (const Breach& breach : verdict.breaches) {
    w.begin_object();
    w.member("key", std::string_view(history.objects[breach.object]));
    w.member("why", std::string_view(breach.sentence));
    w.key("core").begin_array();
    for (const std::uint32_t index : breach.operations) write_operation(w, history, index);
    w.end_array().end_object();
  }
  w.end_array();
  const auto add = [&](std::string_view key, const std::vector<std::string>& sentences) {
    w.key(key).begin_array();
    for (const std::string& sentence : sentences) w.value(std::string_view(sentence));
    w.end_array();
  };
  add("not_judged", verdict.doubts);
  add("notes", verdict.notes);
  w.end_object();
  return text + "\n";
}

void add_to(Page& page, const WeakJudgement& judgement) {
  const History& history = *judgement.history;
  const std::vector<std::vector<std::uint32_t>> all = by_object(history);
  page.findings.push_back(headline(judgement));
  for (const Breach& breach : judgement.verdict.breaches) {
    PageSection section;
    section.explanation.object = breach.object;
    section.explanation.core = breach.operations;
    section.explanation.sentence = breach.sentence;
    std::set<std::uint32_t> objects;
    for (const std::uint32_t i : breach.operations) objects.insert(history.operations[i].object);
    for (const std::uint32_t object : objects) {
      section.operations.insert(section.operations.end(), all[object].begin(), all[object].end());
    }
    std::stable_sort(section.operations.begin(), section.operations.end());
    const auto last = std::max_element(
        breach.operations.begin(), breach.operations.end(), [&](std::uint32_t a, std::uint32_t b) {
          const auto end = [&](std::uint32_t i) {
            return history.operations[i].known() ? history.operations[i].returned : 0;
          };
          return end(a) < end(b);
        });
    if (last != breach.operations.end()) section.explanation.stuck = *last;
    page.sections.push_back(std::move(section));
  }
}

}  // namespace ballast::history
