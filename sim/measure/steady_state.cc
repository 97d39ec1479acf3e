#include "sim/measure/steady_state.h"

#include <algorithm>
#include <limits>

#include "sim/base/quantile.h"
#include "sim/base/text.h"

namespace ballast {
namespace {

constexpr std::size_t least_batches = 20;
constexpr std::size_t most_batches = 40;
constexpr std::int64_t most_lag_1_milli = 200;
constexpr unsigned looks_in_a_row = 3;

// Service times that grow with the word as those of most laws do. Any scale of which the mean is
// known would do: how much it explains is what differs.
constexpr unsigned work_bits = 20;
constexpr quantile::Exponential work_law{std::int64_t{1} << work_bits,
                                         {0, std::numeric_limits<std::int64_t>::max()}};

// So many thousandths, as a percentage.
std::string percent_of_milli(std::uint64_t milli) {
  return fixed_point(static_cast<std::int64_t>(milli), 1) + " %";
}

}  // namespace

SteadyState::SteadyState(const StatisticsSpec& spec, const KnownMeans& known)
    : spec_(spec), cells_(most_cells), segments_(most_cells / cells_per_segment) {
  if (spec.max_requests) most_ = *spec.max_requests;
  if (spec.control_variates) known_ = known;
}

void SteadyState::began(Time at, std::uint64_t others, std::uint64_t hardness) {
  if (began_ == most_) return;
  if (cell_of(began_) == most_cells) double_cells();
  Cell& cell = cells_[cell_of(began_)];
  if (began_ % cell_size() == 0) cell.at = at;
  cell.until = at;
  if (known_.work) cell.work += static_cast<std::uint64_t>(work_law.at(hardness));
  cell.found += others;
  cell.found_squared += static_cast<Wide>(others) * others;
  ++began_;
}

void SteadyState::ended(std::uint64_t number, bool ok, Duration latency) {
  if (number >= most_) return;
  const std::size_t place = cell_of(number);
  Cell& cell = cells_[place];
  ++cell.ended;
  ++ended_;
  if (!ok) return;
  ++cell.ok;
  cell.sum += static_cast<std::uint64_t>(latency.ns);
  segments_[place / cells_per_segment].record(latency);
}

void SteadyState::double_cells() {
  for (std::size_t i = 0; i < most_cells; ++i) {
    if (i >= most_cells / 2) {
      cells_[i] = {};
      continue;
    }
    const Cell& second = cells_[2 * i + 1];
    Cell both = cells_[2 * i];
    both.until = second.until;
    both.work += second.work;
    both.found += second.found;
    both.found_squared += second.found_squared;
    both.ended += second.ended;
    both.ok += second.ok;
    both.sum += second.sum;
    cells_[i] = both;
  }
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    if (i >= segments_.size() / 2) {
      segments_[i] = {};
      continue;
    }
    segments_[i] = segments_[2 * i];
    segments_[i].add(segments_[2 * i + 1]);
  }
  ++doublings_;
}

std::size_t SteadyState::full_cells() const {
  std::size_t full = 0;
  while (full < most_cells && cells_[full].ended == cell_size()) ++full;
  return full;
}

// A cell whose operations all failed says nothing; it is given what its predecessor says.
std::vector<std::int64_t> SteadyState::cell_means(std::size_t count) const {
  std::vector<std::int64_t> means;
  for (std::size_t i = 0; i < count; ++i) {
    const Cell& cell = cells_[i];
    const std::int64_t last = means.empty() ? 0 : means.back();
    means.push_back(cell.ok == 0 ? last
                                 : static_cast<std::int64_t>((cell.sum << fine_bits) / cell.ok));
  }
  return means;
}

std::size_t SteadyState::cut_by_scenario(std::size_t full) const {
  if (spec_.warmup.operations) {
    const std::uint64_t cells = (*spec_.warmup.operations + cell_size() - 1) / cell_size();
    return static_cast<std::size_t>(std::min<std::uint64_t>(cells, full));
  }
  std::size_t cut = 0;
  while (cut < full && cells_[cut].at < Time{} + *spec_.warmup.time) ++cut;
  return cut;
}

