// What Raft nodes send each other and write down.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "algorithms/consensus/raft_log.h"
#include "sim/base/describe.h"

namespace ballast::raft {

// --- Messages (Figure 2) -----------------------------------------------------------------------
// The sender stands for candidateId and leaderId.

struct RequestVote {
  Term term;
  LogIndex last_index;  // of the candidate's last log entry
  Term last_term;
  friend constexpr auto operator<=>(const RequestVote&, const RequestVote&) = default;
  static constexpr std::string_view name = "RequestVote";
  static constexpr auto fields =
      Fields{field("term", &RequestVote::term), field("last_index", &RequestVote::last_index),
             field("last_term", &RequestVote::last_term)};
};

// Granted, or why not.
enum class Vote : std::uint8_t { granted, stale_term, stale_log, already_voted };
constexpr auto enumerators(Vote) {
  return std::array<std::string_view, 4>{"granted", "stale_term", "stale_log", "already_voted"};
}

struct VoteReply {
  Term term;
  Vote vote = Vote::granted;
  friend constexpr auto operator<=>(const VoteReply&, const VoteReply&) = default;
  static constexpr std::string_view name = "VoteReply";
  static constexpr auto fields =
      Fields{field("term", &VoteReply::term), field("vote", &VoteReply::vote)};
};

struct AppendEntries {
  Term term;
  LogIndex previous_index;  // of the entry before the new ones
  Term previous_term;
  std::vector<Entry> entries;
  LogIndex commit_index;  // the leader's, as far as this message lets the follower know its log
  friend auto operator<=>(const AppendEntries&, const AppendEntries&) = default;
  static constexpr std::string_view name = "AppendEntries";
  static constexpr auto fields = Fields{field("term", &AppendEntries::term),
                                        field("previous_index", &AppendEntries::previous_index),
                                        field("previous_term", &AppendEntries::previous_term),
                                        field("entries", &AppendEntries::entries),
                                        field("commit_index", &AppendEntries::commit_index)};
};

//   matched     the follower's log agrees with the leader's up to match_index
//   conflict    it does not hold the entry before the new ones, see conflict_*
//   stale_term  the request was of a term that is over
enum class AppendResult : std::uint8_t { matched, conflict, stale_term };
constexpr auto enumerators(AppendResult) {
  return std::array<std::string_view, 3>{"matched", "conflict", "stale_term"};
}

struct AppendReply {
  Term term;
  AppendResult result = AppendResult::matched;
  LogIndex previous_index;  // of the request that this answers
  LogIndex match_index;
  Term conflict_term;       // of the entry found at previous_index; 0 if the log ends before it
  LogIndex conflict_index;  // the first of that term; or the one after the end of the log
  friend constexpr auto operator<=>(const AppendReply&, const AppendReply&) = default;
  static constexpr std::string_view name = "AppendReply";
  static constexpr auto fields = Fields{field("term", &AppendReply::term),
                                        field("result", &AppendReply::result),
                                        field("previous_index", &AppendReply::previous_index),
                                        field("match_index", &AppendReply::match_index),
                                        field("conflict_term", &AppendReply::conflict_term),
                                        field("conflict_index", &AppendReply::conflict_index)};
};

// --- Messages of options: none is sent unless its option is on ----------------------------------

// PreVote (dissertation 9.6): would you vote for me in this term, the one after mine?
struct PreVote {
  Term term;
  LogIndex last_index;
  Term last_term;
  friend constexpr auto operator<=>(const PreVote&, const PreVote&) = default;
  static constexpr std::string_view name = "PreVote";
  static constexpr auto fields =
      Fields{field("term", &PreVote::term), field("last_index", &PreVote::last_index),
             field("last_term", &PreVote::last_term)};
};

enum class PreVoteResult : std::uint8_t { granted, stale_term, stale_log, leader_alive };
constexpr auto enumerators(PreVoteResult) {
  return std::array<std::string_view, 4>{"granted", "stale_term", "stale_log", "leader_alive"};
}

struct PreVoteReply {
  Term term;  // granted: that was asked about; refused: the voter's own
  PreVoteResult result = PreVoteResult::granted;
  friend constexpr auto operator<=>(const PreVoteReply&, const PreVoteReply&) = default;
  static constexpr std::string_view name = "PreVoteReply";
  static constexpr auto fields =
      Fields{field("term", &PreVoteReply::term), field("result", &PreVoteReply::result)};
};

// Leadership transfer (dissertation 3.10): stand for election now.
struct TimeoutNow {
  Term term;
  friend constexpr auto operator<=>(const TimeoutNow&, const TimeoutNow&) = default;
  static constexpr std::string_view name = "TimeoutNow";
  static constexpr auto fields = Fields{field("term", &TimeoutNow::term)};
};

// A RequestVote of somebody who was told to stand, with the "special flag" that gets it past those
// who hear their leader (dissertation 4.2.3).
struct TransferVote {
  Term term;
  LogIndex last_index;
  Term last_term;
  friend constexpr auto operator<=>(const TransferVote&, const TransferVote&) = default;
  static constexpr std::string_view name = "TransferVote";
  static constexpr auto fields =
      Fields{field("term", &TransferVote::term), field("last_index", &TransferVote::last_index),
             field("last_term", &TransferVote::last_term)};
};

// "A round of heartbeats" (dissertation 6.4): are you still with me? Rounds are numbered from 1 in
// each term.
struct Heartbeat {
  Term term;
  std::uint64_t round = 0;
  friend constexpr auto operator<=>(const Heartbeat&, const Heartbeat&) = default;
  static constexpr std::string_view name = "Heartbeat";
  static constexpr auto fields =
      Fields{field("term", &Heartbeat::term), field("round", &Heartbeat::round)};
};

struct HeartbeatReply {
  Term term;
  std::uint64_t round = 0;  // of the request; 0 if that was of a term that is over
  friend constexpr auto operator<=>(const HeartbeatReply&, const HeartbeatReply&) = default;
  static constexpr std::string_view name = "HeartbeatReply";
  static constexpr auto fields =
      Fields{field("term", &HeartbeatReply::term), field("round", &HeartbeatReply::round)};
};

// A follower asks its leader for a read index (dissertation 6.4), for the sake of a request, by
// which the answer is known. A number of its own would begin anew when it restarts, and an answer
// that is still on its way to its former life would be taken for one to another question.
struct ReadIndex {
  Term term;
  RequestId request;
  friend constexpr auto operator<=>(const ReadIndex&, const ReadIndex&) = default;
  static constexpr std::string_view name = "ReadIndex";
  static constexpr auto fields =
      Fields{field("term", &ReadIndex::term), field("request", &ReadIndex::request)};
};

struct ReadIndexReply {
  Term term;
  RequestId request;
  LogIndex index;  // the state after this entry, or a later one, is new enough
  friend constexpr auto operator<=>(const ReadIndexReply&, const ReadIndexReply&) = default;
  static constexpr std::string_view name = "ReadIndexReply";
  static constexpr auto fields =
      Fields{field("term", &ReadIndexReply::term), field("request", &ReadIndexReply::request),
             field("index", &ReadIndexReply::index)};
};

// InstallSnapshot (7, Figure 13): the words of a snapshot, piece by piece.
struct InstallSnapshot {
  Term term;
  LogIndex last_index;  // that the snapshot stands for
  Term last_term;
  std::uint64_t offset = 0;  // of the first word here
  std::vector<std::uint64_t> data;
  bool done = false;  // these are the last ones
  friend auto operator<=>(const InstallSnapshot&, const InstallSnapshot&) = default;
  static constexpr std::string_view name = "InstallSnapshot";
  static constexpr auto fields = Fields{field("term", &InstallSnapshot::term),
                                        field("last_index", &InstallSnapshot::last_index),
                                        field("last_term", &InstallSnapshot::last_term),
                                        field("offset", &InstallSnapshot::offset),
                                        field("data", &InstallSnapshot::data),
                                        field("done", &InstallSnapshot::done)};
};

struct InstallReply {
  Term term;
  LogIndex last_index;       // of the request
  std::uint64_t offset = 0;  // the next word that is missing here
  bool installed = false;    // none is: the log agrees with the leader's up to last_index
  friend constexpr auto operator<=>(const InstallReply&, const InstallReply&) = default;
  static constexpr std::string_view name = "InstallReply";
  static constexpr auto fields =
      Fields{field("term", &InstallReply::term), field("last_index", &InstallReply::last_index),
             field("offset", &InstallReply::offset), field("installed", &InstallReply::installed)};
};

// Of a leader to itself, when its disk has its entries up to this one (dissertation 10.2.1).
struct Written {
  Term term;
  LogIndex index;
  friend constexpr auto operator<=>(const Written&, const Written&) = default;
  static constexpr std::string_view name = "Written";
  static constexpr auto fields =
      Fields{field("term", &Written::term), field("index", &Written::index)};
};

// --- Records: "Persistent state on all servers" (Figure 2) -------------------------------------

struct TermAndVote {
  Term term;
  NodeId voted_for;  // 0: nobody in this term
  friend constexpr auto operator<=>(const TermAndVote&, const TermAndVote&) = default;
  static constexpr std::string_view name = "TermAndVote";
  static constexpr auto fields =
      Fields{field("term", &TermAndVote::term), field("voted_for", &TermAndVote::voted_for)};
};

struct Append {
  LogIndex index;
  Entry entry;
  friend constexpr auto operator<=>(const Append&, const Append&) = default;
  static constexpr std::string_view name = "Append";
  static constexpr auto fields =
      Fields{field("index", &Append::index), field("entry", &Append::entry)};
};

struct Truncate {
  LogIndex last_kept;
  friend constexpr auto operator<=>(const Truncate&, const Truncate&) = default;
  static constexpr std::string_view name = "Truncate";
  static constexpr auto fields = Fields{field("last_kept", &Truncate::last_kept)};
};

// Stands for the whole journal before it (7): term and vote, the state machine after `last_index`,
// and what the log holds beyond that.
struct Snapshot {
  Term term;
  NodeId voted_for;
  LogIndex last_index;
  Term last_term;
  std::vector<std::uint64_t> image;
  std::vector<Entry> rest;
  friend auto operator<=>(const Snapshot&, const Snapshot&) = default;
  static constexpr std::string_view name = "Snapshot";
  static constexpr auto fields = Fields{field("term", &Snapshot::term),
                                        field("voted_for", &Snapshot::voted_for),
                                        field("last_index", &Snapshot::last_index),
                                        field("last_term", &Snapshot::last_term),
                                        field("image", &Snapshot::image),
                                        field("rest", &Snapshot::rest)};
};

enum class Timer : std::uint8_t { election, heartbeat };
constexpr auto enumerators(Timer) {
  return std::array<std::string_view, 2>{"election", "heartbeat"};
}

}  // namespace ballast::raft
