// The log of a Raft node as its journal has it.
#pragma once

#include <cstddef>
#include <variant>
#include <vector>

#include "algorithms/consensus/raft.h"

namespace ballast {

struct RaftLog {
  LogIndex base;  // up to here a snapshot stands for it
  std::vector<raft::Entry> entries;
};

inline RaftLog log_in(const std::vector<Raft::Record>& journal) {
  RaftLog log;
  for (const Raft::Record& record : journal) {
    if (const auto* added = std::get_if<raft::Append>(&record)) {
      log.entries.push_back(added->entry);
    } else if (const auto* cut = std::get_if<raft::Truncate>(&record)) {
      log.entries.resize(static_cast<std::size_t>(cut->last_kept.value - log.base.value));
    } else if (const auto* snapshot = std::get_if<raft::Snapshot>(&record)) {
      log = {snapshot->last_index, snapshot->rest};
    }
  }
  return log;
}

}  // namespace ballast
