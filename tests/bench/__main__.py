"""``python -m tests.bench``: how fast this is, beside peers and beside the limit, in one run on one machine.

    python -m tests.bench [--footage FILE_OR_FOLDER --detector W --embedder W] [--frames N] [--rounds N]

Every process is held to the same two processors and told to use two threads; runs that are compared come in turn, and
medians are given. Without arguments the footage is drawn and found by colour: then nothing is compared with
ultralytics, because that needs real weights.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import resources
from app.desk import EVERYBODY
from app.networks import bundled, standard
from reid_engine.exports import exported
from reid_engine.jobs import JobControl
from reid_engine.recordings import expand
from reid_engine.runtime import choose, processor_has_bf16
from tests.bench.clip import cut
from tests.bench.figures import Target, alternate, median, rate_after, table, torch_target
from tests.bench.processes import Failed, Ran, run, task
from tests.bench.world import crop_ms, person_ms
from tests.support.footage import two_cameras
from tests.support.networks import stripe_embedder
from tests.support.program import COMMAND
from tests.support.scripted import write_script

THREADS = 2
OF_LIMIT = 0.85
MOST_MIB = 1536
STALL_P99_MS, STALL_MAX_MS = 20, 50
STARTS = 5
TILES, WIDE_FPS, WIDE_FRAMES = 4, 25, 400
OPENING_S = 1.0
CARDS_FIRST_MS, CARDS_STEP_MS = 500, 16
BOX_MS, BOXES_FRAMES = 1000, 150
GROWN_MIB = 8  # what a person would call flat
CLICK_MS = {100_000: 300, 1_000_000: 500}  # by tracklets in the case
PARTS = ("speed", "memory", "window", "opening", "cards", "clicks", "boxes", "stages", "trackers", "embedders",
         "searches", "start", "world", "soak")  # fmt: skip
ASKED_ONLY = {"soak"}  # takes minutes: measured when it is named


@dataclass
class Bench:
    """One run of everything. ``real``: with real weights, so that peers can be compared."""

    clip: Path
    detector: Path
    embedder: Path
    folder: Path
    rounds: int
    real: bool
    soak_s: float = 600.0
    targets: list[Target] = field(default_factory=list)
    cases: int = 0

    def ingest(self, cameras: int = 1) -> Ran:
        """The whole ``reappear ingest`` into a new case, the clip once a camera."""
        self.cases += 1
        words = [f"--camera=camera {number}={self.clip}" for number in range(cameras)]
        return run([*COMMAND, "ingest", self.case, *words, *self.networks, "--json"], THREADS)

    @property
    def case(self) -> Path:
        """Where the newest ingest went."""
        return self.folder / f"case {self.cases}"

    @property
    def networks(self) -> list[object]:
        """The words that name them."""
        return ["--detector", self.detector, "--embedder", self.embedder, "--threads", THREADS]

    def speed(self) -> None:
        """Pictures a second, in turn: ours, the limit and the peers."""
        say(f"\ningest, one camera, every picture, {THREADS} threads on both sides; medians of {self.rounds}")
        runs: dict[str, Callable[[], Ran]] = {
            "decode + detect alone (the limit)": lambda: self._task("limit", self.detector),
            "reappear ingest": self.ingest,
        }
        if self.real:
            folder = self._openvino_folder()
            runs["ultralytics track(), torch"] = lambda: self._task("track", self.detector)
            runs["ultralytics track(), OpenVINO"] = lambda: self._task("track", folder)
        found: dict[str, list[Ran]] = {name: [] for name in runs}
        for name, ran in alternate(runs, self.rounds):
            found[name].append(ran)
        rates = {name: median([_rate(ran) for ran in rans]) for name, rans in found.items()}
        rows = [(name, f"{rates[name]:.1f}", *_costs(rans)) for name, rans in found.items()]
        say(table(("", "a second", "with start", "CPU s in all", "peak MiB"), rows))
        limit, ours, *peers = rates.values()
        if peers:
            self._target("of the limit", ours / limit, OF_LIMIT)
            self._target("times ultralytics' track() in torch", ours / peers[0], torch_target(processor_has_bf16()))
            say(f"  times ultralytics' track() in OpenVINO{'':14}{ours / peers[1]:>8.2f}   no target")
        else:
            say(f"  of the limit{'':40}{ours / limit:>8.2f}   no target: this detector costs next to nothing")
            say("  beside ultralytics: needs --footage, --detector and --embedder")

    def memory(self) -> None:
        """What two cameras take."""
        say("\nmemory, two cameras at once: proportional set size of the ingest and its children, peak")
        self._target("MiB", self.ingest(cameras=2).peak_mib, MOST_MIB, "MiB", at_most=True)

    def window(self) -> None:
        """Four tiles of 1080p, alone and beside an ingest: pictures seen, and how late the window's events come."""
        clips = [self.folder / f"wide {number}.mp4" for number in range(TILES)]
        cut(sorted(resources.path("demo").glob("*.mp4"))[0], clips[0], WIDE_FRAMES, size=(1920, 1080), rate=WIDE_FPS)
        for clip in clips[1:]:
            clip.write_bytes(clips[0].read_bytes() + bytes(clips.index(clip)))  # the same content would be a duplicate
        case, quick = self.folder / "wide", (write_script(self.folder), stripe_embedder(self.folder))
        cameras = [f"--camera=camera {number}={clip}" for number, clip in enumerate(clips)]
        networks = ["--detector", quick[0], "--embedder", quick[1], "--fps", 1]
        run([*COMMAND, "ingest", case, *cameras, *networks, "--json"], THREADS)
        found = run([sys.executable, "-m", "tests.bench.window", case, clips[0], THREADS], THREADS).answer
        for kind, words in (("alone", "alone"), ("busy", "while an ingest with the bundled networks runs beside it")):
            late = found[kind]
            say(f"\nthe window plays {TILES} tiles of 1920x1080 at {WIDE_FPS} a second, {words}")
            say(f"  pictures shown a second{late['shown']:>37.1f}   of {TILES * WIDE_FPS}: "
                f"{late['shown'] / (TILES * WIDE_FPS):.2f}")  # fmt: skip
            say(f"  {late['count']} events, half of them within {late['p50']:.2f} ms")
            self._target("99 of 100 within", late["p99"], STALL_P99_MS, "ms", at_most=True)
            self._target("the worst", late["max"], STALL_MAX_MS, "ms", at_most=True)

    def opening(self) -> None:
        """From the shell to a window that answers, beside an empty one."""
        self._have_a_case()
        kinds: dict[str, Callable[[], Ran]] = {
            what: lambda what=what: self._opening(what)  # type: ignore[misc]
            for what in ("empty", "welcome", str(self.case))
        }
        found: dict[str, list[float]] = {what: [] for what in kinds}
        for number, (what, ran) in enumerate(alternate(kinds, STARTS + 1)):
            if number >= len(kinds):  # the first of each fills the caches of the disk and of bytecode
                found[what].append(ran.lines[0][0])
        limit, welcome, case = (median(found[what]) for what in kinds)
        say(f"\nfrom the start of the process; medians of {STARTS}, with the files in the disk's cache")
        say(f"  Python, PySide6 and an empty QMainWindow, painted (the limit){limit:>14.2f} s")
        self._target("usable: painted, cases listed, a key answered", welcome, OPENING_S, "s", at_most=True)
        say(f"  times the limit{'':38}{welcome / limit:>7.2f}")
        say(f"  with a case: until the case answers{'':18}{case:>7.2f} s   no target")

    def cards(self) -> None:
        """100,000 matches in the grid."""
        found = self._desk("cards").answer
        say(f"\n100,000 cards (put in order on a lane in {found['arranged']:.0f} ms)")
        self._target("first painted after", found["first"], CARDS_FIRST_MS, "ms", at_most=True)
        self._target("a step of the scroll bar", found["step"], CARDS_STEP_MS, "ms", at_most=True)
        say(f"  the worst of 200 steps {found['worst']:.1f} ms")

    def clicks(self) -> None:
        """From a click to painted cards."""
        for count, bound in CLICK_MS.items():
            found = self._desk("clicks", count, 512).answer
            say(f"\na click in a case of {count:,} tracklets, 512 numbers each")
            say(f"  the very first, which makes the index, {found['made'] / 1000:.1f} s")
            say(f"  the first after the case was opened again, which reads it, {found['read'] / 1000:.1f} s")
            self._target("painted after", found["median"], bound, "ms", at_most=True)
            say(f"  the worst of 11 {found['worst']:.0f} ms")
            say(f"  everybody in a list, the first {EVERYBODY:,} at most, {found['everybody']:.0f} ms")

    def boxes(self) -> None:
        """From a drawn box to painted cards, with the bundled networks."""
        chosen = standard(bundled())
        if chosen.detector is None or chosen.embedder is None:
            raise Failed("the bundled networks are needed")
        clip, case = self.folder / "boxes.mp4", self.folder / "boxes"
        cut(sorted(resources.path("demo").glob("*.mp4"))[0], clip, BOXES_FRAMES)
        run([*COMMAND, "ingest", case, f"--camera=hall={clip}", *chosen.arguments(), "--json"], THREADS)
        found = self._desk("boxes", case).answer
        say(f"\na box drawn round a person; the very first, with the child's start, {found['first']:.0f} ms")
        self._target("cards painted after, the child warm", found["median"], BOX_MS, "ms", at_most=True)
        say(f"  the worst of 9 {found['worst']:.0f} ms")

    def soak(self) -> None:
        """Scripted use of the window for a while."""
        self._have_a_case()
        found = self._desk("soak", self.case, self.soak_s).answer
        used, held = f"{self.soak_s:g} s of scripted use, {found['acts']} acts", f"{found['mib']:.0f} MiB"
        say(f"\n{used}; the window's process holds {held}")
        say("  MiB, minute by minute: " + " ".join(f"{mib:.0f}" for mib in found["minutes"]))
        self._target("MiB grown after the first fifth", found["grown_mib"], GROWN_MIB, "MiB", at_most=True)
        say(f"  which is {found['mib_an_hour']:+.1f} MiB an hour")
        self._target("events late, 99 of 100 within", found["late_p99"], STALL_P99_MS, "ms", at_most=True)
        say(f"  the worst {found['late_max']:.1f} ms")

    def stages(self) -> None:
        """Each stage alone."""
        say("\nstages, one after the other")
        found = task("stages", self.clip, self.detector, self.embedder, THREADS, threads=THREADS).answer["stages"]
        rows = []
        for stage in found:
            rate = max(stage["per_second"], 1e-9)
            rows.append((stage["stage"], f"{stage['count']} {stage['unit']}", f"{rate:.1f}", f"{1000 / rate:.2f}"))
        say(table(("", "how many", "a second", "ms each"), rows))

    def trackers(self) -> None:
        """Our tracker beside ultralytics'."""
        found = self._task("trackers", self.detector).answer
        say(f"\ntracker, {found['people']:.1f} boxes a picture: {found['ours']:.0f} us an update; ", end="")
        say(f"ultralytics' BYTETracker {found['theirs']:.0f} us: {found['theirs'] / found['ours']:.2f} times as long")

    def searches(self) -> None:
        """Our index beside a bare one."""
        found = task("searches", THREADS, threads=THREADS).answer
        say("\nthe nearest 50 of 100,000 x 512, one query")
        say(table(("", "ms"), [(name, f"{ms:.2f}") for name, ms in found.items()]))
        say("  theirs is faiss.IndexFlatIP")

    def embedders(self) -> None:
        """The bundled models, and the given one."""
        found = task("embedders", THREADS, *[self.embedder] * self.real, threads=THREADS).answer
        say("\nre-ID, tracklets of 8 crops; the limit: their multiply-adds at the measured rate of a product")
        rows = [
            (name, f"{ms:.1f}", f"{least:.1f}" if least else "", f"{least / ms:.2f}" if least else "")
            for name, (ms, least) in found.items()
        ]
        say(table(("", "ms a tracklet", "limit", "of the limit"), rows))

    def start(self) -> None:
        """How long a small search takes from the shell."""
        self._have_a_case()
        listed = run([*COMMAND, "tracklets", self.case, "--json"], THREADS)
        words = [*COMMAND, "search", self.case, "--tracklet", listed.answer["tracklet"], "--json"]
        rans = [run(words, THREADS) for _ in range(STARTS)]
        wall, cpu = median([ran.wall_s for ran in rans]), median([ran.cpu_s for ran in rans])
        say(f"\n`reappear search` on a case of {len(listed.lines)} tracklets: {wall:.2f} s, {cpu:.2f} s of CPU")

    def world(self) -> None:
        """Generated people, on one core."""
        say("\na generated person 128x64 and 256x128, and a whole crop of sequences; CPU time of one core, medians")
        for height, bound in ((128, 15.0), (256, 60.0)):
            self._target(f"person {height}x{height // 2}", person_ms(height), bound, "ms", at_most=True)
            say(f"  a whole crop: {crop_ms(height):.1f} ms")

    def _opening(self, what: str) -> Ran:
        return run([sys.executable, "-m", "tests.bench.opening", what], THREADS)

    def _desk(self, *words: object) -> Ran:
        return run([sys.executable, "-m", "tests.bench.desk", *words], THREADS)

    def _have_a_case(self) -> None:
        if not self.case.exists():
            self.ingest(cameras=2)

    def _task(self, name: str, weights: Path) -> Ran:
        return task(name, self.clip, weights, THREADS, threads=THREADS)

    def _openvino_folder(self) -> Path:
        """The same export that we run, under the name that ultralytics knows an OpenVINO folder by."""
        folder = self.folder / "network_openvino_model"
        if not folder.exists():
            folder.symlink_to(exported(self.detector, choose("cpu"), JobControl()).file.parent)
        return folder

    def _target(self, name: str, value: float, bound: float, unit: str = "", *, at_most: bool = False) -> None:
        target = Target(name, value, bound, unit, at_most)
        self.targets.append(target)
        say(target.line())


