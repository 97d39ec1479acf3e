// The values of a grid, as people write them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ballast {

// One --grid option: a place in the scenario, and what stands there in turn.
struct GridAxis {
  std::string path;
  std::vector<std::string> values;

  // Values of one axis, and points of a whole grid times files.
  static constexpr std::size_t most_values = 1'000;
  static constexpr std::size_t most_cells = 2'000;
};

// "network.loss=0:0.3:0.05" from, to and step, the end included if a step meets it; numbers of one
// unit ("0%:30%:5%", "50/s:200/s:50/s") or durations ("500us:2ms:500us"), stepped exactly. Or a
// list, "nodes.server.count=3,5,7"; commas and colons within brackets or quotes do not part.
// Returns what is wrong, or nothing.
std::string parse_grid(std::string_view text, GridAxis& out);

}  // namespace ballast
