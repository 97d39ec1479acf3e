// Histories of transactions, and which isolation they still allow: dependencies between
// transactions inferred from what they read (Kingsbury and Alvaro, "Elle: Inferring isolation
// anomalies from experimental observations", VLDB 2020), cycles among these (Adya, "Weak
// consistency", 1999).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/problems.h"
#include "sim/history/consistency.h"
#include "sim/history/graph.h"

namespace ballast::history {

enum class TransactionModel : std::uint8_t {
  list_append,  // ["append", key, element] and ["r", key, list]: a read tells the order of writes
  rw_register,  // ["w", key, value] and ["r", key, value]
};
constexpr auto enumerators(TransactionModel) {
  return std::array<std::string_view, 2>{"list-append", "rw-register"};
}

enum class Fate : std::uint8_t {
  committed,
  aborted,
  unknown,  // it may have committed; what it read is not known
};

// A read or a write of one key.
struct Micro {
  Word value = nil;  // of a read: what it returned, nil for nothing at all
  std::uint32_t key = 0;
  bool is_write = false;
};

struct Transaction {
  std::int64_t process = 0;
  Time invoked;
  Time ended = Time::max();
  std::uint32_t called = 0;  // places among all calls and returns; see Operation
  std::uint32_t returned = Operation::never;
  std::uint32_t first = 0;  // of its micro-operations
  std::uint32_t count = 0;
  std::uint32_t line = 0;
  Fate fate = Fate::unknown;
};

struct TransactionHistory {
  std::vector<Transaction> transactions;  // in the order of their calls
  std::vector<Micro> micros;
  Values values;
  std::vector<std::string> keys;
  TransactionModel model = TransactionModel::list_append;  // what its writes were read as
  std::uint32_t events = 0;
  TimeUnit unit = TimeUnit::nanosecond;
  bool one_instant = false;  // whether all times are equal

  const Micro* begin_of(const Transaction& t) const { return micros.data() + t.first; }
  const Micro* end_of(const Transaction& t) const { return micros.data() + t.first + t.count; }
};

// Sorts the transactions by call and sets `called`, `returned` and `events` from the times.
void put_in_order(TransactionHistory& history);

// JSON Lines or EDN, as read_history reads them, of operations "txn" whose value is a list of
// micro-operations. A null that a list was read as is the empty list.
std::optional<TransactionHistory> read_transactions(std::string_view text, const std::string& name,
                                                    TransactionModel model, Problems& problems);

// --- Anomalies and isolation --------------------------------------------------------------------

// From the weakest; snapshot isolation and repeatable read allow different things.
enum class Isolation : std::uint8_t {
  read_uncommitted,
  read_committed,
  snapshot_isolation,
  repeatable_read,
  serializable,
  strong_session_serializable,
  strict_serializable,
};
constexpr auto enumerators(Isolation) {
  return std::array<std::string_view, 7>{"read-uncommitted",   "read-committed",
                                         "snapshot-isolation", "repeatable-read",
                                         "serializable",       "strong-session-serializable",
                                         "strict-serializable"};
}

enum class AnomalyKind : std::uint8_t {
  garbage_read,        // of what no transaction wrote
  duplicate_elements,  // a list that holds an element twice
  incompatible_order,  // two reads of a list of which neither begins with the other
  internal,            // a transaction that does not see its own reads and writes
  aborted_read,        // G1a: of what an aborted transaction wrote
  intermediate_read,   // G1b: of what a transaction replaced before it committed
  lost_update,         // two that read the same version and wrote the next
  g0,                  // a cycle of writes that follow writes (ww)
  g1c,                 // of these and of reads of writes (wr)
  g_single,            // with one write that follows a read of what it replaced (rw)
  g_nonadjacent,       // with several of them, no two next to each other
  g2_item,             // with any
};
constexpr auto enumerators(AnomalyKind) {
  return std::array<std::string_view, 12>{"garbage-read",
                                          "duplicate-elements",
                                          "incompatible-order",
                                          "internal",
                                          "G1a",
                                          "G1b",
                                          "lost-update",
                                          "G0",
                                          "G1c",
                                          "G-single",
                                          "G-nonadjacent",
                                          "G2-item"};
}

// What a cycle needs besides dependencies.
enum class Besides : std::uint8_t { nothing, process, realtime };

struct Anomaly {
  AnomalyKind kind = AnomalyKind::internal;
  Besides besides = Besides::nothing;
  std::vector<std::uint32_t> transactions;  // T1, T2, ...
  std::vector<std::string> reasons;         // of a cycle: why each comes before the next
  std::vector<std::string> orders;          // of a cycle: "ww", "wr", "rw", "process", "realtime"
  std::string sentence;                     // all of it
};
// "G1c-realtime"
std::string in_words(AnomalyKind kind, Besides besides);
bool refutes(AnomalyKind kind, Besides besides, Isolation isolation);

struct TransactionVerdict {
  Holds answer = Holds::unknown;
  std::vector<Anomaly> anomalies;  // a few of each kind
  std::uint64_t anomaly_count = 0;
  std::vector<std::string> doubts;
  std::vector<Isolation> strongest;  // that no anomaly refutes
  std::vector<Isolation> refuted;
  std::uint64_t dependencies = 0;
};

// Dependencies are arcs of these kinds between transactions, by index. `ww_later` is a ww if the
// later transaction committed. Nobody was told so, but its writes were seen; it may have aborted if
// reads of what is not committed are allowed.
enum Dependency : std::uint32_t { ww = 1, wr, rw, session_order, real_time, ww_later };

// What the reads of a history say of the order of writes, as dependencies; and the anomalies that
// need no cycle.
class Dependencies {
 public:
  Dependencies(const TransactionHistory& history, TransactionModel model);

