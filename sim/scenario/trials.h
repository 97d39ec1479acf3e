// Tries things in a fixed order, several at a time, for as long as there is time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

namespace ballast {

// The wall clock bounds how long is searched, never what a run does: as long as the time does not
// run out, what is found is the same for any number of jobs.
class Trials {
 public:
  // `jobs` 0 is one for each processor; `milliseconds` 0 is no bound. As soon as *interrupted is
  // not 0 the time is over.
  Trials(std::uint32_t jobs, std::uint64_t milliseconds, const volatile int* interrupted = nullptr);

  // The first of `count` things that is right, as if they were tried one after the other; none if
  // none is or if the time is over. Up to `jobs` are tried at once, so that some may be tried in
  // vain: is_right must only touch what belongs to its own number.
  std::optional<std::size_t> first(std::size_t count,
                                   const std::function<bool(std::size_t)>& is_right);

  // Does all of it; what is left when the time is over is not done. Returns how many were, which
  // are the first ones. Whoever is done with one takes the next.
  std::size_t all(std::size_t count, const std::function<void(std::size_t)>& work);

  bool out_of_time() const;
  unsigned jobs() const { return jobs_; }

 private:
  unsigned jobs_ = 1;
  std::uint64_t deadline_ = 0;  // in milliseconds of a steady clock; 0 for none
  const volatile int* interrupted_;
};

}  // namespace ballast
