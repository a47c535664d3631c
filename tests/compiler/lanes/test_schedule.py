"""The order of instructions: each once, after what it uses, and the longest chain first."""

import random

from pluggrad.compiler.lanes.schedule import LIVE, NAME, in_order, mostly_waits, scheduled


def add(name, *operands):
    return f"  %{name} = fadd double " + ", ".join(f"%{x}" for x in operands)


def random_lines(seed, count):
    chance = random.Random(seed)
    lines = [add("v0", "a", "b")]
    for i in range(1, count):
        lines.append(add(f"v{i}", *[f"v{chance.randrange(i)}" for _ in range(2)]))
    return [*lines, f"  store double %v{count - 1}, ptr %to, align 8"]


def test_each_instruction_stands_once_and_after_what_it_uses():
    for seed in range(20):
        lines = random_lines(seed, 10 * seed + 3)
        found = scheduled(lines)
        assert sorted(found) == sorted(lines)
        place = {NAME.findall(line)[0]: i for i, line in enumerate(found) if " = " in line}
        for i, line in enumerate(found):
            assert all(place.get(x, -1) < i for x in NAME.findall(line)[" = " in line :])


def test_operands_may_stand_behind_what_uses_them():
    lines = [add("c", "b", "b"), add("b", "a", "a"), add("a", "x", "y")]
    assert scheduled(lines) == lines[::-1]


def test_the_longest_chain_goes_first():
    chain = [add("s", "x", "y")] + [add(f"t{i}", "x", f"t{i - 1}" if i else "x") for i in range(9)]
    assert scheduled(chain)[0] == chain[1]


def test_branches_labels_and_phis_stay_where_they_are():
    lines = ["loop:", "  %p = phi double [ 0.0, %entry ]", add("a", "p", "p"), "  br label %loop"]
    assert in_order(lines, lambda piece: piece) == lines


def test_of_many_independent_chains_some_come_to_an_end_before_others_begin():
    chains = 20 * LIVE
    lines = []
    for i in range(chains):
        lines += [add(f"a{i}", "x", "y"), add(f"b{i}", f"a{i}", "x")]
        lines.append(f"  store double %b{i}, ptr %to{i}, align 8")
    begun = 0
    for line in scheduled(lines):
        begun += (" = " in line and "%a" in line.split(" = ")[0]) - line.startswith("  store")
        assert begun <= 2 * LIVE


def chains(count, length):
    return [
        add(f"v{i}.{k}", f"v{i}.{k - 1}" if k else "x", "x")
        for i in range(count)
        for k in range(length)
    ]


def test_a_processor_waits_in_one_long_chain_and_not_in_short_or_many_ones():
    assert mostly_waits(chains(1, 400))
    assert mostly_waits(chains(2, 400))
    assert not mostly_waits(chains(8, 400))
    assert not mostly_waits(chains(1, 40))


def test_what_is_rarely_done_does_not_count_as_work():
    usual, rare = chains(2, 200), chains(9, 200)
    assert mostly_waits([*usual, "rare1:", *rare, "  br label %usual1", "usual1:"])
    assert not mostly_waits([*usual, *rare])
