#include "sim/base/type_info.h"

#include <doctest/doctest.h>

#include <array>

#include "tests/support/read_text.h"

namespace ballast {
namespace {

using namespace literals;

enum class Mode { fast, careful };
constexpr auto enumerators(Mode) { return std::array<std::string_view, 2>{"fast", "careful"}; }

struct Retry {
  Duration wait = 1_ms;
  std::uint32_t attempts = 3;
  static constexpr std::string_view name = "retry";
  static constexpr std::string_view doc = "How to try again.";
  static constexpr auto fields =
      Fields{field("wait", &Retry::wait, "The time between two attempts.").at_least((1_us).ns),
             field("attempts", &Retry::attempts, "How often to try.").at_least(1).at_most(10)};
};

struct Poisson {
  Rate rate;
  static constexpr std::string_view name = "poisson";
  static constexpr auto fields =
      Fields{field("rate", &Poisson::rate, "Requests per time.").needed()};
};
struct Closed {
  std::uint32_t clients = 1;
  static constexpr std::string_view name = "closed";
  static constexpr auto fields =
      Fields{field("clients", &Closed::clients, "How many wait for an answer.")};
};

struct Config {
  Mode mode = Mode::careful;
  Ratio loss = {1, 50};
  Ratio slowdown = {1, 1};
  DurationRange timeout = {150_ms, 300_ms};
  Duration offset;
  Retry retry = {5_ms, 7};
  std::variant<Poisson, Closed> arrivals = Closed{2};
  std::vector<NodeId> members;
  std::optional<std::uint64_t> seed;
  std::string title;
  bool durable = true;
  static constexpr auto fields =
      Fields{field("mode", &Config::mode, "How to go about it."),
             field("loss", &Config::loss, "The share of messages that a link loses."),
             field("slowdown", &Config::slowdown, "").at_most(100),
             field("timeout", &Config::timeout,
                   "The range from which a follower draws how long it waits for a leader (5.2).")
                 .at_least((1_ms).ns),
             field("offset", &Config::offset, "").at_least((-1_s).ns).at_most((1_s).ns),
             field("retry", &Config::retry),
             field("arrivals", &Config::arrivals, "When requests come."),
             field("members", &Config::members, "").at_least(1),
             field("seed", &Config::seed),
             field("title", &Config::title).needed(),
             field("durable", &Config::durable)};
};

TEST_CASE("the table of options names type, default and meaning, nested options by their path") {
  CHECK("\n" + options_table(type_info<Config>()) == R"(
option                   type                        default               meaning
mode                     "fast" or "careful"         "careful"             How to go about it.
loss                     probability                 "1/50"                The share of messages
                                                                           that a link loses.
slowdown                 ratio from 0 to 100         "1"
timeout                  range of durations of at    ["150ms","300ms"]     The range from which a
                         least 1ms                                         follower draws how long
                                                                           it waits for a leader
                                                                           (5.2).
offset                   duration from -1s to 1s     "0s"
retry                    object                                            How to try again.
retry.wait               duration of at least 1us    "5ms"                 The time between two
                                                                           attempts.
retry.attempts           whole number from 1 to 10   7                     How often to try.
arrivals                 {"poisson": ...} or         {"closed":{"clients"  When requests come.
                         {"closed": ...}             :2}}
arrivals.poisson         object or rate
arrivals.poisson.rate    rate                        required              Requests per time.
arrivals.closed          object or whole number
arrivals.closed.clients  whole number                1                     How many wait for an
                                                                           answer.
members                  list of: whole number of    []
                         at least 1
seed                     whole number or null        null
title                    text                        required
durable                  true or false               true
)");
}

TEST_CASE("no line of a table is wider than a page, whatever stands in it") {
  TypeInfo info = TypeInfo::object("x", "", {});
  info.fields.push_back(FieldInfo::optional(std::string(90, 'n'), TypeInfo::of(TypeInfo::Kind::any),
                                            std::string(300, 'd'), std::string(50, '1')));
  const std::string table = options_table(info);
  std::size_t width = 0;
  std::size_t start = 0;
  for (std::size_t end; (end = table.find('\n', start)) != std::string::npos; start = end + 1) {
    width = std::max(width, end - start);
  }
  CHECK(width <= 100);
  CHECK(start == table.size());
}

// The part of a schema that follows `"key": ` on one level of indentation or deeper.
std::string schema_of(TypeInfo info) {
  TypeInfo root = TypeInfo::object("root", "", {});
  root.fields.push_back(FieldInfo::optional("x", std::move(info), ""));
  Problems problems;
  const std::string text = json_schema(root, "T");
  const auto v = parse_json(text, "schema", problems);
  REQUIRE(problems.empty());
  std::string out;
  JsonWriter w(out);
  write_json(w, *v->find("properties")->find("x"));
  const Value* definitions = v->find("definitions");
  REQUIRE(definitions != nullptr);
  if (!definitions->children.empty()) write_json(w, *definitions);
  return out;
}

TEST_CASE("the schema of a type allows what its reader reads") {
  CHECK(schema_of(type_info<bool>()) == R"({"type":"boolean"})");
  CHECK(schema_of(type_info<std::string>()) == R"({"type":"string"})");
  CHECK(schema_of(type_info<std::uint64_t>()) ==
        R"({"type":"integer","minimum":0,"maximum":18446744073709551615})");
  CHECK(schema_of(type_info<int>({1, 9})) == R"({"type":"integer","minimum":1,"maximum":9})");
  CHECK(schema_of(type_info<Mode>()) == R"({"enum":["fast","careful"]})");
  CHECK(schema_of(type_info<std::optional<bool>>()) ==
        R"({"anyOf":[{"type":"boolean"},{"type":"null"}]})");
  CHECK(schema_of(type_info<std::vector<std::vector<bool>>>()) ==
        R"({"type":"array","items":{"type":"array","items":{"type":"boolean"}}})");
  CHECK(schema_of(type_info<Duration>()) ==
        R"({"allOf":[{"$ref":"#/definitions/duration"}]},)"
        R"({"duration":{"type":"string","pattern":"^[0-9]+(\\.[0-9]+)?(ns|us|ms|s|m|h)$"}})");
  CHECK(schema_of(type_info<Duration>({-5, 5})) ==
        R"({"allOf":[{"$ref":"#/definitions/signed_duration"}]},)"
        R"({"signed_duration":{"type":"string",)"
        R"("pattern":"^-?[0-9]+(\\.[0-9]+)?(ns|us|ms|s|m|h)$"}})");
  CHECK(schema_of(type_info<Poisson>()) ==
        R"({"type":"object","properties":{"rate":{"description":"Requests per time.",)"
        R"("allOf":[{"$ref":"#/definitions/rate"}]}},"required":["rate"],)"
        R"("patternProperties":{"^(//|\\$comment)$":{}},"additionalProperties":false},)"
        R"({"rate":{"type":"string","pattern":"^[0-9]+(\\.[0-9]+)?/)"
        R"((ns|us|ms|s|m|h|[0-9]+(\\.[0-9]+)?(ns|us|ms|s|m|h))$"}})");
}

