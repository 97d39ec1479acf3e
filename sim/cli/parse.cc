// The command line, by CLI11: its header is expensive, so that only parsers include it. CLI11
// only sorts words into options here. Numbers are parsed by us, for it takes -1 for 2^64 - 1 and
// 010 for 8; and an unknown word is looked for before it parses, for it does not say what was
// meant.
#include "sim/base/parse.h"

#include "sim/cli/parse_parts.h"
#include "sim/cli/sweep/words.h"

namespace ballast {
namespace {

Duration parse_until(const std::string& text) {
  const Parsed<Duration> parsed = parse_duration(text);
  if (parsed.value && parsed.value->ns > 0) return *parsed.value;
  throw UsageError{"--until is " + in_double_quotes(text) +
                   "; expected a duration such as \"30s\" or \"1.5s\""};
}

// The words of the options that several commands have, as CLI11 finds them.
struct Words {
  std::string file;
  std::vector<std::string> files;
  std::vector<std::string> set;
  std::string seed;
  std::string seeds;
  std::string jobs;
  std::string until;
  std::string profile;
  std::string trace;
  std::string trace_cap;
  std::string out;
  std::string format;
  std::string color;
  std::string expect;
  std::string kind;
  std::string name;
  bool no_check = false;
  bool quiet = false;
  SweepWords sweep;
};

constexpr std::string_view sweep_examples =
    "Examples:\n"
    "  ballast sweep scenarios/raft/*.json --seeds 1..1000\n"
    "  ballast sweep FILE --seeds 1..100 --grid network.loss=0:0.3:0.05 --jobs 1\n"
    "  ballast sweep FILE --seeds 1..1000000 --emit slurm --shards 16 > sweep.sh\n\n"
    "Seeds: 7, 0x1f, 1..1000, and lists of these such as 1..10,99. The results and what is\n"
    "shown are the same for any number of jobs, and for any number of shards once merged.";

class CommandLine {
 public:
  CommandLine() {
    app_.description(
        "Runs consensus and load-balancing algorithms in a simulated world that misbehaves on "
        "purpose.\nA run depends on its scenario and its seed, and on nothing else.");
    app_.footer(
        "Exit codes: 0 held, 1 violated, 2 inconclusive, 4 not deterministic, 64 usage,\n65 "
        "invalid scenario, 66 no such file, 70 internal error, 73/74 cannot write.\n\n"
        "ballast COMMAND --help says more about a command.");
    app_.set_help_flag("-h,--help", "Show this text");
    app_.add_flag("--version", version_, "Show the version");
    app_.add_flag("--json", json_, "With --version: as JSON");
    add_run();
    add_replay();
    add_sweep();
    add_explaining_commands(app_, commands_);
    add_check_command(app_, commands_);
    add_compare_command(app_, commands_);
    add_bugs_command(app_, commands_);
    app_.require_subcommand(0, 1);  // "check" after "describe" is a word like any other
    add_merge();
    add_validate();
    add_catalogue();
  }

  AnyCommand parse(std::vector<std::string> words) {
    if (words.empty()) return ShowCommand{app_.help(), ExitCode::usage};
    look_for_unknown_words(words);
    std::reverse(words.begin(), words.end());  // as CLI11 wants them
    try {
      app_.parse(std::move(words));
    } catch (const CLI::CallForHelp&) {
      return ShowCommand{help(), ExitCode::held};
    } catch (const CLI::ParseError& error) {
      throw UsageError{error.what()};
    }
    if (version_) return VersionCommand{json_};
    for (const auto& [sub, make] : commands_) {
      if (sub->parsed()) return make();
    }
    throw UsageError{"a command is needed; ballast --help lists them"};
  }

  // "ballast run", once it is known which command is meant.
  std::string command_name() const {
    for (const auto& [sub, make] : commands_) {
      if (sub->parsed() || sub == meant_) return "ballast " + sub->get_name();
    }
    return "ballast";
  }

 private:
  using Make = AnyCommand (CommandLine::*)() const;

  CLI::App* command(const std::string& name, const std::string& description,
                    const std::string& examples, Make make) {
    return add_command(app_, commands_, name, description, examples,
                       [this, make] { return (this->*make)(); });
  }

