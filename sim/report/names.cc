#include "sim/report/names.h"

#include <charconv>

namespace ballast {
namespace {

bool in_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

}  // namespace

std::string Names::in(std::string_view sentence) const {
  std::string out;
  for (std::size_t i = 0; i < sentence.size();) {
    NodeId node;
    const char* end = sentence.data() + i + 1;
    if (sentence[i] == 'n' && (i == 0 || !in_word(sentence[i - 1]))) {
      end = std::from_chars(end, sentence.data() + sentence.size(), node.value).ptr;
    }
    const auto next = static_cast<std::size_t>(end - sentence.data());
    if (node && (next == sentence.size() || !in_word(sentence[next]))) {
      out += of(node);
    } else {
      out += sentence.substr(i, next - i);
    }
    i = next;
  }
  return out;
}

}  // namespace ballast
