// One line of a history, and how lines become operations.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/history/datum.h"
#include "sim/history/read.h"

namespace ballast::history {

// The value of an operation: one word, or a list of such. What is nested deeper is a word too.
struct LineValue {
  bool is_list = false;
  Word word = nil;
  std::vector<Word> list;
};

struct Line {
  std::uint32_t number = 0;
  std::uint32_t column = 1;
  bool has_process = false;  // an integer; others, such as "nemesis", do no operations
  bool has_time = false;
  bool has_key = false;
  bool has_client = false;
  bool has_session = false;
  bool has_applied = false;
  bool has_sum = false;
  bool applied = true;
  std::int64_t process = 0;
  std::int64_t time = 0;
  Word key = nil;
  Word client = nil;
  std::int64_t session = 0;  // of the client
  std::int64_t sum = 0;
  std::string_view type;  // empty if missing
  std::string_view f;
  LineValue value;

  void clear();
};

// Pairs invocations with completions.
class Assembler {
 public:
  Assembler(const ReadOptions& options, Problems& problems, std::uint32_t source)
      : options_(options), problems_(problems), source_(source) {}

  Values& values() { return history_.values; }
  void add(const Line& line);
  // The words of a value in `line`, from a tree.
  void fill(Line& line, const Datum& map);
  Word word(const Datum& datum);
  void complain(const Line& line, std::string sentence, std::string_view meant = {});
  History finish();

 private:
  struct Open {
    std::uint32_t operation = Operation::never;  // the one that is open
    bool retired = false;
    std::uint32_t line = 0;  // where it began or was retired
  };

  void invoke(const Line& line, Open& open);
  void complete(const Line& line, Open& open);
  Word owner_of(const Line& line);
  bool set_argument(const Line& line, Operation& operation);
  bool set_result(const Line& line, Operation& operation);
  Word whole(const LineValue& value);
  std::uint32_t object_of(const Line& line, LineValue& value);
  void remark(const Line& line);
  void note_time(const Line& line);

  ReadOptions options_;
  Problems& problems_;
  std::uint32_t source_;
  History history_;
  WordTable objects_;
  WordTable processes_;
  std::vector<Open> open_;    // by process
  std::vector<bool> absent_;  // by operation: it did not happen
  std::vector<Remark> remarks_;
  LineValue scratch_;
  std::uint64_t timed_ = 0;
  std::uint64_t untimed_ = 0;
  std::uint32_t first_untimed_ = 0;
};

// Adds the lines of the text; what is wrong with one becomes a problem.
void read_json_lines(std::string_view text, Assembler& assembler);
void read_edn(std::string_view text, Assembler& assembler);

// A line of JSON as a tree; `error` if it is none.
Datum parse_json(std::string_view text, std::string& error);

}  // namespace ballast::history
