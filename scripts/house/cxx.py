"""Just enough C++ for the rules: code without comments and literals, functions, and globals.

No parser: a scan of braces that is right for code laid out by clang-format.
"""
import re
from dataclasses import dataclass

LITERAL = re.compile(
    r"//[^\n]*|/\*.*?\*/|R\"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)\"|\b\d[\w']*"
    r"|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)


def is_cxx(path):
    return path.endswith((".h", ".cc"))


def code_of(text):
    """The text with comments gone and literals empty; the lines stay where they are."""

    def blank(match):
        found = match.group()
        if found[0].isdigit():  # 1'000: the quote in a number is none
            return found
        return ('""' if found[0] in "\"'R" else "") + "\n" * found.count("\n")

    return LITERAL.sub(blank, text)


@dataclass(frozen=True)
class Found:
    kind: str  # function: with its body; statement: at the level of a namespace
    line: int
    lines: int
    name: str  # of the function
    text: str  # of the statement, or of the function's head


def scan(code):
    code = re.sub(r"^[ ]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: "\n" * m.group().count("\n"), code,
                  flags=re.M)
    open_kinds, open_begins, begin, parens = [], [], 0, 0
    for mark in re.finditer(r"[{}();]|\b(?:public|private|protected):", code):
        char, at = mark.group(), mark.start()
        outer = open_kinds[-1] if open_kinds else "namespace"
        if char in "()":
            parens += 1 if char == "(" else -1
        elif char == "{":
            open_kinds.append(classify(code[begin:at], outer, parens))
            open_begins.append((begin, at))
        elif char == "}" and open_kinds:
            kind, (head_begin, head_end) = open_kinds.pop(), open_begins.pop()
            if kind == "function":
                yield found(kind, code, head_begin, head_end, at)
        elif char == ";" and parens == 0 and outer == "namespace":
            yield found("statement", code, begin, at, at)
        # The next head begins here, unless a braced value or an argument list is still open.
        if char in "{}" and (kind if char == "}" else open_kinds[-1]) != "init":
            begin = mark.end()
        elif char.endswith(":") or (char == ";" and parens == 0 and outer != "init"):
            begin = mark.end()


def classify(head, outer, parens):
    """What a brace opens, from the text before it and what it stands in."""
    if outer in ("function", "block"):
        return "block"
    if parens > 0 or outer == "init":
        return "init"
    head = re.sub(r"template\s*<(?:[^<>]|<[^<>]*>)*>", "", head).strip()
    if re.match(r"(inline\s+)?namespace\b|extern \"\"$", head):
        return "namespace"
    if "(" not in head:
        return "type" if re.search(r"\b(class|struct|union|enum)\b", head) else "init"
    # A name before the brace is a member that a constructor initialises.
    body = re.search(r"(\)|\b(const|noexcept|override|final|try)|&|\)[^()]*->[^()]*|\})$", head)
    return "function" if body else "init"


def found(kind, code, begin, head_end, end):
    head = code[begin:head_end]
    begin += len(head) - len(head.lstrip())
    text = " ".join(head.split())
    name = re.search(r"([\w~:]+)\s*\(", text)
    line = code.count("\n", 0, begin) + 1
    return Found(kind, line, code.count("\n", begin, end) + 1, name[1] if name else text[:30], text)


def is_mutable_variable(statement):
    """True for a statement, at the level of a namespace, that defines what can change later."""
    statement = re.sub(r"\[\[.*?\]\]", "", statement)
    while re.search(r"<[^<>]*>", statement):
        statement = re.sub(r"<[^<>]*>", "", statement)
    if re.search(r"\b(const|constexpr|constinit|operator|using|typedef|template|friend|extern"
                 r"|concept|static_assert|namespace|class|struct|enum|union)\b", statement):
        return False
    declared = re.split(r"[={]", statement)[0]
    return "(" not in declared and re.search(r"\w[\s&*]+\w+(\[.*\])*\s*$", declared) is not None
