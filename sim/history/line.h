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

// A read or a write within a transaction.
struct LineMicro {
  std::string_view f;
  Word key = nil;
  Word value = nil;
};

struct Line {
  std::uint32_t number = 0;
  std::uint32_t column = 1;
  bool has_process = false;  // an integer or a text, but for "nemesis", which does no operations
  bool has_time = false;
  bool by_nemesis = false;  // its process is "nemesis"
  bool has_key = false;
  bool has_client = false;
  bool has_session = false;
  bool has_applied = false;
  bool has_sum = false;
  bool applied = true;
  Word process = 0;
  std::int64_t time = 0;
  Word key = nil;
  Word client = nil;
  Word session = nil;  // of the client
  Word sum = 0;
  std::string_view wrong;  // what is not right about one of these; empty if they are
  std::string_view type;   // empty if missing
  std::string_view f;
  LineValue value;
  bool has_micros = false;  // the value is a list of micro-operations, and those are here
  std::vector<LineMicro> micros;

  void clear();
};

// Pairs invocations with completions, line by line, whatever it is that they invoke.
class LineSink {
 public:
  LineSink(Problems& problems, std::uint32_t source) : problems_(problems), source_(source) {}
  virtual ~LineSink() = default;

  virtual Values& values() = 0;
  // Whether values are lists of micro-operations.
  virtual bool transactional() const { return false; }

  void add(const Line& line);
  // The words of a value in `line`, from a tree.
  void fill(Line& line, const Datum& map);
  Word word(const Datum& datum);
  void complain(const Line& line, std::string sentence, std::string_view meant = {});

 protected:
  // The operation that begins, as a number of its own.
  virtual std::uint32_t begin(const Line& line) = 0;
  // It ends with ok, fail or info; it began in line `began`.
  virtual void end(const Line& line, std::uint32_t operation, std::uint32_t began) = 0;
  // Something beside the operations.
  virtual void remark(const Line& line) = 0;

  // Without times: how many events there were up to this one, until finish() knows better.
  Time time_of(const Line& line) const {
    return Time{line.has_time ? line.time : static_cast<std::int64_t>(lines_.size())};
  }
  std::string who(const Line& line) { return say_process(line.process, values()); }
  // Times stand everywhere or nowhere.
  void settle_times();
  bool one_instant() const { return timed_ > 1 && first_time_ == last_time_; }
  // What the times of the history are, once it has been read.
  TimeUnit unit() const;
  // Of what time_of() said, the line.
  Time line_at(Time at) const {
    return at == Time::max() ? at : Time{lines_[static_cast<std::size_t>(at.ns) - 1]};
  }

  Problems& problems_;
  std::uint32_t source_;

 private:
  struct Open {
    std::uint32_t operation = Operation::never;  // the one that is open
    bool retired = false;
    std::uint32_t line = 0;  // where it began or was retired
    Time invoked;
  };

  void fill_micros(Line& line, const Datum& value);
  void note_time(const Line& line);
  void invoke(const Line& line, Open& open);
  void complete(const Line& line, Open& open);

  WordTable processes_;
  std::vector<Open> open_;  // by process
  std::uint64_t timed_ = 0;
  std::vector<std::uint32_t> lines_;  // of the events without times, in their order
  std::int64_t first_time_ = 0;
  std::int64_t last_time_ = 0;
};

class Assembler final : public LineSink {
 public:
  Assembler(const ReadOptions& options, Problems& problems, std::uint32_t source)
      : LineSink(problems, source), options_(options) {}

  Values& values() override { return history_.values; }
  History finish();

 private:
  std::uint32_t begin(const Line& line) override;
  void end(const Line& line, std::uint32_t operation, std::uint32_t began) override;
  void remark(const Line& line) override;
  Word owner_of(const Line& line);
  bool has_key_in_value(const Line& line, const Operation& operation) const;
  bool returns_another(const Line& line, const Operation& operation);
  bool set_argument(const Line& line, Operation& operation);
  bool set_result(const Line& line, Operation& operation);
  Word whole(const LineValue& value);
  std::uint32_t object_of(const Line& line, LineValue& value);

  ReadOptions options_;
  History history_;
  WordTable objects_;
  std::vector<bool> absent_;  // by operation: it did not happen
  std::vector<Remark> remarks_;
  LineValue scratch_;
};

// Values may be nested so deeply and no deeper.
constexpr int deepest_value = 100;

// Adds the lines of the text; what is wrong with one becomes a problem.
void read_json_lines(std::string_view text, LineSink& sink);
void read_json_array(std::string_view text, LineSink& sink);  // one of operations
void read_edn(std::string_view text, LineSink& sink);
// Whichever of them it is: EDN begins with `{:`, `[`, `#`, `^` or `;`, an array with `[{"`.
void read_lines(std::string_view text, LineSink& sink);

// A line of JSON as a tree; `error` if it is none.
Datum parse_json(std::string_view text, std::string& error);

}  // namespace ballast::history
