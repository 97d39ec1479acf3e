#include "sim/base/read.h"

#include <doctest/doctest.h>

#include <array>

#include "sim/base/random.h"
#include "tests/support/read_text.h"

namespace ballast {
namespace {

using namespace literals;

enum class Mode { fast, careful, reckless };
constexpr auto enumerators(Mode) {
  return std::array<std::string_view, 3>{"fast", "careful", "reckless"};
}

using Slot = Id<struct SlotTag>;

struct Retry {
  Duration wait = 1_ms;
  std::uint32_t attempts = 3;
  friend bool operator==(const Retry&, const Retry&) = default;
  static constexpr auto fields =
      Fields{field("wait", &Retry::wait, "The time between two attempts."),
             field("attempts", &Retry::attempts, "How often to try.").at_least(1).at_most(10)};
};

struct Poisson {
  Rate rate;
  friend bool operator==(const Poisson&, const Poisson&) = default;
  static constexpr std::string_view name = "poisson";
  static constexpr auto fields = Fields{field("rate", &Poisson::rate, "Mean rate.").needed()};
};
struct Closed {
  std::uint32_t clients = 1;
  Duration think;
  friend bool operator==(const Closed&, const Closed&) = default;
  static constexpr std::string_view name = "closed";
  static constexpr auto fields =
      Fields{field("clients", &Closed::clients), field("think", &Closed::think)};
};
struct Silent {
  friend bool operator==(const Silent&, const Silent&) = default;
  static constexpr std::string_view name = "silent";
  static constexpr Fields<> fields{};
};
using Arrivals = std::variant<Silent, Poisson, Closed>;

struct Config {
  Mode mode = Mode::fast;
  Ratio loss = {1, 50};
  Ratio slowdown = {1, 1};
  DurationRange election_timeout = {150_ms, 300_ms};
  Duration offset;
  Retry retry = {5_ms, 7};
  Arrivals arrivals = Silent{};
  std::vector<std::vector<NodeId>> groups;
  std::vector<Retry> retries;
  std::optional<std::uint64_t> seed;
  std::optional<Retry> last;
  bool durable = false;
  Slot slot;
  Time at;
  std::string title;
  friend bool operator==(const Config&, const Config&) = default;
  static constexpr auto fields =
      Fields{field("mode", &Config::mode),
             field("loss", &Config::loss),
             field("slowdown", &Config::slowdown).at_most(100),
             field("election_timeout", &Config::election_timeout).at_least((1_ms).ns),
             field("offset", &Config::offset).at_least(-1'000'000),
             field("retry", &Config::retry),
             field("arrivals", &Config::arrivals),
             field("groups", &Config::groups).at_least(1),
             field("retries", &Config::retries),
             field("seed", &Config::seed),
             field("last", &Config::last),
             field("durable", &Config::durable),
             field("slot", &Config::slot),
             field("at", &Config::at),
             field("title", &Config::title)};
};

// --- Single values -----------------------------------------------------------------------------

TEST_CASE("true and false are read, and nothing else is a boolean") {
  CHECK(read_text<bool>("true").value);
  CHECK_FALSE(read_text<bool>("false", {}, true).value);
  CHECK(problem_of<bool>("1") == "value is 1; expected true or false");
  CHECK(problem_of<bool>("\"true\"") == "value is \"true\"; expected true or false");
  CHECK(problem_of<bool>("null") == "value is null; expected true or false");
}

TEST_CASE("integers reach to both ends of their type and no further") {
  CHECK(read_text<std::uint64_t>("18446744073709551615").value == 18446744073709551615u);
  CHECK(read_text<std::int64_t>("-9223372036854775808").value ==
        std::numeric_limits<std::int64_t>::min());
  CHECK(read_text<std::int64_t>("9223372036854775807").value == 9223372036854775807);
  CHECK(read_text<std::uint8_t>("255").value == 255);
  CHECK(read_text<std::int8_t>("-128").value == -128);
  CHECK(read_text<Slot>("7").value == Slot{7});

  CHECK(problem_of<std::uint64_t>("18446744073709551616") ==
        "value is 18446744073709551616; expected a whole number from 0 to 2^64-1");
  CHECK(problem_of<std::int64_t>("9223372036854775808") ==
        "value is 9223372036854775808; expected a whole number from -2^63 to 2^63-1");
  CHECK(problem_of<std::uint8_t>("300") == "value is 300; expected a whole number from 0 to 255");
  CHECK(problem_of<std::uint64_t>("-1") == "value is -1; expected a whole number from 0 to 2^64-1");
  CHECK(problem_of<NodeId>("-1") == "value is -1; expected a whole number from 0 to 4294967295");
}

TEST_CASE("an integer is never a fraction, an exponent, a string or infinite") {
  for (const std::string_view text :
       {"1.7", "1.0", "1e3", "1E2", "\"1\"", "true", "[1]", "1e400"}) {
    CAPTURE(text);
    CHECK(problem_of<int>(text).find("expected a whole number from -2147483648 to 2147483647") !=
          std::string::npos);
  }
}

TEST_CASE("limits narrow an integer, and those of a vector are those of its elements") {
  const Limits limits{1, 10};
  CHECK(read_text<int>("1", limits).good);
  CHECK(read_text<int>("10", limits).good);
  CHECK(problem_of<int>("0", limits) == "value is 0; expected a whole number from 1 to 10");
  CHECK(problem_of<std::uint64_t>("11", limits) ==
        "value is 11; expected a whole number from 1 to 10");
  CHECK(read_text<std::vector<std::uint8_t>>("[1, 0, 10, 11]", limits).problems ==
        "1:5 value[1] is 0; expected a whole number from 1 to 10\n"
        "1:12 value[3] is 11; expected a whole number from 1 to 10\n");
}

TEST_CASE("a duration carries its unit, and a bare number is refused") {
  CHECK(read_text<Duration>("\"1.5s\"").value == 1500_ms);
  CHECK(read_text<Time>("\"3s\"").value == Time{(3_s).ns});
  const std::string expected = "; expected a duration such as \"250ms\"";
  CHECK(problem_of<Duration>("250") == "value is 250" + expected);
  CHECK(problem_of<Time>("0") == "value is 0" + expected);
  CHECK(problem_of<Duration>("\"250\"") == "value is \"250\"" + expected);
  CHECK(problem_of<Duration>("\"250msec\"") == "value is \"250msec\"" + expected);
  CHECK(problem_of<Duration>("[\"1ms\"]") == "value is a list" + expected);
  CHECK(problem_of<Duration>("\"0.5ns\"") ==
        "value is \"0.5ns\"" + expected + ", in whole nanoseconds and at most 292 years");
}

TEST_CASE("a duration is negative only where its field says so, and stays within its limits") {
  CHECK(problem_of<Duration>("\"-1ms\"") == "value is \"-1ms\"; expected a duration, not negative");
  CHECK(read_text<Duration>("\"-1ms\"", {-5'000'000, 0}).value == -(1_ms));
  CHECK(problem_of<Duration>("\"-6ms\"", {-5'000'000, 0}) ==
        "value is \"-6ms\"; expected a duration from -5ms to 0s");
  CHECK(problem_of<Duration>("\"1ns\"", {-5'000'000, 0}) ==
        "value is \"1ns\"; expected a duration from -5ms to 0s");
  CHECK(problem_of<Duration>("\"0s\"", {1'000'000, Limits{}.max}) ==
        "value is \"0s\"; expected a duration of at least 1ms");
}

struct Clock {
  Duration offset;
  Ratio speed = {1, 1};
  static constexpr auto fields =
      Fields{field("offset", &Clock::offset).at_least(std::numeric_limits<std::int64_t>::min()),
             field("speed", &Clock::speed).at_most(std::numeric_limits<std::int64_t>::max())};
};

TEST_CASE("a field without any real bound may still ask for negative durations and large ratios") {
  const auto reading = read_text<Clock>(R"({"offset": "-2562047h", "speed": 1e18})");
  CHECK(reading.problems.empty());
  CHECK(reading.value.offset.ns == -9'223'369'200'000'000'000);
  CHECK(reading.value.speed == Ratio{1'000'000'000'000'000'000, 1});
}

TEST_CASE("a range has two bounds in order, or one duration for both") {
  CHECK(read_text<DurationRange>(R"(["150ms", "300ms"])").value == DurationRange{150_ms, 300_ms});
  CHECK(read_text<DurationRange>("\"5ms\"").value == DurationRange{5_ms, 5_ms});
  CHECK(read_text<DurationRange>(R"(["5ms", "5ms"])").good);
  CHECK(problem_of<DurationRange>(R"(["2s", "1s"])") ==
        "value starts at 2s and ends at 1s; expected the smaller bound first");
  CHECK(problem_of<DurationRange>("5") ==
        "value is 5; expected a range such as [\"150ms\", \"300ms\"] or one duration");
  for (const std::string_view text : {"[]", "[\"1s\"]", "[\"1s\", \"2s\", \"3s\"]"}) {
    CAPTURE(text);
    CHECK(problem_of<DurationRange>(text).find("[\"150ms\", \"300ms\"]: two durations") !=
          std::string::npos);
  }
  CHECK(read_text<DurationRange>("[1, \"-1s\"]").problems ==
        "1:2 value[0] is 1; expected a duration such as \"250ms\"\n"
        "1:5 value[1] is \"-1s\"; expected a duration, not negative\n");
}

TEST_CASE("a ratio is a probability unless its field says otherwise") {
  for (const std::string_view text : {"\"2%\"", "\"1/50\"", "0.02", "\"0.02\"", "2e-2", "2.0E-2"}) {
    CAPTURE(text);
    CHECK(read_text<Ratio>(text).value == Ratio{1, 50});
  }
  CHECK(read_text<Ratio>("1").value == Ratio{1, 1});
  CHECK(read_text<Ratio>("0.0").value == Ratio{0, 1});
  const std::string expected = "; expected a probability from 0 to 1, such as \"2%\" or \"1/50\"";
  CHECK(problem_of<Ratio>("1.5") == "value is 1.5" + expected);
  CHECK(problem_of<Ratio>("-0.1") == "value is -0.1" + expected);
  CHECK(problem_of<Ratio>("\"101%\"") == "value is \"101%\"" + expected);
  CHECK(problem_of<Ratio>("\"often\"") == "value is \"often\"" + expected);
  CHECK(problem_of<Ratio>("false") == "value is false" + expected);
  CHECK(problem_of<Ratio>("1e400") ==
        "value is 1e400" + expected + ", with numerator and denominator below 2^64");

  CHECK(read_text<Ratio>("\"150%\"", {0, 10}).value == Ratio{3, 2});
  CHECK(problem_of<Ratio>("10.1", {1, 10}) ==
        "value is 10.1; expected a ratio from 1 to 10, such as \"3/2\" or 1.5");
  CHECK(problem_of<Ratio>("0.9", {1, 10}) ==
        "value is 0.9; expected a ratio from 1 to 10, such as \"3/2\" or 1.5");
}

TEST_CASE("a rate is text with its unit of time") {
  CHECK(read_text<Rate>("\"50/s\"").value == Rate{50, 1_s});
  CHECK(problem_of<Rate>("50") == "value is 50; expected a rate such as \"50/s\"");
  CHECK(problem_of<Rate>("\"50\"") == "value is \"50\"; expected a rate such as \"50/s\"");
}

TEST_CASE("an enumeration takes one of its words and suggests the nearest") {
  CHECK(read_text<Mode>("\"reckless\"").value == Mode::reckless);
  CHECK(problem_of<Mode>("\"carefull\"") ==
        "value is \"carefull\"; expected one of \"fast\", \"careful\" or \"reckless\" [careful]");
  CHECK(problem_of<Mode>("1") ==
        "value is 1; expected one of \"fast\", \"careful\" or \"reckless\"");
}

TEST_CASE("text is text, an optional may be null, a list is a list") {
  CHECK(read_text<std::string>("\"a\\u00e9\\n\"").value == "a\xC3\xA9\n");
  CHECK(problem_of<std::string>("5") == "value is 5; expected text in double quotes");
  using Maybe = std::optional<int>;
  CHECK_FALSE(read_text<Maybe>("null", {}, 5).value.has_value());
  CHECK(read_text<Maybe>("6", {}, 5).value == 6);
  CHECK(problem_of<Maybe>("11", {0, 10}) == "value is 11; expected a whole number from 0 to 10");
  CHECK(read_text<std::vector<bool>>("[true, false]").value == std::vector<bool>{true, false});
  CHECK(read_text<std::vector<int>>("[]", {}, {1, 2}).value.empty());
  CHECK(problem_of<std::vector<int>>("5") == "value is 5; expected a list");
}

// --- Structs -----------------------------------------------------------------------------------

TEST_CASE("members that are not given keep the value they have, also in a struct within") {
  const auto reading = read_text<Config>(R"({"retry": {"attempts": 2}, "loss": 0})");
  CHECK(reading.problems.empty());
  Config expected;
  expected.retry.attempts = 2;
  expected.loss = {0, 1};
  CHECK(reading.value == expected);
  CHECK(reading.value.retry.wait == 5_ms);
}

TEST_CASE("comment keys are skipped at every level") {
  const auto reading = read_text<Config>(
      R"({"//": 1, "$comment": {}, "//": 2, "retry": {"//": "why"},
          "arrivals": {"//": "why", "poisson": "2/s"}})");
  CHECK(reading.problems.empty());
  CHECK(reading.value.arrivals == Arrivals(Poisson{{2, 1_s}}));
}

TEST_CASE("every mistake of a document is reported at once, each at its place") {
  const auto reading = read_text<Config>(R"({
  "mode": "carefull", "loss": 1.5,
  "sede": 7,
  "retry": {"wait": 250, "attempts": 11, "atempts": 1, "wait": "1s"},
  "retries": [{}, {"attempts": -1}, 3],
  "groups": [[1, 2], [0], 3],
  "arrivals": {"poison": "50/s"},
  "election_timeout": ["300ms", "0.5ms"]
})");
  CHECK_FALSE(reading.good);
  CHECK(reading.problems ==
        "2:11 mode is \"carefull\"; expected one of \"fast\", \"careful\" or \"reckless\" "
        "[careful]\n"
        "2:31 loss is 1.5; expected a probability from 0 to 1, such as \"2%\" or \"1/50\"\n"
        "3:3 unknown key \"sede\" in value [seed]\n"
        "4:21 retry.wait is 250; expected a duration such as \"250ms\"\n"
        "4:38 retry.attempts is 11; expected a whole number from 1 to 10\n"
        "4:42 unknown key \"atempts\" in retry [attempts]\n"
        "4:56 key \"wait\" appears twice (first at 4:13)\n"
        "5:32 retries[1].attempts is -1; expected a whole number from 1 to 10\n"
        "5:37 retries[2] is 3; expected an object\n"
        "6:23 groups[1][0] is 0; expected a whole number from 1 to 4294967295\n"
        "6:27 groups[2] is 3; expected a list\n"
        "7:16 arrivals is \"poison\"; expected one of \"silent\", \"poisson\" or \"closed\" "
        "[poisson]\n"
        "8:33 election_timeout[1] is \"0.5ms\"; expected a duration of at least 1ms\n");
}

