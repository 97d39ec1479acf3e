#!/usr/bin/env python3
"""The closed forms of elections against the numbers that the dissertation prints for them.

  formulas_test.py [unittest options]
"""
import pathlib
import sys
import unittest
from fractions import Fraction
from math import comb

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
from published import elections, formulas  # noqa: E402


class SplitVotes(unittest.TestCase):
    def test_as_printed(self):
        for servers, alive, latency, paper in elections.SPLITS:
            with self.subTest(servers=servers, alive=alive, latency=latency):
                form = formulas.split_vote(servers, alive, latency)
                self.assertEqual(elections.as_printed(form, paper), paper)

    def test_without_latency_no_vote_is_split(self):
        self.assertEqual(formulas.split_vote(5, 5, 0), 0)

    def test_with_a_latency_of_the_whole_range_every_vote_is_split(self):
        self.assertEqual(formulas.split_vote(5, 4, 1), 1)

    def test_three_servers_by_counting(self):
        # Two of three are up: the vote is split if their timeouts are less than l apart. Of the
        # unit square that leaves two triangles with sides 1 - l.
        for latency in (Fraction(1, 10), Fraction(1, 3), Fraction(4, 5)):
            self.assertEqual(formulas.split_vote(3, 2, latency), 1 - (1 - latency)**2)

    def test_by_integration_over_the_first_timeout(self):
        # The first of s timeouts is at x, and j of the others come within l of it. Up to 1 - l that
        # is a binomial law in what is left of the range; after it all of them do.
        for servers, alive, latency, _ in elections.SPLITS:
            least, l = alive - servers // 2, Fraction(latency)
            split = sum(alive * comb(alive - 1, j) * l**j * (1 - l)**(alive - j) / (alive - j)
                        for j in range(least, alive)) + l**alive
            self.assertEqual(formulas.split_vote(servers, alive, l), split)


class ElectionTimes(unittest.TestCase):
    def test_as_printed(self):
        latency = Fraction(35, 300)
        self.assertEqual(round(300 * formulas.election_time(5, 5, latency)), 425)
        self.assertEqual(round(300 * formulas.election_time(5, 4, latency)), 460)

    def test_without_latency_the_first_timeout_decides(self):
        self.assertEqual(formulas.election_time(5, 4, 0), 1 + Fraction(1, 5))

    def test_a_write_is_added_and_a_crash_within_the_interval_subtracts_a_quarter(self):
        base = formulas.election_time(5, 4, "0.1")
        more = formulas.election_time(5, 4, "0.1", write="0.05", from_crash=True)
        self.assertEqual(more - base, Fraction(1, 20) - Fraction(1, 4))

    def test_mean_terms_of_a_coin(self):
        self.assertEqual(formulas.terms(Fraction(1, 2)), 2)

    def test_variance_of_the_only_timeout_is_that_of_a_uniform_law(self):
        self.assertEqual(formulas.first_timeout_variance(1), Fraction(1, 12))


if __name__ == "__main__":
    unittest.main()
