#!/usr/bin/env python3
"""How keywords and headers may be spelled: each line of rule_forms.txt as a rule, taken or refused as it says there.

usage: rule_forms.py TOCSIN [--suricata]

--suricata asks the installed Suricata whether the file says what it does.
"""
import os
import re
import subprocess
import sys
import tempfile

FORMS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "rule_forms.txt")
ACTION = re.compile(r"(alert|drop|pass|reject\w*|sdrop|log|activate|dynamic|block|accept)\b", re.I)


def read_forms():
    """[(line, what Suricata says, what tocsin is to say, rule)]"""
    out = []
    with open(FORMS, encoding="utf-8") as lines:
        for line, text in enumerate(lines, 1):
            mark, _, form = text.rstrip("\n").partition(" ")
            if mark not in ("+", "-", "+!", "-!"):
                continue
            proto, _, options = form.partition(" ")
            rule = "%s (sid:%d;)" % (form, line) if ACTION.match(form) else "alert %s any any -> any any (%s; sid:%d;)" % (proto, options, line)
            out.append((line, mark[0] == "+", (mark[0] == "+") != mark.endswith("!"), rule))
    return out


def refused_by_tocsin(program, path):
    run = subprocess.run([program, "-T", "-S", path], capture_output=True, text=True, check=False)
    return {int(n): why for n, why in re.findall(r"f\.rules:(\d+): (?!sid \d+: not used)(.*)", run.stdout + run.stderr)}


def refused_by_suricata(path, log):
    run = subprocess.run(["suricata", "-T", "-S", path, "-l", log], capture_output=True, text=True, check=False)
    return {int(n): "" for n in re.findall(r"error parsing signature .* at line (\d+)", run.stdout + run.stderr)}


def main():
    forms, wrong = read_forms(), 0
    with tempfile.TemporaryDirectory() as work:
        path = os.path.join(work, "f.rules")
        with open(path, "w", encoding="utf-8") as out:
            out.writelines(rule + "\n" for _, _, _, rule in forms)
        ask = [("tocsin", 2, refused_by_tocsin(os.path.abspath(sys.argv[1]), path))]
        if "--suricata" in sys.argv:
            ask.append(("suricata", 1, refused_by_suricata(path, work)))
    for who, column, refused in ask:
        for at, form in enumerate(forms, 1):
            if form[column] == (at in refused):
                wrong += 1
                print("rule_forms.txt:%d: %s %s %s" % (form[0], who, "takes" if at not in refused else "refuses", form[3] + " " + refused.get(at, "")))
    print("%d forms, %d wrong" % (len(forms), wrong))
    return 1 if wrong or len(forms) < 1000 else 0


if __name__ == "__main__":
    sys.exit(main())