def say(text: str, end: str = "\n") -> None:
    """Print at once."""
    print(text, end=end, flush=True)


def _rate(ran: Ran) -> float:
    """Pictures a second without the start: as a task says itself, or from an ingest's progress."""
    answer = ran.answer
    if "seconds" in answer:
        return float(answer["frames"]) / float(answer["seconds"])
    return rate_after(ran.lines)


def _costs(rans: list[Ran]) -> tuple[str, str, str]:
    """With start, CPU seconds, memory."""
    whole = "" if "seconds" in rans[0].answer else f"{median([_frames(ran) / ran.wall_s for ran in rans]):.1f}"
    return whole, f"{median([ran.cpu_s for ran in rans]):.1f}", f"{max(ran.peak_mib for ran in rans):.0f}"


def _frames(ran: Ran) -> int:
    return sum(int(file["frames_analysed"]) for file in ran.answer["files"])


def _given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--footage", default="", help="a video, or a folder whose first video is taken")
    parser.add_argument("--detector", default="")
    parser.add_argument("--embedder", default="")
    parser.add_argument("--frames", type=int, default=800, help="pictures of the clip, from its start")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", choices=PARTS, default=[])
    parser.add_argument("--soak-s", type=float, default=600.0, help="how long --only soak uses the window")
    return parser.parse_args()


