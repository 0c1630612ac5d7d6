"""A real Asterisk on loopback ports and folders of its own, started and stopped by the tests and the bench."""

from __future__ import annotations

import asyncio
import random
import re
import shutil
import socket
import tempfile
import wave
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).parents[2]
SOUNDS = ROOT / "asterisk" / "sounds"
START_S = 60
WAIT_S = 20
POLL_S = 0.01
SOUND_S = 0.15  # the record of what is played is the same, the calls are quicker
GSM_FRAME_S, GSM_FRAME_BYTES = 0.02, 33

T = TypeVar("T")

TRUNK = "127.0.0.2"  # a SIPp that calls from here is the trunk
PHONE = "127.0.0.3"  # and one that listens here is the phone
DESK = "127.0.0.4"  # and one that calls from here is a phone that is told who is called

MODULES = """
    app_channelredirect app_dial app_exec app_originate app_playback app_read app_stack app_userevent app_verbose
    bridge_native_rtp bridge_simple cdr_csv chan_pjsip codec_alaw codec_gsm codec_ulaw format_gsm format_pcm format_wav
    func_callerid func_cdr func_channel func_curl func_global func_logic func_math func_sprintf func_strings
    func_timeout func_uri pbx_config res_agi res_clioriginate res_curl res_pjproject res_pjsip res_pjsip_caller_id
    res_pjsip_endpoint_identifier_ip res_pjsip_header_funcs res_pjsip_pubsub res_pjsip_sdp_rtp
    res_pjsip_session res_rtp_asterisk res_sorcery_astdb res_sorcery_config res_sorcery_memory res_speech
    res_stir_shaken res_timing_timerfd
"""


@dataclass
class Asterisk:
    """A running Asterisk.

    Attributes:
        folder: Its configuration, data and log.
        sip_port: Where it takes SIP over UDP, on 127.0.0.1.
        phone_port: Where the phone ``PJSIP/phone`` must listen, on ``PHONE``.
    """

    program: Path
    folder: Path
    sip_port: int
    phone_port: int
    process: Process | None = None

    async def rx(self, command: str) -> str:
        """Run a command of Asterisk's console."""
        process = await asyncio.create_subprocess_exec(
            self.program, "-C", self.folder / "asterisk.conf", "-n", "-rx", command, stdout=PIPE, stderr=PIPE
        )
        out, _ = await process.communicate()
        return out.decode("utf-8", "replace")

    async def dialplan(self, text: str) -> None:
        """Replace the tests' part of the dialplan."""
        (self.folder / "extensions.conf").write_text(text, encoding="utf-8")
        await self.rx("dialplan reload")

    def log(self) -> str:
        """Asterisk's own record: verbose lines, warnings and errors."""
        return (self.folder / "log" / "messages").read_text(encoding="utf-8", errors="replace")

    def records(self) -> list[str]:
        """The call records, a line each."""
        path = self.folder / "log" / "cdr-csv" / "Master.csv"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def played(self, since: int = 0) -> list[str]:
        """The sound files played from their beginning, in order, without their ``itflow/``."""
        found = re.findall(r"Playing '([^'.]+)\.\w+' (?!.*sample_offset [1-9])", self.log()[since:])
        return [name.removeprefix("itflow/") for name in found]


@asynccontextmanager
async def running(
    installed: Path,
    *,
    verbose: int = 5,
    modules: str = "",
    files: Callable[[Asterisk], Mapping[str, str]] = lambda _asterisk: {},
) -> AsyncIterator[Asterisk]:
    """Start an Asterisk that ``install.sh`` has put into a folder, wait until it is up, stop it at the end.

    Args:
        installed: The folder.
        verbose: How much of what a call does is recorded; 5 is everything, 0 nothing.
        modules: More modules to load.
        files: More configuration by the files' names, put behind what is there.
    """
    # Not under pytest's folder: the path of the control socket must stay below 108 bytes.
    folder = Path(tempfile.mkdtemp(prefix="pbx-"))
    asterisk = Asterisk(installed / "bin" / "asterisk", folder, free_port("127.0.0.1"), free_port(PHONE))
    try:
        configure(asterisk, installed, verbose, modules)
        for name, text in files(asterisk).items():
            with (folder / name).open("a", encoding="utf-8") as file:
                file.write(text)
        await start(asterisk)
        yield asterisk
    finally:
        await kill(asterisk)
        shutil.rmtree(folder)


async def start(asterisk: Asterisk) -> None:
    """Start it in its folder, and wait until it is up."""
    folder = asterisk.folder
    console = folder / "console"
    (folder / "run" / "asterisk.ctl").unlink(missing_ok=True)  # of an earlier one that was killed
    with console.open("ab") as output:
        asterisk.process = await asyncio.create_subprocess_exec(
            asterisk.program, "-C", folder / "asterisk.conf", "-f", "-n", stdin=DEVNULL, stdout=output, stderr=output
        )
    async with asyncio.timeout(START_S):
        while not (folder / "run" / "asterisk.ctl").exists():
            if asterisk.process.returncode is not None:
                raise RuntimeError(f"Asterisk did not start: {console.read_text(errors='replace')[-2000:]}")
            await asyncio.sleep(0.05)
        await asterisk.rx("core waitfullybooted")


