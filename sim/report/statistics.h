// The statistics of a run, for machines and for people.
#pragma once

#include <string>
#include <vector>

#include "sim/base/json_writer.h"
#include "sim/measure/steady_state.h"

namespace ballast {

void write_json(JsonWriter& w, const StatisticsReport& report);

// "mean 52.41 ms +- 0.48 ms (95 %), p99 240.1 ms +- 6.2 ms": one sentence or clause each.
std::vector<std::string> in_words(const StatisticsReport& report);

// In 1024ths of a nanosecond: "52.4067 ms", to so many significant digits.
std::string fine_text(std::int64_t fine, int digits);
// As much of a value as its interval leaves meaning: "52.41 ms +- 0.48 ms".
std::string in_words(const Estimate& estimate);
// The same as nanoseconds with three decimals, for JSON.
std::string fine_json(std::int64_t fine);
// "95 %", "99.9 %": to three decimals at most.
std::string percent_text(Ratio share);

}  // namespace ballast