TEST_CASE("a value that must be an object is reported once, without its members") {
  CHECK(read_text<Config>("[]").problems == "1:1 value is an empty list; expected an object\n");
  CHECK(read_text<Poisson>("5").problems == "1:1 value is 5; expected an object\n");
}

TEST_CASE("a missing member that must be there is reported at the object") {
  CHECK(read_text<Poisson>("\n {}").problems == "2:2 missing key \"rate\" in value\n");
}

struct Lease {
  Duration lease = 5_s;
  Duration session = 10_s;
  std::string problem() const {
    return session < lease ? "the lease outlasts the session" : std::string();
  }
  static constexpr auto fields =
      Fields{field("lease", &Lease::lease), field("session", &Lease::session)};
};

TEST_CASE("a struct judges its members together once each of them is right") {
  CHECK(read_text<Lease>(R"({"lease": "9s"})").good);
  CHECK(read_text<Lease>(R"({"lease": "11s"})").problems ==
        "1:1 value: the lease outlasts the session\n");
  CHECK(read_text<Lease>(R"({"lease": "11s", "session": 5})").problems ==
        "1:29 session is 5; expected a duration such as \"250ms\"\n");
}

// --- Variants ----------------------------------------------------------------------------------

TEST_CASE("a variant is an object of one key, its first member alone, or just a name") {
  CHECK(read_text<Arrivals>(R"({"poisson": {"rate": "50/s"}})").value ==
        Arrivals(Poisson{{50, 1_s}}));
  CHECK(read_text<Arrivals>(R"({"poisson": "50/s"})").value == Arrivals(Poisson{{50, 1_s}}));
  CHECK(read_text<Arrivals>(R"({"closed": 5})").value == Arrivals(Closed{5, {}}));
  CHECK(read_text<Arrivals>(R"("closed")").value == Arrivals(Closed{1, {}}));
  CHECK(read_text<Arrivals>(R"({"silent": {}})", {}, Closed{}).value == Arrivals(Silent{}));
}

