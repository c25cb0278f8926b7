"""A failure on the page: the fact, the remedy, and details for whoever wants them.

Knows: how a sentence that went wrong is drawn. Refuses to know: what was being done.
"""

from __future__ import annotations

import streamlit as st

from ui.conversation import Failure
from ui.wording import escape


def draw(failure: Failure) -> None:
    """Draw ``failure``; the traceback only folded away, and only where there is one."""
    remedy = f"  \n{escape(failure.remedy)}" if failure.remedy else ""
    st.error(f"**{escape(_sentence(failure.sentence))}**{remedy}", icon=":material/error:")
    if failure.details:
        with st.expander("Details"):
            st.code(failure.details, language=None, wrap_lines=True)


def _sentence(fact: str) -> str:
    return fact[:1].upper() + fact[1:]