// In operations: by how much the mean number of others under way varies more, from batch to batch,
// than if every operation found a number of its own.
std::uint64_t SteadyState::correlation_time(const Batches& batches) const {
  constexpr unsigned bits = 20;
  const std::uint64_t batch = batches.cells * cell_size();
  const Wide n = static_cast<Wide>(batches.count) * batch;
  Wide sum = 0;
  Wide squares = 0;
  std::vector<std::int64_t> means;
  for (std::size_t b = 0; b < batches.count; ++b) {
    Wide found = 0;
    for (std::size_t c = 0; c < batches.cells; ++c) {
      const Cell& cell = cells_[batches.first + b * batches.cells + c];
      found += cell.found;
      squares += cell.found_squared;
    }
    sum += found;
    means.push_back(static_cast<std::int64_t>((found << bits) / batch));
  }
  if (n == 0) return 0;
  const Wide variance = ((squares * n - sum * sum) / n << bits) / n;
  if (variance == 0) return 0;
  const Wide error = estimate(means, spec_.confidence).standard_error;
  return static_cast<std::uint64_t>((n * (error * error >> bits)) / variance);
}

SteadyState::Batches SteadyState::batches_of_size(std::size_t first, std::size_t full,
                                                  std::size_t cells,
                                                  const KnownMeans& known) const {
  Batches batches;
  batches.cells = cells;
  batches.count = (full - first) / cells;
  batches.first = full - batches.count * cells;  // what does not fill a batch goes in front
  for (std::size_t b = 0; b < batches.count; ++b) {
    Wide sum = 0;
    std::uint64_t ok = 0;
    for (std::size_t c = 0; c < cells; ++c) {
      const Cell& cell = cells_[batches.first + b * cells + c];
      sum += cell.sum;
      ok += cell.ok;
    }
    if (ok > 0) batches.means.push_back(static_cast<std::int64_t>((sum << fine_bits) / ok));
  }
  // Where a batch has no mean at all, there is nothing to set its controls against.
  const bool all = batches.means.size() == batches.count;
  batches.mean =
      estimate(batches.means, controls_of(batches, all ? known : KnownMeans{}), spec_.confidence);
  return batches;
}

// By how much the gaps before the operations of each batch, and their work, differ from what is
// known of them on average. What came before the very first operation is taken to be just that.
std::vector<Control> SteadyState::controls_of(const Batches& batches,
                                              const KnownMeans& known) const {
  std::vector<Control> controls;
  const auto count = static_cast<WideSigned>(batches.cells * cell_size());
  const auto gap = static_cast<WideSigned>(known.gap);
  if (known.gap > 0) controls.emplace_back();
  if (known.work) controls.emplace_back();
  for (std::size_t b = 0; b < batches.count; ++b) {
    const std::size_t begin = batches.first + b * batches.cells;
    const std::size_t end = begin + batches.cells;
    if (known.gap > 0) {
      const WideSigned after = cells_[end - 1].until.ns;
      const WideSigned before = begin > 0 ? WideSigned{cells_[begin - 1].until.ns} << fine_bits
                                          : (WideSigned{cells_[0].at.ns} << fine_bits) - gap;
      const WideSigned all = (after << fine_bits) - before;
      controls.front().push_back(static_cast<std::int64_t>((all - count * gap) / count));
    }
    if (known.work) {
      WideSigned all = 0;
      for (std::size_t c = begin; c < end; ++c) all += cells_[c].work;
      const WideSigned fine = (all << work_bits) / count;
      controls.back().push_back(static_cast<std::int64_t>(fine - (WideSigned{1} << 2 * work_bits)));
    }
  }
  return controls;
}

SteadyState::Batches SteadyState::batches_of(std::size_t first, std::size_t full,
                                             const KnownMeans& known) const {
  std::size_t cells = std::max<std::size_t>(1, (full - first + most_batches - 1) / most_batches);
  Batches batches = batches_of_size(first, full, cells, known);
  while (batches.mean.lag_1_milli >= most_lag_1_milli) {
    cells += (cells + 1) / 2;
    if ((full - first) / cells < least_batches) break;
    batches = batches_of_size(first, full, cells, known);
  }
  return batches;
}

