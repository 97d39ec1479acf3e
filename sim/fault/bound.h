// How many nodes a run may damage. Replication survives a minority whose disks are damaged, so that
// more is no test of an algorithm: who is hit first is fixed for the rest of the run (the "fault
// atlas" of TigerBeetle's simulator).
#pragma once

#include <vector>

#include "sim/check/checker.h"
#include "sim/fault/fault.h"

namespace ballast {

class DamageBound {
 public:
  // Takes out of a resolved fault that is `bounded` the nodes that would make more than a minority
  // of their group. False if that leaves none. Faults that damage no disk pass as they are.
  bool admit(FaultAction& action, const std::vector<Group>& groups);

 private:
  bool admit(NodeId node, const std::vector<Group>& groups);

  std::vector<NodeId> damaged_;
};

}  // namespace ballast
