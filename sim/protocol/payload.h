// What travels between nodes, kept in typed pools and named by number. Events stay small plain
// data, a broadcast keeps one copy, and a checked tag stands beside every number.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <typeindex>
#include <utility>
#include <vector>

#include "sim/base/assert.h"
#include "sim/base/clone_ptr.h"
#include "sim/base/describe.h"
#include "sim/base/slab.h"
#include "sim/protocol/corrupt.h"
#include "sim/protocol/request.h"

namespace ballast {

// Which pool, and which element of it.
struct PayloadRef {
  std::uint32_t type = 0;
  std::uint32_t slot = 0;
};

// A pool of one message type, seen without the type.
class AnyPool {
 public:
  virtual ~AnyPool() = default;
  virtual std::unique_ptr<AnyPool> clone() const = 0;
  virtual std::type_index message_type() const = 0;

  virtual void retain(std::uint32_t slot, std::uint32_t more) = 0;
  virtual void release(std::uint32_t slot) = 0;

  // Takes in a copy of the message with one field changed, see corrupt.h, with no reference yet;
  // nothing if the message has no field that can be.
  virtual std::optional<std::uint32_t> put_damaged(std::uint32_t slot, std::uint64_t word) = 0;

  virtual std::uint64_t digest(std::uint32_t slot) const = 0;
  // Its share of bytes().
  virtual std::uint64_t bytes_of(std::uint32_t slot) const = 0;
  // The name of the message ("RequestVote") and its fields, for traces.
  virtual std::string_view message_name(std::uint32_t slot) const = 0;
  virtual void write_members(std::uint32_t slot, JsonWriter& w) const = 0;
  virtual std::size_t in_use() const = 0;
  // The size of all messages in use, in bytes of a fixed-width encoding: 8 for each word of their
  // descriptions, the same on every machine.
  virtual std::uint64_t bytes() const = 0;
};

namespace detail {
template <class... Ts>
void write_payload(JsonWriter& w, const std::variant<Ts...>& v) {
  std::visit([&](const auto& held) { ballast::write_members(w, held); }, v);
}
template <Described T>
void write_payload(JsonWriter& w, const T& v) {
  ballast::write_members(w, v);
}
template <class... Ts>
std::string_view payload_name(const std::variant<Ts...>& v) {
  return name_of(v);
}
template <Described T>
std::string_view payload_name(const T&) {
  return T::name;
}
}  // namespace detail

template <class Message>
class Pool final : public AnyPool {
 public:
  // Takes a message in. The caller holds a reference for each copy that it sends, and retains those
  // that it does not say here.
  // Of a variant it may be an alternative, which is then hashed as the whole would be.
  template <class M = Message>
  [[gnu::always_inline]] std::uint32_t put(M message, std::uint32_t references = 0) {
    const std::uint32_t slot = cells_.acquire();
    Cell& cell = cells_[slot];
    Fingerprint content;
    if constexpr (!std::is_same_v<M, Message>) content.fold(index_in<M, Message>);
    fold(content, message);
    cell.digest = content.value();
    cell.bytes = content.words() * 8;
    if constexpr (!std::is_same_v<M, Message> && std::is_trivially_copyable_v<M>) {
      cell.message.template emplace<M>(message);
    } else {
      cell.message = std::move(message);
    }
    cell.references = references;
    bytes_ += cell.bytes;
    return slot;
  }
  const Message& operator[](std::uint32_t slot) const { return cells_[slot].message; }

  std::unique_ptr<AnyPool> clone() const override { return std::make_unique<Pool>(*this); }
  std::type_index message_type() const override { return typeid(Message); }
  void retain(std::uint32_t slot, std::uint32_t more) override { cells_[slot].references += more; }
  void release(std::uint32_t slot) override {
    Cell& cell = cells_[slot];
    SIM_ASSERT(cell.references > 0, "a message is released once for each time it was sent");
    if (--cell.references > 0) return;
    bytes_ -= cell.bytes;
    cells_.release(slot);
  }
  std::optional<std::uint32_t> put_damaged(std::uint32_t slot, std::uint64_t word) override {
    Message copy = cells_[slot].message;
    if (!corrupt(copy, word)) return std::nullopt;
    return put(std::move(copy));
  }
  std::uint64_t digest(std::uint32_t slot) const override { return cells_[slot].digest; }
  std::uint64_t bytes_of(std::uint32_t slot) const override { return cells_[slot].bytes; }
  std::string_view message_name(std::uint32_t slot) const override {
    return detail::payload_name(cells_[slot].message);
  }
  void write_members(std::uint32_t slot, JsonWriter& w) const override {
    detail::write_payload(w, cells_[slot].message);
  }
  std::size_t in_use() const override { return cells_.in_use(); }
  std::uint64_t bytes() const override { return bytes_; }

 private:
  struct Cell {
    Message message;
    std::uint64_t digest = 0;
    std::uint64_t bytes = 0;
    std::uint32_t references = 0;
  };
  Slab<Cell> cells_;
  std::uint64_t bytes_ = 0;
};

// All pools of a world, by type number. Requests and answers come first: every world has them.
class Pools {
 public:
  static constexpr std::uint32_t request_type = 0;
  static constexpr std::uint32_t answer_type = 1;

  Pools() {
    index_of<Request>();
    index_of<Answer>();
  }

  // The number of the pool for `Message`, which is made if there is none yet.
  template <class Message>
  std::uint32_t index_of() {
    for (std::uint32_t i = 0; i < pools_.size(); ++i) {
      if (pools_[i]->message_type() == typeid(Message)) return i;
    }
    pools_.emplace_back(std::make_unique<Pool<Message>>());
    return static_cast<std::uint32_t>(pools_.size() - 1);
  }

  // REQUIRES type == index_of<Message>(); whoever holds a PayloadRef checks its tag first.
  template <class Message>
  Pool<Message>& typed(std::uint32_t type) {
    return static_cast<Pool<Message>&>(*pools_[type]);
  }
  Pool<Request>& requests() { return typed<Request>(request_type); }
  Pool<Answer>& answers() { return typed<Answer>(answer_type); }

  AnyPool& operator[](PayloadRef ref) { return *pools_[ref.type]; }
  const AnyPool& operator[](PayloadRef ref) const { return *pools_[ref.type]; }
  std::size_t in_use() const {
    std::size_t total = 0;
    for (const auto& pool : pools_) total += pool->in_use();
    return total;
  }
  std::uint64_t bytes() const {
    std::uint64_t total = 0;
    for (const auto& pool : pools_) total += pool->bytes();
    return total;
  }

 private:
  std::vector<ClonePtr<AnyPool>> pools_;
};

}  // namespace ballast
