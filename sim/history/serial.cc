// Whether transactions can be executed one after the other, by doing so.
#include <algorithm>
#include <functional>

#include "sim/history/transactions.h"

namespace ballast::history {
namespace {

// The keys, and what transactions make of them. Lists are as long as they are: an element is
// appended only where the history knows the longer list, else the key becomes unreadable.
class Store {
 public:
  Store(const TransactionHistory& history, TransactionModel model)
      : history_(history), model_(model), values_(history.keys.size(), nil) {}

  // Whether its reads return what is there; it is executed in any case.
  bool execute(const Transaction& transaction) {
    bool fits = true;
    for (const Micro* micro = history_.begin_of(transaction); micro != history_.end_of(transaction);
         ++micro) {
      Word& value = values_[micro->key];
      if (!micro->is_write) {
        fits = fits && (transaction.fate != Fate::committed || value == micro->value);
      } else if (model_ == TransactionModel::rw_register) {
        value = micro->value;
      } else {
        value = value == unreadable ? value : history_.values.extension(value, micro->value);
      }
    }
    return fits;
  }
  Word value(std::uint32_t key) const { return values_[key]; }

 private:
  const TransactionHistory& history_;
  TransactionModel model_;
  std::vector<Word> values_;
};

// Which of the transactions whose predecessors were executed is next. In a register a value is not
// replaced while somebody must still read it.
class SerialOrder {
 public:
  SerialOrder(const TransactionHistory& history, TransactionModel model,
              const Dependencies& dependencies)
      : history_(history),
        graph_(dependencies.graph()),
        dependencies_(dependencies),
        store_(history, model),
        registers_(model == TransactionModel::rw_register) {}

  std::vector<std::uint32_t> run() {
    prepare();
    std::vector<std::uint32_t> order;
    std::size_t executed = none;  // when what was put off was last tried again
    while (!ready_.empty() || !blocked_.empty()) {
      if (ready_.empty()) {
        if (executed == order.size()) return {};
        executed = order.size();
        for (const std::uint32_t node : blocked_) push(node);
        blocked_.clear();
      }
      const std::uint32_t node = pop();
      if (node < history_.transactions.size()) {
        if (registers_ && must_wait(node)) {
          blocked_.push_back(node);
          continue;
        }
        execute(node);
        order.push_back(node);
      }
      release(node);
    }
    return order;
  }

 private:
  static constexpr std::size_t none = ~std::size_t{0};

  void prepare() {
    begin_.assign(graph_.nodes() + 1, 0);
    waits_.assign(graph_.nodes(), 0);
    for (const OrderGraph::Arc& arc : graph_.arcs()) {
      ++begin_[arc.from + 1];
      ++waits_[arc.to];
    }
    for (std::uint32_t node = 0; node < graph_.nodes(); ++node) begin_[node + 1] += begin_[node];
    for (std::uint32_t node = 0; node < graph_.nodes(); ++node) {
      if (waits_[node] == 0 && takes_part(node)) push(node);
    }
    if (!registers_) return;
    each_external_read([this](std::uint32_t, const Micro& micro) {
      const std::uint32_t at = number(micro);
      ++unread_[at];
    });
  }
  // Nodes that only save arcs come first, then transactions as they were called.
  void push(std::uint32_t node) {
    const auto transactions = static_cast<std::uint32_t>(history_.transactions.size());
    const std::uint32_t others = graph_.nodes() - transactions;
    ready_.push_back(node < transactions ? node + others : node - transactions);
    std::push_heap(ready_.begin(), ready_.end(), std::greater<>());
  }
  std::uint32_t pop() {
    std::pop_heap(ready_.begin(), ready_.end(), std::greater<>());
    const std::uint32_t rank = ready_.back();
    ready_.pop_back();
    const auto transactions = static_cast<std::uint32_t>(history_.transactions.size());
    const std::uint32_t others = graph_.nodes() - transactions;
    return rank < others ? rank + transactions : rank - others;
  }
  bool takes_part(std::uint32_t node) const {
    return node >= history_.transactions.size() || dependencies_.happened(node);
  }
  void release(std::uint32_t node) {
    for (std::uint32_t i = begin_[node]; i < begin_[node + 1]; ++i) {
      const std::uint32_t to = graph_.arcs()[i].to;
      if (--waits_[to] == 0 && takes_part(to)) push(to);
    }
  }

