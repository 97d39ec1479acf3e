// Log compaction (7).
#include <algorithm>
#include <utility>

#include "algorithms/consensus/raft.h"
#include "sim/base/pack.h"

namespace ballast {

using raft::Bug;
using raft::Goal;
using raft::InstallReply;
using raft::InstallSnapshot;
using raft::Leader;
using raft::Snapshot;

void Raft::recover(const Snapshot& snapshot) {
  term_ = snapshot.term;
  voted_for_ = snapshot.voted_for;
  log_.reset(snapshot.last_index, snapshot.last_term);
  for (const raft::Entry& entry : snapshot.rest) log_.append(entry);
  image_ = snapshot.image;
  Unpacker unpacker(image_);
  // Bug: the voters of the old log, or those of the beginning, may be others by now.
  raft::Configuration ignored;
  const bool ignores = config_.bug == Bug::configuration_not_in_snapshot;
  if (ignores) base_configuration_ = configuration();
  unpacker.take(ignores ? ignored : base_configuration_);
  unpacker.take(machine_);
  ensure(unpacker.done(), "raft: a snapshot can be read again");
  changes_.clear();
  for (LogIndex index = log_.base_index().next(); index <= log_.last_index();
       index = index.next()) {
    configure(index, log_[index]);
  }
  commit_index_ = applied_index_ = snapshot.last_index;
}

// "Each server takes snapshots independently, covering just the committed entries in its log. ...
// Once a server completes writing a snapshot, it may delete all log entries up through the last
// included index, as well as any prior snapshot." One record does both. It carries term and vote
// and the rest of the log along, so that a crash leaves all of it or nothing.
void Raft::compact(Step<Raft>& step) {
  const std::uint64_t applied = applied_index_.value - log_.base_index().value;
  // Whoever is being sent the last snapshot would have to begin anew.
  if (applied < config_.snapshot_after * (is_sending_snapshot() ? 4 : 1)) return;
  Machine machine = machine_;
  // Bug: it knows what requests did, and not that they were done.
  if (config_.bug == Bug::sessions_not_in_snapshot) machine.forget_sessions();
  // Dissertation 4.1 and 5.1: the configuration as of the last included entry belongs to it.
  base_configuration_ = configuration_at(applied_index_);
  std::erase_if(changes_, [&](const Change& change) { return change.index <= applied_index_; });
  Packer packer;
  packer.add(base_configuration_);
  packer.add(machine);
  image_ = packer.take();
  log_.compact(applied_index_);
  const NodeId vote = config_.bug == Bug::vote_not_persisted ? NodeId{} : voted_for_;
  Snapshot snapshot{term_, vote, applied_index_, log_.term_at(applied_index_), image_, {}};
  // Bug: what follows has been acknowledged, and is gone with the next crash.
  const bool drops = config_.bug == Bug::snapshot_drops_tail;
  if (log_.last_index() > applied_index_ && !drops) {
    snapshot.rest = log_.from(applied_index_.next(), log_.last_index().value);
  }
  const SnapshotTaken taken{snapshot.last_index, snapshot.last_term, digest(image_)};
  step.replace_journal(std::move(snapshot));
  step.observe(taken);
}

bool Raft::is_sending_snapshot() const {
  const auto* leader = std::get_if<Leader>(&role_);
  if (leader == nullptr) return false;
  return std::any_of(leader->progress.begin(), leader->progress.end(), [&](const auto& follower) {
    return follower.snapshot == log_.base_index() && follower.offset > 0;
  });
}

// "The leader must occasionally send snapshots to followers that lag behind. This happens when the
// leader has already discarded the next log entry that it needs to send to a follower." The next
// chunk goes out when one was answered, and with a heartbeat again.
void Raft::send_snapshot(NodeId to, Leader::Progress& follower, Step<Raft>& step) const {
  if (follower.snapshot != log_.base_index()) {
    if (follower.offset > 0) step.reach(Goal::snapshot_send_began_anew);
    follower.snapshot = log_.base_index();
    follower.offset = 0;
  }
  InstallSnapshot request;
  request.term = term_;
  request.last_index = log_.base_index();
  request.last_term = log_.term_at(log_.base_index());
  request.offset = follower.offset;
  const std::uint64_t end =
      std::min<std::uint64_t>(image_.size(), follower.offset + config_.snapshot_chunk);
  request.data.assign(image_.begin() + static_cast<std::ptrdiff_t>(follower.offset),
                      image_.begin() + static_cast<std::ptrdiff_t>(end));
  request.done = end == image_.size();
  follower.waiting = true;
  follower.pipelined = false;
  follower.in_flight.clear();
  step.send(to, std::move(request));
}

// Figure 13, the receiver.
void Raft::receive(NodeId from, const InstallSnapshot& request, Step<Raft>& step) {
  heed(from, step);
  InstallReply reply{term_, request.last_index, 0, false};
  // Bug: it was sent before what has been committed here since.
  const bool is_old = request.last_index <= commit_index_;
  if (is_old && config_.bug != Bug::old_snapshot_installed) {
    // What is committed agrees with every later leader's log: there is nothing to install.
    step.reach(Goal::snapshot_superfluous);
    reply.installed = true;
  } else {
    reply.offset = take_chunk(request);
    // Not what came first, and not a last piece without those before it.
    if (request.done && reply.offset == request.offset + request.data.size()) {
      install(request.last_index, request.last_term, step);
      reply.installed = true;
    }
  }
  step.send(from, reply);
}

// Keeps the words if they are the next ones. Returns which are the next; 0 if some before them are
// missing, lost in a crash or with another snapshot that began meanwhile: for the leader takes any
// other number below its own for an answer that is late.
std::uint64_t Raft::take_chunk(const InstallSnapshot& request) {
  std::vector<std::uint64_t>& image = incoming_.image;
  if (incoming_.term != request.term || incoming_.last_index != request.last_index) {
    const bool late = incoming_.term == request.term && request.last_index < incoming_.last_index;
    if (request.offset > 0 || late) return 0;
    incoming_ = {request.term, request.last_index, {}};
  }
  if (request.offset > image.size()) return 0;
  if (request.offset == image.size()) {
    image.insert(image.end(), request.data.begin(), request.data.end());
  }
  return image.size();
}

// "If existing log entry has same index and term as snapshot's last included entry, retain log
// entries following it and reply": the entries before it are the same, too, and committed.
// Otherwise "discard the entire log; reset state machine using snapshot contents".
void Raft::install(LogIndex last_index, Term last_term, Step<Raft>& step) {
  std::vector<std::uint64_t> image = std::exchange(incoming_, {}).image;
  if (log_.contains(last_index, last_term) && config_.bug != Bug::old_snapshot_installed) {
    step.reach(Goal::snapshot_superfluous);
    commit(last_index, step);
    return;
  }
  step.reach(Goal::snapshot_installed);
  // Bug: the term of an entry is taken for that of the node, which falls, and votes again.
  if (config_.bug == Bug::snapshot_sets_term) {
    term_ = last_term;
    voted_for_ = NodeId{};
    step.observe(TermStarted{term_});
  }
  recover(Snapshot{term_, voted_for_, last_index, last_term, std::move(image), {}});
  const NodeId vote = config_.bug == Bug::vote_not_persisted ? NodeId{} : voted_for_;
  step.replace_journal(Snapshot{term_, vote, last_index, last_term, image_, {}});
  step.observe(SnapshotInstalled{last_index, last_term, digest(image_)});
  step.observe(Committed{last_index, term_});
  if (configuration() != raft::Configuration{}) state_configuration(step);
  if (config_.reads != raft::Reads::log) serve_reads(step);
}

void Raft::receive(NodeId from, const InstallReply& reply, Step<Raft>& step) {
  auto* leader = std::get_if<Leader>(&role_);
  if (leader == nullptr) return;
  hear_from(from, step);
  Leader::Progress& follower = leader->progress[position_of(from, step.members())];
  if (follower.snapshot != reply.last_index) return;  // of an earlier one, or all was done
  if (reply.installed) {
    const LogIndex match = std::max(follower.match_index, reply.last_index);
    follower = {match.next(), match};
    if (from == leader->transfer.target) tell_to_stand(*leader, step);
    if (follower.next_index <= log_.last_index()) send_entries(from, follower, step);
    return;
  }
  // A repeated answer asks for nothing new. One that asks for the beginning has lost the rest.
  if (reply.offset <= follower.offset && (reply.offset > 0 || follower.offset == 0)) return;
  if (reply.offset == 0) step.reach(Goal::snapshot_send_began_anew);
  follower.offset = std::min<std::uint64_t>(reply.offset, image_.size());
  send_snapshot(from, follower, step);
}

}  // namespace ballast
