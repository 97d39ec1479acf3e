// The benchmark of the tool itself: every mistake that algorithms can be told to make must be found
// by a sweep that nobody has configured, and correct algorithms must not be accused.
#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "sim/base/text.h"
#include "sim/cli/interrupt.h"
#include "sim/cli/load.h"
#include "sim/cli/options.h"
#include "sim/report/version.h"
#include "sim/scenario/corpus.h"
#include "sim/scenario/minimal.h"
#include "sim/scenario/misfortune.h"
#include "sim/scenario/shrink.h"
#include "sim/scenario/trials.h"

namespace ballast {
namespace {

using Steady = std::chrono::steady_clock;

std::uint64_t milliseconds_since(Steady::time_point begin) {
  const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - begin);
  return static_cast<std::uint64_t>(passed.count());
}

// --- What is run ---------------------------------------------------------------------------------

// What clients could tell: that two decisions or two leaders differ, and what was answered; or the
// answers alone.
void leave_to(SeenBy who, Scenario& s) {
  switch (who) {
    case SeenBy::all:
      break;
    case SeenBy::clients:
      s.check.safety = {"agreement", "validity", "election_safety", "state_machine_safety",
                        "conservation"};
      break;
    case SeenBy::history:
      s.check.safety = std::vector<std::string>{};
      break;
  }
}

// Parts of the default portfolio taken out, to see what they are worth.
std::optional<Profile> ablated(std::string_view name) {
  static const std::map<std::string_view, void (*)(Profile&)> ways{
      {"no-swarm",
       [](Profile& p) {
         p.chance = {1, 1};
         p.few = {0, 1};
       }},
      {"no-ambushes",
       [](Profile& p) {
         p.ambushes = {0, 1};
       }},
      {"no-targets",
       [](Profile& p) {
         p.targeted = {0, 1};
       }},
      {"no-knobs",
       [](Profile& p) {
         p.knobs = {0, 1};
         p.network = {0, 1};
       }},
      {"no-untimed",
       [](Profile& p) {
         p.untimed = {0, 1};
       }},
      {"no-shorter",
       [](Profile& p) {
         p.shorter = {0, 1};
       }},
  };
  const auto way = ways.find(name);
  if (way == ways.end()) return std::nullopt;
  Profile profile = *find_profile("default");
  way->second(profile);
  return profile;
}

struct Trial {
  bool found = false;
  std::uint64_t seeds = 0;
  std::uint64_t events = 0;
  std::uint64_t seed = 0;
  std::string property = {};
  bool replayed = false;
};

// Seeds one after the other until one violates or the budget is spent; and the same once more.
Trial hunt(const Scenario& base, const Profile& profile, std::uint64_t first,
           std::uint64_t budget) {
  Trial trial;
  const RunOptions options{nullptr, true, interrupted(), {}};
  for (std::uint64_t seed = first; trial.events < budget && *interrupted() == 0; ++seed) {
    const Scenario scenario = with_misfortune(base, profile, seed);
    const RunOutcome outcome = run(scenario, options);
    ++trial.seeds;
    trial.events += outcome.counters.events;
    if (outcome.verdict != Verdict::violated) continue;
    trial.found = true;
    trial.seed = seed;
    trial.property = outcome.violations.front().property;
    trial.replayed = run(scenario, options).fingerprint == outcome.fingerprint;
    break;
  }
  return trial;
}

std::uint64_t percentile(std::vector<std::uint64_t> values, std::size_t percent) {
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, values.size() * percent / 100)];
}

struct Examined {
  const Mistake* mistake = nullptr;
  std::vector<Trial> trials = {};
  std::uint64_t killed = 0;
  std::uint64_t median = 0;  // events, those of trials that found nothing included
  std::uint64_t p95 = 0;
  std::uint64_t milliseconds = 0;
  std::map<std::string, std::uint64_t> properties = {};  // how often each was the first
  bool replayed = true;
  std::optional<std::pair<ScheduleSize, ScheduleSize>> shrunk = {};  // before and after
  bool as_expected = false;
};

// Rare ones may be missed now and then; and what clients see is not all there is to see.
bool is_as_expected(const Examined& result, SeenBy checks) {
  const Mistake& mistake = *result.mistake;
  if (!result.replayed) return false;
  if (mistake.equivalent) return result.killed == 0;
  if (checks != SeenBy::all) return true;
  if (mistake.survives) return 2 * result.killed <= result.trials.size();  // or the mark is too old
  if (mistake.rarity <= Rarity::R2) return result.killed == result.trials.size();
  return 2 * result.killed > result.trials.size();
}

