// Nodes as people see them: n1, n2 and so on, and the clients as c1, c2.
#pragma once

#include <string>
#include <string_view>

#include "sim/scenario/scenario.h"

namespace ballast {

// Checkers number clients like other nodes; a person knows them by their own names.
class Names {
 public:
  explicit Names(const Scenario& scenario) : servers_(scenario.server_count()) {}
  bool is_client(NodeId node) const { return node.value > servers_; }
  std::string of(NodeId node) const {
    if (!is_client(node)) return to_text(node);
    return "c" + std::to_string(node.value - servers_);
  }
  // The sentence with every word such as "n7" that means a client put right.
  std::string in(std::string_view sentence) const;

 private:
  std::uint32_t servers_;
};

}  // namespace ballast
