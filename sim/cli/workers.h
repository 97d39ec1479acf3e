// Several threads that work on one history; the work says what of it they may do at once.
#pragma once

#include "sim/history/workers.h"

namespace ballast {

class Threads final : public history::Workers {
 public:
  // So many of them; 0 for one for each processor.
  explicit Threads(unsigned jobs);
  std::size_t count() const override { return jobs_; }
  void all(std::size_t pieces, history::Work& work) override;

 private:
  std::size_t jobs_;
};

}  // namespace ballast