class Benchmark {
 public:
  Benchmark(const BugsCommand& command, Profile profile)
      : command_(command), profile_(std::move(profile)), trials_(command.jobs, 0, interrupted()) {}

  Examined examine(const Mistake& mistake, Scenario base) {
    Profile profile = profile_;
    // What breaks nothing may still take longer.
    if (mistake.equivalent) profile.liveness = 0;
    leave_to(command_.checks, base);
    const auto begin = Steady::now();
    Examined result{&mistake};
    result.trials.resize(command_.trials);
    trials_.all(command_.trials, [&](std::size_t i) {
      // Trials far apart share no seed.
      result.trials[i] = hunt(base, profile, 1 + i * 1'000'000, command_.budget);
    });
    std::vector<std::uint64_t> events;
    for (const Trial& trial : result.trials) {
      events.push_back(trial.events);
      if (!trial.found) continue;
      ++result.killed;
      ++result.properties[trial.property];
      result.replayed = result.replayed && trial.replayed;
    }
    result.median = percentile(events, 50);
    result.p95 = percentile(events, 95);
    result.milliseconds = milliseconds_since(begin);
    result.as_expected = is_as_expected(result, command_.checks);
    const Trial& first = result.trials.front();
    if (first.found && command_.shrink_milliseconds > 0) {
      const Scenario failing = with_misfortune(base, profile, first.seed);
      const Shrunk shrunk =
          shrink(failing, run(failing),
                 {command_.jobs, command_.shrink_milliseconds, interrupted(), /*explain=*/false});
      result.shrunk = {shrunk.before, shrunk.after};
    }
    return result;
  }

  struct Vindication {
    std::uint64_t runs = 0;
    std::uint64_t events = 0;
    std::uint64_t inconclusive = 0;
    std::vector<std::string> accused = {};
  };

  // A correct algorithm: so many events, and nobody is accused.
  Vindication vindicate(Scenario base) {
    leave_to(command_.checks, base);
    Vindication all;
    std::uint64_t seed = 0;
    while (all.events < command_.correct && *interrupted() == 0) {
      std::vector<RunOutcome> outcomes(std::size_t{8} * trials_.jobs());
      trials_.all(outcomes.size(), [&](std::size_t i) {
        outcomes[i] = run(with_misfortune(base, profile_, seed + 1 + i));
      });
      for (const RunOutcome& outcome : outcomes) {
        ++seed;
        ++all.runs;
        all.events += outcome.counters.events;
        all.inconclusive += outcome.verdict == Verdict::inconclusive;
        if (outcome.violations.empty()) continue;
        const Violation& first = outcome.violations.front();
        all.accused.push_back("seed " + std::to_string(seed) + ": " + first.property + ": " +
                              first.sentence);
      }
    }
    return all;
  }

 private:
  const BugsCommand& command_;
  Profile profile_;
  Trials trials_;
};

// --- What is shown -------------------------------------------------------------------------------

// The identifier of a mistake with that of its algorithm.
constexpr std::size_t id_width = 54;

// What is too long for its column is set apart from the next all the same.
std::string filled(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size() + 1), ' ');
  return text;
}

std::string comma_joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string as_seconds(std::uint64_t milliseconds) {
  return std::to_string(milliseconds / 1000) + "." + std::to_string(milliseconds / 100 % 10) + " s";
}

std::string line(const Examined& result) {
  const Mistake& mistake = *result.mistake;
  std::string text = result.as_expected ? "passed " : "FAILED ";
  text += filled(mistake.id, id_width) +
          filled(std::to_string(result.killed) + "/" + std::to_string(result.trials.size()), 6);
  text += filled("events " + with_commas(result.median) + " (p95 " + with_commas(result.p95) + ")",
                 36) +
          filled(as_seconds(result.milliseconds), 9);
  std::string properties;
  for (const auto& [property, count] : result.properties) {
    properties += (properties.empty() ? "" : " ") + property;
  }
  text += properties;
  if (mistake.equivalent) text += "equivalent";
  if (result.killed > 0 && !result.replayed) text += "; NOT REPLAYED";
  if (result.shrunk) {
    text += "; shrunk to " + std::to_string(result.shrunk->second.items()) + " of " +
            std::to_string(result.shrunk->first.items()) + " items";
  }
  return text + "\n";
}