bool SteadyState::enough() {
  if (in_a_row_ == looks_in_a_row || ended_ == most_) return true;
  if (!spec_.precision || ended_ < next_look_) return false;
  next_look_ = ended_ + ended_ / 5;
  in_a_row_ = report().converged ? in_a_row_ + 1 : 0;
  return in_a_row_ == looks_in_a_row;
}

StatisticsReport SteadyState::report() const {
  StatisticsReport report;
  report.spec = spec_;
  report.began = began_;
  const std::size_t full = full_cells();
  std::size_t cut = 0;
  bool settled = true;
  if (!spec_.warmup.found()) {
    cut = cut_by_scenario(full);
  } else {
    cut = mser(cell_means(full));
    report.cut_by_mser = true;
    const std::uint64_t least = 5 * correlation_time(batches_of(cut, full, {}));
    const std::uint64_t least_cells = (least + cell_size() - 1) / cell_size();
    settled = cut < full / 2 && least_cells <= full / 2;
    if (least_cells > cut) {
      cut = static_cast<std::size_t>(std::min<std::uint64_t>(least_cells, full / 2));
      report.cut_by_mser = false;
    }
  }
  const Batches batches = batches_of(cut, full, known_);
  report.cut = batches.first * cell_size();
  report.cut_until = batches.first < full ? cells_[batches.first].at : Time{};
  add_mean(batches, report);
  add_quantiles(batches.first, full, report);
  add_problems(settled, batches.means.size(), report);
  const std::optional<Estimate>& wanted = report.of(spec_.metric);
  report.converged =
      !spec_.precision || (report.problems.empty() && wanted && wanted->within(*spec_.precision));
  return report;
}

void SteadyState::add_mean(const Batches& batches, StatisticsReport& report) const {
  Wide sum = 0;
  Wide greatest = 0;
  Wide batch = 0;
  for (std::size_t c = 0; c < batches.count * batches.cells; ++c) {
    const Cell& cell = cells_[batches.first + c];
    report.measured += cell.ok;
    report.not_ok += cell.ended - cell.ok;
    sum += cell.sum;
    batch = (c % batches.cells == 0 ? 0 : batch) + cell.sum;
    greatest = std::max(greatest, batch);
  }
  if (report.measured == 0) return;
  Estimate& mean =
      report.estimates[static_cast<std::size_t>(Metric::mean)].emplace(batches.mean.estimate);
  const auto measured = static_cast<std::int64_t>((sum << fine_bits) / report.measured);
  mean.mean = measured + batches.mean.correction;
  const std::vector<bool>& used = batches.mean.used;
  if (std::find(used.begin(), used.end(), true) != used.end()) {
    report.corrected = {measured, batches.mean.left_milli, known_.gap > 0 && used.front(),
                        known_.work && used.back()};
  }
  if (spec_.metric == Metric::mean) report.lag_1_milli = batches.mean.lag_1_milli;
  if (sum > 0) report.greatest_batch_milli = static_cast<std::uint64_t>(greatest * 1000 / sum);
}

void SteadyState::add_quantiles(std::size_t first, std::size_t full,
                                StatisticsReport& report) const {
  const std::size_t begin = (first + cells_per_segment - 1) / cells_per_segment;
  const std::size_t end = full / cells_per_segment;
  Histogram all;
  for (std::size_t i = begin; i < end; ++i) all.add(segments_[i]);
  if (all.count() == 0) return;
  report.hill_index_milli = all.hill_index_milli({99, 100});
  for (const Metric metric : {Metric::p50, Metric::p90, Metric::p99, Metric::p999}) {
    add_quantile(metric, begin, end, all, report);
  }
}

