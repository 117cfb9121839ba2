"""Random rules of the generic language for rule_language.py. Every family is a function that gives the options of one
rule; what it asks for is drawn from the words the traffic is made of, so that a good part of the rules match.
"""
from rule_traffic import HOSTS4, HOSTS6, PORTS, WORDS, words


def quoted(data):
    """Bytes as the text of a content."""
    return "".join(chr(b) if b < 128 and chr(b).isalnum() or chr(b) in " =/-" else "|%02x|" % b for b in data).replace("||", " ")


def text(rng, most=2):
    return quoted(words(rng, most))


def number(rng, most=200):
    return rng.choice((0, 1, 2, 3, 4, 5, 7, 8, 10, 12, 16, 20, rng.randint(0, most)))


def ranged(rng, numbers, forms=("%d", "<%d", ">%d")):
    a, b = sorted(rng.sample(numbers, 2))
    form = rng.choice(forms + ("%d<>%d",))
    return form % ((a, b) if form.count("%") == 2 else a)


def place(rng, anchored, negated):
    """Modifiers of a content; anchored: something before it has matched, so that it may be relative."""
    out = []
    if rng.random() < 0.3:
        out.append("nocase")
    kind = rng.random()
    if kind < 0.25:
        out += ["offset:%d" % number(rng, 30)] if rng.random() < 0.6 else []
        out += ["depth:%d" % (number(rng, 40) + 8)] if rng.random() < 0.7 else []
    elif kind < 0.7 and anchored:
        out += ["distance:%d" % rng.choice((0, 0, 0, 1, 2, 4, -3, -8))] if rng.random() < 0.7 else []
        out += ["within:%d" % (number(rng, 30) + 8)] if rng.random() < 0.5 else []
    elif kind < 0.76:
        out.append("startswith")
    elif kind < 0.82 and not negated:
        out.append("endswith")
    return out


def content(rng, anchored=False, negated=None):
    negated = rng.random() < 0.15 if negated is None else negated
    out = ["content:%s\"%s\"" % ("!" if negated else "", text(rng))] + place(rng, anchored, negated)
    if not negated and rng.random() < 0.1:
        out.append(rng.choice(("fast_pattern:0,2" if len(out) == 1 and "|" not in out[0] else "fast_pattern", "fast_pattern:only", "rawbytes", "prefilter")
                              if len(out) == 1 else ("rawbytes", "fast_pattern")))
    return out


def contents(rng):
    """A negated content stands alone or behind a positive one."""
    count, lone = rng.choice((1, 1, 2, 2, 3, 4)), rng.random() < 0.1
    out = content(rng, negated=lone)
    for _ in range(0 if lone else count - 1):
        out += [o for o in content(rng, True) if not o.startswith(("fast", "prefilter"))]
    return [o for o in out if o != "fast_pattern:only"] if len(out) > 2 else out


def pcre(rng):
    bits = ["abc", "[a-z]+", "\\d+", "id=\\d", "(foo|bar)", "x.z", "\\x00", "^", "$", ".{0,5}", "\\s", "login.*cmd", "z\\b"]
    regex = "".join(rng.choice(bits) for _ in range(rng.randint(1, 3)))
    flags = "".join(f for f in "ismxAEG" if rng.random() < 0.12)
    out = content(rng) if rng.random() < 0.6 else []
    out.append("pcre:%s\"/%s/%s\"" % ("!" if rng.random() < 0.15 else "", regex, flags + ("R" if out and rng.random() < 0.5 else "")))
    return out + (content(rng, True) if rng.random() < 0.3 else [])


def string_kind(rng):
    return ["string", rng.choice(("hex", "dec", "oct"))] if rng.random() < 0.4 else [rng.choice(("big", "little"))] * (rng.random() < 0.6)


def byte_common(rng, anchored):
    return (["relative"] if anchored and rng.random() < 0.7 else []) + string_kind(rng)


def byte_test(rng, anchored, value=None):
    op = rng.choice(("=", "<", ">", "<=", ">=", "&", "^", "!=", "!&", "!<", "!"))
    return "byte_test:" + ",".join([str(rng.choice((1, 1, 2, 2, 3, 4))), op, str(value or number(rng)),
                                    str(rng.choice((0, 0, 1, 2, 4)))] + byte_common(rng, anchored) +
                                   (["bitmask " + rng.choice(("0x0f", "0xff00", "0x3"))] if rng.random() < 0.1 else []))


