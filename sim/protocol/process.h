// A process without its type: what the kernel runs. Clients, balancers, endpoints and consensus
// servers are all this, so that one world can hold them together.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "sim/protocol/shape.h"
#include "sim/protocol/step.h"

namespace ballast {

// How a client is to differ from its workload.
struct Load {
  Ratio pace{1, 1};        // how many times as often it asks
  Ratio twice;             // the share of its requests that it sends twice
  bool elsewhere = false;  // the second time to the next server
};

class Process {
 public:
  virtual ~Process() = default;
  virtual std::unique_ptr<Process> clone() const = 0;

  // Called once when the process joins a world, before anything else.
  virtual void attach(Pools& pools) = 0;

  // Boots: gives every record of the journal to on_recover, in order, then runs on_start.
  virtual void start(StepContext& context) = 0;
  // Delivers a message, a request or an answer. A payload of a type that the process does not
  // understand is a mistake of the scenario's wiring and is refused as a broken rule.
  virtual void deliver(NodeId from, PayloadRef payload, StepContext& context) = 0;
  virtual void fire(std::uint32_t timer, StepContext& context) = 0;

  // From now on all chance of its own comes from this seed; algorithms have none.
  virtual void reseed(std::uint64_t /*seed*/) {}

  // Crashes: everything volatile is forgotten, and of the journal only the first `durable` records
  // are left.
  virtual void crash(std::uint64_t durable) = 0;
  // How many records were ever written, but for those that crashes took; they are numbered from 0.
  virtual std::uint64_t journal_size() const = 0;
  // Drops the records before this one, which stands for them.
  virtual void drop_before(std::uint64_t /*record*/) {}
  // The first record that was not dropped.
  virtual std::uint64_t first_record() const { return 0; }
  // The journal's size in bytes of a fixed-width encoding.
  virtual std::uint64_t journal_bytes() const { return 0; }
  // Changes one field of a record, unnoticed. False if the record has none that can be changed.
  virtual bool mutate_record(std::uint64_t, Stream&) { return false; }
  // Writes the record numbered by the second argument over that numbered by the first.
  virtual void overwrite_record(std::uint64_t, std::uint64_t) {}
  // Whether it knows what it knew before its last crash. Always true of what keeps that on disk; of
  // other algorithms not while they are down, nor until somebody has told them.
  virtual bool remembers() const { return true; }
  // Tells a client how fast it is to ask and what to send twice; others do not listen.
  virtual void set_load(const Load&) {}

  virtual std::string_view algorithm() const = 0;
  virtual std::uint32_t timer_count() const = 0;
  virtual std::string_view timer_name(std::uint32_t timer) const = 0;
  // What the algorithm shows of its state: its digest, and its members in an open object.
  virtual std::uint64_t state_digest() const = 0;
  virtual void write_state(JsonWriter& w) const = 0;
  // What matters of it but for the height of terms; see shape.h.
  virtual void add_shape(Shape&) const {}
  // The record numbered `index` from 0, for traces.
  virtual std::string_view record_name(std::uint64_t index) const = 0;
  virtual void write_record(std::uint64_t index, JsonWriter& w) const = 0;
};

}  // namespace ballast
