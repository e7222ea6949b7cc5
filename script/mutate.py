# SPDX-License-Identifier: ISC
"""What could be wrong in a C file, one thing at a time, for script/mutants.

Text in, mutants out; nothing is compiled or run here.  It reads the house's
C: functions, statements and expressions, by their tokens.  What it does not
understand it leaves alone.  Left alone on purpose is what no test could
notice: declarations, tables, comments, strings, what only logs, frees, locks
or allocates, checks that cannot fail, sizes that only make room.
"""
import re
from typing import NamedTuple

TOKEN = re.compile(r"""
    (?P<blank>\s+|/\*.*?\*/|//[^\n]*)
  | (?P<directive>^[ \t]*\#(?:\\\n|/\*.*?\*/|[^\n])*)
  | (?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
  | (?P<number>\.?\d(?:[eEpP][+-]|[\w.])*)
  | (?P<name>[A-Za-z_]\w*)
  | (?P<sign><<=|>>=|\.\.\.|->|\+\+|--|<<|>>|[<>=!]=|&&|\|\||[-+*/%&|^]=|.)
    """, re.X | re.S | re.M)
DEFINE = re.compile(r"\s*#\s*define\s+(\w+)[ \t]+(?=\S)")
WHOLE = re.compile(r"(0[xX][0-9a-fA-F]+|\d+)([uUlL]*)$")
DECIMAL = re.compile(r"(\d+\.\d*)$")

# Calls that no test notices the absence of: they log, free, lock.
DULL = re.compile(r"""(noc_(debug|info|warn|error|log)|noc_crash_point|free
    |(\w+_)?(free|release|unref|destroy|close|closedir)(_\w+)?|fclose
    |va_(start|end|copy)|pthread_\w+|sqlite3_finalize|NOC_REQUIRE|\w*assert
    )$""", re.X)
# Nothing in their brackets is changed either.
OPAQUE = re.compile(r"""(\w*([mc]|re)alloc|NOC_(GROW|COUNT|REQUIRE|FAILS)
    |sizeof|offsetof|va_\w+|(\w+_)?(free|release|unref|destroy|close)(_\w+)?
    )$""", re.X)
# Numbers beside these names only make room, or haste.
ROOM = re.compile(r"(\w*_)?(cap|CAP|CHUNK|POOL|SCRATCH|BATCH|OPS)(_\w+)?$")
TYPES = frozenset("""auto bool char const double enum extern float int long
    register short signed static struct union unsigned void volatile""".split())
SWAP = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==",
        "&&": "||", "||": "&&"}
FLIP = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
# No test can tell one nanosecond: of these < becomes >=.
CLOCK = re.compile(r"(\w*_ns|(\w*_)?(now|due|until)|now\w*|due\w*)$")
# Nor descriptor 0, which is taken.
DESCRIPTOR = re.compile(r"\w*fd$")
# What ends an operand of a comparison, or of a `?`.
EDGE = frozenset("""( [ { ) ] } , ; ? : = += -= *= /= %= |= &= ^= && ||
    return""".split())
# What a minus is unary after.
UNARY = EDGE - {")", "]", "}"} | frozenset(
    "<< >> < > <= >= == != ! + - * / % & | ^ ~".split())


class Token(NamedTuple):
    kind: str
    text: str
    at: int
    line: int

    @property
    def end(self):
        return self.at + len(self.text)


class Mutant(NamedTuple):
    at: int        # text[at:end] becomes new
    end: int
    new: str
    line: int
    kind: str      # negate, drop, shift or swap
    function: str  # or the name of a #define
    spots: tuple   # (line, first, last): a line and those of its statement

    def apply(self, text):
        return text[:self.at] + self.new + text[self.end:]

    def shown(self, text):
        """Its line, with [what it is -> what it becomes] in its place."""
        first = text.rfind("\n", 0, self.at) + 1
        last = (text + "\n").find("\n", self.end)
        change = "%s -> %s" % (text[self.at:self.end], self.new.rstrip())
        return " ".join((text[first:self.at] + "[" + " ".join(change.split())
                         + "]" + text[self.end:last]).split())