def byte_jump(rng, anchored):
    out = [str(rng.choice((0, 1, 1, 2, 3))), str(rng.choice((0, 0, 1, 2)))] + byte_common(rng, anchored)
    out += [rng.choice(("align", "from_beginning", "from_end", "multiplier 2", "post_offset -2", "post_offset 1",
                        "from_end,post_offset -6"))] if rng.random() < 0.5 else []
    return "byte_jump:" + ",".join(out)


def byte_extract(rng, anchored):
    out = [str(rng.choice((1, 1, 2, 3))), str(rng.choice((0, 0, 1, 2))), "n"] + byte_common(rng, anchored)
    out += ["multiplier %d" % rng.choice((1, 2, 10))] if rng.random() < 0.15 else []
    return "byte_extract:" + ",".join(out + (["align 4"] if rng.random() < 0.1 else []))


def byte_math(rng, anchored):
    out = ["bytes %d" % rng.choice((1, 1, 2)), "offset %d" % rng.choice((0, 0, 1)), "oper " + rng.choice("+ - * / << >>".split()),
           "rvalue %d" % rng.choice((1, 2, 3, 10)), "result n"]
    out += ["relative"] if anchored and rng.random() < 0.7 else []
    out += [rng.choice(("string dec", "string hex", "endian little", "endian big", "bitmask 0x0f"))] if rng.random() < 0.6 else []
    return "byte_math:" + ", ".join(out)


def byte_keywords(rng):
    anchored = rng.random() < 0.6
    out = ["content:\"%s\"" % text(rng, 1)] if anchored else []
    kind = rng.random()
    if kind < 0.35:
        out.append(byte_test(rng, anchored))
    elif kind < 0.6:
        out.append(byte_jump(rng, anchored))
        out += rng.choice((content(rng, True), ["isdataat:%s%d,relative" % (rng.choice(("", "!")), number(rng, 20))],
                           ["content:\"%s\"" % text(rng, 1), "distance:0", "within:%d" % (number(rng, 20) + 4)]))
    else:
        out.append((byte_extract if kind < 0.8 else byte_math)(rng, anchored))
        word = text(rng, 1)
        out += rng.choice((["content:\"%s\"" % word, "offset:n"], ["content:\"%s\"" % word, "depth:n"], ["content:\"%s\"" % word, "distance:n"],
                           ["content:\"%s\"" % word, "within:n"], ["isdataat:%sn" % rng.choice(("", "!"))], ["isdataat:!n,relative"],
                           [byte_test(rng, True, "n")], ["byte_test:1,<,200,n"], ["byte_jump:1,n"]))
    return out


def payload(rng):
    kind = rng.randrange(5)
    if kind == 0:
        return ["dsize:%s%s" % (rng.choice(("", "", "!")), ranged(rng, (0, 3, 7, 10, 14, 20, 30)))] + (content(rng) if rng.random() < 0.5 else [])
    if kind == 1:
        return content(rng) + ["isdataat:%s%d%s" % (rng.choice(("", "!")), number(rng, 30), rng.choice(("", ",relative", ",relative")))]
    if kind == 2:
        options = [o for o in ("bytes %d" % rng.choice((4, 8, 12)), "offset %d" % rng.choice((0, 1, 2)), "relative") if rng.random() < 0.5]
        return content(rng) * (rng.random() < 0.8) + ["base64_decode" + (":" + ", ".join(options) if options else ""), "base64_data",
                                                      "content:\"%s\"" % rng.choice(("secret", "sec", "abc", "def", "ret"))]
    if kind == 3:
        return ["rpc:%s" % rng.choice(("100000,*,*", "2,3,4")), ] + content(rng)
    return ["asn1:" + rng.choice(("oversize_length 20, absolute_offset 0", "bitstring_overflow, relative_offset 0", "double_overflow"))] + content(rng)


BUFFERS = ("ipv4.hdr", "ipv6.hdr", "tcp.hdr", "udp.hdr", "icmpv4.hdr", "icmpv6.hdr", "ip.src", "ip.dst")
TRANSFORMS = ("to_md5", "to_sha1", "to_sha256", "to_lowercase", "to_uppercase", "strip_whitespace", "compress_whitespace", "dotprefix",
              "url_decode", "xor:\"0102\"", "header_lowercase", "strip_pseudo_headers", "pcrexform:\"(E..)\"", "pcrexform:\"^(.)\"")


