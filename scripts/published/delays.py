"""Latencies without any chance: message delays, and commits over wide areas."""
import json

from .table import Group, Row, number

MS = 1_000_000


# --- Message delays -------------------------------------------------------------------------------

def message_delays(ballast, _):
    group = Group("delays", "Message delays",
                  "From a client's request to its answer, both included, where every message takes "
                  "1 ms and nothing else takes time. Standard counts; the disk path is that of the "
                  "dissertation, 10.2.1. Fast Paxos: its paper, 3.4.3 and 4, where the time of a "
                  "collision is from the proposals until all servers know. Not built yet, and so "
                  "not here: Mencius, Zab, chain replication, two-phase commit and the Byzantine "
                  "protocols.")
    paxos(group, ballast)
    fast_paxos(group, ballast)
    multi_paxos(group, ballast)
    viewstamped(group, ballast)
    epaxos(group, ballast)
    raft(group, ballast)
    raft_reads(group, ballast)
    raft_disks(group, ballast)
    return group


def delays(nanoseconds):
    return nanoseconds // MS if nanoseconds % MS == 0 else nanoseconds / MS


def paxos(group, ballast):
    run = ballast.run("delays_paxos.json")
    source = ballast.commands[-1]
    group.exact("Paxos with phase 1, client at the proposer", 4,
                delays(run.latency("c1", "propose", 0)), source)
    decided = {node: time for time, node in run.facts("decided")}
    group.exact("Paxos, acceptors broadcast 2b: every server knows", 4,
                delays(max(decided.values()) - 10 * MS) if len(decided) == 5 else -1, source)
    run = ballast.run("delays_paxos.json",
                      {"workload.script": '[{"at": "10ms", "client": 2, "propose": 1}]'})
    group.exact("Paxos with phase 1, remote client", 6, delays(run.latency("c2", "propose", 0)),
                ballast.commands[-1])


def proposal(client, at="10ms"):
    return {"workload.script": json.dumps([{"at": at, "client": client, "propose": client}])}


FAST_PAXOS = "delays_fast_paxos.json"


def fast_paxos(group, ballast):
    run = ballast.run(FAST_PAXOS)
    source = ballast.commands[-1]
    group.exact("Fast Paxos, client at its proposer", 2, delays(run.latency("c1", "propose", 0)),
                source)
    group.exact("Fast Paxos, every server knows", 2, proposed_to_decided(run), source)
    run = ballast.run(FAST_PAXOS, proposal(2))
    group.exact("Fast Paxos, remote client", 4, delays(run.latency("c2", "propose", 0)),
                ballast.commands[-1])
    for client, who, paper in (("c3", "its proposer", 3), ("c1", "the coordinator", 2)):
        run = ballast.run(FAST_PAXOS, {"nodes.server.config.fast_turns": "0",
                                       **proposal(int(client[1:]))})
        group.exact(f"Fast Paxos, classic round, client at {who}", paper,
                    delays(run.latency(client, "propose", 0)), ballast.commands[-1])
    at_once = json.dumps([{"at": "10ms", "client": k, "propose": k} for k in (4, 5)])
    for recovery, more in (("coordinated", 2), ("uncoordinated", 1), ("new_round", 4)):
        run = ballast.run(FAST_PAXOS, {"nodes.server.config.recovery": recovery,
                                       "workload.script": at_once})
        group.exact(f"Fast Paxos, collision, {recovery.replace('_', ' ')} recovery: every server "
                    "knows", 2 + more, proposed_to_decided(run), ballast.commands[-1])


def proposed_to_decided(run):
    """In message delays, from the first proposal until all five servers know the decision."""
    decided = {node: time for time, node in run.facts("decided")}
    proposed = min(time for time, _ in run.facts("proposed"))
    return delays(max(decided.values()) - proposed) if len(decided) == 5 else -1


def write_latencies(group, name, run, source, more=0, start=100 * MS):
    group.exact(f"{name}, client at the leader", 2 + more,
                delays(run.latency("c1", "write", start)), source)
    group.exact(f"{name}, remote client", 4 + more, delays(run.latency("c2", "write", start)),
                source)


def election(group, name, run, source):
    campaigned, elected = run.facts("campaigned")[0][0], run.facts("elected")[0][0]
    group.exact(f"{name}, election: from candidate to leader", 2, delays(elected - campaigned),
                source)
    change = run.summary["succession"]
    group.exact(f"{name}, election: until all have heard from the leader", 3,
                delays(elected - campaigned + change["followed_ns"] - change["elected_ns"]), source)


