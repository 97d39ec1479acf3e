// Golden scripts: the text files beside this one say what to do to a group, and what it then does.
// README.md is the manual.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "algorithms/consensus/multi_paxos.h"
#include "algorithms/consensus/paxos.h"
#include "algorithms/consensus/raft.h"
#include "algorithms/consensus/viewstamped_replication.h"
#include "tests/scripts/player.h"
#include "tests/support/read_text.h"

using namespace ballast;
using namespace ballast::scripts;

namespace {

namespace fs = std::filesystem;

const fs::path folder = "tests/scripts";
constexpr const char* breaks = "  BREAKS ";

template <Protocol P>
std::unique_ptr<Player> make_player(std::uint64_t nodes, const std::string& config) {
  const auto read = read_text<typename P::Config>(config.empty() ? "{}" : config);
  if (!read.good) throw Mistake(read.problems);
  if constexpr (requires { read.value.problem(); }) {
    if (!read.value.problem().empty()) throw Mistake(read.value.problem());
  }
  return std::make_unique<GroupPlayer<P>>(static_cast<std::uint32_t>(nodes), read.value);
}

// "group raft 3 {...}": an algorithm, how many nodes, and its options as scenarios have them.
std::unique_ptr<Player> make_player(const CommandLine& line, const std::string& config) {
  if (line.size() != 3) throw Mistake("a script begins with: group ALGORITHM NODES [OPTIONS]");
  const std::uint64_t nodes = number_in(line[2]);
  if (line[1] == Raft::name) return make_player<Raft>(nodes, config);
  if (line[1] == Paxos::name) return make_player<Paxos>(nodes, config);
  if (line[1] == MultiPaxos::name) return make_player<MultiPaxos>(nodes, config);
  if (line[1] == ViewstampedReplication::name) {
    return make_player<ViewstampedReplication>(nodes, config);
  }
  throw Mistake("there is no algorithm '" + line[1] + "' here");
}

CommandLine words_of(const std::string& line) {
  std::istringstream in(line);
  CommandLine words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

// What nobody can silence.
std::string objections_in(const std::string& trace) {
  std::istringstream in(trace);
  std::string out;
  for (std::string line; std::getline(in, line);) {
    if (line.rfind(breaks, 0) == 0) out += line + "\n";
  }
  return out;
}

// Lines of 100 columns at most: the rest of a longer one follows, further in.
std::string wrapped(const std::string& trace) {
  constexpr std::size_t columns = 100;
  std::istringstream in(trace);
  std::string out;
  for (std::string line; std::getline(in, line);) {
    while (line.size() > columns) {
      // At a space, or else after a comma: what has neither is written by machines.
      const std::size_t space = line.find_last_of(' ', columns);
      const std::size_t comma = line.find_last_of(',', columns - 1);
      const bool has_space = line.find_first_not_of(' ') < space;
      const std::size_t end = has_space ? space : comma < columns ? comma + 1 : columns;
      out += line.substr(0, end) + "\n";
      line = "      " + line.substr(line.find_first_not_of(' ', end));
    }
    out += line + "\n";
  }
  return out;
}

// The script with what its commands cause in the place of what it says they do. Throws Mistake with
// the number of the line.
std::string replay(const std::string& script) {
  std::unique_ptr<Player> player;
  std::istringstream in(script);
  std::string out;
  bool in_trace = false;  // these lines are written anew
  std::size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    const bool is_command = line.rfind("> ", 0) == 0;
    const bool is_free = line.empty() || line[0] == '#';
    if (is_free) in_trace = false;
    if (!is_command && in_trace) continue;
    out += line + "\n";
    try {
      if (!is_command && !is_free) throw Mistake("neither command, comment nor trace");
      if (!is_command) continue;
      in_trace = true;
      const std::string command = line.substr(2);
      const std::size_t options = std::min(command.find('{'), command.size());
      CommandLine words = words_of(command.substr(0, options));
      const bool is_quiet = !words.empty() && words.front() == "quietly";
      if (is_quiet) words.erase(words.begin());
      if (words.empty()) throw Mistake("an empty command");
      if (words.front() == "group") {
        player = make_player(words, command.substr(options));
        player->seen();
      } else if (player == nullptr) {
        throw Mistake("a script begins with: group ALGORITHM NODES [OPTIONS]");
      } else {
        const std::string trace = player->play(words);
        out += wrapped(is_quiet ? objections_in(trace) : trace);
      }
    } catch (const std::logic_error& refused) {
      throw Mistake("line " + std::to_string(number) + ": " + refused.what());
    } catch (const Mistake& mistake) {
      throw Mistake("line " + std::to_string(number) + ": " + mistake.what());
    }
  }
  return out;
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<fs::path> all_scripts() {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".txt") found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

// Where two texts part: what both have is left out, but for three lines before it.
std::string difference(const std::string& before, const std::string& after) {
  const auto lines_of = [](const std::string& text) {
    std::istringstream in(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  };
  std::vector<std::string> a = lines_of(before);
  std::vector<std::string> b = lines_of(after);
  while (!a.empty() && !b.empty() && a.back() == b.back()) {
    a.pop_back();
    b.pop_back();
  }
  std::size_t same = 0;
  while (same < a.size() && same < b.size() && a[same] == b[same]) ++same;
  std::string out = "line " + std::to_string(same + 1) + ":\n";
  const std::size_t most = 20;
  for (std::size_t i = same < 3 ? 0 : same - 3; i < same; ++i) out += "  " + a[i] + "\n";
  for (std::size_t i = same; i < std::min(a.size(), same + most); ++i) out += "- " + a[i] + "\n";
  for (std::size_t i = same; i < std::min(b.size(), same + most); ++i) out += "+ " + b[i] + "\n";
  return out;
}

bool is_of_a_mistake(const std::string& script) { return script.find("\"bug\"") < script.size(); }

}  // namespace

TEST_CASE("golden scripts: what each command causes is what the script says") {
  const char* update = std::getenv("BALLAST_UPDATE_SCRIPTS");
  for (const fs::path& path : all_scripts()) {
    CAPTURE(path.string());
    const std::string before = read_file(path);
    std::string after;
    try {
      after = replay(before);
    } catch (const Mistake& mistake) {
      FAIL_CHECK(path.string() << ", " << mistake.what());
      continue;
    }
    if (before == after) continue;
    if (update != nullptr && std::string(update) == "1") {
      std::ofstream(path) << after;
      MESSAGE("written: " << path.string());
    } else {
      FAIL_CHECK(path.string() << ", " << difference(before, after)
                               << "If this is as it should be: BALLAST_UPDATE_SCRIPTS=1");
    }
  }
}

TEST_CASE("golden scripts: a property breaks where a mistake is switched on, and nowhere else") {
  REQUIRE(all_scripts().size() >= 12);
  for (const fs::path& path : all_scripts()) {
    CAPTURE(path.string());
    const std::string script = read_file(path);
    CHECK((script.find(breaks) != std::string::npos) == is_of_a_mistake(script));
  }
}

TEST_CASE("golden scripts: a trace that is not what happens is written anew, and nothing else") {
  const std::string script =
      "# Two vote.\n"
      "> group raft 2\n"
      "\n"
      "> status n1\n"
      "n1 is as it likes\n"
      "> quietly status n2\n";
  const std::string played = replay(script);
  CHECK(played ==
        "# Two vote.\n"
        "> group raft 2\n"
        "\n"
        "> status n1\n"
        "n1 role=follower timers: election\n"
        "> quietly status n2\n");
  CHECK(replay(played) == played);
  CHECK(difference("a\nb\nc\nd\n", "a\nb\nx\nd\n") == "line 3:\n  a\n  b\n- c\n+ x\n");
}

TEST_CASE("golden scripts: a mistake in a script is named with its line") {
  const auto mistake_in = [](const std::string& script) -> std::string {
    try {
      replay(script);
    } catch (const Mistake& mistake) {
      return mistake.what();
    }
    return {};
  };
  CHECK(mistake_in("> status\n") ==
        "line 1: a script begins with: group ALGORITHM NODES [OPTIONS]");
  CHECK(mistake_in("> group raft 3\n> stand n1\n") == "line 2: there is no command 'stand'");
  CHECK(mistake_in("> group raft 3\n> fire n4 election\n") == "line 2: 'n4' is no node");
  CHECK(mistake_in("> group raft 3\n> fire n1 bell\n") == "line 2: 'bell' is no timer");
  CHECK(mistake_in("> group raft 3\n> fire n1 heartbeat\n") == "line 2: this timer is not set");
  CHECK(mistake_in("> group raft 3\n> deliver n1 n2\n") == "line 2: no such letter is on its way");
  CHECK(mistake_in("> group raft 3\n\nwhat is this?\n") ==
        "line 3: neither command, comment nor trace");
  CHECK(mistake_in("> group raft 3 {\"pre_vota\": true}\n").find("pre_vote") != std::string::npos);
}
