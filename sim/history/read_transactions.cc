#include <algorithm>

#include "sim/base/describe.h"
#include "sim/history/line.h"
#include "sim/history/transactions.h"

namespace ballast::history {
namespace {

class TransactionAssembler final : public LineSink {
 public:
  TransactionAssembler(TransactionModel model, Problems& problems, std::uint32_t source)
      : LineSink(problems, source), model_(model) {}

  Values& values() override { return history_.values; }
  bool transactional() const override { return true; }

  TransactionHistory finish() {
    settle_times();
    history_.unit = unit();
    history_.one_instant = one_instant();
    if (history_.unit == TimeUnit::line) {
      for (Transaction& transaction : history_.transactions) {
        transaction.invoked = line_at(transaction.invoked);
        transaction.ended = line_at(transaction.ended);
      }
    }
    put_in_order(history_);
    return std::move(history_);
  }

 private:
  std::string_view write_word() const {
    return model_ == TransactionModel::list_append ? "append" : "w";
  }

  std::uint32_t begin(const Line& line) override {
    Transaction transaction;
    transaction.process = line.process;
    transaction.invoked = time_of(line);
    transaction.line = line.number;
    transaction.first = static_cast<std::uint32_t>(history_.micros.size());
    if (line.f != "txn") {
      complain(line, "expected the operation \"txn\", not " + in_quotes(line.f));
    } else if (!line.has_micros) {
      complain(line, "the value of a transaction is a list of [f, key, value]");
    } else {
      for (const LineMicro& micro : line.micros) add(line, micro);
    }
    transaction.count = static_cast<std::uint32_t>(history_.micros.size()) - transaction.first;
    history_.transactions.push_back(transaction);
    return static_cast<std::uint32_t>(history_.transactions.size() - 1);
  }

  void add(const Line& line, const LineMicro& micro) {
    const bool reads = micro.f == "r";
    if (!reads && micro.f != write_word()) {
      const std::array<std::string_view, 2> known{"r", write_word()};
      return complain(line,
                      "a transaction of " + std::string(name_of(model_)) + " has no operation " +
                          in_quotes(micro.f) + "; expected r or " + std::string(write_word()),
                      closest(micro.f, known));
    }
    const std::uint32_t key = keys_.number(micro.key);
    if (key == history_.keys.size()) {
      history_.keys.push_back(history_.values.plain(micro.key));
    }
    if (!reads && micro.value == nil) complain(line, "a transaction writes null, which is nothing");
    history_.micros.push_back({reads ? nil : micro.value, key, !reads});
  }

  void end(const Line& line, std::uint32_t index, std::uint32_t began) override {
    Transaction& transaction = history_.transactions[index];
    transaction.ended = time_of(line);
    if (line.type == "info") return;
    if (line.type == "fail") {
      transaction.fate = Fate::aborted;
      return;
    }
    transaction.fate = Fate::committed;
    if (!line.has_micros) {
      return complain(line, "the value of a transaction is a list of [f, key, value]");
    }
    bool same = line.micros.size() == transaction.count;
    for (std::uint32_t i = 0; same && i < transaction.count; ++i) {
      Micro& micro = history_.micros[transaction.first + i];
      const LineMicro& told = line.micros[i];
      same = keys_.find(told.key) == micro.key && (told.f == "r") != micro.is_write &&
             (!micro.is_write || told.value == micro.value);
      if (!same || micro.is_write) continue;
      micro.value = told.value;
      const bool lists = model_ == TransactionModel::list_append;
      if (lists && told.value != nil && !Values::is_list(told.value)) {
        complain(line, "key " + history_.keys[micro.key] + " was read as " +
                           history_.values.say(told.value) + ", which is no list");
      }
    }
    if (!same) {
      complain(line, say_process(line.process, history_.values) +
                         " completes another transaction than it had invoked in line " +
                         std::to_string(began));
    }
  }

  void remark(const Line&) override {}

  TransactionModel model_;
  TransactionHistory history_;
  WordTable keys_;
};

}  // namespace

void put_in_order(TransactionHistory& history) {
  // The order of calls and returns is that of operations with these times.
  History operations;
  for (std::uint32_t i = 0; i < history.transactions.size(); ++i) {
    const Transaction& transaction = history.transactions[i];
    Operation operation;
    operation.line = i;
    operation.invoked = transaction.invoked;
    operation.ended = transaction.ended;
    const bool returns = transaction.fate != Fate::unknown;
    operation.outcome = returns ? Outcome::ok : Outcome::unknown;
    operations.operations.push_back(operation);
  }
  put_in_order(operations);
  std::vector<Transaction> sorted;
  sorted.reserve(history.transactions.size());
  for (const Operation& operation : operations.operations) {
    sorted.push_back(history.transactions[operation.line]);
    sorted.back().called = operation.called;
    sorted.back().returned = operation.returned;
  }
  history.transactions = std::move(sorted);
  history.events = operations.events;
}

std::optional<TransactionHistory> read_transactions(std::string_view text, const std::string& name,
                                                    TransactionModel model, Problems& problems) {
  TransactionAssembler assembler(model, problems, problems.add_source(name));
  const std::size_t before = problems.count();
  read_lines(text, assembler);
  TransactionHistory history = assembler.finish();
  history.model = model;
  if (problems.count() > before) return std::nullopt;
  return history;
}

}  // namespace ballast::history