def multi_paxos(group, ballast):
    run = ballast.run("delays_multi_paxos.json")
    source = ballast.commands[-1]
    write_latencies(group, "Multi-Paxos", run, source)
    election(group, "Multi-Paxos", run, source)
    at_followers = [time - 100 * MS for time, node in run.facts("decided")
                    if node != "n1" and 100 * MS <= time < 120 * MS]
    group.exact("Multi-Paxos, followers learn", 3,
                delays(max(at_followers)) if len(at_followers) == 4 else -1, source)
    sizes = {"nodes.server.config.quorums": '{"sizes": {"phase1": 4, "phase2": 2}}'}
    run = ballast.run("delays_multi_paxos.json", sizes)
    write_latencies(group, "Flexible Paxos", run, ballast.commands[-1])
    run = ballast.run("delays_multi_paxos.json", {"nodes.server.config.lease": "100ms"})
    source = ballast.commands[-1]
    group.exact("Multi-Paxos, read under a lease, client at the leader", 0,
                delays(run.latency("c1", "read", 100 * MS)), source)
    group.exact("Multi-Paxos, read under a lease, remote client", 2,
                delays(run.latency("c2", "read", 100 * MS)), source)


def viewstamped(group, ballast):
    name = "Viewstamped Replication"
    run = ballast.run("delays_viewstamped.json")
    write_latencies(group, name, run, ballast.commands[-1])
    at_once = [{"at": "1ms", "disturb": {"nodes": [2, 3, 4, 5], "timer": "view_change"}}]
    run = ballast.run("delays_viewstamped.json", {"faults": json.dumps(at_once)})
    source, change = ballast.commands[-1], run.summary["succession"]
    begun, started = run.facts("view_change_begun")[0][0], run.facts("elected")[-1][0]
    group.exact(f"{name}, view change that all want: until the view starts", 2,
                delays(started - begun), source)
    group.exact(f"{name}, view change: until all have heard from the primary", 3,
                delays(started - begun + change["followed_ns"] - change["elected_ns"]), source)
    run = ballast.run("delays_viewstamped.json", {"nodes.server.config.lease": "100ms"})
    source = ballast.commands[-1]
    group.exact(f"{name}, read under leases, client at the primary", 0,
                delays(run.latency("c1", "read", 100 * MS)), source)
    group.exact(f"{name}, read under leases, remote client", 2,
                delays(run.latency("c2", "read", 100 * MS)), source)


def epaxos(group, ballast):
    run = ballast.run("delays_epaxos.json")
    source = ballast.commands[-1]
    for path, start, paper in (("fast", 0, (2, 4)), ("slow", 100 * MS, (4, 6))):
        for client, where, delay in zip(("c1", "c3"), ("client at a replica", "remote client"),
                                        paper):
            took = run.latency(client, "write", start, start + 100 * MS)
            group.exact(f"EPaxos, {path} path, {where}", delay, delays(took), source)


def raft(group, ballast):
    run = ballast.run("delays_raft.json")
    source = ballast.commands[-1]
    write_latencies(group, "Raft", run, source)
    election(group, "Raft", run, source)


def raft_reads(group, ballast):
    for name, sets, expected in (
            ("Raft, ReadIndex", {"nodes.server.config.reads": "read_index"}, (2, 4, 4)),
            ("Raft, lease", {"nodes.server.config.reads": "lease",
                             "nodes.server.config.check_quorum": "true", **AFTER_LEASES},
             (0, 2, 2))):
        sets["nodes.server.config.follower_reads"] = "true"
        run = ballast.run("delays_raft.json", sets)
        who = ("client at the leader", "remote client", "client at a follower that answers")
        for client, where, paper in zip(("c1", "c2", "c3"), who, expected):
            group.exact(f"{name}, {where}", paper, delays(run.latency(client, "read", 100 * MS)),
                        ballast.commands[-1])


# A server that starts may have promised a lease before: it neither votes nor stands until the
# shortest election timeout, 150 ms, has passed. So n1 stands after that, and everything is later.
AFTER_LEASES = {
    "duration": "400ms", "faults.0.at": "151ms",
    "workload.script": json.dumps([
        {"at": "210ms", "client": 1, "write": 1}, {"at": "220ms", "client": 2, "write": 2},
        {"at": "340ms", "client": 1, "read": 0}, {"at": "360ms", "client": 2, "read": 0},
        {"at": "380ms", "client": 3, "read": 0}])}


