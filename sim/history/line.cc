#include "sim/history/line.h"

#include <algorithm>

#include "sim/base/describe.h"

namespace ballast::history {
namespace {

constexpr std::array<std::string_view, 4> types{"invoke", "ok", "fail", "info"};

struct Spelling {
  std::string_view word;
  Action action;
};

// The operations of each model, by the words that histories use.
std::span<const Spelling> spellings(Model model) {
  static constexpr Spelling reg[] = {{"read", Action::read}, {"write", Action::write}};
  static constexpr Spelling cas[] = {
      {"read", Action::read}, {"write", Action::write}, {"cas", Action::cas}};
  static constexpr Spelling kv[] = {{"get", Action::read},      {"put", Action::write},
                                    {"append", Action::append}, {"delete", Action::erase},
                                    {"read", Action::read},     {"write", Action::write},
                                    {"cas", Action::cas}};
  static constexpr Spelling queue[] = {{"enqueue", Action::enqueue}, {"dequeue", Action::dequeue}};
  static constexpr Spelling lock[] = {{"acquire", Action::acquire}, {"release", Action::release}};
  static constexpr Spelling adds[] = {{"add", Action::add}, {"read", Action::read}};
  static constexpr Spelling append[] = {{"append", Action::append}, {"read", Action::read}};
  static constexpr Spelling propose[] = {{"propose", Action::propose}};
  switch (model) {
    case Model::reg:
      return reg;
    case Model::cas_register:
      return cas;
    case Model::kv:
      return kv;
    case Model::queue:
      return queue;
    case Model::lock:
    case Model::fenced_lock:
      return lock;
    case Model::counter:
    case Model::set:
      return adds;
    case Model::append_list:
      return append;
    case Model::consensus:
      return propose;
  }
  return {};
}

// What else it may be the history of.
std::string who_has(std::string_view f) {
  if (f == "txn") return ", or --model list-append or rw-register";
  for (std::size_t i = 0; i < enumerators(Model{}).size(); ++i) {
    for (const Spelling& each : spellings(static_cast<Model>(i))) {
      if (each.word == f) return ", or --model " + std::string(enumerators(Model{})[i]);
    }
  }
  return "";
}

bool can_be_refused(Action action) {
  return action == Action::cas || action == Action::dequeue || action == Action::acquire;
}

bool is_integer(Word w) { return w > -Values::most_integer && w < Values::most_integer; }

std::string quoted(std::string_view word) { return in_quotes(word); }

}  // namespace

void Line::clear() {
  std::vector<Word> kept = std::move(value.list);
  std::vector<LineMicro> kept_micros = std::move(micros);
  kept.clear();
  kept_micros.clear();
  *this = Line{};
  value.list = std::move(kept);
  micros = std::move(kept_micros);
}

void LineSink::complain(const Line& line, std::string sentence, std::string_view meant) {
  problems_.add({source_, line.number, line.column}, std::move(sentence), std::string(meant));
}

Word LineSink::word(const Datum& datum) {
  switch (datum.kind) {
    case Datum::Kind::null:
      return nil;
    case Datum::Kind::boolean:
      return values().text(datum.integer != 0 ? "true" : "false");
    case Datum::Kind::integer:
      return datum.integer;
    case Datum::Kind::text:
    case Datum::Kind::other:
      return values().text(datum.text);
    case Datum::Kind::list:
    case Datum::Kind::set: {
      std::vector<Word> words;
      for (const Datum& item : datum.items) words.push_back(word(item));
      // In whatever order the elements of a set are written, it is the same.
      if (datum.kind == Datum::Kind::set) std::sort(words.begin(), words.end());
      return values().list(words);
    }
    case Datum::Kind::map: {
      std::vector<Word> words;
      for (std::size_t i = 0; i + 1 < datum.items.size(); i += 2) {
        words.push_back(values().list(std::array{word(datum.items[i]), word(datum.items[i + 1])}));
      }
      std::sort(words.begin(), words.end());
      return values().list(words);
    }
  }
  return nil;
}

void LineSink::fill(Line& line, const Datum& map) {
  const auto text = [&](std::string_view key) {
    const Datum* found = map.find(key);
    return found == nullptr ? std::string_view() : std::string_view(found->text);
  };
  line.type = text("type");
  line.f = text("f");
  if (const Datum* process = map.find("process"); process != nullptr) {
    const bool is_text = process->kind == Datum::Kind::text && !process->text.empty();
    line.by_nemesis = is_text && process->text == "nemesis";
    line.has_process = (is_text && !line.by_nemesis) || process->kind == Datum::Kind::integer;
    if (line.has_process) line.process = word(*process);
  }
  if (const Datum* time = map.find("time"); time != nullptr) {
    line.has_time = time->kind == Datum::Kind::integer;
    if (!line.has_time && time->kind != Datum::Kind::null) {
      line.wrong = "the \"time\" of an operation is a whole number of nanoseconds";
    }
    line.time = time->integer;
  }
  if (const Datum* key = map.find("key"); key != nullptr && key->kind != Datum::Kind::null) {
    line.has_key = true;
    line.key = word(*key);
  }
  if (const Datum* client = map.find("client"); client != nullptr) {
    line.has_client = true;
    line.client = word(*client);
  }
  if (const Datum* session = map.find("session"); session != nullptr) {
    line.has_session = session->kind != Datum::Kind::null;
    line.session = word(*session);
  }
  if (const Datum* sum = map.find("sum"); sum != nullptr && sum->kind != Datum::Kind::null) {
    line.has_sum = sum->kind == Datum::Kind::integer;
    line.sum = sum->integer;
    if (!line.has_sum) line.wrong = "the \"sum\" of an add is a whole number of less than 2^61";
  }
  if (const Datum* applied = map.find("applied");
      applied != nullptr && applied->kind != Datum::Kind::null) {
    line.has_applied = applied->kind == Datum::Kind::boolean;
    line.applied = applied->integer != 0;
    if (!line.has_applied) line.wrong = "\"applied\" of an operation is true or false";
  }
  if (const Datum* value = map.find("value"); value != nullptr) {
    if (transactional()) return fill_micros(line, *value);
    line.value.is_list = value->kind == Datum::Kind::list || value->kind == Datum::Kind::set;
    if (line.value.is_list) {
      line.value.list = values().elements(word(*value));
    } else {
      line.value.word = word(*value);
    }
  }
}

void LineSink::note_time(const Line& line) {
  if (line.has_time) {
    if (timed_ == 0) first_time_ = last_time_ = line.time;
    first_time_ = std::min(first_time_, line.time);
    last_time_ = std::max(last_time_, line.time);
    ++timed_;
  } else {
    lines_.push_back(line.number);
  }
}

void Assembler::remark(const Line& line) {
  std::string text(line.f);
  const Word value = whole(line.value);
  if (value != nil) text += " " + history_.values.say(value);
  remarks_.push_back({time_of(line), std::move(text)});
}

void LineSink::add(const Line& line) {
  if (std::find(types.begin(), types.end(), line.type) == types.end()) {
    if (line.type.empty()) {
      return complain(line, "an operation without \"type\"; expected invoke, ok, fail or info");
    }
    return complain(line,
                    "unknown type " + quoted(line.type) + "; expected invoke, ok, fail or info",
                    closest(line.type, types));
  }
  if (!line.wrong.empty()) return complain(line, std::string(line.wrong));
  if (!line.has_process) {
    if (line.type == "info" || line.by_nemesis) {
      note_time(line);
      return remark(line);
    }
    return complain(line, "an operation without \"process\", which is a whole number or a word");
  }
  note_time(line);
  const std::uint32_t process = processes_.number(line.process);
  if (process == open_.size()) open_.emplace_back();
  const bool is_idle = open_[process].operation == Operation::never;
  if (line.type == "info" && is_idle && Values::is_text(line.process)) return remark(line);
  if (line.type == "invoke") return invoke(line, open_[process]);
  complete(line, open_[process]);
}

void LineSink::fill_micros(Line& line, const Datum& value) {
  line.has_micros = value.kind == Datum::Kind::list;
  for (const Datum& item : value.items) {
    const bool fits = item.kind == Datum::Kind::list && item.items.size() == 3 &&
                      item.items[0].kind == Datum::Kind::text;
    line.has_micros = line.has_micros && fits;
    if (!line.has_micros) return;
    line.micros.push_back({item.items[0].text, word(item.items[1]), word(item.items[2])});
  }
}

void LineSink::invoke(const Line& line, Open& open) {
  if (open.retired) {
    return complain(line, who(line) + " is retired: its operation of line " +
                              std::to_string(open.line) +
                              " ended as info and may still be under way. What its client does "
                              "next is done by a new process");
  }
  if (open.operation != Operation::never) {
    return complain(line, who(line) + " has two operations open; the other began in line " +
                              std::to_string(open.line));
  }
  open = {begin(line), false, line.number, time_of(line)};
}

void LineSink::complete(const Line& line, Open& open) {
  if (open.operation == Operation::never) {
    return complain(line, who(line) + " completes an operation that it has not invoked");
  }
  const Open was = open;
  open = {Operation::never, line.type == "info", line.number, {}};
  if (time_of(line) < was.invoked) {
    complain(line, "the operation of " + who(line) + " ends before it began, in line " +
                       std::to_string(was.line));
  }
  end(line, was.operation, was.line);
}

void LineSink::settle_times() {
  if (timed_ > 0 && !lines_.empty()) {
    problems_.add({source_, lines_.front(), 1},
                  "an operation without \"time\", which others of this history have");
  }
}

// The lines of a file tell what came before what only if each holds one event.
TimeUnit LineSink::unit() const {
  if (timed_ > 0) return TimeUnit::nanosecond;
  const bool shared = std::adjacent_find(lines_.begin(), lines_.end()) != lines_.end();
  return shared ? TimeUnit::event : TimeUnit::line;
}

std::uint32_t Assembler::begin(const Line& line) {
  const auto known = spellings(options_.model);
  const auto spelling = std::find_if(known.begin(), known.end(),
                                     [&](const Spelling& each) { return each.word == line.f; });
  Operation operation;
  absent_.push_back(spelling == known.end());
  if (spelling == known.end()) {
    std::vector<std::string_view> words;
    for (const Spelling& each : known) words.push_back(each.word);
    std::string expected;
    for (const std::string_view word : words)
      expected += (expected.empty() ? "" : ", ") + std::string(word);
    complain(line,
             "a " + std::string(name_of(options_.model)) + " has no operation " + quoted(line.f) +
                 "; expected one of " + expected + who_has(line.f),
             closest(line.f, words));
  } else {
    operation.action = spelling->action;
  }
  operation.process = line.process;
  operation.owner = owner_of(line);
  operation.line = line.number;
  operation.invoked = time_of(line);
  if (spelling != known.end() && has_key_in_value(line, operation)) {
    complain(line, "a " + std::string(spelling->word) +
                       " of [key, null], as jepsen.independent has it: say --partition value");
    absent_.back() = true;
  }
  scratch_ = line.value;
  operation.object = object_of(line, scratch_);
  if (spelling != known.end() && !set_argument(line, operation)) absent_.back() = true;
  history_.operations.push_back(operation);
  return static_cast<std::uint32_t>(history_.operations.size() - 1);
}

// The sessions of a client are as different as clients are: a lock is held by one of them.
Word Assembler::owner_of(const Line& line) {
  if (!line.has_client) return line.process;
  if (!line.has_session) return line.client;
  return history_.values.list(std::array{line.client, line.session});
}

// Takes the key off a value of jepsen.independent.
std::uint32_t Assembler::object_of(const Line& line, LineValue& value) {
  Word key = nil;
  if (options_.partition == Partition::value) {
    if (!value.is_list || value.list.size() != 2) {
      complain(line, "the value is not [key, value], as --partition value expects");
    } else {
      key = value.list[0];
      const Word rest = value.list[1];
      value.is_list = Values::is_list(rest);
      value.word = rest;
      value.list = value.is_list ? history_.values.elements(rest) : std::vector<Word>{};
    }
  } else if (options_.partition == Partition::key && line.has_key) {
    key = line.key;
  }
  const std::uint32_t object = objects_.number(key);
  if (object == history_.objects.size()) {
    history_.objects.push_back(key == nil ? "" : history_.values.plain(key));
  }
  return object;
}

// A pair of a key and of nothing is what is asked for only where keys stand in values. Taken for
// one object, the history of several is nonsense.
bool Assembler::has_key_in_value(const Line& line, const Operation& operation) const {
  const bool looks = operation.action == Action::read || operation.action == Action::dequeue;
  return options_.partition != Partition::value && looks && line.value.is_list &&
         line.value.list.size() == 2 && line.value.list[0] != nil && line.value.list[1] == nil;
}

// Whether what returns was called with another value.
bool Assembler::returns_another(const Line& line, const Operation& operation) {
  const bool is_cas = operation.action == Action::cas;
  if (!is_cas && operation.action != Action::write && operation.action != Action::enqueue) {
    return false;
  }
  scratch_ = line.value;
  if (options_.partition == Partition::value && scratch_.is_list) object_of(line, scratch_);
  const Word value = whole(scratch_);
  if (value == nil) return false;
  return value != (is_cas ? history_.values.list(std::array{operation.expected, operation.argument})
                          : operation.argument);
}

Word Assembler::whole(const LineValue& value) {
  return value.is_list ? history_.values.list(value.list) : value.word;
}

bool Assembler::set_argument(const Line& line, Operation& operation) {
  switch (operation.action) {
    case Action::write:
    case Action::append:
      operation.argument = whole(scratch_);
      return true;
    case Action::enqueue:
    case Action::propose:
      operation.argument = whole(scratch_);
      if (operation.argument != nil) return true;
      complain(line, operation.action == Action::propose
                         ? "an operation that proposes nothing; \"value\" says what"
                         : "an operation that enqueues nothing; \"value\" says what");
      return false;
    case Action::add:
      operation.argument = whole(scratch_);
      if (options_.model == Model::set || is_integer(operation.argument)) return true;
      if (operation.argument == nil) {
        operation.argument = 1;
        return true;
      }
      complain(line, "the value of add to a counter is not a whole number of less than 2^61");
      return false;
    case Action::cas:
      if (!scratch_.is_list || scratch_.list.size() != 2) {
        complain(line, "the value of a cas is not [from, to]");
        return false;
      }
      operation.expected = scratch_.list[0];
      operation.argument = scratch_.list[1];
      return true;
    case Action::acquire:
      operation.argument = whole(scratch_);
      return true;
    case Action::read:
    case Action::erase:
    case Action::dequeue:
    case Action::release:
      return true;
  }
  return true;
}

bool Assembler::set_result(const Line& line, Operation& operation) {
  const bool says_so = operation.action == Action::erase || operation.action == Action::release;
  if (says_so && line.has_applied && !line.applied) operation.outcome = Outcome::refused;
  if (operation.action == Action::erase && line.has_applied && line.applied) operation.result = 1;
  if (options_.model == Model::counter && operation.action == Action::add && line.has_sum) {
    operation.result = line.sum;
  }
  const bool looks = operation.action == Action::read || operation.action == Action::dequeue ||
                     operation.action == Action::acquire || operation.action == Action::propose;
  if (!looks) return true;
  scratch_ = line.value;
  if (options_.partition == Partition::value) object_of(line, scratch_);
  if (options_.model == Model::set && scratch_.is_list) {
    std::stable_sort(scratch_.list.begin(), scratch_.list.end());
  }
  operation.result = whole(scratch_);
  // What only comes back as it was called with is no token.
  if (operation.action == Action::acquire && operation.result == operation.argument) {
    operation.result = nil;
  }
  if (options_.model == Model::counter && operation.result != nil &&
      !is_integer(operation.result)) {
    complain(line, "a counter read as something that is not a whole number of less than 2^61");
    return false;
  }
  if (operation.action == Action::dequeue && operation.result == nil) {
    operation.outcome = Outcome::refused;
  }
  return true;
}

void Assembler::end(const Line& line, std::uint32_t index, std::uint32_t began) {
  Operation& operation = history_.operations[index];
  operation.ended = time_of(line);
  if (absent_[index]) return;
  const auto known = spellings(options_.model);
  if (!line.f.empty() && std::none_of(known.begin(), known.end(), [&](const Spelling& each) {
        return each.action == operation.action && each.word == line.f;
      })) {
    complain(line, who(line) + " completes " + quoted(line.f) + ", but it had invoked " +
                       quoted(name_of(operation.action)) + " in line " + std::to_string(began));
  }
  if (line.type == "ok" && returns_another(line, operation)) {
    complain(line, who(line) + " completes another " + std::string(name_of(operation.action)) +
                       " than it had invoked in line " + std::to_string(began) +
                       "; leave out a value that is only an answer");
  }
  if (line.type == "ok") {
    operation.outcome =
        line.applied || !can_be_refused(operation.action) ? Outcome::ok : Outcome::refused;
    if (!set_result(line, operation)) absent_[index] = true;
  } else if (line.type == "fail") {
    if (options_.fail == FailReading::observed && can_be_refused(operation.action)) {
      operation.outcome = Outcome::refused;
    } else {
      absent_[index] = true;
    }
  }
}

History Assembler::finish() {
  settle_times();
  history_.unit = unit();
  history_.one_instant = one_instant();
  std::size_t kept = 0;
  for (std::size_t i = 0; i < history_.operations.size(); ++i) {
    if (!absent_[i]) history_.operations[kept++] = history_.operations[i];
  }
  history_.operations.resize(kept);
  history_.remarks = std::move(remarks_);
  if (history_.unit == TimeUnit::line) {
    for (Operation& operation : history_.operations) {
      operation.invoked = line_at(operation.invoked);
      operation.ended = line_at(operation.ended);
    }
    for (Remark& remark : history_.remarks) remark.at = line_at(remark.at);
  }
  put_in_order(history_);
  return std::move(history_);
}

std::optional<History> read_history(std::string_view text, const std::string& name,
                                    const ReadOptions& options, Problems& problems) {
  Assembler assembler(options, problems, problems.add_source(name));
  const std::size_t before = problems.count();
  read_lines(text, assembler);
  History history = assembler.finish();
  if (problems.count() > before) return std::nullopt;
  return history;
}

}  // namespace ballast::history
