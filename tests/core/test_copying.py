"""Copies and pickles keep numbers, gradients, labels, structure and identity."""

import copy
import io
import itertools
import pickle
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pluggrad import NOT_RUN, Graph, MissingOpError, Op, Value, grad, plugins, scope
from pluggrad.copying.graphs import restore
from pluggrad.topology import topological_order


def sample() -> tuple[Value, Value, Value]:
    x, w = Value(2.0, label="x"), Value(3.0, label="w")
    with scope("layer"):
        y = (x * w + x) * (x * w)
    y.backward()
    return x, w, y


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickled_graph_is_the_same_graph(protocol: int) -> None:
    x, w, y = sample()
    restored = pickle.loads(pickle.dumps((x, w, y), protocol))
    assert Graph(restored[2]).nodes == Graph(y).nodes
    assert Graph(restored[2]).edges == Graph(y).edges
    assert grad(restored[2], [restored[0], restored[1]]) == grad(y, [x, w])


def test_a_copied_graph_is_the_same_graph_and_shares_no_value() -> None:
    x, w, y = sample()
    x2, w2, y2 = copy.deepcopy((x, w, y))
    assert Graph(y2).nodes == Graph(y).nodes
    assert not {id(v) for v in (x2, w2, y2)} & {id(v) for v in (x, w, y)}
    y2.backward()
    assert x2.grad == 2 * x.grad


def test_identity_is_kept_in_whatever_order_values_come() -> None:
    x, w, y = sample()
    for together in ([y, x, w], [x, y, w], {"loss": y, "w": w, "x": x}):
        for restored in (pickle.loads(pickle.dumps(together)), copy.deepcopy(together)):
            parts = list(restored.values()) if isinstance(restored, dict) else restored
            loss = max(parts, key=lambda v: v.data)
            leaves = {v for v in topological_order([loss]) if v.op is None}
            assert {v for v in parts if v.op is None} == leaves


@pytest.mark.parametrize("depth", [999, 1000, 1001, 5000])
def test_both_of_pythons_picklers_write_deep_graphs(depth: int) -> None:
    x = y = Value(1.0)
    for _ in range(depth):
        y = -y
    written = io.BytesIO()
    pickle._Pickler(written).dump((x, y))  # type: ignore[attr-defined]
    for restored in (pickle.loads(pickle.dumps((x, y))), pickle.loads(written.getvalue())):
        assert len(topological_order([restored[1]])) == depth + 1
        assert topological_order([restored[1]])[0] is restored[0]


def test_a_gradient_that_was_never_computed_stays_so() -> None:
    x = Value(1.0)
    assert pickle.loads(pickle.dumps(x)).grad is NOT_RUN
    assert copy.deepcopy(x).grad is NOT_RUN


def test_a_shallow_copy_is_refused_with_the_way_out() -> None:
    with pytest.raises(TypeError, match="deepcopy"):
        copy.copy(Value(1.0))


def test_a_pickle_of_an_op_that_is_not_installed_names_it() -> None:
    op = Op("fleeting", lambda x: x, lambda g, out, x: g)
    plugins.register_op(op)
    try:
        written = pickle.dumps(Value(1.0).fleeting())
    finally:
        plugins.unregister("fleeting")
    with pytest.raises(MissingOpError, match="no plugin provides op 'fleeting'"):
        pickle.loads(written)


def test_a_failed_pickle_leaves_the_next_one_whole() -> None:
    x = Value(1.0)
    x.label = lambda: None  # type: ignore[assignment]
    y = x * 2
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(y)
    x.label = "x"
    assert pickle.loads(pickle.dumps(y)).data == 2.0


@given(
    st.lists(
        st.tuples(st.sampled_from("+-*"), st.integers(0, 100), st.integers(0, 100)), max_size=30
    )
)
def test_any_graph_survives(steps: list[tuple[str, int, int]]) -> None:
    nodes = [Value(1.5), Value(-0.5)]
    for sign, i, j in steps:
        a, b = nodes[i % len(nodes)], nodes[j % len(nodes)]
        nodes.append(a + b if sign == "+" else a - b if sign == "-" else a * b)
    before = Graph(nodes)
    for restored in (pickle.loads(pickle.dumps(nodes)), copy.deepcopy(nodes)):
        after = Graph(restored)
        assert (after.nodes, after.edges) == (before.nodes, before.edges)