def buffers(rng):
    out = [rng.choice(BUFFERS)]
    out += [rng.choice(TRANSFORMS) for _ in range(rng.choice((0, 0, 1, 1, 2)) if out[0].endswith("hdr") else 0)]
    byte = "|%02x|" % rng.choice((0x45, 0x60, 0x11, 0x40, 0x00, 0x08, 0x50, 0x02, 0x1e, 0x0f, 0xc0, 0x2e))
    out += [rng.choice(("content:\"%s\"" % byte, "content:\"%s\"; offset:2" % byte, "bsize:%s" % ranged(rng, (4, 8, 16, 20, 40)),
                        "content:\"%s\"; depth:2" % byte, "byte_test:1,>,%d,0" % number(rng)))]
    return out + (["pkt_data"] + content(rng) if rng.random() < 0.4 else [])


def ip_fields(rng):
    return [rng.choice((
        "ttl:" + ranged(rng, (1, 10, 64, 128, 255), ("%d", "<%d", ">%d", "<=%d", ">=%d", "!%d")),
        "tos:%s%d" % (rng.choice(("", "!")), rng.choice((0, 8, 16))), "id:%d" % rng.choice((0, 1, 2, 31338)),
        "fragbits:%s%s" % (rng.choice(("", "", "+", "*", "!")), rng.choice(("M", "D", "R", "MD", "DR"))), "fragoffset:" + rng.choice(("0", ">0", "<5", "!0")),
        "ip_proto:%s%s" % (rng.choice(("", "!", ">", "<")), rng.choice(("17", "6", "1", "58", "99", "tcp", "udp", "icmp"))), "sameip",
        "ipopts:" + rng.choice("rr eol nop ts sec esec lsrr lsrre ssrr satid any".split()),
        "l3_proto:" + rng.choice(("ipv4", "ipv6", "ip4", "ip6"))))] + (content(rng) if rng.random() < 0.4 else [])


def tcp_fields(rng):
    letters = "".join(f for f in "FSRPAU" if rng.random() < 0.35) or rng.choice("SA0")
    return [rng.choice((
        "flags:" + rng.choice(("", "", "+", "*", "!")) + letters + rng.choice(("", "", ",CE", ",12")), "flags:" + letters,
        "seq:%d" % rng.choice((1000, 1001, 0, 1)), "ack:%d" % rng.choice((0, 1001, 1)), "window:%s%d" % (rng.choice(("", "!")), rng.choice((65000, 8192))),
        "tcp.mss:" + ranged(rng, (536, 1460, 1000)), "stream_size:%s,%s,%d" % (
            rng.choice(("server", "client", "both", "either")), rng.choice(("<", ">", "=", "!=", "<=", ">=")), rng.choice((1, 10, 20, 50, 200)))
    ))] + (content(rng) if rng.random() < 0.4 else [])


def icmp_fields(rng):
    return [rng.choice(("itype:" + ranged(rng, (0, 8, 13, 128, 129)), "icode:" + ranged(rng, (0, 1, 3)), "icmp_id:%d" % rng.choice((0, 7, 258)),
                        "icmp_seq:%d" % rng.choice((0, 1, 772)), "icmpv6.mtu:" + ranged(rng, (1000, 1280, 1500))))
            ] + (content(rng) if rng.random() < 0.4 else [])


def flow(rng):
    return ["flow:" + ",".join(dict.fromkeys(rng.choice((("to_server",), ("to_client",), ("from_client",), ("from_server",), (), ())) +
                                             rng.choice((("established",), ("not_established",), ("stateless",), ())) +
                                             rng.choice(((), (), ("only_stream",), ("no_stream",), ("no_frag",), ("only_frag",))) or ("established",)))
            ] + contents(rng)[:rng.choice((0, 2, 9))] + (["flow.age:" + ranged(rng, (0, 1, 3, 10))] if rng.random() < 0.15 else [])


NAMES = ("pear", "quux", "rose", "salt")