async def kill(asterisk: Asterisk) -> None:
    """End it as a power cut does."""
    if asterisk.process is not None and asterisk.process.returncode is None:
        asterisk.process.kill()
        await asterisk.process.wait()


async def until(condition: Callable[[], T | None]) -> T:
    """Wait until a condition holds, and return what it gave."""
    async with asyncio.timeout(WAIT_S):
        while not (found := condition()):  # noqa: ASYNC110 - other processes set no event
            await asyncio.sleep(POLL_S)
    return found


def free_port(address: str) -> int:
    """A UDP port that nobody has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def configure(asterisk: Asterisk, installed: Path, verbose: int, modules: str = "") -> None:
    """Write the whole configuration."""
    folder = asterisk.folder
    for name in ("run", "log", "log/cdr-csv", "log/cel-custom", "spool", "db"):
        (folder / name).mkdir()
    _lay_out_data(folder / "data", installed / "share")
    rtp = 2 * random.randrange(5_000, 15_000)
    files = {
        "asterisk.conf": f"""
            [directories]
            astetcdir => {folder}
            astmoddir => {installed}/modules
            astvarlibdir => {folder}/data
            astdbdir => {folder}/db
            astkeydir => {folder}/data
            astdatadir => {folder}/data
            astagidir => {folder}/data
            astspooldir => {folder}/spool
            astrundir => {folder}/run
            astlogdir => {folder}/log
            [options]
            verbose = {verbose}
            """,
        "modules.conf": "[modules]\nautoload=no\n"
        + "".join(f"load={name}.so\n" for name in (MODULES + modules).split()),
        "cdr.conf": "[general]\nenable=yes\nunanswered=yes\n[csv]\nusegmtime=yes\n",
        "logger.conf": f"[logfiles]\nmessages => notice,warning,error,verbose({verbose})\n",
        "rtp.conf": f"[general]\nrtpstart={rtp}\nrtpend={rtp + 400}\nstrictrtp=no\n",
        "pjsip.conf": f"""
            [loopback]
            type=transport
            protocol=udp
            bind=127.0.0.1:{asterisk.sip_port}
            [trunk]
            type=endpoint
            context=from-trunk
            disallow=all
            allow=ulaw
            dtmf_mode=rfc4733
            direct_media=no
            trust_id_inbound=yes
            [trunk]
            type=identify
            endpoint=trunk
            match={TRUNK}
            [desk]
            type=endpoint
            context=from-trunk
            disallow=all
            allow=ulaw
            dtmf_mode=rfc4733
            direct_media=no
            send_pai=yes
            [desk]
            type=identify
            endpoint=desk
            match={DESK}
            [phone]
            type=endpoint
            context=default
            disallow=all
            allow=ulaw
            aors=phone
            direct_media=no
            send_pai=yes
            trust_id_outbound=yes
            [phone]
            type=aor
            contact=sip:phone@{PHONE}:{asterisk.phone_port}
            qualify_frequency=0
            """,
        "extensions.conf": "[from-trunk]\n",
    }
    for name, text in files.items():
        (folder / name).write_text("\n".join(line.strip() for line in text.splitlines()) + "\n", encoding="utf-8")


def _lay_out_data(data: Path, share: Path) -> None:
    """A data folder with the stock English sounds, and this project's sounds for every language, all cut short."""
    (data / "sounds").mkdir(parents=True)
    for entry in share.iterdir():
        if entry.name != "sounds":
            (data / entry.name).symlink_to(entry.resolve())
    for sound in SOUNDS.rglob("*.wav"):
        _shorten(sound, data / "sounds" / sound.relative_to(SOUNDS))
    english = next(path.parent for path in (share / "sounds").glob("*/vm-goodbye.gsm") if path.parent.name[:2] == "en")
    for language, stock in (("en", english), ("de", share / "sounds" / "de")):
        for sound in (*stock.glob("*.gsm"), *stock.glob("digits/*.gsm"), *stock.glob("letters/*.gsm")):
            short = data / "sounds" / language / sound.relative_to(stock)
            short.parent.mkdir(parents=True, exist_ok=True)
            short.write_bytes(sound.read_bytes()[: int(SOUND_S / GSM_FRAME_S) * GSM_FRAME_BYTES])


def _shorten(sound: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(sound)) as whole, wave.open(str(target), "wb") as short:
        short.setparams(whole.getparams())
        short.writeframes(whole.readframes(int(SOUND_S * whole.getframerate())))
