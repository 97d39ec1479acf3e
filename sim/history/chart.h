// The drawing of some operations over time: a row for each client, bars for operations, shaded
// bands for faults, and a line through the longest order that explains them.
#pragma once

#include <string>
#include <vector>

#include "sim/history/report.h"

namespace ballast::history {

// The same text, safe within HTML and within an attribute.
std::string escaped(std::string_view text);

// No more operations of one object than this are drawn: those nearest to the failure.
constexpr std::size_t most_drawn = 400;

// Whose row an operation is drawn in: that of its client, if the history names clients.
std::string row_of(const History& history, const Operation& op);

struct Drawing {
  std::string html;
  std::size_t operations = 0;  // that are drawn
  bool has_bands = false;
  bool has_unknown = false;
  bool has_order = false;
};
Drawing draw_chart(const History& history, const PageSection& section,
                   const std::vector<Band>& bands);

// What stood from one remark to another, as nemeses remark it: from start, start-partition, kill or
// pause to stop, stop-partition, restart or resume. The remarks that tell nothing of the kind are
// bands without a length.
std::vector<Band> bands_of(const History& history);

}  // namespace ballast::history
