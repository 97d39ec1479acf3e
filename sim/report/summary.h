// What came of a run, in one small file: verdict, counts, latencies, fingerprint.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/base/value.h"
#include "sim/report/trace.h"
#include "sim/scenario/run.h"

namespace ballast {

// summary.json; the order of the keys is fixed. `trace` is null if no trace was kept.
std::string summary_json(const Scenario& scenario, const RunOutcome& outcome,
                         const TraceSink* trace = nullptr);

// Operations that returned ok per second of simulated time, in thousandths.
std::uint64_t throughput_milli(const RunOutcome& outcome);

// {"interval": 4096, "hashes": ["9f3c...", ...]}, thinned to at most `most` hashes.
void write_prefixes(JsonWriter& w, PrefixHashes prefixes, std::size_t most);
// Reads them back; nothing if they are not there or not of that form.
std::optional<PrefixHashes> read_prefixes(const Value* prefixes);

// Sixteen hexadecimal digits, as to_hex() writes them.
std::optional<std::uint64_t> parse_hex(std::string_view text);

}  // namespace ballast
