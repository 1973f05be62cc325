"""Where the project's own files lie."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "workflow" / "peftdiff"
CACHED = ROOT / "results" / "cached"
PUBLISHED = ROOT / "workflow" / "resources" / "published"
