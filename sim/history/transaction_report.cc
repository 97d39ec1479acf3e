#include <algorithm>

#include "sim/base/describe.h"
#include "sim/base/json_writer.h"
#include "sim/base/text.h"
#include "sim/history/transactions.h"

namespace ballast::history {
namespace {

constexpr std::size_t most_of_them = 20;

std::string number_of(std::size_t n, const std::string& one, const std::string& many) {
  return with_commas(n) + " " + (n == 1 ? one : many);
}

std::string names_of(const std::vector<Isolation>& all) {
  std::string text;
  for (const Isolation each : all) text += (text.empty() ? "" : ", ") + std::string(name_of(each));
  return text;
}

std::string when(const TransactionHistory& history, Time at) {
  if (at == Time::max()) return "unknown";
  return say_time(history.unit, at);
}

std::string transaction_line(const TransactionHistory& history, std::uint32_t index) {
  const Transaction& t = history.transactions[index];
  std::string text = say_process(t.process, history.values);
  if (t.line > 0) text += ", line " + std::to_string(t.line);
  text += ": " + say(history, t);
  if (t.fate == Fate::aborted) text += " (aborted)";
  if (t.fate == Fate::unknown) text += " (unknown)";
  return text + "  " + when(history, t.invoked) + " to " + when(history, t.ended);
}

}  // namespace

std::string say(const TransactionHistory& history, const Transaction& transaction) {
  std::string text;
  for (const Micro* micro = history.begin_of(transaction); micro != history.end_of(transaction);
       ++micro) {
    if (!text.empty()) text += ", ";
    const std::string& key = history.keys[micro->key];
    if (micro->is_write) {
      text += history.model == TransactionModel::list_append ? "append " : "write ";
      text += key + " " + history.values.say(micro->value);
    } else {
      const bool known = transaction.fate == Fate::committed;
      text += "read " + key + (known ? " -> " + history.values.say(micro->value) : "");
    }
  }
  return text;
}

std::string as_text(const TransactionHistory& history, TransactionModel model, Isolation wanted,
                    const TransactionVerdict& verdict) {
  std::string text = std::string(name_of(wanted)) + " " + std::string(name_of(verdict.answer)) +
                     ": " + number_of(history.transactions.size(), "transaction", "transactions") +
                     " on " + number_of(history.keys.size(), "key", "keys") + " as " +
                     std::string(name_of(model)) + ", " +
                     number_of(verdict.dependencies, "dependency", "dependencies") + "\n";
  if (!verdict.anomalies.empty()) {
    text += verdict.strongest.empty()
                ? "no isolation allows what was found\n"
                : "what was found still allows " + names_of(verdict.strongest) + "\n";
  }
  for (const Anomaly& anomaly : verdict.anomalies) {
    text += "\n" + in_words(anomaly.kind, anomaly.besides) + "\n";
    for (std::size_t i = 0; i < anomaly.transactions.size() && i < most_of_them; ++i) {
      text += "  T" + std::to_string(i + 1) + "  " +
              transaction_line(history, anomaly.transactions[i]) + "\n";
    }
    for (std::size_t i = 0; i < anomaly.reasons.size() && i < most_of_them; ++i) {
      text += "  " + anomaly.reasons[i] + "\n";
    }
    if (anomaly.transactions.size() > most_of_them) {
      text +=
          "  and so on, through " + with_commas(anomaly.transactions.size()) + " transactions\n";
    }
  }
  if (verdict.anomaly_count > verdict.anomalies.size()) {
    text += "\nand " +
            number_of(verdict.anomaly_count - verdict.anomalies.size(), "anomaly", "anomalies") +
            " more\n";
  }
  if (verdict.doubts.empty() || verdict.answer == Holds::no) return text;
  text += "\nnot judged:\n";
  for (std::size_t i = 0; i < verdict.doubts.size() && i < most_of_them; ++i) {
    text += "  " + verdict.doubts[i] + "\n";
  }
  return text;
}

std::string as_json(const TransactionHistory& history, TransactionModel model, Isolation wanted,
                    const TransactionVerdict& verdict) {
  std::string text;
  JsonWriter w(text, JsonWriter::Style::indented);
  const auto list = [&](std::string_view key, const std::vector<Isolation>& all) {
    w.key(key).begin_array();
    for (const Isolation each : all) w.value(name_of(each));
    w.end_array();
  };
  w.begin_object().member("model", name_of(model)).member("isolation", name_of(wanted));
  w.member("verdict", name_of(verdict.answer));
  w.member("transactions", history.transactions.size()).member("keys", history.keys.size());
  w.member("dependencies", verdict.dependencies);
  list("strongest", verdict.strongest);
  list("refuted", verdict.refuted);
  w.member("anomaly_count", verdict.anomaly_count);
  w.key("anomalies").begin_array();
  for (const Anomaly& anomaly : verdict.anomalies) {
    w.begin_object();
    w.member("anomaly", std::string_view(in_words(anomaly.kind, anomaly.besides)));
    w.key("transactions").begin_array();
    for (const std::uint32_t index : anomaly.transactions) {
      const Transaction& t = history.transactions[index];
      w.begin_object().key("process").raw(history.values.json(t.process));
      if (t.line > 0) w.member("line", t.line);
      w.member("value", std::string_view(say(history, t)));
      w.member("invoked", t.invoked.ns);
      if (t.ended != Time::max()) w.member("ended", t.ended.ns);
      w.end_object();
    }
    w.end_array().member("sentence", std::string_view(anomaly.sentence));
    w.key("why").begin_array();
    for (const std::string& reason : anomaly.reasons) w.value(std::string_view(reason));
    w.end_array().end_object();
  }
  w.end_array().key("not_judged").begin_array();
  for (const std::string& doubt : verdict.doubts) w.value(std::string_view(doubt));
  w.end_array().end_object();
  return text + "\n";
}

}  // namespace ballast::history