TEST_CASE("a variant that cannot be read keeps its value") {
  CHECK(read_text<Arrivals>(R"({"closed": -1})", {}, Silent{}).value == Arrivals(Silent{}));
}

TEST_CASE("a variant that is none of its alternatives, or several, is refused") {
  const std::string expected = "expected one of \"silent\", \"poisson\" or \"closed\"";
  CHECK(problem_of<Arrivals>("5") == "value is 5; " + expected);
  CHECK(problem_of<Arrivals>("{}") == "value is an empty object; " + expected);
  CHECK(problem_of<Arrivals>("[]") == "value is an empty list; " + expected);
  CHECK(problem_of<Arrivals>("[\"closed\"]") == "value is a list; " + expected);
  CHECK(problem_of<Arrivals>(R"({"closed": 1, "silent": {}})") == "value has 2 keys; " + expected);
  CHECK(problem_of<Arrivals>("\"closd\"") == "value is \"closd\"; " + expected + " [closed]");
  CHECK(problem_of<Arrivals>("\"poisson\"") == "missing key \"rate\" in poisson");
  CHECK(problem_of<Arrivals>(R"({"poisson": 5})") ==
        "poisson.rate is 5; expected a rate such as \"50/s\"");
  CHECK(problem_of<Arrivals>(R"({"silent": 5})") ==
        "silent is 5; expected an object without members");
}