  void add_scenario_options(CLI::App* sub) {
    sub->add_option("FILE", w_.file, "The scenario")->required()->type_name("");
    add_change_options(sub);
  }
  void add_change_options(CLI::App* sub) {
    sub->add_option("--set", w_.set, "Change the scenario, as in network.loss=2%; may be repeated")
        ->type_name("PATH=VALUE")
        ->allow_extra_args(false);
    sub->add_option("--until", w_.until, "End the run at this time, if it is earlier")
        ->type_name("TIME");
    sub->add_option("--profile", w_.profile,
                    "Misfortune to add: a profile's name or file; a sweep of a scenario without "
                    "faults adds \"default\"")
        ->type_name("NAME|FILE|none");
  }
  void add_recording_options(CLI::App* sub) {
    sub->add_option("--trace", w_.trace, "How much to write down; default messages")
        ->type_name(choices<TraceLevel>());
    sub->add_option("--trace-cap", w_.trace_cap,
                    "Keep the last N records of the trace; default 200000")
        ->type_name("N");
    sub->add_option("--out", w_.out, "Where to write the results; default a folder in results/")
        ->type_name("DIR");
    sub->add_option("--expect", w_.expect, "Succeed if, and only if, a property is violated")
        ->type_name("violation");
    sub->add_flag("-q,--quiet", w_.quiet, "Show the verdict only, and no progress");
  }
  void add_output_options(CLI::App* sub) {
    sub->add_option("--format", w_.format, "What to show; default text")
        ->type_name(choices<Format>());
    sub->add_option("--color", w_.color, "When to use colour; default auto")
        ->type_name(choices<ColorChoice>());
  }

