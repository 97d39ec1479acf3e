// The faults of a run, for the page that shows what its clients saw.
#pragma once

#include <string>
#include <vector>

#include "sim/history/report.h"

namespace ballast {

// What the files of the run say, whose history this is. None if the history stands alone: whoever
// recorded it elsewhere has no such files.
std::vector<history::Band> bands_beside(const std::string& history_file);

}  // namespace ballast
