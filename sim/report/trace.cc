#include "sim/report/trace.h"

#include <charconv>
#include <ostream>
#include <variant>

#include "sim/base/describe.h"
#include "sim/kernel/world.h"

namespace ballast {
namespace {

constexpr std::size_t chunk_bytes = std::size_t{1} << 20;

constexpr SightMask faults = sight(Sight::crashed) | sight(Sight::paused) | sight(Sight::resumed) |
                             sight(Sight::cut) | sight(Sight::healed) | sight(Sight::clock_set) |
                             sight(Sight::imposed) | sight(Sight::lifted) | sight(Sight::damaged) |
                             sight(Sight::refused);
constexpr SightMask of_facts =
    faults | sight(Sight::booted) | sight(Sight::stated) | sight(Sight::broke_rule);
constexpr SightMask of_messages = of_facts | sight(Sight::sent) | sight(Sight::received) |
                                  sight(Sight::dropped) | sight(Sight::corrupted);

// The head of a record is the same for all of them and is put together by hand: it is most of what
// a record costs.
void append(std::string& out, std::string_view key, std::uint64_t number) {
  out += key;
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, number);
  out.append(digits, static_cast<std::size_t>(end.ptr - digits));
}

// A name that needs no escaping, as those of nodes, messages and enumerators.
void append(std::string& out, std::string_view key, std::string_view name) {
  out += key;
  out += name;
  out += '"';
}

void append_fields(std::string& out, const AnyPool& pool, std::uint32_t slot) {
  out += ",\"fields\":";
  JsonWriter w(out);
  w.begin_object();
  pool.write_members(slot, w);
  w.end_object();
}

void append_records(std::string& out, const Process& process, std::uint64_t count) {
  out += ",\"records\":";
  JsonWriter w(out);
  w.begin_array();
  const std::uint64_t size = process.journal_size();
  for (std::uint64_t i = size - count; i < size; ++i) {
    w.begin_object().key(process.record_name(i)).begin_object();
    process.write_record(i, w);
    w.end_object().end_object();
  }
  w.end_array();
}

// A condition of a link with its options, or one of a node by its name.
void append_condition(std::string& out, const Occurrence& seen, const World& world) {
  if (seen.condition == nullptr) {
    append(out, ",\"name\":\"", seen.sentence);
    return;
  }
  append(out, ",\"peer\":\"", world.name(seen.peer));
  append(out, ",\"name\":\"", name_of(*seen.condition));
  JsonWriter w(out += ",\"fields\":");
  std::visit([&](const auto& held) { write_json(w, held); }, *seen.condition);
}

void append_details(std::string& out, const Occurrence& seen, const World& world) {
  switch (seen.what) {
    case Sight::sent:
    case Sight::received:
    case Sight::dropped:
    case Sight::corrupted: {
      append(out, ",\"peer\":\"", world.name(seen.peer));
      append(out, ",\"message\":", seen.message);
      const AnyPool& pool = world.pools()[seen.payload];
      append(out, ",\"name\":\"", pool.message_name(seen.payload.slot));
      if (seen.what == Sight::dropped) {
        append(out, ",\"reason\":\"", name_of(seen.reason));
      } else {
        append_fields(out, pool, seen.payload.slot);
      }
      return;
    }
    case Sight::stated: {
      append(out, ",\"name\":\"", name_of(*seen.fact));
      out += ",\"fields\":";
      JsonWriter w(out);
      std::visit([&](const auto& fact) { write_json(w, fact); }, *seen.fact);
      return;
    }
    case Sight::fired:
      append(out, ",\"timer\":\"", world.process(seen.node).timer_name(seen.timer));
      return;
    case Sight::persisted:
      append_records(out, world.process(seen.node), seen.records);
      return;
    case Sight::broke_rule: {
      JsonWriter w(out += ",\"rule\":");
      w.value(seen.sentence);
      return;
    }
    case Sight::crashed:
      append(out, ",\"lost\":", seen.records);
      return;
    case Sight::cut:
    case Sight::healed:
      append(out, ",\"peer\":\"", world.name(seen.peer));
      return;
    case Sight::imposed:
    case Sight::lifted:
      append_condition(out, seen, world);
      return;
    case Sight::clock_set: {
      JsonWriter w(out += ",\"step\":");
      w.value(seen.step.ns);
      return;
    }
    case Sight::damaged:
      append(out, ",\"how\":\"", seen.sentence);
      append(out, ",\"record\":", seen.records);
      return;
    case Sight::refused:
      append(out, ",\"record\":", seen.records);
      return;
    case Sight::booted:
    case Sight::flushed:
    case Sight::paused:
    case Sight::resumed:
      return;
  }
}

}  // namespace

SightMask TraceSink::wants() const {
  switch (level_) {
    case TraceLevel::none:
      return 0;
    case TraceLevel::facts:
      return of_facts;
    case TraceLevel::messages:
      return of_messages;
    case TraceLevel::full:
      return all_sights;
  }
  return 0;
}

void TraceSink::begin(const Scenario& scenario, const World& world) {
  JsonWriter w(about_);
  w.begin_object().member("seq", 0).member("what", "trace").member("format", 1);
  w.member("scenario", std::string_view(scenario.name)).member("seed", scenario.seed);
  w.member("level", name_of(level_));
  w.key("nodes").begin_object();
  for (std::uint32_t i = 1; i <= world.node_count(); ++i) {
    w.member(world.name({i}), world.process({i}).algorithm());
  }
  w.end_object();
}

void TraceSink::see(const Occurrence& seen, const World& world) {
  ++seen_;
  if (seen_ <= skipped_ || kept_ >= cap_) return;
  ++kept_;
  if (chunks_.empty() || chunks_.back().size() >= chunk_bytes) chunks_.emplace_back();
  std::string& out = chunks_.back();
  append(out, "{\"seq\":", seen_);
  append(out, ",\"time\":", static_cast<std::uint64_t>(seen.at.ns));
  append(out, ",\"event\":", seen.event.value);
  append(out, ",\"cause\":", seen.cause.value);
  append(out, ",\"node\":\"", world.name(seen.node));
  append(out, ",\"life\":", seen.life.value);
  append(out, ",\"what\":\"", name_of(seen.what));
  append_details(out, seen, world);
  if (!seen.state.empty()) {
    out += ",\"state\":";
    out += seen.state;
  }
  out += "}\n";
}

void TraceSink::write(std::ostream& out) const {
  std::string line = about_;
  append(line, ",\"records\":", kept_);
  append(line, ",\"left_out\":", left_out());
  out << line << "}\n";
  for (const std::string& chunk : chunks_) {
    out.write(chunk.data(), static_cast<std::streamsize>(chunk.size()));
  }
}

}  // namespace ballast
