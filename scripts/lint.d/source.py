# SPDX-License-Identifier: Apache-2.0
"""Reads a C file just well enough for the rules: code, comments, functions."""

import re

TOKEN = re.compile(
    r"""(?P<comment>/\*.*?\*/|//[^\n]*)
      | (?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')""",
    re.VERBOSE | re.DOTALL,
)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", re.MULTILINE)
OPENS_BLOCK = re.compile(r"(?:\)|\belse|\bdo|[;{}:])\s*$")
NOT_CALLED = {"return", "sizeof", "_Alignof", "typeof", "__typeof__"}


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def code_of(text):
    """The text with comments and the insides of strings blanked; lines and columns stay."""

    def replace(match):
        if match.lastgroup == "comment":
            return _blank(match.group())
        quote = match.group()[0]
        return quote + _blank(match.group()[1:-1]) + quote

    return TOKEN.sub(replace, text)


def prose_of(text):
    """Only the comments and names; strings are blanked, since they may quote others' words."""
    return TOKEN.sub(
        lambda match: match.group() if match.lastgroup == "comment" else _blank(match.group()), text
    )


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def _before_parenthesis(code, end):
    """The word in front of the parenthesis that closes last before end."""
    depth = 0
    for at in range(code.rindex(")", 0, end), -1, -1):
        if code[at] == ")":
            depth += 1
        elif code[at] == "(":
            depth -= 1
            if depth == 0:
                word = re.search(r"(\w+)\s*$", code[:at])
                return word.group(1) if word else ""
    return ""


def _is_block(code, brace):
    """A brace inside a function: a block of statements, or a value?"""
    before = code[max(0, brace - 200) : brace]
    opens = OPENS_BLOCK.search(before)
    if not opens:
        return False
    if opens.group().startswith(")"):
        word = _before_parenthesis(code, brace)
        return word != "" and word not in NOT_CALLED
    return True


class Function:
    def __init__(self, start, brace):
        self.start = start  # offset of the signature's first character
        self.brace = brace  # offset of the body's brace
        self.end = brace
        self.deepest = 0  # blocks inside blocks, the body not counted
        self.deepest_at = brace


def functions_of(text):
    """The functions that a file defines, with their extent and depth."""
    code = DIRECTIVE.sub(lambda match: _blank(match.group()), code_of(text))
    functions = []
    current = None
    stack = []  # of open braces: True for a block of statements
    start = 0  # of the declaration that is being read
    for match in re.finditer(r"[{};]", code):
        at = match.start()
        if match.group() == "{":
            if not stack and re.search(r"\)\s*$", code[start:at]):
                current = Function(start + len(code[start:at]) - len(code[start:at].lstrip()), at)
                functions.append(current)
                stack.append(True)
                continue
            stack.append(current is not None and _is_block(code, at))
            if current is not None and sum(stack) - 1 > current.deepest:
                current.deepest = sum(stack) - 1
                current.deepest_at = at
        elif match.group() == "}" and stack:
            stack.pop()
            if not stack and current is not None:
                current.end = at
                current = None
                start = at + 1
        if not stack and match.group() == ";":
            start = at + 1
    return functions
