// What a violation is about: the terms, entries, ballots, instances, requests and nodes that its
// sentence and its witnesses name. What else is about the same belongs to its story.
#pragma once

#include <cstdint>
#include <set>
#include <string_view>

#include "sim/check/checker.h"
#include "sim/protocol/fact.h"

namespace ballast {

struct Subjects {
  std::set<Term> terms;
  std::set<Term> entry_terms;       // of entries: who led then is of interest, the election is not
  std::set<std::uint64_t> entries;  // of logs, and slots
  std::set<Ballot> ballots;
  std::set<Instance> instances;
  std::set<Ticket> tickets;
  std::set<RequestId> requests;
  std::set<std::uint64_t> keys;  // of registers
  std::set<NodeId> nodes;

  // "two leaders in term 7: n1 and n4" is about term 7, n1 and n4. Checkers write "term 7",
  // "entry 3", "index 3", "slot 3", "ballot 3.n2", "instance n2.3", "ticket 12", "key 5",
  // "request 7 of n4" and "n4".
  void add_sentence(std::string_view sentence);
  void add_fact(const Fact& fact);

  // Whether a fact is about one of these things, nodes aside.
  bool concern(const Fact& fact) const;
};

}  // namespace ballast