void write(JsonWriter& w, const Examined& result) {
  const Mistake& mistake = *result.mistake;
  w.begin_object().member("id", std::string_view(mistake.id));
  w.member("class", name_of(mistake.rarity)).member("equivalent", mistake.equivalent);
  w.member("source", std::string_view(mistake.source));
  w.member("trials", result.trials.size()).member("killed", result.killed);
  w.member("as_expected", result.as_expected);
  w.member("median_events", result.median).member("p95_events", result.p95);
  w.member("milliseconds", result.milliseconds);
  w.key("first_properties").begin_object();
  for (const auto& [property, count] : result.properties) w.member(property, count);
  w.end_object().key("seeds").begin_array();
  for (const Trial& trial : result.trials) {
    if (trial.found) w.value(trial.seed);
  }
  w.end_array().member("replayed", result.replayed);
  if (result.shrunk) {
    w.member("items", result.shrunk->first.items());
    w.member("shrunk_items", result.shrunk->second.items());
  }
  w.end_object();
}

void write(JsonWriter& w, const Mistake& mistake) {
  w.begin_object().member("id", std::string_view(mistake.id));
  w.member("class", name_of(mistake.rarity)).member("equivalent", mistake.equivalent);
  w.member("survives", mistake.survives);
  w.member("property", std::string_view(mistake.property));
  w.key("needs").begin_array();
  for (const std::string& need : mistake.needs) w.value(std::string_view(need));
  w.end_array().member("smallest", mistake.smallest);
  w.member("source", std::string_view(mistake.source)).end_object();
}

ExitCode list_mistakes(const std::vector<const Mistake*>& chosen, Format format) {
  std::string text;
  JsonWriter w(text, JsonWriter::Style::indented);
  if (format == Format::json) {
    w.begin_array();
    for (const Mistake* mistake : chosen) write(w, *mistake);
    w.end_array();
    text += "\n";
  } else {
    for (const Mistake* mistake : chosen) {
      const std::string breaks = mistake->equivalent ? "breaks nothing" : mistake->property;
      text += filled(mistake->id, id_width) + std::string(name_of(mistake->rarity)) + "  " + breaks;
      if (!mistake->needs.empty()) text += "; needs " + comma_joined(mistake->needs);
      text += "\n" + wrap("    ", mistake->source, 4);
    }
  }
  return print(text) ? ExitCode::held : ExitCode::io_error;
}

// A scenario that does not read is a mistake of the corpus, and shown as any other.
std::optional<Scenario> planted(const BugCorpus& corpus, const Mistake& mistake, bool with) {
  Problems problems;
  std::optional<Scenario> scenario =
      with ? corpus.planted(mistake, problems) : corpus.correct(mistake, problems);
  if (!scenario) complain(problems.to_text());
  return scenario;
}

ExitCode show_planted(const BugCorpus& corpus, const std::vector<const Mistake*>& chosen) {
  for (const Mistake* mistake : chosen) {
    const std::optional<Scenario> scenario = planted(corpus, *mistake, true);
    if (!scenario) return ExitCode::invalid_scenario;
    if (!print(minimal_json(*scenario, {mistake->id + ": " + mistake->source}))) {
      return ExitCode::io_error;
    }
  }
  return ExitCode::held;
}

// --- All of it -----------------------------------------------------------------------------------

class BugsSession {
 public:
  BugsSession(const BugsCommand& command, const BugCorpus& corpus, Profile profile)
      : command_(command), corpus_(corpus), benchmark_(command, std::move(profile)) {
    if (is_json()) begin_json();
  }

  ExitCode go(const std::vector<const Mistake*>& chosen) {
    for (const Mistake* mistake : chosen) {
      const std::optional<Scenario> scenario = planted(corpus_, *mistake, true);
      if (!scenario) return ExitCode::invalid_scenario;
      const Examined result = benchmark_.examine(*mistake, *scenario);
      if (*interrupted() != 0) break;
      good_ = good_ && result.as_expected;
      killed_ += !mistake->equivalent && 2 * result.killed > result.trials.size();
      real_ += !mistake->equivalent;
      if (is_json()) {
        write(w_, result);
        complain(line(result));
      } else if (!print(line(result))) {
        return ExitCode::io_error;
      }
    }
    if (is_json()) w_.end_array();
    if (command_.correct > 0 && !vindicate(chosen)) return ExitCode::invalid_scenario;
    return finish();
  }

 private:
  bool is_json() const { return command_.format == Format::json; }

  void begin_json() {
    w_.begin_object().member("version", tool_version());
    w_.member("portfolio", std::string_view(command_.portfolio));
    w_.member("checks", name_of(command_.checks));
    w_.member("trials", command_.trials).member("budget", command_.budget);
    w_.key("bugs").begin_array();
  }