def bits(rng):
    name, out = rng.choice(NAMES), content(rng) if rng.random() < 0.7 else []
    verb = rng.choice(("set", "set", "unset", "toggle", "isset", "isset", "isnotset"))
    kind = rng.random()
    if kind < 0.5:
        more = "|" + rng.choice(NAMES) if verb.startswith("is") and rng.random() < 0.3 else ""
        out.append("flowbits:%s,%s%s" % (verb, name, more))
    elif kind < 0.7:
        op = rng.choice(("+", "+", "-", "=", "<", "<=", "==", "!=", ">=", ">", "isset", "notset"))
        out.append("flowint:%s,%s%s" % (name, op, "" if op in ("isset", "notset") else ",%s" % rng.choice((1, 2, 3, "quux"))))
    elif kind < 0.88:
        out.append("xbits:%s,%s,track %s%s" % (verb, name, rng.choice(("ip_src", "ip_dst", "ip_pair")), rng.choice((",expire 5", ",expire 60", ""))))
    else:
        out.append("hostbits:%s,%s%s" % (verb, name, rng.choice((",src", ",dst", ""))))
    return out + (["flowbits:noalert"] if rng.random() < 0.05 else [])


def threshold(rng):
    track = "track " + rng.choice(("by_src", "by_dst", "by_both", "by_rule"))
    numbers = "count %d, seconds %d" % (rng.choice((1, 2, 3, 5)), rng.choice((1, 5, 60)))
    if rng.random() < 0.3:
        return content(rng) + ["detection_filter:%s, %s" % (rng.choice(("track by_src", "track by_dst")), numbers)]
    return content(rng) + ["threshold:type %s, %s, %s" % (rng.choice(("limit", "threshold", "both")), track, numbers)]


def sets(rng):
    verb, kind = rng.choice(("set", "isset", "isset", "isnotset", "unset")), rng.choice(("ip", "ipv4", "string"))
    return [rng.choice(("ip.src", "ip.dst")), "dataset:%s,set-%s,type %s" % (verb, kind, kind)] + (["pkt_data"] + content(rng) if rng.random() < 0.5 else [])


def sums(rng):
    return [rng.choice(("ipv4", "tcpv4", "tcpv6", "udpv4", "udpv6", "icmpv4", "icmpv6")) + "-csum:" + rng.choice(("valid", "invalid"))
            ] + (content(rng) if rng.random() < 0.2 else [])


def actions(rng):
    return contents(rng) if rng.random() < 0.7 else ip_fields(rng)


FAMILIES = {f.__name__: f for f in (contents, pcre, byte_keywords, payload, buffers, ip_fields, tcp_fields, icmp_fields, flow, bits, threshold,
                                    sets, sums, actions)}
PROTO = {"tcp_fields": ("tcp", "ip"), "icmp_fields": ("icmp", "icmpv6", "icmpv4", "ip"), "ip_fields": ("ip",), "buffers": ("ip", "tcp", "udp", "icmp")}


def address(rng):
    one = lambda: rng.choice(HOSTS4 + HOSTS6 + ["192.168.0.0/16", "8.8.8.0/24", "2001:db8::/32", "10.0.0.1-10.0.0.20", "$HOME_NET", "$EXTERNAL_NET"])
    return rng.choice(("any", "any", "any", "any", one(), "!" + one(), "[%s,%s]" % (one(), one()), "[192.168.0.0/16,!%s]" % HOSTS4[0],
                       "[any,!%s]" % one(), "[[%s,%s],!%s]" % (one(), one(), one())))


def port(rng):
    one = lambda: str(rng.choice(PORTS))
    return rng.choice(("any", "any", "any", "any", one(), "!" + one(), "[%s,%s]" % (one(), one()), "1:32000", "40000:", ":9999", "![%s,80]" % one(),
                       "[1:65535,!%s]" % one()))


def rule(rng, sid, family):
    options = FAMILIES[family](rng)
    negated = any(":!" in o for o in options) # what is not in a stream is asked of its end as well
    proto = rng.choice(("udp", "icmp") if negated and family not in PROTO else PROTO.get(family, ("tcp", "tcp", "udp", "udp", "ip", "icmp", "tcp-pkt", "tcp-stream", "pkthdr", "ipv4", "ip6")))
    ported = proto in ("tcp", "udp", "tcp-pkt", "tcp-stream") and rng.random() < 0.4
    plain = rng.random() < 0.6
    head = "%s %s %s %s %s %s %s" % (
        rng.choice(("alert", "alert", "pass", "drop", "reject")) if family == "actions" else "alert", proto, "any" if plain else address(rng), port(rng) if ported else "any",
        rng.choice(("->", "->", "->", "->", "<>")), "any" if plain else address(rng), port(rng) if ported else "any")
    options += ["priority:%d" % rng.randint(1, 4)] if rng.random() < 0.1 else []
    options += ["noalert"] if rng.random() < 0.02 else []
    return "%s (msg:\"%s\"; %s; sid:%d;)" % (head, family, "; ".join(options), sid)
