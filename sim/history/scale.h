// Where times stand on a page. Operations take microseconds, pauses between them hours: distances
// are in proportion, but none is so small that bars hide each other, nor so long that most of the
// page is empty.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "sim/history/operation.h"

namespace ballast::history {

class TimeScale {
 public:
  struct Column {
    std::uint32_t rank = 0;  // of a call or a return
    Time at;
    int x = 0;
    bool cut = false;  // so long a time passes after it that the distance is cut short
    bool is_call = false;
  };

  TimeScale(const History& history, const std::vector<std::uint32_t>& operations) {
    for (const std::uint32_t index : operations) {
      const Operation& op = history.operations[index];
      columns_.push_back({op.called, op.invoked, 0, false, true});
      if (op.known()) columns_.push_back({op.returned, op.ended});
    }
    std::stable_sort(columns_.begin(), columns_.end(),
                     [](const Column& a, const Column& b) { return a.rank < b.rank; });
    const std::int64_t typical = typical_gap();
    int x = margin;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      columns_[i].x = x;
      if (i + 1 == columns_.size()) break;
      const std::int64_t gap = columns_[i + 1].at.ns - columns_[i].at.ns;
      columns_[i].cut = gap / 8 >= typical;
      const int least = columns_[i].is_call ? after_call : narrowest;
      x += columns_[i].cut ? widest
                           : std::clamp(static_cast<int>(gap * usual / typical), least, widest);
    }
    width_ = x + 2 * margin;
  }

  const std::vector<Column>& columns() const { return columns_; }
  // What lies between two of them, usually.
  Duration typical() const { return Duration{typical_gap()}; }
  int width() const { return width_; }
  int right() const { return width_ - margin; }

  // Of a call or return that is drawn; of another one, where the last before it stands.
  int x_of(std::uint32_t rank) const {
    if (rank == Operation::never) return right();
    const std::size_t column = column_of(rank);
    return column == columns_.size() ? margin : columns_[column].x;
  }
  // In the gap that follows a rank, the place number `k` of `n`.
  int within(std::uint32_t rank, std::size_t k, std::size_t n) const {
    const std::size_t column = column_of(rank);
    if (column == columns_.size())
      return margin * static_cast<int>(k + 1) / static_cast<int>(n + 1);
    const int from = columns_[column].x;
    const int to = column + 1 < columns_.size() ? columns_[column + 1].x : right();
    return from + (to - from) * static_cast<int>(k + 1) / static_cast<int>(n + 1);
  }
  // The last column up to a rank, or their number if there is none.
  std::size_t column_of(std::uint32_t rank) const {
    const auto later =
        std::upper_bound(columns_.begin(), columns_.end(), rank,
                         [](std::uint32_t a, const Column& b) { return a < b.rank; });
    return later == columns_.begin() ? columns_.size()
                                     : static_cast<std::size_t>(later - columns_.begin()) - 1;
  }
  // Of any time.
  int x_at(Time at) const {
    if (columns_.empty() || at < columns_.front().at) return 0;
    if (at > columns_.back().at) return width_;
    const auto later = std::upper_bound(columns_.begin(), columns_.end(), at,
                                        [](Time a, const Column& b) { return a < b.at; });
    if (later == columns_.end()) return columns_.back().x;
    const Column& before = *(later - 1);
    const std::int64_t gap = std::max<std::int64_t>(later->at.ns - before.at.ns, 1);
    const std::int64_t part = (at.ns - before.at.ns) / std::max<std::int64_t>(gap / 1000, 1);
    return before.x +
           (later->x - before.x) * static_cast<int>(std::min<std::int64_t>(part, 1000)) / 1000;
  }

 private:
  static constexpr int margin = 24;
  static constexpr int narrowest = 12;
  static constexpr int after_call = 30;  // the first words of its bar have room
  static constexpr int usual = 30;
  static constexpr int widest = 120;

  // The median of the distances, so that about half of them are longer than `usual`.
  std::int64_t typical_gap() const {
    std::vector<std::int64_t> gaps;
    for (std::size_t i = 0; i + 1 < columns_.size(); ++i) {
      const std::int64_t gap = columns_[i + 1].at.ns - columns_[i].at.ns;
      if (gap > 0) gaps.push_back(gap);
    }
    if (gaps.empty()) return 1;
    std::stable_sort(gaps.begin(), gaps.end());
    return gaps[gaps.size() / 2];
  }

  std::vector<Column> columns_;  // by rank, and so by time
  int width_ = 0;
};

}  // namespace ballast::history
