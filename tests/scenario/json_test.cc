#include "sim/scenario/json.h"

#include <doctest/doctest.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "sim/base/random.h"
#include "tests/support/read_text.h"

namespace ballast {
namespace {

namespace fs = std::filesystem;

const fs::path bad_files = fs::path(__FILE__).parent_path() / "bad";

std::string problems_in(std::string_view text) {
  Problems problems;
  parse_json(text, "test.json", problems);
  return short_text(problems);
}

std::string compact(const Value& v) {
  std::string out;
  JsonWriter w(out);
  write_json(w, v);
  return out;
}

// "kind line:column" of each value in order, with "key@line:column" before members.
void places(const Value& v, std::string& out) {
  static constexpr std::array<std::string_view, 6> kinds = {"null",   "boolean", "number",
                                                            "string", "array",   "object"};
  const auto place = [](Position at) {
    return std::to_string(at.line) + ":" + std::to_string(at.column);
  };
  if (!v.key.empty()) out += v.key + "@" + place(v.key_at) + " ";
  out += std::string(kinds[static_cast<std::size_t>(v.kind)]) + " " + place(v.at) + "\n";
  for (const Value& child : v.children) places(child, out);
}

TEST_CASE("every value and key knows its line and column, counted in characters") {
  Problems problems;
  const std::string text =
      "\xEF\xBB\xBF// a scenario, with: \"decoys\" {[,]}\r\n"
      "{ \"a\": 12 /* : */, \"\xC3\xA9\\\"\" : [true,null , -1.5e3\n"
      ", \"\\u00e9\\\\\", {}],\n"
      "\t\"b\":{\"c\":\"x\"}}";
  const auto v = parse_json(text, "t", problems);
  REQUIRE(v);
  CHECK(problems.empty());
  std::string out;
  places(*v, out);
  CHECK(out ==
        "object 2:1\n"
        "a@2:3 number 2:8\n"
        "\xC3\xA9\"@2:20 array 2:28\n"
        "boolean 2:29\n"
        "null 2:34\n"
        "number 2:41\n"
        "string 3:3\n"
        "object 3:15\n"
        "b@4:2 object 4:6\n"
        "c@4:7 string 4:11\n");
  CHECK(compact(*v) ==
        "{\"a\":12,\"\xC3\xA9\\\"\":[true,null,-1.5e3,\"\xC3\xA9\\\\\",{}],\"b\":{\"c\":\"x\"}}");
}

TEST_CASE("numbers keep their text, whatever their size") {
  Problems problems;
  const std::string text = "[1e400,-0,18446744073709551616,0.10,-1E+2,1e-400]";
  const auto v = parse_json(text, "t", problems);
  REQUIRE(v);
  CHECK(problems.empty());
  CHECK(compact(*v) == text);
}

TEST_CASE("a document may be any value, with comments around it") {
  CHECK(problems_in("/* a */ 5 // b").empty());
  CHECK(problems_in("//\n\"x\"/**/").empty());
  CHECK(problems_in("// only // one */ comment\n[]").empty());
}

TEST_CASE("a carriage return alone ends a comment of one line too") {
  Problems problems;
  const auto v = parse_json("[ // 7\r 1 // 8\r\n, 2 ]", "t", problems);
  REQUIRE(v);
  CHECK(compact(*v) == "[1,2]");
}

TEST_CASE("of duplicate keys the first is kept, and each later one is reported") {
  Problems problems;
  const auto v = parse_json("{\"a\":1,\"b\":{\"c\":1,\"c\":2},\n\"a\":3,\"a\":4}", "t", problems);
  REQUIRE(v);
  CHECK(compact(*v) == "{\"a\":1,\"b\":{\"c\":1}}");
  CHECK(short_text(problems) ==
        "1:19 key \"c\" appears twice (first at 1:13)\n"
        "2:1 key \"a\" appears twice (first at 1:2)\n"
        "2:7 key \"a\" appears twice (first at 1:2)\n");
}

// --- Malformed input ---------------------------------------------------------------------------

struct Bad {
  std::string_view file;
  std::string_view problems;
};

constexpr std::array<Bad, 37> bad = {{
    {"bad_escape.json", "1:15 not JSON: invalid string: forbidden character after backslash\n"},
    {"binary.json", "1:8 this is not text: it contains a zero byte\n"},
    {"blank.json", "1:1 the text is empty; expected a JSON object\n"},
    {"broken_byte_order_mark.json", "1:2 not JSON: invalid BOM; must be 0xEF 0xBB 0xBF if given\n"},
    {"capital_literal.json", "1:9 not JSON: invalid literal\n"},
    {"closing_bracket.json", "1:1 not JSON: unexpected ']'; expected a value\n"},
    {"control_character.json",
     "1:13 not JSON: invalid string: control character U+0007 (BEL) must be escaped to \\u0007\n"},
    {"duplicate_keys.json",
     "3:27 key \"loss\" appears twice (first at 3:16)\n"
     "4:3 key \"seed\" appears twice (first at 2:3)\n"
     "5:3 key \"seed\" appears twice (first at 2:3)\n"},
    {"empty.json", "1:1 the text is empty; expected a JSON object\n"},
    {"fraction_without_digits.json", "1:13 not JSON: invalid number; expected digit after '.'\n"},
    {"half_comment.json",
     "2:4 not JSON: invalid comment; expecting '/' or '*' after '/'; expected a key in double "
     "quotes\n"},
    {"hexadecimal.json", "1:12 not JSON: invalid literal; expected ',' or '}'\n"},
    {"huge_exponent.json", "1:11 not JSON: a number this large fits no value\n"},
    {"huge_integer.json", "1:11 not JSON: a number this large fits no value\n"},
    {"invalid_utf8.json", "1:15 not JSON: this character is not UTF-8\n"},
    {"leading_zero.json", "1:12 not JSON: unexpected number literal; expected ',' or '}'\n"},
    {"lone_surrogate.json",
     "1:18 not JSON: invalid string: surrogate U+D800..U+DBFF must be followed by "
     "U+DC00..U+DFFF\n"},
    {"mismatched_brackets.json", "1:18 not JSON: unexpected '}'; expected ',' or ']'\n"},
    {"missing_colon.json", "1:10 not JSON: unexpected number literal; expected ':'\n"},
    {"missing_comma.json", "3:3 not JSON: unexpected string literal; expected ',' or '}'\n"},
    {"newline_in_string.json",
     "1:15 not JSON: invalid string: control character U+000A (LF) must be escaped to \\u000A or "
     "\\n\n"},
    {"not_a_number.json", "1:11 not JSON: invalid literal\n"},
    {"only_comma.json", "1:2 not JSON: unexpected ','; expected a value\n"},
    {"only_comment.json", "1:1 the text is empty; expected a JSON object\n"},
    {"overlong_utf8.json", "1:12 not JSON: this character is not UTF-8\n"},
    {"plus_sign.json", "1:11 not JSON: invalid literal\n"},
    {"single_quotes.json", "1:3 not JSON: invalid literal; expected a key in double quotes\n"},
    {"trailing_comma.json", "3:1 not JSON: there is a comma before the closing '}'\n"},
    {"trailing_comma_in_list.json", "1:20 not JSON: there is a comma before the closing ']'\n"},
    {"truncated.json", "3:29 not JSON: the text ends too early; expected a key in double quotes\n"},
    {"truncated_string.json", "1:19 not JSON: invalid string: missing closing quote\n"},
    {"two_documents.json", "2:1 not JSON: unexpected '{'; expected nothing more\n"},
    {"unquoted_key.json", "1:3 not JSON: invalid literal; expected a key in double quotes\n"},
    {"unterminated_comment.json", "2:3 not JSON: a comment without an end\n"},
    {"utf16.json", "1:1 the text is UTF-16; expected UTF-8\n"},
    {"utf16_without_mark.json", "1:1 this is not text: it contains a zero byte\n"},
    {"zero_byte.json", "2:13 this is not text: it contains a zero byte\n"},
}};

TEST_CASE("each malformed file is refused with its place and reason") {
  for (const Bad& each : bad) {
    CAPTURE(each.file);
    const FileText file = read_file((bad_files / each.file).string());
    REQUIRE(file.status == FileStatus::complete);
    CHECK(problems_in(file.text) == each.problems);
  }
}

TEST_CASE("no malformed file is left untried") {
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(bad_files)) files += entry.is_regular_file();
  CHECK(files == bad.size());
}

TEST_CASE("nesting is limited, and a hundred thousand brackets are no danger") {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  CHECK(problems_in(nested(64)).empty());
  CHECK(problems_in(nested(65)) == "1:65 lists and objects nest more than 64 deep\n");
  CHECK(problems_in(nested(100'000)) == "1:65 lists and objects nest more than 64 deep\n");
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  CHECK(problems_in(objects) == "1:321 lists and objects nest more than 64 deep\n");
}

TEST_CASE("the number of values and the length of a text are limited") {
  std::string many = "[1";
  for (std::size_t i = 2; i < json_max_values; ++i) many += ",1";
  CHECK(problems_in(many + "]").empty());
  CHECK(problems_in(many + ",1]") == "1:2000000 more than 1,000,000 values in one document\n");
  CHECK(problems_in(std::string(json_max_bytes - 2, ' ') + "[]").empty());
  CHECK(problems_in(std::string(json_max_bytes - 1, ' ') + "[]") ==
        "1:1 the text is longer than 16 MiB\n");
}

TEST_CASE("a document cut off or altered anywhere is read or refused, and never worse") {
  const std::string text =
      "// c\n{ \"name\": \"f\\u00e9 \xE2\x82\xAC\", \"seed\": 7, \"loss\": 1.5e-3, /* d */\n"
      "  \"faults\": [ { \"at\": \"3s\", \"partition\": [[1, 2], [3]] }, null, true ] }\n";
  for (std::size_t i = 0; i < text.size() - 2; ++i) {
    CAPTURE(i);
    CHECK_FALSE(problems_in(text.substr(0, i)).empty());
  }
  Stream stream(3, Purpose::choice, 0);
  static constexpr std::string_view alphabet("{}[],:\"\\/*-+.eE019 \n\x00\r\x01\x7F\xC3\xFF", 26);
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string changed = text;
    for (std::uint64_t n = 1 + stream.below(4); n > 0; --n) {
      const std::uint64_t place = stream.below(changed.size());
      const char letter = alphabet[stream.below(alphabet.size())];
      if (stream.below(2) == 0) {
        changed[place] = letter;
      } else {
        changed.insert(place, 1, letter);
      }
    }
    Problems problems;
    const auto v = parse_json(changed, "t", problems);
    CAPTURE(changed);
    REQUIRE((v.has_value() || !problems.empty()));
    REQUIRE(problems.to_text().size() < 5000);
    refused += problems.empty() ? 0 : 1;
  }
  CHECK(refused > 10'000);
  CHECK(refused < 20'000);
}

// --- --set -------------------------------------------------------------------------------------

std::string after_setting(std::string_view document, std::string_view assignment) {
  Problems problems;
  auto v = parse_json(document, "t", problems);
  REQUIRE(v);
  set_value(*v, assignment, problems);
  return problems.empty() ? compact(*v) : problems.to_text();
}

TEST_CASE("an option replaces or adds one value, which is JSON or else text") {
  const std::string_view document = R"({"a":{"b":1,"c":[1,{"d":2}]}})";
  CHECK(after_setting(document, "a.b=2") == R"({"a":{"b":2,"c":[1,{"d":2}]}})");
  CHECK(after_setting(document, "a.b=2%") == R"({"a":{"b":"2%","c":[1,{"d":2}]}})");
  CHECK(after_setting(document, "a.b=") == R"({"a":{"b":"","c":[1,{"d":2}]}})");
  CHECK(after_setting(document, "a.b=x=y") == R"({"a":{"b":"x=y","c":[1,{"d":2}]}})");
  CHECK(after_setting(document, R"(a.b={"x":["1ms",null]})") ==
        R"({"a":{"b":{"x":["1ms",null]},"c":[1,{"d":2}]}})");
  CHECK(after_setting(document, "a.c.1.d=1e400") == R"({"a":{"b":1,"c":[1,{"d":1e400}]}})");
  CHECK(after_setting(document, "a.c.0=true") == R"({"a":{"b":1,"c":[true,{"d":2}]}})");
  CHECK(after_setting(document, "x.y=1") == R"({"a":{"b":1,"c":[1,{"d":2}]},"x":{"y":1}})");
}

TEST_CASE("an option that leads nowhere says so") {
  const std::string_view document = R"({"a":{"b":1,"c":[1]}})";
  const auto error = [&](std::string_view assignment) {
    const std::string text = after_setting(document, assignment);
    return text.substr(0, text.find('\n'));
  };
  CHECK(error("a.c.1=2") == "--set a.c.1: error: no element \"1\" in a list of 1, numbered from 0");
  CHECK(error("a.c.x=2") == "--set a.c.x: error: no element \"x\" in a list of 1, numbered from 0");
  CHECK(error("a.c.-1=2") ==
        "--set a.c.-1: error: no element \"-1\" in a list of 1, numbered from 0");
  CHECK(error("a.b.c=2") == "--set a.b.c: error: no member \"c\" in 1");
  CHECK(error("a") == "--set a: error: expected path=value, such as network.loss=2%");
  CHECK(error("=1") == "--set : error: expected path=value, such as network.loss=2%");
  CHECK(error("a..b=1") == "--set a..b: error: no empty name in a path");
  CHECK(error(R"(a.b={"x":1,"x":2})") ==
        "--set a.b: error: key \"x\" appears twice (first at 1:2)");
}

TEST_CASE("what is wrong with an option's value names the option") {
  Problems problems;
  auto v = parse_json(R"({"wait": "1ms"})", "t.json", problems);
  REQUIRE(v);
  CHECK(set_value(*v, "wait=5", problems));
  CHECK(set_value(*v, "wiat=5", problems));
  Reader reader(problems, "scenario");
  ObjectReader object(*v, reader);
  Duration wait;
  object.may_have("wait", wait);
  CHECK_FALSE(object.finish());
  CHECK(problems.to_text() ==
        "--set wait: error: wait is 5; expected a duration such as \"250ms\"\n"
        "--set wiat: error: unknown key \"wiat\" in scenario; did you mean \"wait\"?\n"
        "2 errors; nothing was run.\n");
}

TEST_CASE("a key that the file has keeps its place there, whatever value an option gives it") {
  Problems problems;
  auto v = parse_json("{\n  \"wiat\": \"1ms\"}", "t.json", problems);
  REQUIRE(v);
  CHECK(set_value(*v, "wiat=2ms", problems));
  Reader reader(problems, "scenario");
  CHECK_FALSE(ObjectReader(*v, reader).finish());
  CHECK(short_text(problems) == "2:3 unknown key \"wiat\" in scenario\n");
}

// --- Files -------------------------------------------------------------------------------------

struct TemporaryFile {
  fs::path path;
  explicit TemporaryFile(const std::string& name) : path(fs::temp_directory_path() / name) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    std::error_code ignored;
    fs::remove(path, ignored);
  }
};

TEST_CASE("a file is read whole, byte for byte") {
  const TemporaryFile file("ballast_json_test_content.json");
  const std::string content("{\r\n\0}", 6);
  std::ofstream(file.path, std::ios::binary) << content;
  const FileText read = read_file(file.path.string());
  CHECK(read.status == FileStatus::complete);
  CHECK(read.text == content);
}

TEST_CASE("a missing file is told from one that cannot be read") {
  const FileText missing = read_file("no/such/file.json");
  CHECK(missing.status == FileStatus::missing);
  CHECK(missing.why == "no/such/file.json: No such file or directory");
  const FileText below_a_file = read_file(std::string(__FILE__) + "/x.json");
  CHECK(below_a_file.status == FileStatus::missing);
  const FileText directory = read_file(fs::temp_directory_path().string());
  CHECK(directory.status == FileStatus::unreadable);
  CHECK(directory.why.find("Is a directory") != std::string::npos);
}

TEST_CASE("a file of 100 MB is refused by its size") {
  const TemporaryFile file("ballast_json_test_large.json");
  std::ofstream(file.path, std::ios::binary) << std::string(json_max_bytes, ' ');
  CHECK(read_file(file.path.string()).status == FileStatus::complete);
  std::error_code error;
  fs::resize_file(file.path, 100'000'000, error);
  REQUIRE_FALSE(error);
  const FileText read = read_file(file.path.string());
  CHECK(read.status == FileStatus::too_large);
  CHECK(read.text.empty());
  CHECK(read.why == file.path.string() + ": the file is larger than 16 MiB");
}

}  // namespace
}  // namespace ballast
