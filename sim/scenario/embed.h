// Files that a scenario names become part of it, so that what is run, resolved and replayed depends
// on the scenario alone.
#pragma once

#include <string>

#include "sim/base/problems.h"
#include "sim/base/value.h"

namespace ballast {

constexpr std::size_t most_csv_rows = 200'000;

// Puts the content of CSV files in place of their names: {"replay": "requests.csv"} as arrivals of
// the workload, and {"recorded": "times.csv"} wherever a distribution may stand. Names are relative
// to the folder of the scenario `file`. Mistakes are reported where they are: in the scenario for a
// file that cannot be read, else in the CSV file, with line and column.
void embed_recordings(Value& scenario, const std::string& file, Problems& problems);

}  // namespace ballast
