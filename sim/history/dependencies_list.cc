// Lists to which transactions append: each read tells the order of all the writes before it.
#include <algorithm>

#include "sim/history/transactions.h"

namespace ballast::history {

// Lists are numbered after the shorter ones that they continue.
void Dependencies::measure_lists() {
  const Values& values = history_.values;
  length_.resize(values.size());
  for (std::size_t i = 0; i < length_.size(); ++i) {
    const Word parent = values.parent(Values::list_of(i));
    length_[i] = 1 + (parent == nil ? 0 : length_[Values::number(parent)]);
  }
}

void Dependencies::find_paths() {
  std::vector<Word> longest(history_.keys.size(), nil);
  paths_.resize(history_.keys.size());
  for (std::uint32_t t = 0; t < history_.transactions.size(); ++t) {
    if (transaction(t).fate != Fate::committed) continue;
    const Micro* const end = history_.end_of(transaction(t));
    for (const Micro* micro = history_.begin_of(transaction(t)); micro != end; ++micro) {
      if (micro->is_write || length_of(micro->value) <= length_of(longest[micro->key])) continue;
      longest[micro->key] = micro->value;
      paths_[micro->key].reader = t;
    }
  }
  first_aborted_.assign(history_.keys.size(), none);
  for (std::uint32_t key = 0; key < paths_.size(); ++key) {
    Path& path = paths_[key];
    path.begin = static_cast<std::uint32_t>(path_list_.size());
    path.length = length_of(longest[key]);
    path_list_.resize(path_list_.size() + path.length);
    path_write_.resize(path_list_.size(), none);
    Word list = longest[key];
    for (std::uint32_t place = path.length; place > 0; --place) {
      const std::uint32_t write = find_write(key, history_.values.last(list));
      path_list_[path.begin + place - 1] = list;
      path_write_[path.begin + place - 1] = write;
      if (write != none && aborted(write)) first_aborted_[key] = place - 1;
      list = history_.values.parent(list);
    }
    for (std::uint32_t place = 0; place < path.length; ++place) {
      const std::uint32_t write = path_write_[path.begin + place];
      const Word element = history_.values.last(path_list_[path.begin + place]);
      const std::string what = history_.values.say(element);
      if (write == none) {
        add(AnomalyKind::garbage_read, {path.reader},
            "T1 saw " + what + " in key " + history_.keys[key] + ", which nobody wrote");
      } else if (writes_[write].place != none && writes_[write].ambiguous) {
        path_write_[path.begin + place] = none;  // it was appended several times
      } else if (writes_[write].place != none) {
        add(AnomalyKind::duplicate_elements, {path.reader},
            "T1 saw " + what + " in key " + history_.keys[key] + " twice, in places " +
                std::to_string(writes_[write].place + 1) + " and " + std::to_string(place + 1));
        path_write_[path.begin + place] = none;
      } else {
        writes_[write].place = place;
        writes_[write].observed = true;
      }
    }
  }
}

bool Dependencies::on_path(std::uint32_t key, Word list) const {
  const std::uint32_t length = length_of(list);
  return length == 0 ||
         (length <= paths_[key].length && path_list_[paths_[key].begin + length - 1] == list);
}

void Dependencies::walk_paths() {
  for (std::uint32_t t = 0; t < history_.transactions.size(); ++t) {
    if (transaction(t).fate != Fate::committed) continue;
    const Micro* const end = history_.end_of(transaction(t));
    for (const Micro* micro = history_.begin_of(transaction(t)); micro != end; ++micro) {
      if (!micro->is_write && micro->value != nil) check_list_read(t, micro);
    }
  }
}

void Dependencies::check_list_read(std::uint32_t t, const Micro* micro) {
  const Path& path = paths_[micro->key];
  if (!on_path(micro->key, micro->value)) return check_fork(t, micro);
  const std::uint32_t length = length_of(micro->value);
  const std::uint32_t bad = first_aborted_[micro->key];
  if (bad < length) observe(t, path_write_[path.begin + bad], false);
  const std::uint32_t last = path_write_[path.begin + length - 1];
  if (last != none && !aborted(last)) observe(t, last, true);
}

void Dependencies::check_fork(std::uint32_t t, const Micro* micro) {
  Path& path = paths_[micro->key];
  path.forked = true;
  const bool alone = path.reader == t;
  add(AnomalyKind::incompatible_order, alone ? std::vector{t} : std::vector{path.reader, t},
      "of key " + history_.keys[micro->key] + " T1 read " +
          history_.values.say(path_list_[path.begin + path.length - 1]) +
          (alone ? " and " : " and T2 ") + history_.values.say(micro->value) +
          ": neither begins with the other");
  std::vector<Word> seen;
  for (Word list = micro->value; list != nil && !on_path(micro->key, list);
       list = history_.values.parent(list)) {
    const Word element = history_.values.last(list);
    const std::uint32_t write = find_write(micro->key, element);
    if (write == none) {
      add(AnomalyKind::garbage_read, {t},
          "T1 saw " + history_.values.say(element) + " in key " + history_.keys[micro->key] +
              ", which nobody wrote");
    } else {
      observe(t, write, list == micro->value);
    }
    seen.push_back(element);
  }
  std::sort(seen.begin(), seen.end());
  const auto twice = std::adjacent_find(seen.begin(), seen.end(), [&](Word a, Word b) {
    const std::uint32_t write = find_write(micro->key, a);
    return a == b && (write == none || !writes_[write].ambiguous);
  });
  if (twice != seen.end()) {
    add(AnomalyKind::duplicate_elements, {t},
        "T1 saw " + history_.values.say(*twice) + " in key " + history_.keys[micro->key] +
            " twice");
  }
}

// The write of the last element that a transaction which may have committed wrote, and no other:
// what follows it in the list may have been aborted.
std::uint32_t Dependencies::last_usable(std::uint32_t key, Word list) const {
  for (; list != nil; list = history_.values.parent(list)) {
    const std::uint32_t write = find_write(key, history_.values.last(list));
    if (usable(write)) return write;
  }
  return none;
}

// The place of the next write that is known to have taken effect.
std::uint32_t Dependencies::next_on_path(std::uint32_t key, std::uint32_t place) const {
  const Path& path = paths_[key];
  while (place < path.length && !usable(path_write_[path.begin + place])) ++place;
  return place;
}

// The place of the next write after such a list, by another transaction than the one that wrote the
// last of it: whoever read what a transaction replaced itself read nothing that another replaced.
std::uint32_t Dependencies::next_of_others(std::uint32_t key, Word list) const {
  const std::uint32_t length = length_of(list);
  std::uint32_t last = none;
  if (length > 0) {
    const std::uint32_t write = path_write_[paths_[key].begin + length - 1];
    if (write != none) last = writes_[write].transaction;
  }
  std::uint32_t next = next_on_path(key, length);
  while (next < paths_[key].length && writer_at(key, next) == last) {
    next = next_on_path(key, next + 1);
  }
  return next;
}

void Dependencies::link_lists() {
  std::vector<std::vector<std::uint32_t>> last_readers(paths_.size());
  for (std::uint32_t t = 0; t < history_.transactions.size(); ++t) {
    if (transaction(t).fate != Fate::committed) continue;
    const Micro* const end = history_.end_of(transaction(t));
    for (const Micro* micro = history_.begin_of(transaction(t)); micro != end; ++micro) {
      if (micro->is_write || !external(transaction(t), micro)) continue;
      const std::uint32_t key = micro->key;
      const std::uint32_t write = last_usable(key, micro->value);
      if (write != none) link(writes_[write].transaction, t, wr);
      if (!on_path(key, micro->value)) continue;
      const std::uint32_t next = next_of_others(key, micro->value);
      if (next == paths_[key].length) {
        last_readers[key].push_back(t);
      } else {
        link(t, writer_at(key, next), rw);
      }
    }
  }
  for (std::uint32_t key = 0; key < paths_.size(); ++key) {
    std::uint32_t last = none;
    for (std::uint32_t place = next_on_path(key, 0); place < paths_[key].length;
         place = next_on_path(key, place + 1)) {
      if (last != none) link(last, writer_at(key, place), ww);
      last = writer_at(key, place);
    }
    if (paths_[key].forked) continue;
    // What happened and was never seen came after the longest list.
    std::vector<std::uint32_t> unseen;
    for (const std::uint32_t write : by_key_[key]) {
      const std::uint32_t writer = writes_[write].transaction;
      if (writes_[write].observed || !usable(write) || !happened_[writer]) continue;
      unseen.push_back(writer);
      const bool told = transaction(writer).fate == Fate::committed;
      if (last != none) link(last, writer, told ? ww : ww_later);
    }
    if (!unseen.empty()) link_all(last_readers[key], unseen);
  }
}

void Dependencies::check_internal(std::uint32_t t) {
  const Micro* const begin = history_.begin_of(transaction(t));
  const Micro* const end = history_.end_of(transaction(t));
  for (const Micro* micro = begin; micro != end; ++micro) {
    if (micro->is_write) continue;
    // What the transaction did to the key before, from the latest back to a read.
    Word rest = micro->value;
    bool known = false;
    bool fits = true;
    for (const Micro* before = micro; before != begin && fits && !known;) {
      --before;
      if (before->key != micro->key) continue;
      if (!before->is_write) {
        known = true;
        fits = before->value == rest;
      } else if (model_ == TransactionModel::rw_register) {
        known = true;
        fits = before->value == rest;
      } else {
        fits = Values::is_list(rest) && history_.values.last(rest) == before->value;
        if (fits) rest = history_.values.parent(rest);
      }
    }
    if (fits) continue;
    add(AnomalyKind::internal, {t},
        "T1 read key " + history_.keys[micro->key] + " as " + history_.values.say(micro->value) +
            ", which is not what it had read and written itself");
  }
}

std::string Dependencies::list_reason(std::uint32_t a, std::uint32_t b, Dependency kind,
                                      const Names& names) const {
  const Values& values = history_.values;
  const Transaction& first = transaction(a);
  const Transaction& second = transaction(b);
  const auto key_name = [&](std::uint32_t key) { return "key " + history_.keys[key]; };
  const auto next_is = [&](std::uint32_t key, std::uint32_t next, Word& element) {
    if (next < paths_[key].length) {
      const Write& write = writes_[path_write_[paths_[key].begin + next]];
      element = write.value;
      return write.transaction == b;
    }
    for (const Micro* micro = history_.begin_of(second); micro != history_.end_of(second);
         ++micro) {
      if (!micro->is_write || micro->key != key) continue;
      const std::uint32_t write = find_write(key, micro->value);
      if (write == none || writes_[write].observed) continue;
      element = micro->value;
      return true;
    }
    return false;
  };
  if (kind == wr) {
    for (const Micro* micro = history_.begin_of(second); micro != history_.end_of(second);
         ++micro) {
      if (micro->is_write || micro->value == nil || !external(second, micro)) continue;
      const std::uint32_t write = last_usable(micro->key, micro->value);
      if (write == none || writes_[write].transaction != a) continue;
      return names.it + " appended " + values.say(writes_[write].value) + " to " +
             key_name(micro->key) + ", which " + names.other + " read as " +
             values.say(micro->value);
    }
    return "";
  }
  for (const Micro* micro = history_.begin_of(first); micro != history_.end_of(first); ++micro) {
    if (micro->is_write != (kind == ww)) continue;
    Word element = nil;
    if (kind == rw) {
      if (!external(first, micro) || !on_path(micro->key, micro->value)) continue;
      if (!next_is(micro->key, next_of_others(micro->key, micro->value), element)) continue;
      return names.it + " read " + key_name(micro->key) + " as " + values.say(micro->value) +
             ", without the " + values.say(element) + " that " + names.other + " appended";
    }
    const std::uint32_t write = find_write(micro->key, micro->value);
    if (write == none || writes_[write].place == none) continue;
    if (!next_is(micro->key, next_on_path(micro->key, writes_[write].place + 1), element)) continue;
    return names.it + " appended " + values.say(micro->value) + " to " + key_name(micro->key) +
           " before " + names.other + " appended " + values.say(element);
  }
  return "";
}

}  // namespace ballast::history
