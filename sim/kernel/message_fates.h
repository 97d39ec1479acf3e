// What happens to single messages, whatever the network would have drawn for them: how a schedule
// that was found by luck is written down without luck.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/kernel/network.h"

namespace ballast {

// The fate of the nth message of one name on one directed link, from 1. Sender, receiver, name and
// rank are an identity that stays when other messages go: a number among all events would not.
struct MessageFate {
  NodeId from;
  NodeId to;
  std::string message;  // "RequestVote"
  std::uint64_t nth = 1;
  bool lost = false;
  std::optional<Duration> delay;  // instead of the one drawn
  std::optional<Duration> copy;   // a second arrival, so long after the sending
};

// All of a run, with the counts of messages so far. A value. A cut, a missing path and the order of
// fifo links are not the luck of a message: the first two stand, the last does not hold for
// messages that have a delay of their own here.
class MessageFates {
 public:
  MessageFates() = default;
  explicit MessageFates(std::vector<MessageFate> fates);

  bool empty() const { return kinds_.empty(); }
  // Changes what the network drew for a message. REQUIRES to be asked about every message of the
  // run, in the order of sending.
  void change(NodeId from, NodeId to, std::string_view message, Time now, Passage& passage);

 private:
  // Messages of one name on one link.
  struct Kind {
    NodeId from;
    NodeId to;
    std::string message;
    std::uint64_t sent = 0;
    std::vector<MessageFate> fates;
  };
  std::vector<Kind> kinds_;
};

}  // namespace ballast