TEST_CASE("a schema says a definition once, however often it is used") {
  const std::string text = json_schema(
      TypeInfo::object("root", "A root.",
                       {FieldInfo::optional("a", type_info<Duration>(), "", "\"1ms\""),
                        FieldInfo::optional("b", type_info<std::vector<Duration>>(), "The b."),
                        FieldInfo::required("c", TypeInfo::map_of(type_info<Duration>()), "")}),
      "Title");
  std::size_t patterns = 0;
  for (std::size_t at = 0; (at = text.find("\"pattern\"", at)) != std::string::npos; ++at) {
    ++patterns;
  }
  CHECK(patterns == 1);
  CHECK(text.find("\"$schema\": \"http://json-schema.org/draft-07/schema#\"") != std::string::npos);
  CHECK(text.find("\"description\": \"A root.\"") != std::string::npos);
  CHECK(text.find("\"default\": \"1ms\"") != std::string::npos);
  CHECK(text.find("\"required\": [\n    \"c\"\n  ]") != std::string::npos);
}

TEST_CASE("a tree composed by hand describes named alternatives as the reader takes them") {
  const TypeInfo checks =
      TypeInfo::one_of({TypeInfo::word({"agreement"}), TypeInfo::named(type_info<Closed>())});
  CHECK(in_words(checks) == "\"agreement\" or {\"closed\": ...}");
  CHECK(in_words(TypeInfo::list_of(checks)) == "list of: \"agreement\" or {\"closed\": ...}");
  CHECK(in_words(TypeInfo::map_of(type_info<Rate>())) == "object of names, each with: rate");
  REQUIRE(checks.parts.size() == 3);
  CHECK(checks.parts[2].words == std::vector<std::string>{"closed"});
  // "poisson" alone would leave a required member out.
  CHECK(TypeInfo::named(type_info<Poisson>()).parts.size() == 1);
}

// --- Type-erased -------------------------------------------------------------------------------

TEST_CASE("a registry reads and writes a configuration without knowing its type") {
  const ConfigSpec spec = config_spec<Retry>();
  CHECK(spec.info.fields.size() == 2);
  Problems problems;
  const auto v = parse_json(R"({"attempts": 4})", "t", problems);
  REQUIRE(v);
  Reader reader(problems, "config");
  std::any config = spec.defaults;
  CHECK(spec.read(*v, config, reader));
  CHECK(std::any_cast<const Retry&>(config).attempts == 4);
  CHECK(std::any_cast<const Retry&>(config).wait == 1_ms);
  CHECK(std::any_cast<const Retry&>(spec.defaults).attempts == 3);
  std::string out;
  JsonWriter w(out);
  spec.write(w, config);
  CHECK(out == R"({"wait":"1ms","attempts":4})");
}

TEST_CASE("a registry reads the body of a named thing in each of its forms") {
  const ConfigSpec spec = config_spec<Closed>();
  for (const std::string_view text :
       {R"("closed")", R"({"closed": 1})", R"({"closed": {"clients": 1}})", R"({"closed": {}})"}) {
    CAPTURE(text);
    Problems problems;
    const auto v = parse_json(text, "t", problems);
    Reader reader(problems, "check");
    const auto named = read_named(*v, "the name of a check", reader);
    REQUIRE(named);
    CHECK(named->name == "closed");
    std::any config = spec.defaults;
    CHECK(spec.read_body(*named, config, reader));
    CHECK(std::any_cast<const Closed&>(config).clients == 1);
  }
  Problems problems;
  const auto v = parse_json(R"({"closed": "x"})", "t", problems);
  Reader reader(problems, "check");
  std::any config = spec.defaults;
  CHECK_FALSE(spec.read_body(*read_named(*v, "", reader), config, reader));
  CHECK(short_text(problems) ==
        "1:12 clients is \"x\"; expected a whole number from 0 to 4294967295\n");
}

}  // namespace
}  // namespace ballast
