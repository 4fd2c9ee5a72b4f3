"""One def-use map a file: where values come from and go to, and under which conditions.

Every rule and codemod asks ``facts.flow`` (a `FileFlow`); none searches on its own. Nothing is
worked out before it is asked for, and each answer once. The examples use::

    flow = facts.flow

**Which definitions does a name see?** ``device = "cuda"; print(device); device = "cpu"``: the
argument of ``print`` sees one, the dead store is told apart from it::

    reaching = flow.definitions(name)             # Reaching
    reaching.only                                 # the Definition, where there is no doubt
    [d.value for d in reaching.definitions]       # `a, b = f()`: d.path is Item(0) or Item(1)
    flow.is_dead(flow.definition(target))         # no use sees this store
    flow.branches(name, definition)               # `if c: x = 2` reaches where `c` holds

**What is done with it?** ::

    for use in flow.uses(definition):             # Use: kind, by, slot, captured
        use.kind is UseKind.ARGUMENT and use.by   # the call; use.slot is its keyword or position
    flow.use(expression)                          # the same for any expression, where it stands

**Where does a value come from?** Through names, ``self.x``, containers, calls of functions of the
file, parameters, defaults, ``or``, command-line options. The rule says what other calls pass on::

    def transfer(node):                           # str(x), x.to(...) pass x on
        if isinstance(node, cst.Call) and facts.means(node.func, "builtins.str"):
            return [node.args[0].value]
        return None                               # nothing known: the flow's own steps, or an end

    sources = flow.sources(device, transfer)
    for source in sources.every:                  # node, certain, conditions, option
        literal = string_value(source.node)
    sources.complete or sources.missing           # "other calls may give `device` another value"

**Where does it go?** The mirror image, with the same transfer::

    for arrival in flow.reaches(call, transfer).ends:     # inside=True: through names alone
        arrival.use.kind, arrival.use.by

Where many values ask whether any of their uses is of one kind, they share what was found::

    known = FirstAnswers()                        # one for each question of a file
    flow.first(literal, answer, known, transfer)  # what `answer(arrival)` says first, or None

**Under which conditions does a node run?** Tests around it and exits before it, decided once::

    for condition in flow.conditions(node):       # test, holds, pattern, current
        none_test(condition.test, condition.holds)        # NoneTest(subject, is_none)

Where many nodes ask, keep what follows from each branch: all nodes behind it share one `Way`::

    way = flow.way(node)                          # way.branch, way.outer; None at the start

**What do they imply for this rule?** The classifier reads one test; the flow takes ``and``, ``or``,
``not``, ``use_cuda``, ``self.use_cuda`` and ``def has_cuda(): ...`` apart::

    def classify(test, holds):
        if isinstance(test, cst.Call) and facts.means(test.func, "torch.cuda.is_available"):
            yield ("cuda", holds)

    ("cuda", True) in flow.facts(node, classify)
    flow.implied(((c.test, c.holds) for c in source.conditions), classify)   # on a way as well

**In which order?** ::

    flow.before(seed_call, draw) is Order.CERTAINLY       # POSSIBLY, NEVER
    flow.succession(node, nodes).after(node)              # those of `nodes` that can run next
    flow.order.repeats(node), flow.order.always_runs(node), flow.order.at_import(node)

**Which function?** ::

    flow.callees(call)                            # functions of the file, the class that is made
    flow.callers(function).complete               # False when others may call it
    flow.attributes.stored(class_node, "device")  # what `self.device` can be, with bases and heirs

How it works: `control_flow` builds the graph of one body, `dominators` its dominator tree,
`use_def` finds the version of a variable at a point as static single assignment does,
`reaching_definitions` joins the bodies of a file, `branch_conditions` and `implications` read
branches off the dominator tree, `values` and `destinations` search backwards and forwards with
`calls`, `attributes`, `containers` and `command_line`.

Limits: a call may change the attributes of any object, which ``current`` does not see. Conditions
end at the body: what held when a function was defined is asked with ``conditions(function)``.
A ``with`` is taken to swallow exceptions only by its name (``suppress``, ``raises``).
"""