  void add_run() {
    CLI::App* sub = command(
        "run", "Run a scenario once and write down what happened",
        "Examples:\n"
        "  ballast run scenarios/quick/raft_leader_crash.json\n"
        "  ballast run scenarios/quick/raft_leader_crash.json --seed 7 --set network.loss=5%\n"
        "  ballast run scenarios/quick/raft_leader_crash.json --trace full --out /tmp/crash",
        &CommandLine::make_run);
    add_scenario_options(sub);
    sub->add_option("--seed", w_.seed, "The seed, instead of the scenario's")->type_name("N");
    add_recording_options(sub);
    sub->add_flag("--no-check", w_.no_check, "Judge nothing: to see what checking costs");
    add_output_options(sub);
  }
  void add_replay() {
    CLI::App* sub = command("replay", "Make a run again and compare it, bit for bit",
                            "Examples:\n"
                            "  ballast replay results/raft_leader_crash/seed-7\n"
                            "  ballast replay repro.json\n\n"
                            "Exit code 4 if the run comes out differently, or if its trace or its "
                            "history was altered.",
                            &CommandLine::make_replay);
    sub->add_option("PATH", w_.file, "The directory of a run, or a repro.json")
        ->required()
        ->type_name("");
    add_output_options(sub);
  }
  void add_sweep() {
    CLI::App* sub = command("sweep", "Run scenarios with many seeds, in parallel",
                            std::string(sweep_examples), &CommandLine::make_sweep);
    sub->add_option("FILES", w_.files, "The scenarios")->required()->type_name("");
    add_change_options(sub);
    sub->add_option("--seeds", w_.seeds, "Which seeds")->required()->type_name("A..B");
    const auto option = [&](const char* names, std::string& word, const char* what,
                            const std::string& form) {
      return sub->add_option(names, word, what)->type_name(form);
    };
    sub->add_option("--grid", w_.sweep.grid, "Sweep over values too; may be repeated")
        ->type_name("PATH=FROM:TO:STEP|A,B,C")
        ->allow_extra_args(false);
    option("-j,--jobs", w_.jobs, "How many runs at a time; default all processors", "N");
    option("--for", w_.sweep.time, "Begin no run after this time on the wall", "TIME");
    option("--min-runs", w_.sweep.min_runs, "Fewer runs are inconclusive; default 1", "N");
    option("--shrink", w_.sweep.shrink,
           "How long to shrink the first failure of each kind; default 10s", "TIME");
    option("--corpus", w_.sweep.corpus,
           "Replay the *.repro.json here first; default tests/corpus if it is there", "DIR|none");
    sub->add_flag("--fail-fast", w_.sweep.fail_fast, "Stop at the first run that is violated");
    sub->add_flag("--until-covered", w_.sweep.until_covered,
                  "Stop once every goal of the algorithms was reached");
    sub->add_flag("--resume", w_.sweep.resume, "Go on with what an earlier sweep left unfinished");
    option("--shard", w_.sweep.shard, "Make one part of N; ballast merge joins them", "I/N|auto/N");
    option("--emit", w_.sweep.emit, "Only print the job script for an engine", choices<Engine>());
    option("--shards", w_.sweep.shards, "With --emit: how many parts", "N");
    add_recording_options(sub);
    add_output_options(sub);
  }
  void add_merge() {
    CLI::App* sub = command("merge", "Join the parts of a sweep and judge the whole",
                            "Example:\n"
                            "  ballast merge results/raft_leader_crash/sweep-1..1000.parts\n\n"
                            "A directory without a part of its own stands for those within it.",
                            &CommandLine::make_merge);
    sub->add_option("DIRS", w_.files, "Directories of parts")->required()->type_name("");
    sub->add_option("--out", w_.out, "Where to write the result; default a folder in results/")
        ->type_name("DIR");
    sub->add_flag("-q,--quiet", w_.quiet, "Show the verdict only");
    add_output_options(sub);
  }
  void add_validate() {
    CLI::App* sub =
        command("validate", "Check scenarios and show every mistake in them",
                "Example:\n  ballast validate scenarios/*/*.json", &CommandLine::make_validate);
    sub->add_option("FILES", w_.files, "The scenarios")->required()->type_name("");
    sub = command("fingerprints", "Run scenarios and show only their fingerprints",
                  "Example:\n  ballast fingerprints scenarios/quick/*.json",
                  &CommandLine::make_fingerprints);
    sub->add_option("FILES", w_.files, "The scenarios")->required()->type_name("");
  }
  void add_catalogue() {
    CLI::App* sub = command("list", "List algorithms, faults, profiles, checks, scenarios and more",
                            "Example:\n  ballast list faults", &CommandLine::make_list);
    sub->add_option("KIND", w_.kind,
                    "algorithms, policies, faults, triggers, profiles, checks, distributions or "
                    "scenarios; default all")
        ->type_name("");
    sub = command("describe", "Show the options of something, with defaults, units and meaning",
                  "Examples:\n"
                  "  ballast describe algorithm raft\n"
                  "  ballast describe fault partition\n"
                  "  ballast describe scenario",
                  &CommandLine::make_describe);
    sub->add_option("KIND", w_.kind,
                    "algorithm, policy, fault, trigger, profile, check, distribution or scenario "
                    "(the default)")
        ->type_name("");
    sub->add_option("NAME", w_.name, "Which one")->type_name("");
    command("schema", "Show the JSON Schema of scenarios, for editors",
            "Example:\n  ballast schema > scenarios/schema.json", &CommandLine::make_schema);
  }

  // --- From words to commands --------------------------------------------------------------------

