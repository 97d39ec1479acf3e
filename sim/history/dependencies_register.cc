// Registers: a read tells one write. Of the order of writes is known that nothing comes before the
// first, and that who reads one version and writes another writes the later one. (Were it the
// earlier one, there would be a cycle of a write that follows a write and a read of it, G1c.)
#include <algorithm>

#include "sim/history/transactions.h"

namespace ballast::history {

void Dependencies::check_register_reads() {
  for (std::uint32_t t = 0; t < history_.transactions.size(); ++t) {
    if (transaction(t).fate != Fate::committed) continue;
    const Micro* const end = history_.end_of(transaction(t));
    for (const Micro* micro = history_.begin_of(transaction(t)); micro != end; ++micro) {
      if (micro->is_write || micro->value == nil) continue;
      const std::uint32_t write = find_write(micro->key, micro->value);
      if (write != none) {
        observe(t, write, true);
        continue;
      }
      add(AnomalyKind::garbage_read, {t},
          "T1 saw " + history_.values.say(micro->value) + " in key " + history_.keys[micro->key] +
              ", which nobody wrote");
    }
  }
}

void Dependencies::link_registers() {
  // By version, which is a write, and for each key the one before the first: who read it, and who
  // read it and wrote the key.
  const std::size_t versions = writes_.size() + history_.keys.size();
  std::vector<std::vector<std::uint32_t>> readers(versions);
  std::vector<std::vector<std::uint32_t>> successors(versions);
  for (std::uint32_t t = 0; t < history_.transactions.size(); ++t) {
    if (transaction(t).fate != Fate::committed) continue;
    const Micro* const end = history_.end_of(transaction(t));
    for (const Micro* micro = history_.begin_of(transaction(t)); micro != end; ++micro) {
      if (micro->is_write || !external(transaction(t), micro)) continue;
      std::size_t version = writes_.size() + micro->key;
      if (micro->value != nil) {
        const std::uint32_t write = find_write(micro->key, micro->value);
        if (!usable(write)) continue;
        version = write;
        link(writes_[write].transaction, t, wr);
      }
      readers[version].push_back(t);
      if (micro->value != nil && writes_key(transaction(t), micro->key)) {
        successors[version].push_back(t);
      }
    }
  }
  for (std::uint32_t key = 0; key < by_key_.size(); ++key) {
    for (const std::uint32_t write : by_key_[key]) {
      const std::uint32_t writer = writes_[write].transaction;
      if (happened_[writer] && !aborted(write)) {
        successors[writes_.size() + key].push_back(writer);
      }
    }
  }
  for (std::size_t version = 0; version < versions; ++version) {
    if (readers[version].empty() || successors[version].empty()) continue;
    // Whoever wrote the version itself wrote it again: a read of the first is intermediate.
    if (version < writes_.size()) {
      std::erase(successors[version], writes_[version].transaction);
    }
    link_all(readers[version], successors[version]);
  }
}

std::string Dependencies::register_reason(std::uint32_t a, std::uint32_t b, Dependency kind,
                                          const Names& names) const {
  const Values& values = history_.values;
  const Transaction& first = transaction(a);
  const Transaction& second = transaction(b);
  const auto read_of = [&](const Transaction& t, std::uint32_t key) {
    for (const Micro* micro = history_.begin_of(t); micro != history_.end_of(t); ++micro) {
      if (micro->key == key) return micro->is_write ? nullptr : micro;
    }
    return static_cast<const Micro*>(nullptr);
  };
  const Transaction& reader = kind == wr ? second : first;
  for (const Micro* micro = history_.begin_of(reader); micro != history_.end_of(reader); ++micro) {
    if (micro->is_write || !external(reader, micro)) continue;
    const std::string name = "key " + history_.keys[micro->key];
    if (kind == wr) {
      const std::uint32_t write = micro->value == nil ? none : find_write(micro->key, micro->value);
      if (write == none || writes_[write].transaction != a) continue;
      return names.it + " wrote " + values.say(micro->value) + " to " + name + ", which " +
             names.other + " read";
    }
    if (!writes_key(second, micro->key)) continue;
    const Micro* const other = read_of(second, micro->key);
    const bool replaces = other != nullptr && second.fate == Fate::committed &&
                          other->value == micro->value && micro->value != nil;
    if (micro->value != nil && !replaces) continue;
    return names.it + " read " + name + " as " + values.say(micro->value) + ", which " +
           names.other + " " + (micro->value == nil ? "wrote" : "replaced");
  }
  return "";
}

}  // namespace ballast::history
