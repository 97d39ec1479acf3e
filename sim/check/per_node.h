// One element for each node, found by its number.
#pragma once

#include <cstddef>
#include <vector>

#include "sim/base/ids.h"

namespace ballast {

template <class T>
class PerNode {
 public:
  // The element of this node: as default-constructed until somebody changes it.
  T& operator[](NodeId node) {
    if (node.value >= elements_.size()) [[unlikely]] {
      elements_.resize(std::size_t{node.value} + 1);
    }
    return elements_[node.value];
  }

 private:
  std::vector<T> elements_;
};

}  // namespace ballast