void SteadyState::add_quantile(Metric metric, std::size_t begin, std::size_t end,
                               const Histogram& all, StatisticsReport& report) const {
  const Ratio share = share_of(metric);
  const std::int64_t value = all.interpolated(share);
  std::vector<std::int64_t> of_segments;
  for (std::size_t i = begin; i < end; ++i) {
    of_segments.push_back(static_cast<std::int64_t>(segments_[i].share_up_to(value)));
  }
  std::vector<std::int64_t> shares;
  std::size_t each = (of_segments.size() + most_batches - 1) / most_batches;
  while (of_segments.size() / each >= least_batches) {
    shares.clear();
    for (std::size_t i = of_segments.size() % each; i < of_segments.size(); i += each) {
      std::int64_t sum = 0;
      for (std::size_t j = 0; j < each; ++j) sum += of_segments[i + j];
      shares.push_back(sum / static_cast<std::int64_t>(each));
    }
    if (lag_1_milli(shares) < most_lag_1_milli) break;
    each += (each + 1) / 2;
  }
  // A hundred values beyond it at least, or its place is a matter of luck.
  const Wide beyond = static_cast<Wide>(all.count()) * (share.denominator - share.numerator);
  if (shares.empty() || beyond / share.denominator < 100) return;
  constexpr std::uint64_t whole = std::uint64_t{1} << 40;
  Estimate e = estimate(shares, spec_.confidence);
  const auto at =
      static_cast<std::uint64_t>(static_cast<Wide>(whole) * share.numerator / share.denominator);
  const std::uint64_t reach = e.half_width;
  if (reach >= at || reach >= whole - at) return;
  const std::int64_t up = all.interpolated({at + reach, whole}) - value;
  const std::int64_t down = value - all.interpolated({at - reach, whole});
  e.mean = value;
  e.half_width = static_cast<std::uint64_t>(std::max(up, down));
  e.standard_error = static_cast<std::uint64_t>(static_cast<Wide>(e.half_width) * e.standard_error /
                                                std::max<std::uint64_t>(1, reach));
  report.estimates[static_cast<std::size_t>(metric)] = e;
  if (metric == spec_.metric) report.lag_1_milli = lag_1_milli(shares);
}

void SteadyState::add_problems(bool settled, std::size_t batches, StatisticsReport& report) const {
  const auto add = [&](std::string sentence) { report.problems.push_back(std::move(sentence)); };
  if (batches < least_batches || !report.of(spec_.metric)) {
    add("too few operations for an interval: " + with_commas(report.measured) +
        " were measured, after a warm-up of " + with_commas(report.cut));
    return;
  }
  if (!settled) {
    add("the warm-up does not end: after half of the run the number of operations under way still "
        "depends on how it began");
  }
  if (report.lag_1_milli >= most_lag_1_milli) {
    add("successive batches resemble each other (lag-1 correlation " +
        fixed_point(report.lag_1_milli, 3) + "): the true interval is wider than the one shown");
  }
  if (spec_.metric != Metric::mean) return;
  if (report.greatest_batch_milli > 200) {
    add("heavy tail: one batch holds " + percent_of_milli(report.greatest_batch_milli) +
        " of the sum, so that the mean has no interval");
  }
  if (report.hill_index_milli > 0 && report.hill_index_milli < 2000) {
    add("heavy tail: Hill index " +
        fixed_point(static_cast<std::int64_t>(report.hill_index_milli), 3) +
        " is below 2, so that the mean has no interval; quantiles have");
  }
}

std::string StatisticsReport::shortfall() const {
  if (converged || !spec.precision) return {};
  const std::string name(name_of(spec.metric));
  std::string text = "NOT CONVERGED: ";
  const std::optional<Estimate>& wanted = of(spec.metric);
  if (wanted && wanted->mean > 0 && wanted->values > 1) {
    const Wide milli =
        static_cast<Wide>(wanted->half_width) * 100'000 / static_cast<std::uint64_t>(wanted->mean);
    const Wide asked =
        static_cast<Wide>(spec.precision->numerator) * 100'000 / spec.precision->denominator;
    text += "the " + name + " is known to " +
            fixed_point(static_cast<std::int64_t>(std::min<Wide>(milli, INT64_MAX)), 3) +
            " %, and " + fixed_point(static_cast<std::int64_t>(asked), 3) + " % was asked for";
  } else {
    text += "the " + name + " has no interval";
  }
  for (const std::string& problem : problems) text += "; " + problem;
  return text;
}

}  // namespace ballast
