#include "sim/scenario/embed.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/base/read.h"
#include "sim/scenario/json.h"

namespace ballast {
namespace {

struct CsvRow {
  std::uint32_t line = 0;
  std::vector<std::string_view> cells;
};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// Blank lines and those that begin with # do not count.
std::vector<CsvRow> rows_of(std::string_view text) {
  std::vector<CsvRow> rows;
  std::uint32_t line = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view rest = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++line;
    if (rest.empty() || rest[0] == '#') continue;
    CsvRow row{line, {}};
    while (true) {
      const std::size_t comma = rest.find(',');
      row.cells.push_back(trimmed(rest.substr(0, comma)));
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

// What a column of a file means for what is read: which member it becomes, and the unit that its
// numbers lack.
struct CsvColumn {
  std::string_view heading;
  std::string_view member;
  std::string_view unit;
  bool is_number = false;
};
constexpr std::array<CsvColumn, 5> replay_columns{{{"at", "at", "", false},
                                                   {"at_ns", "at", "ns", false},
                                                   {"service", "service", "", false},
                                                   {"service_ns", "service", "ns", false},
                                                   {"key", "key", "", true}}};

class Embedder {
 public:
  Embedder(const std::string& file, Problems& problems)
      : folder_(file.substr(0, file.rfind('/') + 1)), problems_(problems) {}

  void replay(Value& v) {
    const std::string text = load(v);
    const std::vector<CsvRow> rows = rows_of(text);
    const std::vector<const CsvColumn*> columns = header(rows, replay_columns);
    v = list_at(v);  // without the file, too: what is wrong has been said
    if (columns.empty()) return;
    for (const CsvRow& row : std::span(rows).subspan(1)) {
      if (!fits(row, columns.size())) continue;
      Value request{Value::Kind::object};
      request.at = {source_, row.line, 1};
      for (std::size_t i = 0; i < columns.size(); ++i) {
        if (columns[i] == nullptr || row.cells[i].empty()) continue;
        request.children.push_back(cell(row, i, *columns[i]));
      }
      v.children.push_back(std::move(request));
    }
  }

  void recorded(Value& v) {
    const std::string text = load(v);
    const std::vector<CsvRow> rows = rows_of(text);
    const std::vector<const CsvColumn*> columns = header(rows, replay_columns);
    const auto service = std::find_if(columns.begin(), columns.end(), [](const CsvColumn* c) {
      return c != nullptr && c->member == "service";
    });
    v = list_at(v);
    if (columns.empty()) return;
    if (service == columns.end()) {
      problems_.add({source_, rows[0].line, 1},
                    "no column is called \"service\" or \"service_ns\"");
      return;
    }
    const auto place = static_cast<std::size_t>(service - columns.begin());
    for (const CsvRow& row : std::span(rows).subspan(1)) {
      if (fits(row, columns.size())) v.children.push_back(cell(row, place, **service));
    }
  }

 private:
  // The text of the file that a value names; empty, and reported, if there is none.
  std::string load(const Value& v) {
    const std::string path = v.text.substr(0, 1) == "/" ? v.text : folder_ + v.text;
    FileText file = read_file(path);
    if (file.status != FileStatus::complete) {
      problems_.add(v.at, "cannot read what was recorded: " + file.why);
      return {};
    }
    source_ = problems_.add_source(path, file.text);
    if (file.text.find_first_not_of(" \t\r\n") == std::string::npos) {
      problems_.add({source_, 0, 0}, "the file is empty");
    }
    return std::move(file.text);
  }

  // The columns that mean something, null for those that do not; empty if the header is wrong.
  std::vector<const CsvColumn*> header(const std::vector<CsvRow>& rows,
                                       std::span<const CsvColumn> known) {
    std::vector<const CsvColumn*> columns;
    if (rows.empty()) return columns;
    bool any = false;
    for (const std::string_view heading : rows[0].cells) {
      const auto column = std::find_if(known.begin(), known.end(),
                                       [&](const CsvColumn& c) { return c.heading == heading; });
      columns.push_back(column == known.end() ? nullptr : &*column);
      any = any || column != known.end();
    }
    if (rows.size() > most_csv_rows + 1) {
      problems_.add({source_, 0, 0},
                    "more than " + std::to_string(most_csv_rows) + " rows, the most that are read");
    } else if (any) {
      return columns;
    } else {
      std::vector<std::string_view> headings;
      for (const CsvColumn& column : known) headings.push_back(column.heading);
      problems_.add({source_, rows[0].line, 1},
                    "the first line names no known column; expected " + one_of(headings));
    }
    return {};
  }

  bool fits(const CsvRow& row, std::size_t columns) {
    if (row.cells.size() == columns) return true;
    problems_.add({source_, row.line, 1}, "the line has " + std::to_string(row.cells.size()) +
                                              " fields, the header " + std::to_string(columns));
    return false;
  }

  Value cell(const CsvRow& row, std::size_t place, const CsvColumn& column) const {
    std::uint32_t at = 1;  // roughly: blanks around cells are not counted
    for (std::size_t i = 0; i < place; ++i) {
      at += static_cast<std::uint32_t>(row.cells[i].size()) + 1;
    }
    const bool digits = row.cells[place].find_first_not_of("0123456789") == std::string_view::npos;
    Value v{column.is_number && digits ? Value::Kind::number : Value::Kind::string};
    v.text = std::string(row.cells[place]) + std::string(column.unit);
    v.at = v.key_at = {source_, row.line, at};
    v.key = column.member;
    return v;
  }

  static Value list_at(const Value& name) {
    Value list{Value::Kind::array};
    list.at = name.at;
    list.key = name.key;
    list.key_at = name.key_at;
    return list;
  }

  std::string folder_;
  Problems& problems_;
  std::uint32_t source_ = 0;
};

Value* member(Value* object, std::string_view key) {
  if (object == nullptr) return nullptr;
  for (Value& child : object->children) {
    if (child.key == key) return &child;
  }
  return nullptr;
}

void embed_everywhere(Value& v, Embedder& embedder) {
  for (Value& child : v.children) {
    if (child.key == "recorded" && child.is(Value::Kind::string)) {
      embedder.recorded(child);
    } else {
      embed_everywhere(child, embedder);
    }
  }
}

}  // namespace

void embed_recordings(Value& scenario, const std::string& file, Problems& problems) {
  Embedder embedder(file, problems);
  Value* replay = member(member(member(&scenario, "workload"), "arrivals"), "replay");
  if (replay != nullptr && replay->is(Value::Kind::string)) embedder.replay(*replay);
  embed_everywhere(scenario, embedder);
}

}  // namespace ballast