// --- Reading by hand ---------------------------------------------------------------------------

TEST_CASE("objects and names that the author chose are read by hand in the same way") {
  Problems problems;
  const auto v = parse_json(R"({"count": 5, "nodes": {"//": "", "a.b": 1, "c": "x"}, "chek": 1})",
                            "t", problems);
  REQUIRE(v);
  Reader reader(problems, "scenario");
  ObjectReader object(*v, reader);
  int count = 0;
  std::string name;
  object.may_have("count", count, {1, 4});
  object.must_have("name", name);
  std::string seen;
  const Value* nodes = object.take("nodes");
  REQUIRE(nodes != nullptr);
  {
    const Reader::Level level = reader.enter("nodes");
    for_each_member(*nodes, reader, [&](std::string_view key, const Value& node) {
      int number = 0;
      read(node, number, reader);
      seen += std::string(key) + "=" + std::to_string(number) + " ";
    });
  }
  CHECK(object.take("check") == nullptr);
  CHECK_FALSE(object.finish());
  CHECK(seen == "a.b=1 c=0 ");
  CHECK(short_text(problems) ==
        "1:1 missing key \"name\" in scenario\n"
        "1:11 count is 5; expected a whole number from 1 to 4\n"
        "1:49 nodes.c is \"x\"; expected a whole number from -2147483648 to 2147483647\n"
        "1:55 unknown key \"chek\" in scenario [check]\n");
}

