"""Plants one fault of each kind into a kernel's assembler, or into its work, and sees that the static gate catches it.
   test_static.py SOURCE"""
import pathlib
import sys
import tempfile

SOURCE = pathlib.Path(sys.argv[1])
sys.dont_write_bytecode = True
sys.path.insert(0, str(SOURCE / "tools" / "vulkan"))

import isa  # noqa: E402
import measures  # noqa: E402
import static  # noqa: E402

# A loop as a tile of a matrix product has it: loads, a barrier, words of shared memory by twos, multiply-adds.
LOADS = [f"buffer_load_dword v{10 + i}, v1, s[4:7], 0 offen offset:{4 * i}" for i in range(8)]
WRITES = ["s_waitcnt vmcnt(0)", "ds_write_b128 v2, v[10:13]", "ds_write_b128 v2, v[14:17] offset:16",
          "s_waitcnt lgkmcnt(0)", "s_barrier"]
READS = [f"ds_read_b64 v[{20 + 2 * i}:{21 + 2 * i}], v3 offset:{8 * i}" for i in range(16)]
SUMS = [f"v_fmac_f32_e32 v{60 + i % 32}, v{20 + i % 16}, v{36 + i % 16}" for i in range(256)]
LOOP = [*LOADS, *WRITES, *READS, "s_waitcnt lgkmcnt(0)", *SUMS, "s_cbranch_scc1 BB1"]
DIVISION = ["v_rcp_iflag_f32_e32 v5, v4", "v_mul_f32_e32 v5, 0x4f7ffffe, v5", "v_cvt_u32_f32_e32 v5, v5",
            "v_readfirstlane_b32 s9, v5"]
KERNEL_ROW = ("matmul_fwd", "staged", "256^3", "*", *"80 0 0 0 4096 12 400".split())
# groups local each sums computed reads bytes shared staged loops
WORK = dict(groups=512, local=256, each=0, sums=1 << 28, computed=1 << 28, reads=1 << 22, bytes=1 << 22, shared=4096,
            staged=0, loops=500)


def assembler(loop):
    lines = ["Compute Shader", "disasm:", "BB0:", "\ts_load_dwordx4 s[4:7], s[2:3], 0x0 ; f4", "BB1:"]
    lines += [f"\t{one:60}; 00000000" for one in loop]
    return lines + ["BB2:", "\tbuffer_store_dword v60, v1, s[4:7], 0 offen ; e0", "\ts_endpgm ; bf"]


def kernels(loop=LOOP, row=KERNEL_ROW):
    return "\n".join(assembler(loop) + ["\t".join(row)])


def steps(loop=LOOP, kernel="matmul_fwd", **changed):
    cells = ["reference-100", kernel, "staged", "256x256 256x256 -> 256x256"]
    return "\n".join(assembler(loop) + ["\t".join([*cells, *map(str, {**WORK, **changed}.values())])])


def before(loop, at, what):
    """The loop with instructions before its first one that begins so."""
    place = next(i for i, one in enumerate(loop) if one.startswith(at))
    return loop[:place] + what + loop[place:]


def serial():
    return [line for one in LOOP for line in ([one, "s_waitcnt vmcnt(0)"] if one in LOADS else [one])]


def narrow():
    """Every access to shared memory a word wide, as neighbouring columns read by rows are."""
    halves = [f"ds_read_b32 v{20 + i}, v3 offset:{4 * i}" for i in range(32)]
    return [*LOADS, *WRITES[:1], *(f"ds_write_b32 v2, v{10 + i}" for i in range(8)), *WRITES[3:], *halves, *LOOP[29:]]


failures = 0


def expect(what, holds, sentences=()):
    global failures
    failures += not holds
    print(f"{'ok' if holds else 'FAILED'}: {what}" + "".join(f"\n    {one}" for one in sentences if not holds))


def judge(baseline, kernels_text, steps_text):
    return static.compare(baseline, static.read_kernels(kernels_text), static.read_steps(steps_text))


def caught(baseline, what, sentence, **programs):
    """programs: kernels or steps, the output that has the fault."""
    found = judge(baseline, programs.get("kernels", kernels()), programs.get("steps", steps()))
    expect(f"{what} is caught", any(sentence in one for one in found), found or ["nothing was said"])


def measures_are_right():
    values = measures.of_kernel(next(isa.kernels(kernels()))[1])
    expect("the measures of a good kernel", values == {
        "loads": 8, "density": 256 / 284, "divisions": 0, "descriptors": 0, "shared": 40 / 256,
        "width": 40 / 18, "barriers": 1 / 256}, [str(values)])
    expect("a division is seen where others stand between", isa.divisions(
        [isa.instruction(one) for one in DIVISION[:1] + SUMS[:6] + DIVISION[1:]]) == 1)
    expect("a division of floats is none", isa.divisions([isa.instruction(DIVISION[0]), isa.instruction(SUMS[0])]) == 0)
    trips = isa.round_trips([isa.instruction(one) for one in LOADS[:4] + ["s_waitcnt vmcnt(2)"] + LOADS[4:6]])
    expect("what is on its way at the end is a trip of the next turn", trips == (6, 2), [str(trips)])


