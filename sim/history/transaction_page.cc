// The page of a history of transactions: each anomaly as a section of the page of report.h, in
// which transactions are the operations.
#include <algorithm>
#include <set>

#include "sim/base/describe.h"
#include "sim/base/text.h"
#include "sim/history/report.h"
#include "sim/history/transactions.h"

namespace ballast::history {
namespace {

constexpr std::size_t most_around = 60;  // transactions that are drawn besides those of an anomaly

History as_operations(const TransactionHistory& transactions) {
  History history;
  history.events = transactions.events;
  history.unit = transactions.unit;
  for (const Transaction& t : transactions.transactions) {
    Operation op;
    op.process = t.process;
    op.owner = t.process;
    op.invoked = t.invoked;
    op.ended = t.ended;
    op.called = t.called;
    op.returned = t.returned;
    op.line = t.line;
    op.outcome = t.returned == Operation::never ? Outcome::unknown : Outcome::ok;
    history.operations.push_back(op);
  }
  return history;
}

// Those of other transactions that were under way meanwhile and share a key with the anomaly.
std::vector<std::uint32_t> with_neighbours(const TransactionHistory& history,
                                           const std::vector<std::uint32_t>& core) {
  std::set<std::uint32_t> keys;
  std::uint32_t from = Operation::never;
  std::uint32_t to = 0;
  for (const std::uint32_t index : core) {
    const Transaction& t = history.transactions[index];
    from = std::min(from, t.called);
    to = std::max(to, t.returned == Operation::never ? t.called : t.returned);
    for (const Micro* m = history.begin_of(t); m != history.end_of(t); ++m) keys.insert(m->key);
  }
  std::set<std::uint32_t> chosen(core.begin(), core.end());
  const std::size_t most = chosen.size() + most_around;
  for (std::uint32_t i = 0; i < history.transactions.size() && chosen.size() < most; ++i) {
    const Transaction& t = history.transactions[i];
    if (t.called > to || t.returned < from || t.returned == Operation::never) continue;
    const bool shares = std::any_of(history.begin_of(t), history.end_of(t),
                                    [&](const Micro& m) { return keys.contains(m.key); });
    if (shares) chosen.insert(i);
  }
  return {chosen.begin(), chosen.end()};
}

PageSection section_of(const TransactionHistory& history, const Anomaly& anomaly) {
  PageSection section;
  section.explanation.core = anomaly.transactions;
  section.explanation.sentence = anomaly.sentence;
  section.operations = with_neighbours(history, anomaly.transactions);
  const auto name = [](std::size_t i) { return "T" + std::to_string(i + 1); };
  for (const std::uint32_t index : section.operations) {
    const Transaction& t = history.transactions[index];
    const std::string what = say(history, t) + (t.fate == Fate::aborted ? " (aborted)" : "");
    section.labels[index] = {"", what};
  }
  for (std::size_t i = 0; i < anomaly.transactions.size(); ++i) {
    const std::uint32_t index = anomaly.transactions[i];
    section.labels[index] = {name(i), name(i) + " " + section.labels[index].text};
    if (i >= anomaly.orders.size()) continue;  // no cycle, and nothing to draw
    const std::size_t next = (i + 1) % anomaly.transactions.size();
    section.arrows.push_back(
        {index, anomaly.transactions[next], anomaly.orders[i], anomaly.reasons[i]});
  }
  return section;
}

}  // namespace

std::string as_html(const TransactionHistory& history, TransactionModel model, Isolation wanted,
                    const TransactionVerdict& verdict, const std::string& title) {
  History drawn = as_operations(history);
  Page page;
  page.title = title;
  page.noun = "anomaly";
  page.findings.push_back(
      std::string(name_of(wanted)) + " " + std::string(name_of(verdict.answer)) + ": " +
      with_commas(history.transactions.size()) + " transactions on " +
      with_commas(history.keys.size()) + " keys as " + std::string(name_of(model)));
  for (const std::string& doubt : verdict.doubts) page.findings.push_back("not judged: " + doubt);
  for (const Anomaly& anomaly : verdict.anomalies) {
    PageSection section = section_of(history, anomaly);
    section.explanation.object = static_cast<std::uint32_t>(drawn.objects.size());
    drawn.objects.push_back(std::to_string(drawn.objects.size() + 1) + ", " +
                            in_words(anomaly.kind, anomaly.besides));
    page.sections.push_back(std::move(section));
  }
  page.history = &drawn;
  return as_html(page);
}

}  // namespace ballast::history