def tokens_of(text):
    line = 1
    for m in TOKEN.finditer(text):
        yield Token(m.lastgroup, m.group(), m.start(), line)
        line += m.group().count("\n")


def shifts(number, one_step):
    """The texts of other numbers: near a small one, far from a large one."""
    m = WHOLE.match(number)
    if m:
        digits, suffix = m.groups()
        if digits[:2] in ("0x", "0X"):
            n, form = int(digits, 16), "%#x"
        elif digits[0] == "0" and len(digits) > 1:
            n, form, one_step = int(digits, 8), "0%o", True
        else:
            n, form = int(digits), "%d"
        if form == "%#x" and n > 0xff:
            return []  # a mask, or what a hash multiplies by
        if n <= 10 or one_step:
            near = [n + 1] + ([n - 1] if n else [])
        else:
            near = [n * 2, n // 2]
        return [form % v + suffix for v in near]
    if DECIMAL.match(number):
        return [repr(float(number) * 2), repr(float(number) / 2)]
    return []


class Source:
    def __init__(self, text):
        self.text = text
        every = [t for t in tokens_of(text) if t.kind != "blank"]
        self.directives = [t for t in every if t.kind == "directive"]
        self.toks = [t for t in every if t.kind != "directive"]
        self.match = self.brackets()
        self.function = None
        self.range = (0, 0)  # lines of the statement
        self.room = False    # a number in it only makes room
        self.returns = False  # it is a return
        self.equal = set()   # signs whose neighbour means the same
        self.found = []
        self.uses = {}       # name -> spots

    def brackets(self):
        match, open_ = {}, []
        for i, t in enumerate(self.toks):
            if t.text in ("(", "[", "{"):
                open_.append(i)
            elif t.text in (")", "]", "}") and open_:
                match[open_[-1]] = i
                match[i] = open_.pop()
        return match

    def is_(self, i, *texts):
        return i < len(self.toks) and self.toks[i].text in texts

    def words(self, i, j):
        return " ".join(t.text for t in self.toks[i:j])

    # ---- finding ----

    def mutants(self):
        i = 0
        while i < len(self.toks):
            if self.is_(i, "(", "["):
                i = self.match.get(i, i)
            elif self.is_(i, "{"):
                if i and self.is_(i - 1, ")"):
                    self.a_function(i)
                i = self.match.get(i, len(self.toks))
            i += 1
        for t in self.directives:
            self.a_define(t)
        return sorted(set(self.found))

    def a_function(self, i):
        name = self.match.get(i - 1, 0) - 1
        if name < 0 or i not in self.match:
            return
        self.function = self.toks[name].text
        self.visit(i, "")

    def a_define(self, directive):
        m = DEFINE.match(directive.text)
        name = m and m.group(1)
        # A bound of an array makes room; what nobody names here is no value.
        if not m or ROOM.match(name) or name not in self.uses or \
                re.search(r"\[[^]\n]*\b%s\b[^]\n]*\]" % name, self.text):
            return
        base = directive.at + m.end()
        toks = [t for t in tokens_of(directive.text[m.end():])
                if t.kind != "blank"]
        for t in toks:
            if t.kind != "number":
                continue
            line = directive.line + \
                directive.text.count("\n", 0, m.end() + t.at)
            for new in shifts(t.text, False):
                self.found.append(Mutant(base + t.at, base + t.end, new, line,
                                         "shift", name,
                                         tuple(self.uses[name])))
        # Those it is made of are used where it is.
        for t in toks:
            if t.kind == "name":
                self.uses.setdefault(t.text, []).extend(self.uses[name])

    def add(self, kind, i, j, new):
        """The tokens i..j-1 become new; the lines below stay where they are."""
        a, b = self.toks[i], self.toks[j - 1]
        old = self.text[a.at:b.end]
        new += "\n" * (old.count("\n") - new.count("\n"))
        self.found.append(Mutant(a.at, b.end, new, a.line, kind,
                                 self.function, ((a.line, *self.range),)))

    # ---- statements ----

    def semicolon(self, i):
        while i < len(self.toks) and not self.is_(i, ";", "}"):
            i = self.match.get(i, i) + 1 if self.is_(i, "(", "[", "{") \
                else i + 1
        return i

    def is_label(self, i):
        return self.toks[i].kind == "name" and self.is_(i + 1, ":")

    def is_macro_loop(self, i):
        return self.toks[i].kind == "name" and self.is_(i + 1, "(") and \
            self.is_(self.match.get(i + 1, i) + 1, "{")

    def skip(self, i):
        """The index after the statement at i."""
        if self.is_(i, "{"):
            return self.match[i] + 1
        if self.is_(i, "if"):
            i = self.skip(self.match[i + 1] + 1)
            return self.skip(i + 1) if self.is_(i, "else") else i
        if self.is_(i, "while", "for", "switch") or self.is_macro_loop(i):
            return self.skip(self.match[i + 1] + 1)
        if self.is_(i, "do"):
            return self.semicolon(self.skip(i + 1)) + 1
        if self.is_(i, "case"):
            while not self.is_(i, ":"):
                i += 1
            return i + 1
        if self.is_label(i):
            return i + 2
        return self.semicolon(i) + 1

    def statements(self, i):
        """(start, end) of each in the block that opens at i."""
        i, end = i + 1, self.match[i]
        while i < end:
            j = self.skip(i)
            yield i, j
            i = j

    def callee(self, i, end):
        """Of the statement `f(...);` or `(void)p->f(...);`: the index of the
        name f, or None when it is something else."""
        if self.is_(i, "(") and self.is_(i + 1, "void"):
            i = self.match[i] + 1
        while self.toks[i].kind == "name" and self.is_(i + 1, "->", "."):
            i += 2
        return i if self.toks[i].kind == "name" and self.is_(i + 1, "(") \
            and self.match.get(i + 1) == end - 1 else None

    def is_dull(self, i):
        if self.is_(i, "{"):
            return all(self.is_dull(a) for a, _ in self.statements(i))
        if self.is_(i, "if"):
            body = self.match[i + 1] + 1
            return self.is_dull(body) and \
                not self.is_(self.skip(body), "else")
        if self.is_(i, "for", "while"):
            body = self.match[i + 1] + 1
            return not self.is_(body, ";") and self.is_dull(body)
        f = self.callee(i, self.semicolon(i))
        return f is not None and bool(DULL.match(self.toks[f].text))

    def at(self, i, j):
        """What is added now belongs to the statement of the tokens i..j-1."""
        self.range = (self.toks[i].line, self.toks[j - 1].line)
        self.returns = self.is_(i, "return")
        self.room = any(ROOM.match(t.text) for t in self.toks[i:j])
        for t in self.toks[i:j]:
            if t.kind == "name":
                self.uses.setdefault(t.text, []).append((t.line, *self.range))

    def visit(self, i, after):
        """after: the return that comes next, "" at the end of the function,
        None when it is anything else."""
        if self.is_(i, "{"):
            for a, b in self.statements(i):
                nxt = after
                if b < self.match[i]:
                    nxt = self.words(b, self.semicolon(b)) \
                        if self.is_(b, "return") else None
                self.visit(a, nxt)
        elif self.is_(i, "if"):
            self.an_if(i, after)
        elif self.is_(i, "for"):
            self.a_for(i)
        elif self.is_(i, "do"):
            j = self.skip(i + 1)
            self.visit(i + 1, None)
            self.condition(j, j + 2, self.match[j + 1])
        elif self.is_(i, "while", "switch") or self.is_macro_loop(i):
            close = self.match[i + 1]
            if self.is_(i, "while") and not self.is_dull(i):
                self.condition(i, i + 2, close)
            self.visit(close + 1, None)
        elif not self.is_(i, "case", "break", "continue", "goto", ";") and \
                not self.is_label(i):
            self.simple(i, self.semicolon(i), after)

    def an_if(self, i, after):
        close = self.match[i + 1]
        other = self.skip(close + 1)
        cannot = any(t.text == "NOC_FAILS" for t in self.toks[i:close])
        if not cannot and not self.is_dull(i):
            self.clamp(i + 2, close)
            self.condition(i, i + 2, close)
        if not cannot:
            self.visit(close + 1, after)
        if self.is_(other, "else"):
            self.visit(other + 1, after)

    def a_for(self, i):
        close = self.match[i + 1]
        if not self.is_dull(i):
            first = self.semicolon(i + 2)
            second = self.semicolon(first + 1)
            self.at(i, close)
            # noc_table_next(t, &it, ...) counts in an order of its own.
            if not any(t.text == "it" for t in self.toks[i + 2:first]):
                self.declaration(i + 2, first)
            self.expression(first + 1, second)
            self.expression(second + 1, close)
        self.visit(close + 1, None)

    def simple(self, i, end, after):
        if end >= len(self.toks) or end == i or self.is_dull(i):
            return
        self.at(i, end)
        if self.is_(i, "return"):
            if after not in ("", self.words(i, end)):
                self.add("drop", i, end + 1, ";")
            self.expression(i + 1, end)
        elif self.is_declaration(i):
            if not self.is_(i, "static"):
                self.declaration(i, end)
        else:
            if self.callee(i, end) is not None:
                self.add("drop", i, end + 1, ";")
            self.expression(i, end)

    def is_declaration(self, i):
        if self.toks[i].text in TYPES:
            return True
        if self.toks[i].kind != "name":
            return False
        j = i + 1
        while self.is_(j, "*", "const"):
            j += 1
        return self.toks[j].kind == "name" and \
            self.is_(j + 1, "=", ";", ",", "[", "(")

    def declaration(self, i, end):
        """Only what follows a `=` is code; before a for loop, all is."""
        if not self.is_declaration(i):
            self.expression(i, end)
            return
        while i < end:
            if self.is_(i, "="):
                j = i + 1
                while j < end and not self.is_(j, ","):
                    j = self.match.get(j, j) + 1 \
                        if self.is_(j, "(", "[", "{") else j + 1
                self.expression(i + 1, j)
                i = j
            elif self.is_(i, "(", "[", "{"):
                i = self.match.get(i, i)
            i += 1

    # ---- expressions ----

    def operand(self, k, step):
        """(start, end) of what stands before the sign at k, or after it."""
        n = k + step
        while 0 <= n < len(self.toks):
            if step < 0 and self.is_(n, ")", "]") or \
                    step > 0 and self.is_(n, "(", "["):
                n = self.match[n]
            elif self.toks[n].text in EDGE or self.toks[n].text in SWAP:
                break
            n += step
        return (n + 1, k) if step < 0 else (k + 1, n)

    def other(self, k):
        """What the sign at k is changed to."""
        sign = self.toks[k].text
        if sign in FLIP:
            sides = [self.words(*self.operand(k, step)) for step in (-1, 1)]
            name = DESCRIPTOR if "0" in sides else CLOCK
            if any(name.match(w) for s in sides for w in s.split()):
                return FLIP[sign]
        return SWAP[sign]

    def depth_0(self, i, j):
        """The indices of i..j-1 that are in no bracket of their own."""
        while i < j:
            yield i
            i = self.match[i] + 1 if self.is_(i, "(", "[", "{") else i + 1

    def condition(self, start, i, j):
        """i..j-1 is the condition of the statement that begins at start."""
        self.at(start, j)
        top = [self.toks[k].text for k in self.depth_0(i, j)]
        joined = any(t in ("&&", "||", "?") for t in top)
        signs = [k for k in self.depth_0(i, j) if self.toks[k].text in SWAP]
        done = not joined and not signs and top[0] == "!"
        if len(signs) == 1 and not joined:
            done = self.other(signs[0]) not in ("<", "<=", ">", ">=") or \
                self.other(signs[0]) == FLIP[self.toks[signs[0]].text]
        if not done:  # by what expression() does to the one sign in it
            old = self.text[self.toks[i].at:self.toks[j - 1].end]
            self.add("negate", i, j, "!(" + old + ")")
        self.expression(i, j)

    def clamp(self, i, j):
        """`if (a > b) a = b;`: >= means the same."""
        order = [k for k in self.depth_0(i, j) if self.toks[k].text in FLIP]
        body = j + 1
        if self.is_(body, "{"):
            body += 1
        end = self.semicolon(body)
        given = [k for k in self.depth_0(body, end) if self.is_(k, "=")]
        if len(order) == 1 and len(given) == 1 and \
                {self.words(i, order[0]), self.words(order[0] + 1, j)} == \
                {self.words(body, given[0]), self.words(given[0] + 1, end)}:
            self.equal.add(order[0])

    def choice(self, i, k, j):
        """The `?` at k in the expression i..j-1: the other way round."""
        nested, colon, end = 0, None, None
        for n in self.depth_0(k + 1, j):
            if self.is_(n, "?"):
                nested += 1
            elif self.is_(n, ":") and nested:
                nested -= 1
            elif self.is_(n, ":") and colon is None:
                colon = n
            elif self.is_(n, ",", ";", ")", "]", "}", ":"):
                end = n
                break
        end = end or j
        if colon is None or colon == k + 1 or colon + 1 >= end:
            return
        at = self.toks
        yes = self.text[at[k + 1].at:at[colon - 1].end]
        no = self.text[at[colon + 1].at:at[end - 1].end]
        self.add("negate", k + 1, end, no + " : " + yes)
        # `a > b ? b : a`: >= means the same.
        sign = self.operand(k, -1)[0] - 1
        if sign > i and self.toks[sign].text in FLIP and \
                {self.words(*self.operand(sign, -1)),
                 self.words(*self.operand(sign, 1))} == \
                {self.words(k + 1, colon), self.words(colon + 1, end)}:
            self.equal.add(sign)

    def expression(self, i, j):
        for k in range(i, j):
            if self.is_(k, "?"):
                self.choice(i, k, j)
        k = i
        while k < j:
            t = self.toks[k]
            if t.kind == "name" and OPAQUE.match(t.text):
                k = self.match[k + 1] if self.is_(k + 1, "(") else k + 1
            elif self.is_(k, "{") and self.words(k + 1, self.match[k]) == "0":
                k = self.match[k]
            elif t.kind == "name" and t.text in ("true", "false"):
                self.add("shift", k, k + 1,
                         "false" if t.text == "true" else "true")
            elif t.text in SWAP and t.kind == "sign" and k not in self.equal:
                self.add("swap", k, k + 1, self.other(k))
            elif self.is_(k, "!") and not self.is_(k + 1, "!") and \
                    not self.is_(k - 1, "!"):
                self.add("negate", k, k + 1, "")
            elif t.kind == "number" and not self.room:
                self.number(k)
            k += 1

    def number(self, k):
        if self.is_(k - 1, "-") and self.toks[k - 2].text in UNARY:
            return  # -1: no such thing
        if self.is_(k, "0") and self.is_(k - 1, *FLIP) and any(
                CLOCK.match(w) or DESCRIPTOR.match(w)
                for w in self.words(*self.operand(k - 1, -1)).split()):
            return
        if self.is_(k, "0") and self.returns and \
                self.is_(k - 1, "return", "?", ":"):
            self.add("shift", k, k + 1, "-1")  # 0 is good, negative is not
            return
        if self.is_(k - 1, ",") and self.toks[k - 2].kind == "string":
            return  # strncmp: the length of the string
        for new in shifts(self.toks[k].text, self.is_(k - 1, "<<", ">>")):
            self.add("shift", k, k + 1, new)


def mutants_of(text):
    """All mutants of a C file, in the order of the text."""
    return Source(text).mutants()
