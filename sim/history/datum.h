// A value of JSON or EDN with everything that histories have of both.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ballast::history {

struct Datum {
  enum class Kind : std::uint8_t { null, boolean, integer, text, list, set, map, other };

  Kind kind = Kind::null;
  std::int64_t integer = 0;       // of a boolean: 0 or 1
  std::string text = {};          // of a text or keyword, and of what is neither, such as 1.5
  std::vector<Datum> items = {};  // of a list or set; of a map: key, value, key, value
  std::uint32_t line = 0;         // where a map of EDN begins, from 1
  std::uint32_t column = 0;

  const Datum* find(std::string_view key) const {
    for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
      if (items[i].text == key) return &items[i + 1];
    }
    return nullptr;
  }
};

}  // namespace ballast::history