  ScenarioOptions scenario() const {
    ScenarioOptions options{w_.file, w_.set, std::nullopt};
    if (!w_.until.empty()) options.until = parse_until(w_.until);
    options.profile = w_.profile;
    return options;
  }
  // What commands have in common, by the names of the members.
  template <class C>
  void fill(C& c) const {
    if (!w_.format.empty()) c.format = parse_word<Format>("--format", w_.format);
    if (!w_.color.empty()) c.color = parse_word<ColorChoice>("--color", w_.color);
    if constexpr (requires { c.trace_cap; }) {
      c.scenario = scenario();
      c.out = w_.out;
      c.quiet = w_.quiet;
      if (!w_.trace.empty()) c.trace = parse_word<TraceLevel>("--trace", w_.trace);
      if (!w_.trace_cap.empty()) {
        c.trace_cap = parse_count("--trace-cap", w_.trace_cap, 1, 1'000'000'000);
      }
      c.expect_violation = !w_.expect.empty();
      if (c.expect_violation && w_.expect != "violation") {
        throw UsageError{"--expect is " + in_double_quotes(w_.expect) + "; expected \"violation\""};
      }
    }
  }
  AnyCommand make_run() const {
    RunCommand c;
    fill(c);
    c.check = !w_.no_check;
    if (w_.seed.empty()) return c;
    c.seed = parse_seed(w_.seed);
    if (!c.seed) {
      throw UsageError{"--seed is " + in_double_quotes(w_.seed) +
                       "; expected a number from 0 to 2^64 - 1, in decimal or after 0x"};
    }
    return c;
  }
  AnyCommand make_replay() const {
    ReplayCommand c;
    c.path = w_.file;
    fill(c);
    return c;
  }
  AnyCommand make_sweep() const {
    SweepCommand c;
    fill(c);
    c.files = w_.files;
    if (!w_.jobs.empty()) {
      c.jobs = static_cast<std::uint32_t>(parse_count("--jobs", w_.jobs, 0, 1024));
    }
    if (!w_.sweep.emit.empty()) c.emit = parse_word<Engine>("--emit", w_.sweep.emit);
    const std::string wrong_seeds = c.seeds.parse(w_.seeds);
    if (!wrong_seeds.empty()) throw UsageError{"--seeds: " + wrong_seeds};
    const std::string wrong = understand(w_.sweep, c);
    if (!wrong.empty()) throw UsageError{wrong};
    return c;
  }
  AnyCommand make_merge() const {
    MergeCommand c;
    c.parts = w_.files;
    c.out = w_.out;
    c.quiet = w_.quiet;
    fill(c);
    return c;
  }

  AnyCommand make_validate() const { return ValidateCommand{w_.files}; }
  AnyCommand make_fingerprints() const { return FingerprintsCommand{w_.files}; }
  AnyCommand make_list() const { return ListCommand{w_.kind}; }
  AnyCommand make_describe() const { return DescribeCommand{w_.kind, w_.name}; }
  AnyCommand make_schema() const { return SchemaCommand{}; }

  // --- What CLI11 does not say -------------------------------------------------------------------

  void look_for_unknown_words(const std::vector<std::string>& words) {
    std::vector<std::string_view> names;
    for (const auto& [sub, make] : commands_) names.push_back(sub->get_name());
    const CLI::App* current = &app_;
    for (const std::string& word : words) {
      if (word == "--") return;
      if (word.starts_with("--")) {
        check_option(*current, word.substr(0, word.find('=')));
      } else if (current == &app_ && !word.starts_with('-')) {
        current = find_command(word);
        if (current == nullptr) {
          throw UsageError{in_double_quotes(word) + " is no command" + did_you_mean(word, names)};
        }
        meant_ = current;
      }
    }
  }
  const CLI::App* find_command(const std::string& name) const {
    for (const auto& [sub, make] : commands_) {
      if (sub->get_name() == name) return sub;
    }
    return nullptr;
  }
  static void check_option(const CLI::App& sub, const std::string& option) {
    std::vector<std::string> known;
    for (const CLI::Option* each : sub.get_options()) {
      for (const std::string& name : each->get_lnames()) known.push_back("--" + name);
    }
    if (std::find(known.begin(), known.end(), option) != known.end()) return;
    const std::vector<std::string_view> names(known.begin(), known.end());
    throw UsageError{in_double_quotes(option) + " is no option here" + did_you_mean(option, names)};
  }

  std::string help() const {
    for (const auto& [sub, make] : commands_) {
      if (sub->parsed() || sub == meant_) return sub->help("ballast");
    }
    return app_.help();
  }

  CLI::App app_{"", "ballast"};
  Commands commands_;
  const CLI::App* meant_ = nullptr;
  Words w_;
  bool version_ = false;
  bool json_ = false;
};

}  // namespace

AnyCommand parse_command_line(int argc, const char* const* argv) {
  CommandLine line;
  try {
    return line.parse(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const UsageError& error) {
    const std::string name = line.command_name();
    return ShowCommand{name + ": " + error.sentence + "\nSee " + name + " --help.\n",
                       ExitCode::usage};
  }
}

}  // namespace ballast