class Parameter(Value):
    """A Value with something more."""


class Plain(Value):
    __slots__ = ()


@pytest.mark.parametrize("kind", [Parameter, Plain])
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_derived_classes_stay_what_they_are(kind, copied):
    x = kind(2.0, "x")
    if kind is Parameter:
        x.rate = 5
    (again, other) = copied(x * x).prev
    assert again is other
    assert type(again) is kind
    assert getattr(again, "rate", None) == getattr(x, "rate", None)


@pytest.mark.parametrize("reverse", [False, True])
def test_values_that_share_a_history_are_written_in_linear_time(reverse):
    def written(count):
        nodes = [Value(1.0)]
        for _ in range(count):
            nodes.append(nodes[-1] * 1.0)
        kept = pickle.dumps(nodes[::-1] if reverse else nodes)
        back = pickle.loads(kept)
        back = back[::-1] if reverse else back
        assert all(later.prev[0] is earlier for earlier, later in itertools.pairwise(back))
        return len(kept)

    assert written(4000) < 2.2 * written(2000)


def test_an_op_that_pickles_would_not_find_is_refused():
    double = Op("double", lambda x: 2.0 * x, lambda g, out, x: 2.0 * g)
    with pytest.raises(TypeError, match=r"'double' cannot be pickled.*not registered"):
        pickle.dumps(double(Value(1.0)))
    other = Op("tanh", lambda x: 2.0 * x, lambda g, out, x: 2.0 * g)
    with pytest.raises(TypeError, match="another op is registered under it"):
        pickle.dumps(other(Value(1.0)))


# ----- Picklers inside picklers -----


class Inside:
    """Writes its Value with a pickler of its own."""

    def __init__(self, value, protocol=None, dumps=pickle.dumps):
        self.value, self.protocol, self.dumps = value, protocol, dumps

    def __reduce__(self):
        return pickle.loads, (self.dumps(self.value, self.protocol),)


class Labelled(Value):
    """A Value that carries something."""


def chain_of(length):
    x = Value(1.0, label="x")
    nodes = [x]
    for _ in range(length):
        nodes.append(nodes[-1] + 1.0)
    return nodes


def check_chain(root, length):
    assert root.data == 1.0 + length
    order = topological_order([root])
    assert len(order) == 2 * length + 1
    assert order[0].label == "x"


DEEP = 2_000  # twice as many as the calls that Python lets be inside each other
ORDERS = {
    "inner after outer": lambda y: [y, Inside(y)],
    "inner before outer": lambda y: [Inside(y), y],
    "inner between": lambda y: [y.prev[0], Inside(y), y],
    "twice": lambda y: [Inside(y), y, Inside(y), y],
    "inside each other": lambda y: [y, Inside([y, Inside([y, Inside(y)])])],
    "older inside newer": lambda y: [y, Inside(y.prev[0].prev[0])],
}


def unpacked(found):
    """List the Values in what came out."""
    if isinstance(found, Value):
        return [found]
    return [x for part in found for x in unpacked(part)]


@pytest.mark.parametrize("name", ORDERS)
@pytest.mark.parametrize("dumps", [pickle.dumps, pickle._dumps])
@pytest.mark.parametrize("protocol", [0, 2, pickle.HIGHEST_PROTOCOL])
def test_a_pickler_inside_a_pickler_writes_all_it_needs(name, dumps, protocol):
    length = DEEP if dumps is pickle.dumps else 600
    y = chain_of(length)[-1]
    whole = dumps(ORDERS[name](y), protocol)
    for root in unpacked(pickle.loads(whole)):
        check_chain(root, int(root.data) - 1)


