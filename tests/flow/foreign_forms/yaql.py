# SPDX-License-Identifier: ISC
"""The expressions of Orquesta that cases use, worked out as far as they can be
before the run: what is left are conditions and texts of our language."""
import re

from .model import NotShared, Raw, lua, plain

TOKEN = re.compile(r"""\s*(?:(?P<num>\d+(?:\.\d+)?)|(?P<str>"[^"]*"|'[^']*')|
    (?P<op><=|>=|!=|==|=|<|>|\+|-|\*|\(|\)|\[|\]|,|\.)|
    (?P<word>[A-Za-z_$][A-Za-z_0-9]*))""", re.X)


class AtRunTime(NotShared):
    """It would be known if the input were put in before the run."""


class Path:
    """A value that is known at run time only: a path of our language."""

    def __init__(self, path):
        self.path = path


class Test:
    """A condition that is known at run time only: what stands in a where of
    our language, each of which holds."""

    def __init__(self, *parts):
        self.parts = list(dict.fromkeys(parts))

    @property
    def text(self):
        keys = [re.match(r"\[.*?\] =", p) for p in self.parts]
        said = [k[0] for k in keys if k]
        if len(said) == len(set(said)):
            return "{ %s }" % ", ".join(self.parts)
        return "{ both { %s } }" % ", ".join(
            "{ %s }" % p for p in self.parts)


def has(path, value):
    return Test("[%s] = %s" % (lua(path), value))


class Text:
    """A text with paths in it: a template of our language."""

    def __init__(self, template):
        self.template = template


def template(value):
    """As our language writes it."""
    if isinstance(value, Path):
        return "{%s}" % value.path
    if isinstance(value, Text):
        return value.template
    if isinstance(value, str):
        return plain(value)
    return value


class Expression:
    """Recursive descent; names are looked up by `ctx` and `call`."""

    def __init__(self, text, ctx, calls):
        self.tokens, self.at = [], 0
        self.ctx, self.calls, self.text = ctx, calls, text
        place = 0
        while place < len(text.rstrip()):
            m = TOKEN.match(text, place)
            if not m:
                raise NotShared("the expression %r" % text)
            self.tokens.append((m.lastgroup, m[m.lastgroup]))
            place = m.end()

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) \
            else (None, None)

    def take(self, value=None):
        kind, got = self.peek()
        if got is None or value is not None and got != value:
            raise NotShared("the expression %r" % self.text)
        self.at += 1
        return kind, got

    def whole(self):
        value = self.either()
        if self.at != len(self.tokens):
            raise NotShared("the expression %r" % self.text)
        return value

    def either(self):
        value = self.both()
        while self.peek()[1] == "or":
            self.take()
            value = disjunction(value, self.both())
        return value

    def both(self):
        value = self.isnt()
        while self.peek()[1] == "and":
            self.take()
            value = conjunction(value, self.isnt())
        return value

    def isnt(self):
        if self.peek()[1] == "not":
            self.take()
            return negation(self.isnt())
        return self.compare()

    def compare(self):
        left = self.sum()
        if self.peek()[1] in ("=", "==", "!=", "<", ">", "<=", ">="):
            op = self.take()[1]
            return comparison(left, op, self.sum(), self.text)
        return left

    def sum(self):
        left = self.atom()
        while self.peek()[1] in ("+", "-"):
            op, right = self.take()[1], self.atom()
            if isinstance(left, (Path, Text, Test)) or \
                    isinstance(right, (Path, Text, Test)):
                raise AtRunTime("arithmetic at run time: %r" % self.text)
            left = left + right if op == "+" else left - right
        return left

    def atom(self):
        kind, got = self.take()
        if kind == "num":
            value = float(got) if "." in got else int(got)
        elif kind == "str":
            value = got[1:-1]
        elif got == "(":
            value = self.either()
            self.take(")")
        elif got == "[":
            value = []
            while self.peek()[1] != "]":
                value.append(self.either())
                if self.peek()[1] == ",":
                    self.take()
            self.take("]")
        elif got in ("true", "false", "True", "False"):
            value = got.lower() == "true"
        elif got in ("null", "None"):
            value = None
        elif kind == "word" and self.peek()[1] == "(":
            value = self.call(got)
        else:
            raise NotShared("the expression %r" % self.text)
        while self.peek()[1] == ".":
            self.take()
            value = self.member(value, self.take()[1])
        return value

    def call(self, name):
        arguments = []
        self.take("(")
        while self.peek()[1] != ")":
            kind, got = self.peek()
            if kind == "word" and self.tokens[self.at + 1][1] in (")", ","):
                self.take()
                arguments.append(got)  # ctx(x)
            else:
                arguments.append(self.either())
            if self.peek()[1] == ",":
                self.take()
        self.take(")")
        if name == "ctx":
            return self.ctx if not arguments else self.ctx.get(arguments[0])
        if name == "zip" and all(isinstance(a, list) for a in arguments):
            return [list(row) for row in zip(*arguments)]
        if name not in self.calls:
            raise NotShared("the function %s()" % name)
        return self.calls[name](*arguments)

    def member(self, value, name):
        if isinstance(value, dict):
            return value.get(name)
        if isinstance(value, Path):
            return Path(value.path + "." + name)
        raise NotShared("the expression %r" % self.text)