def faults(good):
    caught(good, "a load that waits for the one before", "loads a round trip", kernels=kernels(serial()))
    caught(good, "the same in a step", "loads a round trip", steps=steps(serial()))
    caught(good, "a division in a loop", "1 run-time divisions in loops",
           kernels=kernels(before(LOOP, "ds_read", DIVISION)))
    caught(good, "a descriptor in a loop", "1 loads of descriptors in loops",
           kernels=kernels(before(LOOP, "buffer_load", ["s_load_dwordx4 s[4:7], s[2:3], 0x0"])))
    caught(good, "shared memory by single words", "words an access to shared memory", kernels=kernels(narrow()))
    caught(good, "much shared memory", "words of shared memory a multiply-add",
           kernels=kernels(before(LOOP, "ds_read", READS * 2)))
    caught(good, "barriers", "barriers a multiply-add",
           kernels=kernels(before(LOOP, "ds_read", ["s_barrier"] * 3)))
    caught(good, "other work than sums", "multiply and add",
           kernels=kernels(before(LOOP, "ds_read", ["v_add_f32_e32 v9, v9, v8"] * 200)))
    caught(good, "too few workgroups", "40 workgroups, at least 264", steps=steps(groups=40))
    caught(good, "work past the ends", "multiply-adds for each", steps=steps(computed=1 << 29))
    caught(good, "a long chain", "round trips to memory one after the other",
           steps=steps(groups=512, sums=1 << 38, computed=1 << 38))
    caught(good, "a dispatch that got slower", "H200 went from",
           steps=steps(before(LOOP, "ds_read", ["v_add_f32_e32 v9, v9, v8"] * 60)))
    caught(good, "a kernel that got worse but meets its threshold", "loads went from 8 to 4",
           kernels=kernels(before(LOOP, LOADS[4], ["s_waitcnt vmcnt(0)"])))


def rows(good):
    caught(good, "a new kernel that meets no threshold", "sum_fwd is no exception", steps=steps() + "\n"
           + steps(serial(), kernel="sum_fwd"))
    caught(good, "a new row", "is not in kernels.tsv", kernels=kernels() + "\n"
           + kernels(row=("matmul_fwd", "staged", "512^3", *KERNEL_ROW[3:])))
    caught(good, "a dispatch that is gone", "is in steps.tsv alone", steps=steps(kernel="linear_fwd"))
    for what, text in (("a row without assembler", "\t".join(KERNEL_ROW)), ("no row", "")):
        try:
            static.read_kernels(text)
            expect(f"{what} is an error", False)
        except static.Wrong:
            expect(f"{what} is an error", True)


def exceptions(folder):
    """A kernel that meets no threshold at first; then it is worse; then better, accepted, and as before again."""
    bad = before(LOOP, "buffer_load", ["s_load_dwordx4 s[4:7], s[2:3], 0x0"])
    worse = before(bad, "buffer_load", ["s_load_dwordx4 s[4:7], s[2:3], 0x0"])
    accept = lambda loop: static.accept(static.Baseline(folder), static.read_kernels(kernels(loop)),
                                        static.read_steps(steps(loop)))
    expect("the first exceptions are taken", accept(bad) == [])
    listed = static.Baseline(folder)
    expect("an exception passes", judge(listed, kernels(bad), steps(bad)) == [])
    caught(listed, "an exception that gets worse", "as an exception matmul_fwd has 1", kernels=kernels(worse),
           steps=steps(bad))
    expect("accepting it is refused", any("as an exception" in one for one in accept(worse)))
    accept(LOOP)
    expect("the list gets shorter", static.Baseline(folder).exceptions == {}, [str(static.Baseline(folder).exceptions)])
    expect("and not longer", any("is no exception" in one for one in accept(bad))
           and static.Baseline(folder).exceptions == {})


def main():
    measures_are_right()
    with tempfile.TemporaryDirectory() as folder:
        first = static.accept(static.Baseline(folder), static.read_kernels(kernels()), static.read_steps(steps()))
        good = static.Baseline(folder)
        expect("a good kernel meets all thresholds", first == [] and good.exceptions == {}, first)
        expect("the same again passes", judge(good, kernels(), steps()) == [], judge(good, kernels(), steps()))
        faults(good)
        rows(good)
    with tempfile.TemporaryDirectory() as folder:
        exceptions(folder)
    return 1 if failures else 0


sys.exit(main())