# Elections take longer with slow disks; until then nobody can say who leads.
AFTER_DISKS = {
    "duration": "400ms", "disk.flush": "10ms",
    "workload.script": json.dumps([
        {"at": "100ms", "client": 1, "write": 1}, {"at": "150ms", "client": 2, "write": 2},
        {"at": "200ms", "client": 1, "write": 3}, {"at": "300ms", "client": 2, "write": 4}])}


def raft_disks(group, ballast):
    """With writes that take 10 ms, one after the other or at the same time."""
    for name, parallel, more in (("leader's and followers' in series", "false", 20),
                                 ("in parallel", "true", 10)):
        run = ballast.run("delays_raft.json",
                          {**AFTER_DISKS, "nodes.server.config.parallel_writes": parallel})
        write_latencies(group, f"Raft, writes of 10, {name}", run, ballast.commands[-1], more,
                        200 * MS)
    slow = [{"at": "1ms", "disturb": {"nodes": 1, "timer": "election"}},
            {"at": "190ms", "slow_disk": {"nodes": 1, "flush": "50ms"}}]
    run = ballast.run("delays_raft.json",
                      {**AFTER_DISKS, "nodes.server.config.parallel_writes": "true",
                       "faults": json.dumps(slow)})
    source = ballast.commands[-1]
    committed = min((each["time"] for each in run.trace if each.get("node") == "n1" and
                     each["time"] >= 200 * MS and each.get("state", {}).get("commit_index") == 4),
                    default=0)
    group.exact("Raft, the same, and the leader's own write takes 50: it commits", 12,
                delays(committed - 200 * MS), source)
    group.exact("Raft, the same: its client has the answer", 12,
                delays(run.latency("c1", "write", 200 * MS)), source)


# --- Wide areas -----------------------------------------------------------------------------------

# Sites, in the order of all rows.
AWS = ("EU", "US", "AP", "CA", "SA")
GCP = ("w1", "w2", "w3", "w4", "w6")
RAFT, MULTI_PAXOS = "wan_aws_raft.json", "wan_aws_multi_paxos.json"
VIEWSTAMPED, EPAXOS = "wan_aws_viewstamped.json", "wan_aws_epaxos.json"


def wide_areas(ballast, _):
    group = Group("wan", "Commit latency over wide areas",
                  "From a client's request to its answer, in ms, for clients at w1 w2 w3 w4 w6 "
                  "(GCP) and EU US AP CA SA (AWS) in this order, where messages take half of the "
                  "published round-trip times and nothing else takes time. GCP: the values that "
                  "fantoch asserts, exact. AWS: computed from round trips that were rounded to "
                  "0.1 ms, hence ± 0.2 ms. What clients of leaderless protocols see without "
                  "conflicts is what a leader of Multi-Paxos with the same quorum answers to "
                  "clients at its own site: five runs a row, the last one named. EPaxos runs "
                  "itself, too; and with Fast Paxos a client at each site proposes in a run of its "
                  "own, to acceptors at all sites.")
    fantoch(group, ballast)
    gcp(group, ballast)
    aws(group, ballast)
    return group


def quorums(servers, phase2):
    """As few for phase 1 as meet every quorum of phase 2."""
    return {"nodes.server.config.quorums":
            json.dumps({"sizes": {"phase1": servers + 1 - phase2, "phase2": phase2}})}


def leader(node):
    return {"faults.0.disturb.nodes": str(node)}


def latencies(ballast, file, clients, sets):
    run = ballast.run(file, sets)
    return [run.latency(f"c{k}", "write", 5_000 * MS) / MS for k in range(1, clients + 1)]


def own_leaders(ballast, file, size):
    """What clients see whose own site leads, for each site."""
    return [latencies(ballast, file, 5, {**quorums(5, size), **leader(node)})[node - 1]
            for node in range(1, 6)]


def own_proposals(ballast, file):
    """What a client sees that proposes alone, for each site."""
    return [ballast.run(file, proposal(k, "5s")).latency(f"c{k}", "propose", 0) / MS
            for k in range(1, 6)]


def compare(group, what, paper, ours, tolerance, source):
    """One row for all sites."""
    group.rows.append(Row(what, listed(paper), listed(ours), f"± {tolerance} each" if tolerance
                          else "exact", len(paper) == len(ours) and all(
                              abs(a - b) <= tolerance + 1e-9 for a, b in zip(paper, ours)),
                          source))


