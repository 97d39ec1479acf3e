"""Closed forms for elections in Raft, from chapter 9 of Ongaro's dissertation. Exact: fractions in,
fractions out.

Election timeouts are uniform from 1 to 2, in units of their range, and every message takes the same
time `latency` in that unit.
"""
from fractions import Fraction
from math import comb


def split_vote(servers, alive, latency):
    """The probability that nobody wins an election of `alive` out of `servers`.

    Whoever stands first gets the vote of everybody who has not stood by then, one latency later. It
    lacks a majority if at least c stand, itself included: the c-th smallest of the timeouts is
    within one latency of the smallest. The distance of the two has the law Beta(c - 1, s - c + 2).
    """
    latency = Fraction(latency)
    least = alive - servers // 2 + 1
    return sum(comb(alive, k) * latency**k * (1 - latency)**(alive - k)
               for k in range(least - 1, alive + 1))


def first_timeout(alive):
    """The mean of the shortest timeout, above 1."""
    return Fraction(1, alive + 1)


def first_timeout_variance(alive):
    return Fraction(alive, (alive + 1)**2 * (alive + 2))


def terms(split):
    """The mean number of terms until somebody wins, if each is split with the same probability."""
    return 1 / (1 - Fraction(split))


def election_time(servers, alive, latency, write=0, from_crash=False):
    """The mean time until a leader is elected: from fresh timers, or from a crash that is uniform
    in a heartbeat interval of half the shortest timeout."""
    latency = Fraction(latency)
    each = 1 + first_timeout(alive) + latency
    mean = terms(split_vote(servers, alive, latency)) * each + latency + Fraction(write)
    return mean - Fraction(1, 4) if from_crash else mean