  // Each scenario once, for all the mistakes that are planted in it.
  bool vindicate(const std::vector<const Mistake*>& chosen) {
    if (is_json()) w_.key("correct").begin_array();
    std::vector<std::string> done;
    for (const Mistake* mistake : chosen) {
      const std::string name = mistake->planted_in();
      const bool again = std::find(done.begin(), done.end(), name) != done.end();
      if (mistake->option != "bug" || again || *interrupted() != 0) continue;
      done.push_back(name);
      const std::optional<Scenario> scenario = planted(corpus_, *mistake, false);
      if (!scenario) return false;
      const Benchmark::Vindication all = benchmark_.vindicate(*scenario);
      good_ = good_ && all.accused.empty();
      std::string text = (all.accused.empty() ? "passed " : "FAILED ") + filled(name, id_width) +
                         " correct: " + with_commas(all.events) + " events, " +
                         with_commas(all.runs) + " runs, " + with_commas(all.inconclusive) +
                         " inconclusive, " + with_commas(all.accused.size()) + " accused\n";
      for (const std::string& each : all.accused) text += wrap("    ", each, 4);
      if (is_json()) {
        w_.begin_object().member("scenario", std::string_view(name)).member("events", all.events);
        w_.member("runs", all.runs).member("accused", all.accused.size()).end_object();
        complain(text);
      } else {
        print(text);
      }
    }
    if (is_json()) w_.end_array();
    return true;
  }

  ExitCode finish() {
    if (is_json()) {
      w_.member("killed", killed_).member("real", real_).end_object();
      text_ += "\n";
    } else {
      text_ = std::to_string(killed_) + " of " + std::to_string(real_) +
              " mistakes killed in most trials\n";
    }
    if (!print(text_)) return ExitCode::io_error;
    if (*interrupted() != 0) return ExitCode::interrupted;
    return good_ ? ExitCode::held : ExitCode::violated;
  }

  const BugsCommand& command_;
  const BugCorpus& corpus_;
  Benchmark benchmark_;
  std::string text_;
  JsonWriter w_{text_, JsonWriter::Style::indented};
  bool good_ = true;
  std::uint64_t killed_ = 0;
  std::uint64_t real_ = 0;
};

// Those that are named; a name may be the beginning of several: "raft." or "raft.commit".
std::vector<const Mistake*> choose(const BugCorpus& corpus, const BugsCommand& command,
                                   std::string& wrong) {
  std::vector<const Mistake*> chosen;
  for (const Mistake& mistake : corpus.mistakes()) {
    const bool named = command.ids.empty() ||
                       std::any_of(command.ids.begin(), command.ids.end(),
                                   [&](const auto& id) { return mistake.id.starts_with(id); });
    if (named && mistake.rarity <= command.up_to) chosen.push_back(&mistake);
  }
  for (const std::string& id : command.ids) {
    const bool known = std::any_of(corpus.mistakes().begin(), corpus.mistakes().end(),
                                   [&](const auto& mistake) { return mistake.id.starts_with(id); });
    if (known) continue;
    std::vector<std::string_view> ids;
    for (const Mistake& mistake : corpus.mistakes()) ids.push_back(mistake.id);
    const std::string_view meant = closest(id, ids);
    wrong += "ballast bugs: \"" + id + "\" is no mistake that algorithms know" +
             (meant.empty() ? std::string("; ballast bugs list shows them")
                            : "; did you mean " + std::string(meant) + "?") +
             "\n";
  }
  return chosen;
}

}  // namespace

ExitCode execute(const BugsCommand& command, const std::string&) {
  const BugCorpus corpus = built_in_bugs();
  std::string wrong;
  const std::vector<const Mistake*> chosen = choose(corpus, command, wrong);
  if (!wrong.empty()) {
    complain(wrong);
    return ExitCode::usage;
  }
  switch (command.what) {
    case BugsCommand::What::list:
      return list_mistakes(chosen, command.format);
    case BugsCommand::What::show:
      return show_planted(corpus, chosen);
    case BugsCommand::What::run:
      break;
  }
  std::optional<Profile> profile = ablated(command.portfolio);
  if (!profile) {
    LoadedProfile loaded = load_profile(command.portfolio);
    if (!loaded.profile) {
      complain(loaded.errors);
      return loaded.code;
    }
    profile = std::move(loaded.profile);
  }
  catch_interrupts();
  return BugsSession(command, corpus, std::move(*profile)).go(chosen);
}

}  // namespace ballast
