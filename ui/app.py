"""The page, top to bottom.

Knows: the order of the panels. Refuses to know: what is in any of them.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from ui import chat_panel, index_panel, sentiment_panel

HERE = Path(__file__).parent

st.set_page_config(page_title="mmqa", page_icon=str(HERE / "icon.svg"), layout="centered")
st.html(HERE / "style.css")
with st.sidebar:
    opened = index_panel.draw()
st.title("Ask your files", anchor=False)
st.caption("Pictures, recordings and notes. Everything stays on this machine.")
if opened is not None:
    sentiment_panel.draw(opened)
chat_panel.draw(opened)