  template <class F>
  void each_external_read_of(std::uint32_t t, F f) {
    const Transaction& transaction = history_.transactions[t];
    if (transaction.fate != Fate::committed) return;
    const Micro* const begin = history_.begin_of(transaction);
    for (const Micro* micro = begin; micro != history_.end_of(transaction); ++micro) {
      const bool first =
          std::none_of(begin, micro, [&](const Micro& before) { return before.key == micro->key; });
      if (!micro->is_write && first) f(t, *micro);
    }
  }
  template <class F>
  void each_external_read(F f) {
    for (std::uint32_t t = 0; t < history_.transactions.size(); ++t) each_external_read_of(t, f);
  }
  std::uint32_t number(const Micro& micro) {
    const auto fresh = static_cast<std::uint32_t>(unread_.size());
    const std::uint32_t at =
        versions_.insert(micro.key, static_cast<std::uint64_t>(micro.value), fresh);
    if (at == fresh) unread_.push_back(0);
    return at;
  }

  bool must_wait(std::uint32_t t) {
    const Transaction& transaction = history_.transactions[t];
    bool waits = false;
    each_external_read_of(t, [&](std::uint32_t, const Micro& micro) {
      waits = waits || store_.value(micro.key) != micro.value;
    });
    for (const Micro* micro = history_.begin_of(transaction);
         micro != history_.end_of(transaction) && !waits; ++micro) {
      if (!micro->is_write) continue;
      const std::uint32_t at = number({store_.value(micro->key), micro->key, false});
      std::uint32_t own = 0;
      each_external_read_of(
          t, [&](std::uint32_t, const Micro& read) { own += read.key == micro->key ? 1 : 0; });
      waits = unread_[at] > own;
    }
    return waits;
  }
  void execute(std::uint32_t t) {
    if (registers_) {
      each_external_read_of(t,
                            [&](std::uint32_t, const Micro& micro) { --unread_[number(micro)]; });
    }
    store_.execute(history_.transactions[t]);
  }

  const TransactionHistory& history_;
  const OrderGraph& graph_;
  const Dependencies& dependencies_;
  Store store_;
  bool registers_;
  std::vector<std::uint32_t> begin_;
  std::vector<std::uint32_t> waits_;
  std::vector<std::uint32_t> ready_;    // a heap of ranks, see push()
  std::vector<std::uint32_t> blocked_;  // ready, but for a value that somebody must read first
  PairTable versions_;
  std::vector<std::uint32_t> unread_;  // by version: reads that are still to come
};

}  // namespace

bool is_serial(const TransactionHistory& history, TransactionModel model,
               const std::vector<std::uint32_t>& order) {
  Store store(history, model);
  std::vector<bool> there(history.transactions.size(), false);
  std::uint32_t latest_call = 0;
  for (const std::uint32_t t : order) {
    const Transaction& transaction = history.transactions[t];
    if (there[t] || transaction.fate == Fate::aborted) return false;
    there[t] = true;
    if (transaction.returned < latest_call) return false;
    latest_call = std::max(latest_call, transaction.called);
    if (!store.execute(transaction)) return false;
  }
  for (std::uint32_t t = 0; t < there.size(); ++t) {
    if (history.transactions[t].fate == Fate::committed && !there[t]) return false;
  }
  return true;
}

std::vector<std::uint32_t> serial_order(const TransactionHistory& history, TransactionModel model,
                                        const Dependencies& dependencies) {
  return SerialOrder(history, model, dependencies).run();
}

}  // namespace ballast::history
