// Who does many pieces of work that do not depend on each other.
#pragma once

#include <cstddef>

namespace ballast::history {

class Work {
 public:
  virtual ~Work() = default;
  // Does one piece. `worker` tells those apart who work at the same time: below Workers::count().
  virtual void piece(std::size_t index, std::size_t worker) = 0;
};

// One piece after the other. Whoever has processors overrides it; results must not depend on that.
class Workers {
 public:
  virtual ~Workers() = default;
  virtual std::size_t count() const { return 1; }
  // Does the pieces 0 to `pieces` - 1; returns when all are done.
  virtual void all(std::size_t pieces, Work& work) {
    for (std::size_t i = 0; i < pieces; ++i) work.piece(i, 0);
  }
};

}  // namespace ballast::history
