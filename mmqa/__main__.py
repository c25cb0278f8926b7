"""``python -m mmqa`` is ``mmqa``."""

from mmqa.cli import main

raise SystemExit(main())