def listed(values):
    return " ".join(number(value) for value in values)


def fantoch(group, ballast):
    for f, paper in ((0, (0, 24)), (1, (34, 58))):
        ours = latencies(ballast, "wan_gcp_fantoch.json", 2, quorums(3, f + 1))
        compare(group, f"fantoch, n=3, f={f}: us-west1 us-west2", paper, ours, 0,
                ballast.commands[-1])


def gcp(group, ballast):
    own = {2: (7, 9, 7, 7, 7), 3: (8, 10, 7, 7, 14), 4: (10, 13, 8, 9, 14)}
    means = {1: (14.8, 12.0, 14.3), 2: (19.2, 14.0, 23.0), 3: (14.0, 17.5, 12.0)}
    led = {1: (7, 17, 15, 14, 21), 2: (19, 9, 22, 18, 28), 3: (15, 20, 7, 14, 14)}
    for size, paper in own.items():
        compare(group, f"GCP, quorum of {size}: each site's own leader", paper,
                own_leaders(ballast, "wan_gcp_multi_paxos.json", size), 0, ballast.commands[-1])
    compare(group, "GCP, Fast Paxos, fast quorum of 4: each site", own[4],
            own_proposals(ballast, "wan_gcp_fast_paxos.json"), 0, ballast.commands[-1])
    for node, paper in led.items():
        sets = {**quorums(5, 2), **leader(node)}
        ours = latencies(ballast, "wan_gcp_multi_paxos.json", 5, sets)
        source = ballast.commands[-1]
        compare(group, f"GCP, leader {GCP[node - 1]}, Q2=2: each site", paper, ours, 0, source)
        parts = [[ours[GCP.index(site)] for site in sites]
                 for sites in (GCP, ("w1", "w2"), ("w1", "w3", "w6"))]
        compare(group, f"GCP, leader {GCP[node - 1]}, Q2=2: mean of all, w1 w2, w1 w3 w6",
                means[node], [sum(part) / len(part) for part in parts], 0.05, source)


def aws(group, ballast):
    own = {3: (135.9, 135.9, 175.7, 78.6, 173.2), 4: (175.7, 173.0, 206.0, 124.3, 180.6)}
    for size, paper in own.items():
        compare(group, f"AWS, quorum of {size}: each site's own leader", paper,
                own_leaders(ballast, MULTI_PAXOS, size), 0.2, ballast.commands[-1])
    ours = own_proposals(ballast, "wan_aws_fast_paxos.json")
    compare(group, "AWS, Fast Paxos, fast quorum of 4: each site", own[4], ours, 0.2,
            ballast.commands[-1])
    compare(group, "AWS, Fast Paxos, fast quorum of 4: mean", [171.9], [sum(ours) / 5], 0.2,
            ballast.commands[-1])
    led = {1: ((135.9, 271.8, 311.6, 208.1, 316.5), 248.8),
           4: ((150.9, 157.2, 284.6, 78.6, 202.9), 174.8), 5: (None, 333.0), 3: (None, 350.9)}
    for file, name in ((RAFT, "Raft"), (MULTI_PAXOS, "Multi-Paxos")):
        for node, (paper, average) in led.items():
            by_site(group, ballast, file, f"{name}, leader {AWS[node - 1]}", leader(node), paper,
                    average)
    for node, sets in ((1, {"faults": "[]"}), (4, None)):
        by_site(group, ballast, VIEWSTAMPED, f"Viewstamped Replication, primary {AWS[node - 1]}",
                sets, *led[node])
    for kind, size in (("optimized", 3), ("simple", 4)):
        by_site(group, ballast, EPAXOS, f"EPaxos, fast quorum of {size}",
                {"nodes.server.config.fast_quorum": json.dumps(kind)}, own[size],
                {3: 139.9, 4: 171.9}[size])
    by_site(group, ballast, MULTI_PAXOS, "Flexible Paxos, leader CA, Q2=2",
            {**quorums(5, 2), **leader(4)}, (144.5, 150.9, 278.2, 72.2, 196.5), 168.5)


def by_site(group, ballast, file, what, sets, paper, average):
    ours = latencies(ballast, file, 5, sets)
    if paper:
        compare(group, f"AWS, {what}: each site", paper, ours, 0.2, ballast.commands[-1])
    compare(group, f"AWS, {what}: mean", [average], [sum(ours) / 5], 0.2, ballast.commands[-1])