TEST_CASE("a name of any length and content leaves sentences readable") {
  const std::string key = "\\u001b[31m" + std::string(1'000'000, 'x');
  const std::string problem = problem_of<std::vector<Retry>>("[{\"" + key + "\": 1}]");
  CHECK(problem.size() < 200);
  CHECK(problem.find("\\u001b[31mxxx") != std::string::npos);
  CHECK(problem.find('\x1b') == std::string::npos);
}

// --- Round trip --------------------------------------------------------------------------------

class Random {
 public:
  explicit Random(std::uint64_t seed) : stream_(seed, Purpose::choice, 0) {}
  std::uint64_t below(std::uint64_t n) { return stream_.below(n); }
  // Small and large alike.
  std::uint64_t word() {
    const std::uint64_t shift = stream_.below(64);
    return stream_.next() >> shift;
  }
  Duration duration() { return {static_cast<std::int64_t>(word() >> 1)}; }
  Ratio probability() {
    const std::uint64_t under = word() | 1;
    return Ratio{below(under), under};
  }
  Retry retry() {
    const Duration wait = duration();
    return {wait, static_cast<std::uint32_t>(1 + below(10))};
  }
  std::string text() {
    static constexpr std::array<std::string_view, 6> parts = {"a",  "\"",   "\\",
                                                              "\n", "\x01", "\xE2\x82\xAC"};
    std::string out;
    for (std::uint64_t n = below(8); n > 0; --n) out += parts[below(parts.size())];
    return out;
  }
  Arrivals arrivals() {
    switch (below(3)) {
      case 0:
        return Silent{};
      case 1: {
        const std::uint64_t count = word();
        return Poisson{{count, duration() + 1_ns}};
      }
      default: {
        const auto clients = static_cast<std::uint32_t>(word());
        return Closed{clients, duration()};
      }
    }
  }
  Config config() {
    Config c;
    c.mode = static_cast<Mode>(below(3));
    c.loss = probability();
    c.slowdown = Ratio{below(100'000), 1000};
    const Duration min = {1'000'000 + duration().ns / 4};
    c.election_timeout = {min, min + duration() / 4};
    c.offset = {static_cast<std::int64_t>(below(2'000'000)) - 1'000'000};
    c.retry = retry();
    c.arrivals = arrivals();
    c.groups.resize(below(3));
    for (auto& group : c.groups)
      group.resize(below(4), NodeId{static_cast<std::uint32_t>(1 + below(9))});
    for (std::uint64_t n = below(3); n > 0; --n) c.retries.push_back(retry());
    if (below(2) == 0) c.seed = word();
    if (below(2) == 0) c.last = retry();
    c.durable = below(2) == 0;
    c.slot = Slot{word()};
    c.at = Time{duration().ns};
    c.title = text();
    return c;
  }

 private:
  Stream stream_;
};

TEST_CASE("what write_json writes is read back as the same value, for every type at once") {
  Random random(7);
  for (int i = 0; i < 3000; ++i) {
    const Config written = random.config();
    const std::string text = to_json(written);
    CAPTURE(text);
    const auto reading = read_text<Config>(text);
    REQUIRE(reading.problems.empty());
    REQUIRE(reading.good);
    REQUIRE(reading.value == written);
    REQUIRE(read_text<Config>(to_json(written, JsonWriter::Style::indented)).value == written);
  }
}

}  // namespace
}  // namespace ballast
