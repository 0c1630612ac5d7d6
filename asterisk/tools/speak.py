#!/usr/bin/env python3
"""Speak the text tables in ../prompts into ../sounds/LANGUAGE/itflow/NAME.wav (8 kHz, mono, 16 bit).

Needs espeak-ng and sox. Files that are there stay, so a recording of your own is kept: to have a changed text
spoken, delete its file and run tools/speak.py.
"""

import subprocess
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent


def main() -> None:
    """Speak every table."""
    for table in sorted((HERE / "prompts").glob("*.toml")):
        prompts = tomllib.loads(table.read_text(encoding="utf-8"))
        folder = HERE / "sounds" / table.stem / "itflow"
        folder.mkdir(parents=True, exist_ok=True)
        texts = dict(prompts["sentences"])
        for code, words in prompts["currencies"].items():
            texts |= {f"{code.lower()}-{name}": text for name, text in words.items()}
        for name, text in texts.items():
            target = folder / f"{name}.wav"
            if not target.exists():
                speak(text, prompts["voice"], target)


def speak(text: str, voice: str, target: Path) -> None:
    """Make one file: spoken at 22 kHz, brought down to the telephone's 8 kHz, silence cut at both ends."""
    spoken = subprocess.run(
        ["espeak-ng", "-v", voice, "-s", "150", "--stdout", text], check=True, capture_output=True
    ).stdout
    trim = ["silence", "1", "0.02", "0.1%", "reverse"] * 2
    to_8_khz = ["sox", "-D", "-t", "wav", "--ignore-length", "-", "-r", "8000", "-c", "1", "-b", "16", str(target)]
    subprocess.run([*to_8_khz, "norm", "-3", *trim], input=spoken, check=True)


if __name__ == "__main__":
    main()
