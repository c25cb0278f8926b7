"""The chat: Streamlit pages over the façade of mmqa, and nothing else of it."""
