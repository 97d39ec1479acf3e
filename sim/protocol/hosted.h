// Binds an algorithm to the type-free Process that the kernel runs.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "sim/base/mutate.h"
#include "sim/protocol/process.h"

namespace ballast {

template <Protocol P>
class Hosted final : public Process {
 public:
  explicit Hosted(typename P::Config config) : config_(std::move(config)), node_(config_) {}

  std::unique_ptr<Process> clone() const override { return std::make_unique<Hosted>(*this); }
  void attach(Pools& pools) override { message_type_ = pools.index_of<typename P::Message>(); }

  void start(StepContext& context) override {
    guarded(context, [&](Step<P>& step) {
      for (const typename P::Record& record : journal_) node_.on_recover(record);
      node_.on_start(step);
    });
  }

  void deliver(NodeId from, PayloadRef payload, StepContext& context) override {
    guarded(context, [&](Step<P>& step) {
      if (payload.type == message_type_) {
        node_.on_message(
            from, context.pools->typed<typename P::Message>(message_type_)[payload.slot], step);
      } else if (payload.type == Pools::request_type) {
        node_.on_request(context.pools->requests()[payload.slot], step);
      } else {
        ensure(false, "a node is only sent messages of its own algorithm, and requests");
      }
    });
  }

  void fire(std::uint32_t timer, StepContext& context) override {
    guarded(context,
            [&](Step<P>& step) { node_.on_timer(static_cast<typename P::Timer>(timer), step); });
  }

  void crash(std::uint64_t durable) override {
    if (durable <= dropped_) {
      journal_.clear();
      dropped_ = durable;
    } else {
      journal_.erase(place(durable), journal_.end());
    }
    node_ = P{config_};
  }
  std::uint64_t journal_size() const override { return dropped_ + journal_.size(); }
  void drop_before(std::uint64_t record) override {
    journal_.erase(journal_.begin(), place(record));
    dropped_ = record;
  }
  std::uint64_t first_record() const override { return dropped_; }
  std::uint64_t journal_bytes() const override {
    Fingerprint content;
    for (const typename P::Record& record : journal_) fold(content, record);
    return content.words() * 8;
  }
  bool mutate_record(std::uint64_t index, Stream& draws) override {
    return mutate(*place(index), draws);
  }
  void overwrite_record(std::uint64_t onto, std::uint64_t from) override {
    *place(onto) = *place(from);
  }

  bool remembers() const override {
    if constexpr (requires { node_.remembers(); }) return node_.remembers();
    return true;
  }

  std::string_view algorithm() const override { return P::name; }
  std::uint32_t timer_count() const override {
    return static_cast<std::uint32_t>(enumerators(typename P::Timer{}).size());
  }
  std::string_view timer_name(std::uint32_t timer) const override {
    return name_of(static_cast<typename P::Timer>(timer));
  }
  std::uint64_t state_digest() const override { return digest(node_.state()); }
  void write_state(JsonWriter& w) const override { write_members(w, node_.state()); }
  void add_shape(Shape& shape) const override { shape.add(node_.state()); }
  std::string_view record_name(std::uint64_t index) const override {
    return name_of(journal_[index - dropped_]);
  }
  void write_record(std::uint64_t index, JsonWriter& w) const override {
    detail::write_payload(w, journal_[index - dropped_]);
  }

  const P& node() const { return node_; }

 private:
  // A failed ensure() ends here: it becomes data, and the run a violation.
  template <class Handler>
  void guarded(StepContext& context, Handler&& handler) {
    Step<P> step(context, message_type_, journal_);
    try {
      handler(step);
    } catch (const BrokenRule& broken) {
      context.effects->broken_rule = broken.sentence;
    }
  }

  auto place(std::uint64_t record) {
    return journal_.begin() + static_cast<std::ptrdiff_t>(record - dropped_);
  }

  typename P::Config config_;
  P node_;
  std::vector<typename P::Record> journal_;  // from record number dropped_ on
  std::uint64_t dropped_ = 0;
  std::uint32_t message_type_ = 0;
};

}  // namespace ballast
