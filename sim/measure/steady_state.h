// Latencies of a run that has settled, with intervals that can be believed, in constant memory.
//
// Operations are told apart by the order in which they began: sorted by when they ended, slow ones
// would be missing at the end. They are counted in cells of 5 * 2^k; once 1,024 cells are full, two
// become one. What began before the first operation that is still under way is looked at:
//
//   warm-up    what MSER-5 leaves out. If it is more, five times the correlation time of the number
//              of operations under way, which for an M/M/1 queue at load rho is about
//              20 / (1 - rho)^2 service times and, unlike these, needs no theory to be known.
//   batches    20 to 40 of equal size, as short as they can be while successive means are nearly
//              uncorrelated (lag 1 below 0.2), and Student's interval around their mean.
//   quantiles  of the histogram of all that was measured. How the share of values up to there
//              varies from batch to batch gives an interval of shares, whose quantiles are the
//              interval (Woodruff, J. Amer. Statist. Assoc. 47, 1952); the wider side is shown as
//              both.
//   controls   on demand: the mean of each batch is set against how fast its operations came and
//              how much work they were, where the means of these are known (see control.h).
//
// What is wrong with the interval is said: a warm-up that does not end, batches that are
// correlated, and a tail so heavy that a mean has no interval.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/time.h"
#include "sim/base/wide.h"
#include "sim/measure/control.h"
#include "sim/measure/estimate.h"
#include "sim/measure/histogram.h"
#include "sim/measure/statistics.h"

namespace ballast {

struct StatisticsReport {
  StatisticsSpec spec;
  std::uint64_t began = 0;     // operations, of those that count
  std::uint64_t cut = 0;       // of them, left out as warm-up
  Time cut_until;              // when the first operation began that was not
  bool cut_by_mser = false;    // rather than by the correlation time or by the scenario
  std::uint64_t measured = 0;  // of the others, those that ended ok in time for the intervals
  std::uint64_t not_ok = 0;    // and those that ended otherwise: they have no latency
  std::int64_t lag_1_milli = 0;
  std::uint64_t greatest_batch_milli = 0;  // its share of the sum of all latencies, in thousandths
  std::uint64_t hill_index_milli = 0;      // of the greatest hundredth; 0: not known
  // By Metric, in 1024ths of a nanosecond. Nothing where there were too few values.
  std::array<std::optional<Estimate>, 5> estimates{};
  // What control variates did to the estimate of the mean, where they did anything.
  struct Corrected {
    std::int64_t uncontrolled = 0;     // the mean of what was measured
    std::uint64_t left_milli = 1'000;  // of the variance of the mean of the same batches
    bool gaps = false;                 // what controlled it
    bool work = false;
  };
  std::optional<Corrected> corrected;
  std::vector<std::string> problems;  // why the interval of the metric cannot be trusted
  // Whether the precision that was asked for was reached; true if none was.
  bool converged = false;

  const std::optional<Estimate>& of(Metric metric) const {
    return estimates[static_cast<std::size_t>(metric)];
  }
  // "the interval of p99 is 3.1 % wide ..., 1 % was asked for": why it has not converged.
  std::string shortfall() const;
};

class SteadyState {
 public:
  // The known means are made use of only where the specification asks for control variates.
  explicit SteadyState(const StatisticsSpec& spec, const KnownMeans& known = {});

  // An operation began while so many others were under way. How hard it is, as a uniform word, is
  // looked at only where that is known.
  void began(Time at, std::uint64_t others, std::uint64_t hardness = 0);
  // The operation with this number, from 0 in the order in which they began, is over.
  void ended(std::uint64_t number, bool ok, Duration latency);

  // Whether the run need not go on: all operations that count have ended, or the interval was
  // narrow enough at three looks in a row. Looks whenever a fifth more operations have ended than
  // when it looked last, so that it costs next to nothing to ask. Who stops at the first narrow
  // interval stops where chance made it narrow: of such intervals at 95 % confidence 92 to 94 %
  // cover the truth (of an M/M/1 queue at half load, known to 2 %).
  bool enough();
  StatisticsReport report() const;

 private:
  static constexpr std::size_t most_cells = 1024;
  static constexpr std::size_t cells_per_segment = 8;  // a segment has a histogram
  struct Cell {
    Time at;                  // when its first operation began
    Time until;               // and its last one
    std::uint64_t found = 0;  // sum of the others under way, over its operations
    Wide found_squared = 0;
    std::uint64_t ended = 0;
    std::uint64_t ok = 0;
    Wide sum = 0;            // of latencies
    std::uint64_t work = 0;  // of its operations, on a scale of mean 2^20
  };
  // Cells that are measured, as batches of so many cells each.
  struct Batches {
    std::size_t first = 0;  // cell
    std::size_t cells = 1;  // of each batch
    std::size_t count = 0;
    std::vector<std::int64_t> means;
    Controlled mean;
  };

  std::uint64_t cell_size() const { return std::uint64_t{5} << doublings_; }
  std::size_t cell_of(std::uint64_t number) const {
    return static_cast<std::size_t>(number / 5 >> doublings_);
  }
  void double_cells();
  std::size_t full_cells() const;
  std::vector<std::int64_t> cell_means(std::size_t count) const;
  std::size_t cut_by_scenario(std::size_t full) const;
  std::uint64_t correlation_time(const Batches& batches) const;
  // The mean of the batches is controlled by these known means.
  Batches batches_of(std::size_t first, std::size_t full, const KnownMeans& known) const;
  Batches batches_of_size(std::size_t first, std::size_t full, std::size_t cells,
                          const KnownMeans& known) const;
  std::vector<Control> controls_of(const Batches& batches, const KnownMeans& known) const;
  void add_mean(const Batches& batches, StatisticsReport& report) const;
  void add_quantiles(std::size_t first, std::size_t full, StatisticsReport& report) const;
  void add_quantile(Metric metric, std::size_t begin, std::size_t end, const Histogram& all,
                    StatisticsReport& report) const;
  void add_problems(bool settled, std::size_t batches, StatisticsReport& report) const;

  StatisticsSpec spec_;
  KnownMeans known_;
  std::uint64_t most_ = ~std::uint64_t{0};  // operations that count
  std::uint64_t began_ = 0;
  std::uint64_t ended_ = 0;
  unsigned doublings_ = 0;
  std::vector<Cell> cells_;
  std::vector<Histogram> segments_;
  std::uint64_t next_look_ = 5'000;
  unsigned in_a_row_ = 0;  // looks by now at which it was precise enough
};

}  // namespace ballast