def test_a_pickler_that_is_kept_and_another_one_do_not_disturb_each_other():
    nodes = chain_of(DEEP)
    files = [io.BytesIO(), io.BytesIO()]
    first, second = (pickle.Pickler(file) for file in files)
    first.dump(nodes[DEEP // 2])
    second.dump(nodes[-1])
    first.dump(nodes[-1])
    second.dump(nodes[DEEP // 2])
    for file, lengths in zip(files, ((DEEP // 2, DEEP), (DEEP, DEEP // 2)), strict=True):
        file.seek(0)
        reader = pickle.Unpickler(file)
        for length in lengths:
            check_chain(reader.load(), length)


def test_a_pickle_that_failed_leaves_nothing_behind():
    nodes = chain_of(DEEP)
    nodes[DEEP // 2].label = lambda: None  # cannot be pickled
    with pytest.raises((pickle.PicklingError, AttributeError)) as kept:
        pickle.dumps(nodes[-1])
    nodes[DEEP // 2].label = ""
    for root in (nodes[-1], nodes[DEEP // 2 + 1], nodes[DEEP // 2]):
        check_chain(pickle.loads(pickle.dumps(root)), int(root.data) - 1)
    assert kept.tb is not None


def test_a_value_that_carries_one_from_further_up():
    nodes = chain_of(DEEP)
    carrier = Labelled(1.0)
    top = nodes[-1] * carrier
    carrier.above = nodes[-1]
    found = pickle.loads(pickle.dumps([carrier, top]))
    check_chain(found[0].above, DEEP)
    assert found[1].prev[0] is found[0].above


def running_sums(count):
    values = [Value(1.0)]
    for _ in range(count):
        values.append(values[-1] + 1.0)
    return values


@pytest.mark.parametrize("holder", [list, lambda values: dict(enumerate(values))])
def test_values_that_share_a_history_are_copied_once_each(holder, monkeypatch):
    values = running_sums(300)
    seen = []
    prev = Value.prev.fget
    monkeypatch.setattr(Value, "prev", property(lambda x: seen.append(x) or prev(x)))
    copied = copy.deepcopy(holder(values))
    monkeypatch.undo()
    assert len(seen) < 6 * len(values)
    assert all(copied[i + 1].prev[0] is copied[i] for i in range(300))


class Slotted(Value):
    __slots__ = ("extra", "unset")


class Further(Slotted):
    __slots__ = ("more",)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_what_stands_in_slots_of_a_derived_class_is_copied(copied):
    x = Further(2.0)
    x.extra, x.more = [1.0], "more"
    again, result = copied([x, x * 3.0])
    assert (type(again), again.extra, again.more) == (Further, [1.0], "more")
    assert result.prev[0] is again
    assert not hasattr(again, "unset")


class Private(Value):
    __slots__ = ("__hidden",)

    def hide(self, thing):
        self.__hidden = thing
        return self

    def hidden(self):
        return self.__hidden


class ReadOnly(Value):
    def __init__(self, number):
        super().__init__(number)
        vars(self)["scale"] = 2.0

    @property
    def scale(self):
        return vars(self)["scale"]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_what_a_derived_class_hides_is_copied(copied):
    assert copied(Private(2.0).hide("here")).hidden() == "here"
    assert copied(ReadOnly(2.0)).scale == 2.0


class Name(str):
    """A label that knows a value."""


def test_a_value_that_a_label_leads_to_is_copied_once():
    x, name = Value(1.0), Name("x")
    y = x * 2.0
    name.value, x.label = y, name
    again = copy.deepcopy(y)
    assert again.prev[0].label.value is again


def pickled_by(protocol):
    return lambda x: pickle.loads(pickle.dumps(x, protocol))


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, *map(pickled_by, range(pickle.HIGHEST_PROTOCOL + 1))]
)
@pytest.mark.parametrize("kind", [Parameter, Slotted], ids=["in a dict", "in slots"])
def test_a_copy_shares_nothing_that_a_derived_class_holds_and_may_lead_back_to_itself(kind, copied):
    x = kind(2.0)
    name = "tags" if kind is Parameter else Slotted.__slots__[0]
    y = x * 3.0
    setattr(x, name, [x, y, {"rate": 0.1}])
    for again in (copied(x), copied(y).prev[0]):
        held = getattr(again, name)
        assert type(again) is kind
        assert held[0] is again
        assert held[1].prev[0] is again
        assert held[2] == {"rate": 0.1}
        assert held[2] is not getattr(x, name)[2]


def test_pickles_that_have_the_attributes_among_the_parts_are_read():
    x = restore(Parameter, 2.0, None, "x", True, None, (), None, {"tag": "old"})
    assert (type(x), x.data, x.label, x.tag) == (Parameter, 2.0, "x", "old")


# ----- Classes that have their say -----


class Locked(Value):
    """A Value with a lock, which no pickle takes."""

    def __init__(self, number):
        super().__init__(number)
        self.lock = threading.Lock()
        self.rate = 0.5

    def __getstate__(self):
        return {name: held for name, held in vars(self).items() if name != "lock"}

    def __setstate__(self, state):
        vars(self).update(state)
        self.lock = threading.Lock()


class Inheriting(Value):
    """A Value that adds to what Python says is its state."""

    __slots__ = ("__dict__", "extra")

    def __getstate__(self):
        attributes, slots = super().__getstate__()
        return {**attributes, "told": True}, slots


class Receiving(Value):
    """A Value that takes its state as Python gives it."""

    __slots__ = ("extra", "received")

    def __setstate__(self, state):
        self.received = state


class Remade(Value):
    """A Value that says how it is made anew."""

    def __init__(self, number, secret=0):
        super().__init__(number)
        self.secret = secret
        self.lock = threading.Lock()

    def __reduce__(self):
        return Remade, (self.data, self.secret + 1)


class Extended(Value):
    """A Value that adds to what its base says, and leads back to itself."""

    def __reduce_ex__(self, protocol):
        make, arguments, *_ = super().__reduce_ex__(protocol)
        return make, arguments, {"itself": self}


class Counting(Value):
    """A Value that counts its copies."""

    def __deepcopy__(self, memo):
        copied = super().__deepcopy__(memo)
        copied.copies = getattr(self, "copies", 0) + 1
        return copied


class Global(Value):
    """A Value of which there is one."""

    def __reduce__(self):
        return "THE_ONE"


THE_ONE = Global(3.0)

COPIED = {
    "deepcopy": copy.deepcopy,
    **{
        f"protocol {protocol}": lambda x, protocol=protocol: pickle.loads(pickle.dumps(x, protocol))
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
}


def leaf_and_copies(leaf, copied):
    """Yield copies of a leaf: alone, beside a result, and as the operand of one."""
    result = leaf * leaf * 3.0
    beside, again = copied((leaf, result))
    assert again.prev[0].prev[0] is beside
    assert grad(again, beside) == grad(result, leaf)
    later, last = copied((result, leaf))
    assert later.prev[0].prev[0] is last
    yield from (copied(leaf), beside, last, copied(result).prev[0].prev[1])


@pytest.mark.parametrize("copied", COPIED.values(), ids=COPIED)
def test_the_state_that_a_class_gives_and_takes_is_what_is_copied(copied):
    for x in leaf_and_copies(Locked(2.0), copied):
        assert type(x) is Locked
        assert x.rate == 0.5
        assert not x.lock.locked()
    leaf = Inheriting(2.0)
    leaf.extra, leaf.plain = [1], 2
    for x in leaf_and_copies(leaf, copied):
        assert (x.extra, x.plain, x.told, x.data) == ([1], 2, True, 2.0)
    leaf = Receiving(2.0)
    leaf.extra = 5
    for x in leaf_and_copies(leaf, copied):
        assert x.received == (None, {"extra": 5})


@pytest.mark.parametrize("copied", COPIED.values(), ids=COPIED)
def test_a_class_that_says_how_it_is_made_anew_is_made_so_in_a_graph_too(copied):
    for x in leaf_and_copies(Remade(2.0), copied):
        assert (type(x), x.data, x.secret) == (Remade, 2.0, 1)
    for x in leaf_and_copies(Extended(2.0, "x"), copied):
        assert x.itself is x
        assert x.label == "x"
    assert copied(THE_ONE * 2.0).prev[0] is THE_ONE


def test_a_class_that_copies_itself_does_so_in_a_graph_too():
    for x in leaf_and_copies(Counting(2.0), copy.deepcopy):
        assert x.copies == 1


@pytest.mark.parametrize("copied", COPIED.values(), ids=COPIED)
def test_a_state_that_nobody_takes_is_an_error_that_names_the_class(copied):
    class Listing(Value):
        def __getstate__(self):
            return [1]

    globals()["Listing"] = Listing  # where a pickle finds it
    Listing.__qualname__ = "Listing"
    with pytest.raises(TypeError, match=r"Listing.__getstate__\(\) gives list, and the class has"):
        copied(Listing(2.0) * 3.0)


def test_the_copy_of_an_operand_is_a_value():
    class Numeric(Value):
        def __deepcopy__(self, memo):
            return self.data

    with pytest.raises(TypeError, match=r"Numeric.__deepcopy__\(\) gives float"):
        copy.deepcopy(Numeric(2.0) * 3.0)
