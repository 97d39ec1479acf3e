#include "sim/base/value.h"

#include <doctest/doctest.h>

namespace ballast {
namespace {

Value number(std::string text) {
  Value v;
  v.kind = Value::Kind::number;
  v.text = std::move(text);
  return v;
}

Value string(std::string text) {
  Value v = number(std::move(text));
  v.kind = Value::Kind::string;
  return v;
}

Value object(std::vector<Value> members) {
  Value v;
  v.kind = Value::Kind::object;
  v.children = std::move(members);
  return v;
}

Value member(std::string key, Value v) {
  v.key = std::move(key);
  return v;
}

TEST_CASE("a value is written as it was read, numbers digit by digit") {
  Value list;
  list.kind = Value::Kind::array;
  list.children = {number("1e400"), number("-0"), string("a\"b"), Value{}};
  Value truth;
  truth.kind = Value::Kind::boolean;
  truth.truth = true;
  const Value v = object({member("b", std::move(list)), member("a", truth)});
  std::string out;
  JsonWriter w(out);
  write_json(w, v);
  CHECK(out == R"({"b":[1e400,-0,"a\"b",null],"a":true})");
}

TEST_CASE("members are found by name, in objects only") {
  const Value v = object({member("a", number("1")), member("b", number("2"))});
  REQUIRE(v.find("b") != nullptr);
  CHECK(v.find("b")->text == "2");
  CHECK(v.find("c") == nullptr);
  CHECK(v.find("b")->find("b") == nullptr);
}

TEST_CASE("sentences name values shortly") {
  CHECK(in_words(Value{}) == "null");
  CHECK(in_words(number("1.50")) == "1.50");
  CHECK(in_words(string("x")) == "\"x\"");
  CHECK(in_words(object({})) == "an empty object");
  CHECK(in_words(object({member("a", Value{})})) == "an object");
  CHECK(in_words(number(std::string(5000, '1'))) == std::string(60, '1') + "...");
}

TEST_CASE("quoted text is safe to print and cut between characters") {
  CHECK(in_quotes("a\x1b[31m\x7f") == "\"a\\u001b[31m?\"");
  // 59 letters and an "é" of two bytes, which does not fit into 60.
  const std::string long_text = std::string(59, 'x') + "\xC3\xA9" + "tail";
  CHECK(in_quotes(long_text) == "\"" + std::string(59, 'x') + "...\"");
}

}  // namespace
}  // namespace ballast