def _prepared(given: argparse.Namespace, folder: Path) -> Bench:
    if given.footage and given.detector and given.embedder:
        source = expand([Path(given.footage)])[0].path
        clip = cut(source, folder / f"{source.stem}.mp4", given.frames)
        return Bench(clip, Path(given.detector), Path(given.embedder), folder, given.rounds, real=True)
    say("drawn footage, found by colour; ultralytics is compared with only given --footage, --detector, --embedder")
    clip, _ = two_cameras(folder, seconds=min(given.frames / 10, 40.0))
    return Bench(clip, write_script(folder), stripe_embedder(folder), folder, given.rounds, real=False)


def _look_at_every_picture(config: Path) -> None:
    """Settings of the bench's own: what peers detect, we detect too, whether it shows anything new or not."""
    config.mkdir()
    (config / "settings.toml").write_text("[detection]\nchange = 0.0\n", "utf-8")
    os.environ["REAPPEAR_CONFIG"] = str(config)


def main() -> int:
    """All parts in turn; 1 when one failed. A target that is not met is said and no failure: machines differ."""
    given = _given()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        _look_at_every_picture(Path(folder) / "config")
        bench = _prepared(given, Path(folder))
        bf16 = "with" if processor_has_bf16() else "without"
        say(f"{bench.clip.name}; {os.cpu_count()} processors {bf16} bf16; load at the start {os.getloadavg()[0]:.1f}")
        bench.soak_s = given.soak_s
        for part in PARTS:
            if part not in (given.only or set(PARTS) - ASKED_ONLY):
                continue
            try:
                getattr(bench, part)()
            except Failed as error:
                failures += 1
                say(f"  {part} FAILED: {error}")
    met = sum(target.met for target in bench.targets)
    say(f"\n{met} of {len(bench.targets)} targets met; load at the end {os.getloadavg()[0]:.1f}, {time.ctime()}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
