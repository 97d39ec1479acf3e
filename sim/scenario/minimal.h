// A scenario as somebody would have written it by hand.
#pragma once

#include <string>
#include <vector>

#include "sim/scenario/scenario.h"

namespace ballast {

// Only what differs from the defaults; one group of nodes, fault, operation or message a line; the
// remarks as comments at the head. Reads back to the same run.
std::string minimal_json(const Scenario& scenario, const std::vector<std::string>& remarks = {});

// One fault, operation or message as it stands there: {"at": "2s", "crash": 3, "for": "1s"}.
std::string brief(const Fault& fault, const Scenario& scenario);
std::string brief(const ScriptedOperation& operation);
std::string brief(const MessageSpec& message, const Scenario& scenario);

}  // namespace ballast