def as_test(value):
    if isinstance(value, Path):
        return has(value.path, "true")
    if isinstance(value, Text):
        raise NotShared("a text as a condition")
    return value if isinstance(value, Test) else bool(value)


def negation(value):
    value = as_test(value)
    return Test("neither { %s }" % value.text) \
        if isinstance(value, Test) else not value


def conjunction(left, right):
    left, right = as_test(left), as_test(right)
    if left is False or right is False:
        return False
    if left is True:
        return right
    if right is True:
        return left
    return Test(*(left.parts + right.parts))


def disjunction(*tests):
    tests = [t for t in map(as_test, tests) if t is not False]
    if True in tests:
        return True
    if not tests:
        return False
    texts = list(dict.fromkeys(t.text for t in tests))
    return tests[0] if len(texts) == 1 else \
        Test("either { %s }" % ", ".join(texts))


OPERATORS = {"<": "lt", ">": "gt", "<=": "le", ">=": "ge"}
KNOWN = {"<": lambda a, b: a < b, ">": lambda a, b: a > b,
         "<=": lambda a, b: a <= b, ">=": lambda a, b: a >= b,
         "=": lambda a, b: a == b, "==": lambda a, b: a == b,
         "!=": lambda a, b: a != b}


def comparison(left, op, right, text):
    if isinstance(right, Path) and not isinstance(left, Path):
        left, right = right, left
        op = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}.get(op, op)
    if not isinstance(left, Path):
        try:
            return KNOWN[op](left, right)
        except TypeError:
            raise NotShared("the condition %r" % text) from None
    if isinstance(right, (Path, Text, Test)):
        raise AtRunTime("two values of the run compared: %r" % text)
    if op in ("=", "=="):
        said = lua(right) if right is not None else "absent"
    elif op == "!=":
        said = "isnt(%s)" % lua(right) if right is not None else "exists"
    else:
        said = "%s(%s)" % (OPERATORS[op], lua(right))
    return has(left.path, said)


# YAQL, or Jinja: of both the cases use what they have in common.
WHOLE = re.compile(r"^\s*(?:<%(.*?)%>|\{\{(.*?)\}\})\s*$", re.S)
PART = re.compile(r"<%(.*?)%>|\{\{(.*?)\}\}", re.S)


def value_of(text, ctx, calls):
    """What stands in a definition: a literal, an expression, or a mixture."""
    if isinstance(text, list):
        return [value_of(v, ctx, calls) for v in text]
    if isinstance(text, dict):
        return {k: value_of(v, ctx, calls) for k, v in text.items()}
    if not isinstance(text, str):
        return text
    if "{%" in text:
        raise NotShared("the Jinja statement %r" % text)
    m = WHOLE.match(text)
    if m and "%>" not in (m[1] or "") and "}}" not in (m[2] or ""):
        return Expression(m[1] or m[2], ctx, calls).whole()
    if not PART.search(text):
        return text
    out, last, fixed = [], 0, True
    for m in PART.finditer(text):
        value = Expression(m[1] or m[2], ctx, calls).whole()
        fixed = fixed and not isinstance(value, (Path, Text, Test))
        out.append(plain(text[last:m.start()]))
        out.append(str(template(value)))
        last = m.end()
    out.append(plain(text[last:]))
    said = "".join(out)
    return said.replace("{{", "{").replace("}}", "}") if fixed else Text(said)


__all__ = ["AtRunTime", "Expression", "NotShared", "Path", "Raw", "Test", "Text",
           "as_test", "conjunction", "disjunction", "has", "negation", "template",
           "value_of"]