  const OrderGraph& graph() const { return graph_; }
  const std::vector<Anomaly>& anomalies() const { return anomalies_; }
  std::uint64_t anomaly_count() const { return anomaly_count_; }
  const std::vector<std::string>& doubts() const { return doubts_; }
  // It committed, or somebody saw what it wrote.
  bool happened(std::uint32_t transaction) const { return happened_[transaction]; }
  // Why the one comes before the other, in a sentence that calls them by these names.
  struct Names {
    std::string it = "it";
    std::string other = "the other";
  };
  std::string reason(std::uint32_t a, std::uint32_t b, Dependency kind, const Names& names) const;

 private:
  static constexpr std::uint32_t none = 0xFFFFFFFF;
  struct Write {
    std::uint32_t transaction = 0;
    std::uint32_t key = 0;
    Word value = nil;
    std::uint32_t place = none;  // in the path of its key, if it was observed there
    bool final = true;           // its transaction's last of the key
    bool ambiguous = false;      // of a value that was written twice
    bool observed = false;
  };
  // The longest list that was read of a key: each element, and the list up to it.
  struct Path {
    std::uint32_t begin = 0;
    std::uint32_t length = 0;
    std::uint32_t reader = none;
    bool forked = false;  // another read does not fit it
  };

  const Transaction& transaction(std::uint32_t t) const { return history_.transactions[t]; }
  bool aborted(std::uint32_t write) const {
    return transaction(writes_[write].transaction).fate == Fate::aborted;
  }
  bool usable(std::uint32_t write) const {
    return write != none && !writes_[write].ambiguous && !aborted(write);
  }
  std::uint32_t find_write(std::uint32_t key, Word value) const {
    return write_of_.find(key, static_cast<std::uint64_t>(value));
  }
  // Whether it is the first of its transaction to touch the key: it looks at the outside.
  bool external(const Transaction& t, const Micro* micro) const;
  bool writes_key(const Transaction& t, std::uint32_t key) const;
  std::string whom(std::uint32_t t) const;

  void add(AnomalyKind kind, std::vector<std::uint32_t> transactions, std::string reason);
  void collect_writes();
  void check_internal(std::uint32_t t);
  void check_lost_updates();
  void observe(std::uint32_t reader, std::uint32_t write, bool last);
  void settle_fates();
  void link(std::uint32_t a, std::uint32_t b, Dependency kind);
  void link_all(std::vector<std::uint32_t> readers, std::vector<std::uint32_t> writers);
  void add_session_order();
  void add_real_time();

  // Lists.
  void measure_lists();
  void find_paths();
  void walk_paths();
  void check_list_read(std::uint32_t t, const Micro* micro);
  void check_fork(std::uint32_t t, const Micro* micro);
  void link_lists();
  std::uint32_t length_of(Word list) const {
    return list == nil ? 0 : length_[Values::number(list)];
  }
  bool on_path(std::uint32_t key, Word list) const;
  std::uint32_t last_usable(std::uint32_t key, Word list) const;
  std::uint32_t next_on_path(std::uint32_t key, std::uint32_t place) const;
  std::uint32_t next_of_others(std::uint32_t key, Word list) const;
  std::uint32_t writer_at(std::uint32_t key, std::uint32_t place) const {
    return writes_[path_write_[paths_[key].begin + place]].transaction;
  }
  std::string list_reason(std::uint32_t a, std::uint32_t b, Dependency kind,
                          const Names& names) const;

  // Registers.
  void check_register_reads();
  void link_registers();
  std::string register_reason(std::uint32_t a, std::uint32_t b, Dependency kind,
                              const Names& names) const;

  const TransactionHistory& history_;
  TransactionModel model_;
  OrderGraph graph_;
  std::vector<Write> writes_;
  PairTable write_of_;                              // by key and value
  std::vector<std::vector<std::uint32_t>> by_key_;  // writes
  std::vector<bool> happened_;
  std::vector<Anomaly> anomalies_;
  std::uint64_t anomaly_count_ = 0;
  std::array<std::uint32_t, 12> of_kind_{};
  std::vector<std::string> doubts_;

  std::vector<std::uint32_t> length_;  // of lists, by their numbers
  std::vector<Path> paths_;            // by key
  std::vector<Word> path_list_;
  std::vector<std::uint32_t> path_write_;
  std::vector<std::uint32_t> first_aborted_;  // by key: a place
};

TransactionVerdict judge_transactions(const TransactionHistory& history, TransactionModel model,
                                      Isolation wanted);

// An order of the transactions that happened in which each reads what is there, and which agrees
// with `graph`; empty if the first attempt finds none. No graph is asked whether it is one:
bool is_serial(const TransactionHistory& history, TransactionModel model,
               const std::vector<std::uint32_t>& order);
std::vector<std::uint32_t> serial_order(const TransactionHistory& history, TransactionModel model,
                                        const Dependencies& dependencies);

// "append x 3, read y -> [1 2]"
std::string say(const TransactionHistory& history, const Transaction& transaction);

std::string as_text(const TransactionHistory& history, TransactionModel model, Isolation wanted,
                    const TransactionVerdict& verdict);
std::string as_json(const TransactionHistory& history, TransactionModel model, Isolation wanted,
                    const TransactionVerdict& verdict);

// A page as that of report.h: for each anomaly a sentence, and its transactions over time among
// those that met them, with an arrow from each to the one that it comes before.
std::string as_html(const TransactionHistory& history, TransactionModel model, Isolation wanted,
                    const TransactionVerdict& verdict, const std::string& title);

}  // namespace ballast::history
